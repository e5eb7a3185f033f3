/**
 * Recordings for tests of the page: one whose every number and pixel is known, as a file's bytes, and as a run that goes on.
 */
import { deflateRawSync } from 'node:zlib';
import {
  encodeCursor,
  encodeEnd,
  encodeFrame,
  encodeHeader,
  encodeNote,
  encodeThread,
  EventsWriter,
} from '../../src/trace/recording/encoder.js';
import { MAGIC, type RecordedFrame, type RecordingHeader } from '../../src/trace/recording/format.js';
import { RING_FIELDS, TRACE_IDS, TRACE_NAMES, type TraceName } from '../../src/trace/events.js';
import type { SourceFrame, StreamSource } from '../../src/visualiser/server/source.js';

export const WIDTH = 64;
export const HEIGHT = 48;
/** Nanoseconds between two frames. */
export const FRAME_NS = 20_000_000;
/** When the recording begins. */
export const START_NS = 5_000_000_000;

export const HEADER: RecordingHeader = {
  format: 1,
  producer: 'apple-gfx test',
  revision: 'hardened',
  variant: 'mmio',
  displays: 2,
  seed: null,
  schedule: null,
  epochNanoseconds: 0,
  events: TRACE_NAMES.map((name) => ({ name, fields: RING_FIELDS[name] })),
  kinds: {},
  machines: [],
  mailboxes: {},
  counters: [],
};

/** 0xAARRGGBB of a pixel in frame n: background by the frame's number, and in its middle a square that moves. */
export function pixelOf(frame: number, x: number, y: number): number {
  const left = (7 * frame) % (WIDTH - 8);
  const inside = x >= left && x < left + 8 && y >= 20 && y < 28;
  return inside ? 0xff00_0000 + 0x10_0000 * (frame % 16) + 0x80ff : 0xff00_0000 + 0x20_0000 + 0x300 * (x & 31) + 4 * (y & 31);
}

const words = (frame: number, x: number, y: number, width: number, height: number): Uint8Array => {
  const pixels = new Uint32Array(width * height);
  for (let index = 0; index < pixels.length; index++) pixels[index] = pixelOf(frame, x + (index % width), y + Math.floor(index / width));
  return new Uint8Array(pixels.buffer);
};

/** Frame n of a display: every tenth is whole, the others are the rows of the square. */
export function frameOf(frame: number, { display = 0, isWhole = frame % 10 === 0 } = {}): RecordedFrame {
  const rectangle = isWhole ? { x: 0, y: 0, width: WIDTH, height: HEIGHT } : { x: 0, y: 20, width: WIDTH, height: 8 };
  return {
    display,
    nanoseconds: START_NS + frame * FRAME_NS,
    present: frame + 1,
    width: WIDTH,
    height: HEIGHT,
    isWhole,
    rectangles: [rectangle],
    deflated: deflateRawSync(words(frame, rectangle.x, rectangle.y, rectangle.width, rectangle.height)),
  };
}

const writer = (): EventsWriter =>
  new EventsWriter(
    0,
    TRACE_NAMES.map((name) => RING_FIELDS[name].length),
  );

/** A chunk of events of the one thread. */
export function eventsChunk(events: readonly (readonly [nanoseconds: number, name: TraceName, args: readonly number[]])[]): Uint8Array {
  const events_ = writer();
  for (const [nanoseconds, name, args] of events) events_.add(nanoseconds, TRACE_IDS[name], args);
  return events_.take(0);
}

export const THREAD = { index: 0, actor: 'bql', name: 'BQL', number: 77 };

/** Pieces of a recording of that many frames on display 0. */
export function pieces(frames: number): Uint8Array[] {
  const image = { width: 4, height: 4, hotX: 0, hotY: 0, pixels: Array.from({ length: 16 }, () => 0xffff_0000) };
  return [
    encodeHeader(HEADER),
    encodeThread(THREAD),
    eventsChunk([
      [START_NS, 'apple_gfx_display_mode', [0, WIDTH, HEIGHT]],
      [START_NS + 1000, 'apple_gfx_display_mode', [1, 1440, 1080]],
    ]),
    encodeCursor({ display: 0, nanoseconds: START_NS, x: 10, y: 12, shown: true, image }),
    ...Array.from({ length: frames }, (_, frame) => encodeFrame(frameOf(frame))),
    encodeNote({ nanoseconds: START_NS + frames * FRAME_NS, kind: 'warning', text: 'a note' }),
    encodeEnd({ nanoseconds: START_NS + frames * FRAME_NS, reason: 'done', statistics: {} }),
  ];
}

/** The same as a file's bytes. */
export const fileBytes = (frames: number): Buffer => Buffer.concat([MAGIC, ...pieces(frames)]);

/** A run that goes on when the test says so; it keeps the last `kept` pieces. */
export class FakeRun implements StreamSource {
  readonly isLive = true;
  readonly title = 'a run';
  readonly displays = 1;
  readonly preamble: Uint8Array[] = [encodeHeader({ ...HEADER, displays: 1 }), encodeThread(THREAD)];
  isComplete = false;
  now = START_NS;
  /** How often a picture was made. */
  framesMade = 0;
  isWatched = false;
  private readonly kept: (Uint8Array | undefined)[] = [];
  private readonly listeners = new Set<() => void>();
  private frameNumber = -1;
  first = 0;
  end = 0;

  constructor(private readonly limit = 100) {}

  get listenerCount(): number {
    return this.listeners.size;
  }

  add(piece: Uint8Array): void {
    this.kept[this.end++] = piece;
    while (this.end - this.first > this.limit) this.kept[this.first++] = undefined;
    this.changed();
  }

  showFrame(number: number): void {
    this.frameNumber = number;
    this.changed();
  }

  finish(): void {
    this.isComplete = true;
    this.changed();
  }

  read(number: number): Uint8Array | null {
    return this.kept[number] ?? null;
  }

  frame(_: number, sequence: number): SourceFrame | null {
    if (this.frameNumber < 0 || sequence === this.frameNumber) return null;
    this.framesMade++;
    const frame = frameOf(this.frameNumber, { isWhole: sequence < 0 });
    return { chunk: encodeFrame(frame), sequence: this.frameNumber };
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  watched(isWatched: boolean): void {
    this.isWatched = isWatched;
  }

  private changed(): void {
    for (const listener of this.listeners) listener();
  }
}
