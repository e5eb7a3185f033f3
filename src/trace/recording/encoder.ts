/**
 * Chunks of a recording as bytes.
 *
 * Invariant: each function gives one whole chunk. Nothing is kept, but for the buffer of an EventsWriter.
 */
import { ByteWriter } from './bytes.js';
import {
  CHUNK_HEAD,
  ChunkKind,
  type RecordedCursor,
  type RecordedFrame,
  type RecordedNote,
  type RecordedSample,
  type RecordedThread,
  type RecordingEnd,
  type RecordingHeader,
} from './format.js';

/** A chunk of a kind. */
export function encodeChunk(kind: number, payload: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(CHUNK_HEAD + payload.length);
  chunk[0] = kind;
  new DataView(chunk.buffer).setUint32(4, payload.length, true);
  chunk.set(payload, CHUNK_HEAD);
  return chunk;
}

const encodeJson = (kind: number, value: object): Uint8Array => encodeChunk(kind, new TextEncoder().encode(JSON.stringify(value)));

export const encodeHeader = (header: RecordingHeader): Uint8Array => encodeJson(ChunkKind.header, header);
export const encodeThread = (thread: RecordedThread): Uint8Array => encodeJson(ChunkKind.thread, thread);
export const encodeCursor = (cursor: RecordedCursor): Uint8Array => encodeJson(ChunkKind.cursor, cursor);
export const encodeNote = (note: RecordedNote): Uint8Array => encodeJson(ChunkKind.note, note);
export const encodeEnd = (end: RecordingEnd): Uint8Array => encodeJson(ChunkKind.end, end);

export function encodeSamples({ nanoseconds, values }: RecordedSample): Uint8Array {
  const writer = new ByteWriter(256);
  writer.float(nanoseconds);
  writer.leb(values.length);
  for (const value of values) writer.number(value);
  return encodeChunk(ChunkKind.samples, writer.take());
}

export function encodeFrame(frame: RecordedFrame): Uint8Array {
  const writer = new ByteWriter(64 + 16 * frame.rectangles.length + frame.deflated.length);
  writer.leb(frame.display);
  writer.float(frame.nanoseconds);
  for (const value of [frame.present, frame.width, frame.height, frame.isWhole ? 1 : 0, frame.rectangles.length]) writer.leb(value);
  for (const { x, y, width, height } of frame.rectangles) for (const value of [x, y, width, height]) writer.leb(value);
  writer.bytes(frame.deflated);
  return encodeChunk(ChunkKind.frame, writer.take());
}

/** Puts entries of one thread into a chunk, one after the other. */
export class EventsWriter {
  private readonly entries = new ByteWriter(16_384);
  private count = 0;
  private first = 0;
  private last = 0;

  /** `argumentCounts`: how many arguments each event has, by its number. */
  constructor(
    private readonly thread: number,
    private readonly argumentCounts: readonly number[],
  ) {}

  get length(): number {
    return this.count;
  }

  /** `args` has at least as many as the event. A time before the last one becomes the last one's. */
  add(nanoseconds: number, event: number, args: ArrayLike<number>): void {
    const { entries } = this;
    if (this.count === 0) this.first = this.last = Math.max(this.last, nanoseconds);
    const time = Math.max(this.last, nanoseconds);
    entries.leb(event);
    entries.leb(Math.round(time - this.last));
    this.last += Math.round(time - this.last);
    const count = this.argumentCounts[event] ?? 0;
    for (let index = 0; index < count; index++) entries.number(args[index] ?? 0);
    this.count++;
  }

  /** The chunk of what was added, `lost` being the entries of the thread's that are missing before it; the writer is empty then. */
  take(lost: number): Uint8Array {
    const payload = new ByteWriter(32 + this.entries.length);
    payload.leb(this.thread);
    payload.leb(lost);
    payload.leb(this.count);
    payload.float(this.first);
    payload.bytes(this.entries.take());
    this.count = 0;
    return encodeChunk(ChunkKind.events, payload.take());
  }
}
