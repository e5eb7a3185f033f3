/**
 * A recording in the format of QEMU's `simple` trace backend, version 4, which `scripts/simpletrace.py` of QEMU reads.
 *
 * A file is a header (three 64-bit numbers: all ones, a magic number, the version) and then records, which begin with a 64-bit type: 0 maps an event's number
 * (64 bits) to its name (32-bit length, bytes); 1 is an event: number and nanoseconds (64 bits each), length of the record from its number on and process
 * (32 bits each), then the arguments, 64 bits each, a text being a 32-bit length and its bytes. All of it in the byte order of the machine, here
 * little-endian.
 *
 * Invariant: as many event records as there are events; the arguments are those of the event's line, in its order, whatever its form. In the place of
 * the process is the thread's number, which says more. Which event has which arguments the reader must be told: simpletraceDeclarations().
 */
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { EVENT_PATTERNS, PARSED_PATTERNS, type PatternArgument } from './event-patterns.js';
import { MergedEvents } from './merged-events.js';

const HEADER_EVENT = 0xffff_ffff_ffff_ffffn;
const HEADER_MAGIC = 0xf2b1_77cb_0aa4_29b4n;
const VERSION = 4n;
const RecordType = { mapping: 0n, event: 1n } as const;
/** Bytes of an event's record without its type and arguments. */
const RECORD_HEAD = 24;
const PIECE = 65_536;
/** The most bytes that one record takes: its head, and arguments of which one may be a text. */
const RECORD_ROOM = 1024;
const LARGEST = 0xffff_ffff_ffff_ffffn;

/** Which arguments the records of an event have: those of the pattern with the most. */
function argumentsOf(name: string, fields: readonly string[]): readonly PatternArgument[] {
  const patterns = PARSED_PATTERNS.get(name) ?? [];
  const longest = patterns.reduce<readonly PatternArgument[]>(
    (best, each) => (each.arguments.length > best.length ? each.arguments : best),
    [],
  );
  if (patterns.length > 0) return longest;
  return fields.map((field) => ({ field, type: 'x', label: field }));
}

class Writer {
  private readonly bytes = new Uint8Array(PIECE + RECORD_ROOM);
  private readonly view = new DataView(this.bytes.buffer);
  private readonly utf8 = new TextEncoder();
  used = 0;

  word(value: number): void {
    this.view.setUint32(this.used, value, true);
    this.used += 4;
  }

  long(value: bigint): void {
    this.view.setBigUint64(this.used, BigInt.asUintN(64, value), true);
    this.used += 8;
  }

  text(value: string): void {
    const bytes = this.utf8.encode(value.slice(0, 200));
    this.word(bytes.length);
    this.bytes.set(bytes, this.used);
    this.used += bytes.length;
  }

  /** Writes the length of what was written since `from` at a place. */
  lengthAt(place: number, from: number): void {
    this.view.setUint32(place, this.used - from, true);
  }

  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.used);
    this.used = 0;
    return taken;
  }
}

const bigOf = (value: number): bigint => (Number.isFinite(value) ? BigInt(Math.trunc(value)) : LARGEST);

export function* writeSimpletrace(store: TraceStore): Generator<Uint8Array> {
  const events = store.header?.events ?? [];
  const writer = new Writer();
  for (const value of [HEADER_EVENT, HEADER_MAGIC, VERSION]) writer.long(value);
  for (const [number, { name }] of events.entries()) {
    writer.long(RecordType.mapping);
    writer.long(BigInt(number));
    writer.text(name);
    if (writer.used >= PIECE) yield writer.take();
  }
  const shapes = events.map(({ name, fields }) => argumentsOf(name, fields));
  for (const merged = new MergedEvents(store); merged.next(); ) {
    writeRecord(writer, store, merged, shapes);
    if (writer.used >= PIECE) yield writer.take();
  }
  yield writer.take();
}

function writeRecord(writer: Writer, store: TraceStore, at: MergedEvents, shapes: readonly (readonly PatternArgument[])[]): void {
  const { log, index } = at;
  const event = log.event(index);
  writer.long(RecordType.event);
  const start = writer.used;
  writer.long(BigInt(event));
  writer.long(bigOf(at.nanoseconds));
  writer.used += 4;
  writer.word(log.thread.number);
  const fields = store.header?.events[event]?.fields ?? [];
  for (const argument of shapes[event] ?? []) {
    const place = fields.indexOf(argument.field);
    const value = place < 0 ? 0 : log.arg(index, place);
    if (argument.type === 'k') writer.text(store.kindName(value));
    else if (argument.type === 'm') writer.text(store.header?.machines[value]?.name ?? String(value));
    else if (argument.type === 's') writer.text(`apple-gfx-${store.header?.variant ?? ''}`);
    else if (argument.type === 'q') writer.long((bigOf(log.arg(index, fields.indexOf('high'))) << 32n) | bigOf(value));
    else writer.long(bigOf(value));
  }
  writer.lengthAt(start + RECORD_HEAD - 8, start);
}

/**
 * Declarations of all events in the syntax of QEMU's trace-events files, from which simpletrace.py knows their names and arguments: `name(types)
 * "format"`.
 */
export function simpletraceDeclarations(): string {
  return Object.keys(EVENT_PATTERNS)
    .map((name) => {
      const args = argumentsOf(name, []);
      const declared = args.map(
        ({ type, label }) => `${type === 'k' || type === 'm' || type === 's' ? 'const char *' : 'uint64_t '}${label}`,
      );
      const format = args
        .map(({ type, label }) => `${label}=${type === 'k' || type === 'm' || type === 's' ? '%s' : '%"PRIu64"'}`)
        .join(' ');
      return `${name}(${declared.length > 0 ? declared.join(', ') : 'void'}) "${format}"\n`;
    })
    .join('');
}
