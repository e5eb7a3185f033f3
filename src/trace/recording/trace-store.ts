/**
 * All that a recording, or a live stream of one, has said so far, for views and writers of other formats.
 *
 * Invariant: it only grows, up to its bounds, and then lets the oldest go; so whoever remembers up to which index it has looked at a thread
 * (ThreadLog.end) goes on from there. Events are in columns, not objects. It knows no event: who reads goes by the header's names. It runs in a
 * page as well as in Node.
 */
import { RecordingError } from '../../base/errors.js';
import { MAX_RECORDED_THREADS, STORED_ENTRIES, STORED_EVENTS, STORED_FRAME_BYTES } from '../../base/limits.js';
import { ByteReader } from './bytes.js';
import { checkCursor, checkEnd, checkHeader, checkNote, checkThread } from './checks.js';
import { decodeFrame, decodeJson, decodeSamples } from './decoder.js';
import {
  type Chunk,
  ChunkKind,
  type RecordedCursor,
  type RecordedFrame,
  type RecordedNote,
  type RecordedSample,
  type RecordingEnd,
  type RecordingHeader,
} from './format.js';
import { ThreadLog } from './thread-log.js';

/** How much is kept. */
export interface StoreBounds {
  /** Events of each thread. Default STORED_EVENTS. */
  readonly events?: number;
  /** Bytes of compressed pictures. Default STORED_FRAME_BYTES. */
  readonly frameBytes?: number;
  /** Notes, samples and cursor changes, of each. Default STORED_ENTRIES. */
  readonly entries?: number;
}

/** A list that lets its oldest half go when it is full. */
class BoundedList<T> {
  readonly kept: T[] = [];
  /** How many were let go. */
  dropped = 0;

  constructor(private readonly limit: number) {}

  push(value: T): void {
    if (this.kept.length >= this.limit) this.dropped += this.kept.splice(0, Math.ceil(this.limit / 2)).length;
    this.kept.push(value);
  }
}

export class TraceStore {
  private readonly bounds: Required<StoreBounds>;
  private readonly byIndex: (ThreadLog | undefined)[] = [];
  private readonly logs: ThreadLog[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly noteList: BoundedList<RecordedNote>;
  private readonly sampleList: BoundedList<RecordedSample>;
  private readonly cursorList: BoundedList<RecordedCursor>;
  private frameList: RecordedFrame[] = [];
  /** Displays of which a whole picture is kept. */
  private pictured = new Set<number>();
  private frameBytes = 0;
  private frameCount = 0;
  private head: RecordingHeader | null = null;
  private ended: RecordingEnd | null = null;
  private earliest = Number.NaN;
  private latest = Number.NaN;

  constructor({ events = STORED_EVENTS, frameBytes = STORED_FRAME_BYTES, entries = STORED_ENTRIES }: StoreBounds = {}) {
    this.bounds = { events, frameBytes, entries };
    this.noteList = new BoundedList(entries);
    this.sampleList = new BoundedList(entries);
    this.cursorList = new BoundedList(entries);
  }

  /** Null before it has come. */
  get header(): RecordingHeader | null {
    return this.head;
  }

  /** In the order in which they came. */
  get threads(): readonly ThreadLog[] {
    return this.logs;
  }

  /** By time. */
  get notes(): readonly RecordedNote[] {
    return this.noteList.kept;
  }

  /** By time. */
  get samples(): readonly RecordedSample[] {
    return this.sampleList.kept;
  }

  /** By time. */
  get cursors(): readonly RecordedCursor[] {
    return this.cursorList.kept;
  }

  /** By time; the oldest of each display is whole. */
  get frames(): readonly RecordedFrame[] {
    return this.frameList;
  }

  /** How many frames came, those that are no longer kept included. */
  get framesSeen(): number {
    return this.frameCount;
  }

  /** How many notes came, those that are no longer kept included. */
  get notesSeen(): number {
    return this.noteList.dropped + this.noteList.kept.length;
  }

  /** Null while it goes on, or if it was cut off. */
  get end(): RecordingEnd | null {
    return this.ended;
  }

  /** The earliest time of an event that ever came, in nanoseconds; NaN before the first. */
  get start(): number {
    return this.earliest;
  }

  /** The latest time of anything that came; NaN before the first. */
  get now(): number {
    return this.latest;
  }

  /** Number of an event by its name, -1 if the recording has none of that name. */
  eventNumber(name: string): number {
    return this.numbers.get(name) ?? -1;
  }

  /** Name of an event by its number. */
  eventName(number: number): string {
    return this.head?.events[number]?.name ?? `event ${number}`;
  }

  /** Name of a message's kind. */
  kindName(kind: number): string {
    return this.head?.kinds[kind] ?? `0x${kind.toString(16)}`;
  }

  /** An event's arguments by their names, kinds by name; for people. */
  argumentsOf(log: ThreadLog, index: number): Readonly<Record<string, number | string>> {
    const fields = this.head?.events[log.event(index)]?.fields ?? [];
    return Object.fromEntries(fields.map((field, k) => [field, field === 'kind' ? this.kindName(log.arg(index, k)) : log.arg(index, k)]));
  }

  /** Takes one chunk. Throws RecordingError for one that is not as it should be, of which then nothing counts but events before the fault. */
  apply({ kind, payload }: Chunk): void {
    if (kind === ChunkKind.header) return this.begin(checkHeader(decodeJson(payload, 'header')));
    if (this.head === null) throw new RecordingError(`it begins with a chunk of kind ${kind}, expected its header`);
    switch (kind) {
      case ChunkKind.thread:
        return this.addThread(payload);
      case ChunkKind.events:
        return this.addEvents(payload);
      case ChunkKind.frame:
        return this.addFrame(decodeFrame(payload));
      case ChunkKind.cursor:
        return this.keep(this.cursorList, checkCursor(decodeJson(payload, 'cursor')));
      case ChunkKind.samples:
        return this.keep(this.sampleList, decodeSamples(payload, this.head.counters.length));
      case ChunkKind.note:
        return this.keep(this.noteList, checkNote(decodeJson(payload, 'note')));
      case ChunkKind.end:
        this.ended = checkEnd(decodeJson(payload, 'end'));
        this.seen(this.ended.nanoseconds);
    }
  }

  private begin(header: RecordingHeader): void {
    if (this.head !== null) throw new RecordingError('it has two headers');
    this.head = header;
    header.events.forEach(({ name }, number) => {
      this.numbers.set(name, number);
    });
  }

  private keep<T extends { readonly nanoseconds: number }>(list: BoundedList<T>, value: T): void {
    list.push(value);
    this.seen(value.nanoseconds);
  }

  private seen(nanoseconds: number): void {
    if (!(this.latest >= nanoseconds)) this.latest = nanoseconds;
  }

  private addThread(payload: Uint8Array): void {
    const thread = checkThread(decodeJson(payload, 'thread'));
    if (this.byIndex[thread.index] !== undefined) throw new RecordingError(`it has two threads of index ${thread.index}`);
    const log = new ThreadLog(thread, this.bounds.events);
    this.byIndex[thread.index] = log;
    this.logs.push(log);
  }

  private addEvents(payload: Uint8Array): void {
    const events = this.head?.events ?? [];
    const reader = new ByteReader(payload, 'an events chunk');
    const thread = reader.below(MAX_RECORDED_THREADS, 'thread');
    const log = this.byIndex[thread];
    if (log === undefined) throw reader.wrong(`is of thread ${thread}, which was not announced`);
    log.addLost(reader.leb());
    const count = reader.leb();
    let time = reader.float();
    if (!(time >= 0 && time <= Number.MAX_SAFE_INTEGER)) throw reader.wrong(`begins at ${time} ns`);
    if (log.length > 0) time = Math.max(time, log.time(log.end - 1));
    if (!(this.earliest <= time)) this.earliest = time;
    for (let index = 0; index < count; index++) {
      const event = reader.below(events.length, 'event');
      time += reader.leb();
      log.add(time, event);
      const fields = events[event]?.fields.length ?? 0;
      for (let k = 0; k < fields; k++) log.setArgument(k, reader.number());
    }
    if (reader.left > 0) throw reader.wrong(`has ${reader.left} bytes behind its last event`);
    this.seen(time);
  }

  private addFrame(frame: RecordedFrame): void {
    // What changed of a picture that is not kept shows nothing.
    if (!frame.isWhole && !this.pictured.has(frame.display)) return;
    this.pictured.add(frame.display);
    this.frameList.push(frame);
    this.frameCount++;
    this.frameBytes += frame.deflated.length;
    this.seen(frame.nanoseconds);
    if (this.frameBytes > this.bounds.frameBytes) this.forgetFrames();
  }

  /** Lets the older half of the pictures go, and of each display what then lacks a whole one before it. */
  private forgetFrames(): void {
    let bytes = this.frameBytes;
    let index = 0;
    while (bytes > this.bounds.frameBytes / 2 && index < this.frameList.length - 1) bytes -= this.frameList[index++]?.deflated.length ?? 0;
    const whole = new Set<number>();
    const kept = this.frameList.slice(index).filter(({ display, isWhole }) => {
      if (isWhole) whole.add(display);
      return whole.has(display);
    });
    this.frameList = kept;
    this.pictured = whole;
    this.frameBytes = kept.reduce((sum, { deflated }) => sum + deflated.length, 0);
  }
}
