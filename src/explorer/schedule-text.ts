/**
 * A schedule as a text of one line, which goes into a shell, an address or an issue without quotes.
 *
 *     s1/bank/main:spawn.a,spawn.b/a:read.balance/b:read.balance,write.balance/a:write.balance
 *
 * The version, the world, then a part for each process that runs until another does: its operations by kind and object, each with `@` and
 * its outcome if that isn't 0, and with a count in front if it is made several times: `3.read.x`. In names, `+` is a space and `~28` the byte
 * 0x28 of UTF-8. Long ones are packed: `s1z/bank/` and the parts as deflate makes them, in base64url.
 *
 * Names and not numbers, so that a schedule still says what it did when the world has changed (replay.ts). Invariant: parse(format(s)) is s.
 */
import { AppleGfxError } from '../base/errors.js';
import { kindName, kindOfName } from './operation.js';
import { pack, unpack } from './packed-text.js';
import type { Step } from './recording.js';
import type { Execution } from './execution.js';

/** A step as it is saved. */
export interface NamedStep {
  /** The name of who makes it. */
  readonly process: string;
  /** As kindName() has it. */
  readonly kind: string;
  /** The name of what it is done to. */
  readonly object: string;
  /** Which of its outcomes it has, from 0 on. */
  readonly outcome: number;
}

/** A schedule by names, which also says something on a world that has changed. */
export interface NamedSchedule {
  /** The world's name. */
  readonly world: string;
  /** In the order in which they are made. */
  readonly steps: readonly NamedStep[];
}

/** A text is no schedule; the message says where, what was expected and what was found. */
export class ScheduleTextError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_SCHEDULE_TEXT', `schedule: ${message}`);
  }
}

const READABLE = 's1';
const PACKED = 's1z';
/** Longer ones are packed, if that makes them shorter: about two lines of a terminal. */
const READABLE_LENGTH = 200;
const MAX_TEXT = 2 ** 20;
const MAX_UNPACKED = 2 ** 24;
const MAX_STEPS = 1_000_000;
const MAX_OUTCOME = 2 ** 23;
/** Characters of a wrong text that a message shows. */
const SHOWN = 24;

/** Steps of a recording by their names. */
export function named(execution: Execution, world: string, steps: readonly Step[]): NamedSchedule {
  return {
    world,
    steps: steps.map(({ process, kind, target, outcome }) => ({
      process: execution.nameOf(process),
      kind: kindName(kind),
      object: target?.name ?? '',
      outcome,
    })),
  };
}

/** The text of a schedule, on one line; a long one is packed. parseSchedule() reads it. */
export function formatSchedule({ world, steps }: NamedSchedule): string {
  const head = escapeName(world, /[^\w.@-]/gu);
  const parts = blocks(steps).map((block) => `${escapeName(block[0]?.process ?? '')}:${operations(block).join(',')}`);
  const readable = [READABLE, head, ...parts].join('/');
  if (readable.length <= READABLE_LENGTH) return readable;
  const packed = `${PACKED}/${head}/${pack(parts.join('/'))}`;
  return packed.length < readable.length ? packed : readable;
}

/** Throws ScheduleTextError. */
export function parseSchedule(text: string): NamedSchedule {
  if (text.length > MAX_TEXT) throw new ScheduleTextError(`has ${text.length} characters, expected at most ${MAX_TEXT}`);
  const [version = '', world, ...rest] = text.trim().split('/');
  if (version !== READABLE && version !== PACKED) {
    throw new ScheduleTextError(`begins with ${shown(version)}, expected ${READABLE}/ or ${PACKED}/`);
  }
  if (world === undefined || world === '') throw new ScheduleTextError(`names no world, expected ${version}/WORLD/…`);
  const at = version.length + world.length + 2;
  let parts = rest;
  if (version === PACKED) {
    const unpacked = rest.length === 1 ? unpack(rest[0] ?? '', MAX_UNPACKED) : null;
    if (unpacked === null) throw new ScheduleTextError(`is damaged or cut off behind character ${at}: that is no packed schedule`);
    parts = unpacked === '' ? [] : unpacked.split('/');
  }
  return { world: unescapeName(world, version.length + 1), steps: parseParts(parts, at) };
}

/** Steps grouped by who makes them, as long as nobody else does. */
export function blocks<T extends { readonly process: string | number }>(steps: readonly T[]): T[][] {
  const all: T[][] = [];
  for (const step of steps) {
    const last = all.at(-1);
    if (last !== undefined && last[0]?.process === step.process) last.push(step);
    else all.push([step]);
  }
  return all;
}

function operations(block: readonly NamedStep[]): string[] {
  const texts: { text: string; count: number }[] = [];
  for (const { kind, object, outcome } of block) {
    const text = `${kind}.${escapeName(object)}${outcome === 0 ? '' : `@${outcome}`}`;
    const last = texts.at(-1);
    if (last?.text === text) last.count++;
    else texts.push({ text, count: 1 });
  }
  return texts.map(({ text, count }) => (count === 1 ? text : `${count}.${text}`));
}

function parseParts(parts: readonly string[], start: number): NamedStep[] {
  const steps: NamedStep[] = [];
  let at = start;
  for (const part of parts) {
    const colon = part.indexOf(':');
    if (colon < 0) throw new ScheduleTextError(`at character ${at}: expected PROCESS:OPERATION, found ${shown(part)}`);
    const process = unescapeName(part.slice(0, colon), at);
    at += colon + 1;
    for (const operation of part.slice(colon + 1).split(',')) {
      parseOperation(operation, process, at, steps);
      at += operation.length + 1;
    }
  }
  return steps;
}

function parseOperation(operation: string, process: string, at: number, steps: NamedStep[]): void {
  const [, times = '1', kind = '', object = '', outcome = '0'] =
    /^(?:(\d{1,7})\.)?([a-zA-Z]+)\.([^@]*)(?:@(\d{1,7}))?$/.exec(operation) ?? [];
  if (kind === '') throw new ScheduleTextError(`at character ${at}: expected an operation such as lock.NAME, found ${shown(operation)}`);
  if (kindOfName(kind) === null) throw new ScheduleTextError(`at character ${at}: there is no operation ${shown(kind)}`);
  const count = Number(times);
  if (count < 1 || steps.length + count > MAX_STEPS) {
    throw new ScheduleTextError(`at character ${at}: ${times} times ${kind}, expected 1 to ${MAX_STEPS} steps in all`);
  }
  if (Number(outcome) > MAX_OUTCOME) throw new ScheduleTextError(`at character ${at}: outcome ${outcome}, expected 0..${MAX_OUTCOME}`);
  const step = { process, kind, object: unescapeName(object, at), outcome: Number(outcome) };
  for (let time = 0; time < count; time++) steps.push(step);
}

function escapeName(name: string, special = /[^\w.-]/gu): string {
  return name.replace(special, (character) =>
    character === ' ' ? '+' : Array.from(new TextEncoder().encode(character), (byte) => `~${byte.toString(16).padStart(2, '0')}`).join(''),
  );
}

function unescapeName(text: string, at: number): string {
  if (!/^(?:[\w.@+-]|~[0-9a-f]{2})*$/.test(text)) {
    throw new ScheduleTextError(`at character ${at}: expected a name of letters, digits, - _ . + and ~XX, found ${shown(text)}`);
  }
  const bytes: number[] = [];
  for (const [piece] of text.matchAll(/~(..)|./gs)) {
    bytes.push(piece.startsWith('~') ? Number.parseInt(piece.slice(1), 16) : piece === '+' ? 0x20 : piece.charCodeAt(0));
  }
  try {
    return new TextDecoder('utf8', { fatal: true, ignoreBOM: true }).decode(new Uint8Array(bytes));
  } catch {
    throw new ScheduleTextError(`at character ${at}: ${shown(text)} is not UTF-8`);
  }
}

function shown(text: string): string {
  const cut = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  return text === '' ? 'nothing' : JSON.stringify(cut);
}
