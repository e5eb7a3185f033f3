/**
 * All that a recording, or a live stream of one, has said so far, for views and writers of other formats.
 *
 * Invariant: it only grows, up to its bounds, and then lets the oldest go; so whoever remembers up to which index it has looked at a thread
 * (ThreadLog.end) goes on from there. apply() alone changes it. Events are in columns, not objects. It knows no event: who reads goes by the header's
 * names. Chunks are believed: those of a file, or of somebody else's, have passed RecordingChecks. It runs in a page as well as in Node.
 */
import { STORED_ENTRIES, STORED_EVENTS, STORED_FRAME_BYTES } from '../../base/limits.js';
import { ByteReader } from './bytes.js';
import { decodeFrame, decodeJson, decodeSamples } from './decoder.js';
import {
  type Chunk,
  ChunkKind,
  type RecordedCursor,
  type RecordedFrame,
  type RecordedNote,
  type RecordedSample,
  type RecordedThread,
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

export class TraceStore {
  /** Null before it has come. */
  header: RecordingHeader | null = null;
  /** In the order in which they came. */
  readonly threads: ThreadLog[] = [];
  /** By time, as are samples, cursors and frames. */
  readonly notes: RecordedNote[] = [];
  readonly samples: RecordedSample[] = [];
  /** Each has the image that it was shown with, also where that came before. */
  readonly cursors: RecordedCursor[] = [];
  /** The oldest of each display is whole. */
  frames: RecordedFrame[] = [];
  /** How many frames came, those that are no longer kept included. */
  framesSeen = 0;
  /** How many notes came, those that are no longer kept included. */
  notesSeen = 0;
  /** Null while it goes on, or if it was cut off. */
  end: RecordingEnd | null = null;
  /** The earliest time of an event that ever came, in nanoseconds; NaN before the first. */
  start = Number.NaN;
  /** The latest time of anything that came; NaN before the first. */
  now = Number.NaN;
  private readonly bounds: Required<StoreBounds>;
  private readonly byIndex: ThreadLog[] = [];
  private numbers = new Map<string, number>();
  /** Displays of which a whole picture is kept. */
  private pictured = new Set<number>();
  private frameBytes = 0;

  constructor({ events = STORED_EVENTS, frameBytes = STORED_FRAME_BYTES, entries = STORED_ENTRIES }: StoreBounds = {}) {
    this.bounds = { events, frameBytes, entries };
  }

  /** Number of an event by its name, -1 if the recording has none of that name. */
  eventNumber(name: string): number {
    return this.numbers.get(name) ?? -1;
  }

  /** Name of an event by its number. */
  eventName(number: number): string {
    return this.header?.events[number]?.name ?? `event ${number}`;
  }

  /** Name of a message's kind. */
  kindName(kind: number): string {
    return this.header?.kinds[kind] ?? `0x${kind.toString(16)}`;
  }

  /** An event's arguments by their names, kinds by name; for people. */
  argumentsOf(log: ThreadLog, index: number): Readonly<Record<string, number | string>> {
    const fields = this.header?.events[log.event(index)]?.fields ?? [];
    return Object.fromEntries(fields.map((field, k) => [field, field === 'kind' ? this.kindName(log.arg(index, k)) : log.arg(index, k)]));
  }

  /** Takes one chunk. */
  apply({ kind, payload }: Chunk): void {
    switch (kind) {
      case ChunkKind.header:
        this.header = decodeJson(payload) as RecordingHeader;
        this.numbers = new Map(this.header.events.map(({ name }, number) => [name, number]));
        return;
      case ChunkKind.thread: {
        const thread = decodeJson(payload) as RecordedThread;
        const log = new ThreadLog(thread, this.bounds.events);
        this.threads.push(log);
        this.byIndex[thread.index] = log;
        return;
      }
      case ChunkKind.events:
        return this.addEvents(new ByteReader(payload));
      case ChunkKind.frame:
        return this.addFrame(decodeFrame(payload));
      case ChunkKind.cursor:
        return this.addCursor(decodeJson(payload) as RecordedCursor);
      case ChunkKind.samples:
        return this.keep(this.samples, decodeSamples(payload));
      case ChunkKind.note:
        this.notesSeen++;
        return this.keep(this.notes, decodeJson(payload) as RecordedNote);
      case ChunkKind.end:
        this.end = decodeJson(payload) as RecordingEnd;
        this.seen(this.end);
    }
  }

  private keep<T extends { readonly nanoseconds: number }>(list: T[], value: T): void {
    const { entries } = this.bounds;
    if (list.length >= entries) list.splice(0, Math.ceil(entries / 2));
    list.push(value);
    this.seen(value);
  }

  private seen({ nanoseconds }: { readonly nanoseconds: number }): void {
    if (!(this.now >= nanoseconds)) this.now = nanoseconds;
  }

  private addEvents(reader: ByteReader): void {
    const log = this.byIndex[reader.leb()];
    if (log === undefined) return;
    log.addLost(reader.leb());
    const count = reader.leb();
    let time = reader.float();
    if (log.length > 0) time = Math.max(time, log.time(log.end - 1));
    if (!(this.start <= time)) this.start = time;
    for (let index = 0; index < count; index++) {
      const event = reader.leb();
      time += reader.leb();
      log.add(time, event);
      const fields = this.header?.events[event]?.fields.length ?? 0;
      for (let k = 0; k < fields; k++) log.setArgument(k, reader.number());
    }
    this.seen({ nanoseconds: time });
  }

  private addCursor(cursor: RecordedCursor): void {
    const image = cursor.image ?? this.cursors.findLast(({ display }) => display === cursor.display)?.image;
    this.keep(this.cursors, image === undefined ? cursor : { ...cursor, image });
  }

  private addFrame(frame: RecordedFrame): void {
    // What changed of a picture that is not kept shows nothing.
    if (!frame.isWhole && !this.pictured.has(frame.display)) return;
    this.pictured.add(frame.display);
    this.frames.push(frame);
    this.framesSeen++;
    this.frameBytes += frame.deflated.length;
    this.seen(frame);
    if (this.frameBytes > this.bounds.frameBytes) this.forgetFrames();
  }

  /** Lets the older half of the pictures go, and of each display what then lacks a whole one before it. */
  private forgetFrames(): void {
    const { frames } = this;
    let index = 0;
    while (this.frameBytes > this.bounds.frameBytes / 2 && index < frames.length - 1)
      this.frameBytes -= frames[index++]?.deflated.length ?? 0;
    this.pictured = new Set();
    this.frames = frames.slice(index).filter(({ display, isWhole }) => {
      if (isWhole) this.pictured.add(display);
      return this.pictured.has(display);
    });
    this.frameBytes = this.frames.reduce((sum, { deflated }) => sum + deflated.length, 0);
  }
}
