/**
 * A running device as what a dashboard shows: the recent pieces of its recording, and its displays' pictures when they are asked for.
 *
 * Invariant: what is kept is bounded in bytes, the oldest goes first; numbers of pieces only grow. Pictures are made for who asks, and a
 * headless device copies them only while somebody watches. It has the shape of the visualiser's StreamSource, and knows no viewer.
 */
import type { Device } from '../../device.js';
import { DeviceRecorder, monotonicNow, type ChunkSink } from './device-recorder.js';
import { FrameMaker, type MadeFrame } from './frame-maker.js';
import type { ChartOf } from './header.js';

/** Bytes of pieces that are kept for viewers who come late or are slow: some minutes of a device at 60 frames a second. */
const KEPT_BYTES = 64 * 2 ** 20;

export interface LiveOptions {
  /** What runs, for people. */
  readonly title: string;
  readonly chartOf?: ChartOf;
  /** Gets every chunk as well, for a file. */
  readonly also?: readonly ChunkSink[];
}

/** Hands chunks to two sinks. */
function both(first: ChunkSink, second: ChunkSink): ChunkSink {
  return {
    preamble(chunk) {
      first.preamble(chunk);
      second.preamble(chunk);
    },
    piece(chunk) {
      first.piece(chunk);
      second.piece(chunk);
    },
    ended() {
      first.ended();
      second.ended();
    },
  };
}

export class LiveSource {
  readonly isLive = true;
  readonly title: string;
  readonly displays: number;
  readonly preamble: Uint8Array[] = [];
  private readonly pieces: Uint8Array[] = [];
  private dropped = 0;
  private bytes = 0;
  private isOver = false;
  private readonly listeners = new Set<() => void>();
  private readonly makers: readonly FrameMaker[];
  private readonly recorder: DeviceRecorder;
  private readonly device: Device;
  private isWatched = false;
  private readonly onUpdate = (): void => this.tell();

  constructor(device: Device, { title, chartOf, also = [] }: LiveOptions) {
    this.device = device;
    this.title = title;
    this.displays = device.displays.length;
    this.makers = device.displays.map((display) => new FrameMaker(display));
    const kept: ChunkSink = {
      preamble: (chunk) => this.addPreamble(chunk),
      piece: (chunk) => this.add(chunk),
      ended: () => this.finish(),
    };
    const all = [kept, ...also].reduce(both);
    this.recorder = new DeviceRecorder(device, all, chartOf === undefined ? {} : { chartOf });
  }

  get first(): number {
    return this.dropped;
  }

  get end(): number {
    return this.dropped + this.pieces.length;
  }

  /** The time of the recording now, in its nanoseconds. */
  get now(): number {
    return monotonicNow();
  }

  get isComplete(): boolean {
    return this.isOver;
  }

  read(number: number): Uint8Array | null {
    return this.pieces[number - this.dropped] ?? null;
  }

  frame(display: number, sequence: number): Promise<MadeFrame | null> {
    const maker = this.makers[display];
    return maker ? maker.make(sequence, monotonicNow) : Promise.resolve(null);
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  watched(isWatched: boolean): void {
    if (isWatched === this.isWatched) return;
    this.isWatched = isWatched;
    for (const display of this.device.displays) {
      if (isWatched) display.on('update', this.onUpdate);
      else display.off('update', this.onUpdate);
      // A device that ends meanwhile has no picture any more.
      if (isWatched) display.attachViewer().catch(() => undefined);
      else display.detachViewer();
    }
  }

  /** Ends the recording. */
  close(reason: string): void {
    this.recorder.end(reason);
  }

  private addPreamble(chunk: Uint8Array): void {
    this.preamble.push(chunk);
    this.tell();
  }

  private add(chunk: Uint8Array): void {
    this.pieces.push(chunk);
    this.bytes += chunk.length;
    if (this.bytes > KEPT_BYTES) this.forget();
    this.tell();
  }

  /** Lets the oldest go until there is room for an eighth more, so that it is seldom done. */
  private forget(): void {
    let count = 0;
    while (this.bytes > (KEPT_BYTES / 8) * 7) this.bytes -= this.pieces[count++]?.length ?? 0;
    this.pieces.splice(0, count);
    this.dropped += count;
  }

  private finish(): void {
    this.isOver = true;
    this.tell();
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}
