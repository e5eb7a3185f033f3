/**
 * A line of a log, read: a trace event with its arguments, something else, or an event that is not as it should be.
 *
 * Prefixes that are understood are those of QEMU's log backend with `-msg timestamp=on` (`thread@seconds.microseconds:`), and the time that QEMU and others put
 * in front of messages (`2026-11-26T14:00:00.123456Z`). Numbers above 2^53 lose their last bits, as everywhere in recordings; one of all ones is
 * "too large", as TRACE_FORMATS writes it.
 *
 * Invariant: nothing is thrown, whatever a line is.
 */
import { RING_FIELDS, type TraceName } from '../../trace/events.js';
import { describePattern, EVENT_PATTERNS, type ParsedPattern, PARSED_PATTERNS } from './event-patterns.js';

export interface ImportedEvent {
  readonly name: TraceName;
  /** By the names that recordings have; those that are texts besides. */
  readonly values: Readonly<Record<string, number>>;
  readonly texts: Readonly<Record<string, string>>;
}

/** What stands before an event; null for what doesn't. */
export interface LinePrefix {
  readonly thread: number | null;
  /** Since the epoch. */
  readonly microseconds: number | null;
}

export type ImportedLine =
  | { readonly is: 'event'; readonly event: ImportedEvent; readonly prefix: LinePrefix }
  /** `text` says what is wrong. */
  | { readonly is: 'wrong'; readonly text: string; readonly prefix: LinePrefix }
  | { readonly is: 'other' };

const OTHER: ImportedLine = { is: 'other' };
const EVENT =
  /^(?:(\d{1,10})@(\d{1,12})\.(\d{6}):|(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:[.,](\d{1,9}))?(Z|[+-]\d\d:?\d\d)? )?((?:apple_gfx|agfx)_\w{1,80})(?: (.*))?$/;
const ALL_ONES = '0xffffffffffffffff';
/** Characters of a line that are shown. */
const SHOWN = 120;

/** Whether a text holds lines that this would read. */
export const HAS_EVENTS = /^(?:\S{1,60}[: ])?(?:apple_gfx|agfx)_\w/m;

export function readLine(line: string): ImportedLine {
  const match = EVENT.exec(line);
  if (match === null) return OTHER;
  const [, thread, seconds, micros, date, fraction, zone, name = '', args = ''] = match;
  const prefix: LinePrefix =
    seconds !== undefined
      ? { thread: Number(thread), microseconds: Number(seconds) * 1e6 + Number(micros) }
      : { thread: null, microseconds: date === undefined ? null : dateOf(date, fraction ?? '', zone) };
  const patterns = PARSED_PATTERNS.get(name);
  if (patterns === undefined) return { is: 'wrong', text: `${name} is no event of this device`, prefix };
  const trimmed = args.trimEnd();
  for (const pattern of patterns) {
    const found = pattern.expression.exec(trimmed);
    if (found !== null) return { is: 'event', event: eventOf(name as TraceName, pattern, found), prefix };
  }
  const expected = EVENT_PATTERNS[name as TraceName].map((each) => `"${describePattern(each)}"`).join(' or ');
  return { is: 'wrong', text: `${name}: its arguments are "${trimmed.slice(0, SHOWN)}", expected ${expected}`, prefix };
}

/** Null for a date that there is none of. */
function dateOf(date: string, fraction: string, zone = 'Z'): number | null {
  const milliseconds = Date.parse(`${date}${zone}`);
  return Number.isNaN(milliseconds) ? null : milliseconds * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
}

function eventOf(name: TraceName, pattern: ParsedPattern, found: RegExpExecArray): ImportedEvent {
  const values: Record<string, number> = {};
  const texts: Record<string, string> = {};
  pattern.arguments.forEach(({ field, type }, index) => {
    const text = found[index + 1] ?? '';
    if (type === 'k' || type === 'm' || type === 's') texts[field] = text;
    else if (type === 'q') {
      const digits = text.slice(2);
      values[field] = Number.parseInt(digits.slice(-8), 16);
      values.high = digits.length > 8 ? Number.parseInt(digits.slice(0, -8), 16) : 0;
    } else if (type === 'h') values[field] = heightOf(text, values.width ?? 0);
    else values[field] = numberOf(text);
  });
  return { name, values, texts };
}

function numberOf(text: string): number {
  if (text === '(nil)') return 0;
  return text === ALL_ONES ? Number.POSITIVE_INFINITY : Number(text);
}

/** QEMU prints a cursor's height in decimal behind 0x. Where it can't be told apart, cursors are square; else it is taken as it says. */
function heightOf(text: string, width: number): number {
  const digits = text.slice(2);
  return /^\d+$/.test(digits) && Number(digits) === width ? width : Number(text);
}

/** The numbers that a recording has of an event, in their order; `kind` and `machine` are handed in. */
export function numbersOf({ name, values }: ImportedEvent, named: Readonly<Record<string, number>>): number[] {
  return RING_FIELDS[name].map((field) => named[field] ?? values[field] ?? 0);
}
