/**
 * Makes the picture of one display at any frame of the recording: from the last whole picture before it, and what changed since.
 *
 * Invariant: what is painted is the picture of one frame, never something in between. Frames are unpacked one after the other, in order; what was asked
 * for last is made next. A few pictures before one that was gone back to are kept, so that the next steps back are at once.
 */
import type { RecordedFrame } from '../../../../trace/recording/format.js';

const KEPT = 8;
const KEPT_BYTES = 128 * 2 ** 20;

/** The frames of a display, by time, and the one to show. */
interface Wanted {
  readonly frames: readonly RecordedFrame[];
  readonly target: RecordedFrame;
}

async function inflate(bytes: Uint8Array): Promise<Uint32Array> {
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('deflate-raw'));
  return new Uint32Array(await new Response(stream).arrayBuffer());
}

/** 0xAARRGGBB as a canvas has it: red first in memory, and opaque. */
const toCanvas = (word: number): number => 0xff00_0000 | ((word & 0xff) << 16) | (word & 0xff00) | ((word >>> 16) & 0xff);

export class FramePlayer {
  /** The frame that was painted last. */
  shown: RecordedFrame | null = null;
  private image: ImageData | null = null;
  private pixels = new Uint32Array(0);
  /** Whose picture is in `pixels`. */
  private composed: RecordedFrame | null = null;
  private readonly kept = new Map<RecordedFrame, Uint32Array<ArrayBuffer>>();
  private wanted: Wanted | null = null;
  private running: Promise<void> | null = null;

  /** `onShown` is called with each picture that was painted; `onFault` with what is wrong with one. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onShown: (frame: RecordedFrame) => void,
    private readonly onFault: (text: string) => void,
  ) {}

  /** Shows a frame, soon. Resolves when that, or what was asked for since, is shown. */
  show(frames: readonly RecordedFrame[], target: RecordedFrame): Promise<void> {
    if (target === this.shown && this.running === null) return Promise.resolve();
    this.wanted = { frames, target };
    this.running ??= this.run();
    return this.running;
  }

  /** The pixel of the picture, as 0xRRGGBB; null outside of it. */
  pixel(x: number, y: number): number | null {
    const { image } = this;
    if (image === null || x < 0 || y < 0 || x >= image.width || y >= image.height) return null;
    return toCanvas(this.pixels[y * image.width + x] ?? 0) & 0xff_ffff;
  }

  private async run(): Promise<void> {
    for (let wanted = this.wanted; wanted !== null; wanted = this.wanted) {
      this.wanted = null;
      try {
        await this.make(wanted);
      } catch (error) {
        this.composed = null;
        this.onFault(error instanceof Error ? error.message : String(error));
      }
    }
    this.running = null;
  }

  private async make({ frames, target }: Wanted): Promise<void> {
    const end = frames.indexOf(target);
    const before = this.composed === null ? -1 : frames.indexOf(this.composed);
    const isBack = before > end;
    let start = end;
    while (start >= 0 && frames[start]?.isWhole === false && start !== before && !this.kept.has(frames[start] as RecordedFrame)) start--;
    const first = frames[start];
    if (first === undefined) return;
    if (start !== before) this.restore(first);
    for (let index = this.composed === first ? start + 1 : start; index <= end; index++) {
      const frame = frames[index] as RecordedFrame;
      this.apply(frame, await inflate(frame.deflated));
      if (isBack && index > end - KEPT) this.keep(frame);
    }
    this.paint(target);
  }

  /** Takes a kept picture for the start, if there is one; else the frame itself has to be whole. */
  private restore(frame: RecordedFrame): void {
    const kept = this.kept.get(frame);
    this.composed = null;
    if (kept === undefined) return;
    this.resize(frame);
    this.pixels.set(kept);
    this.composed = frame;
  }

  private resize({ width, height }: RecordedFrame): void {
    if (this.image?.width === width && this.image.height === height) return;
    this.image = new ImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  private apply(frame: RecordedFrame, words: Uint32Array): void {
    this.resize(frame);
    const expected = frame.rectangles.reduce((sum, { width, height }) => sum + width * height, 0);
    if (words.length !== expected) throw new RangeError(`frame ${frame.present} has ${words.length} pixels, expected ${expected}`);
    let from = 0;
    for (const { x, y, width, height } of frame.rectangles) {
      for (let row = y; row < y + height; row++) {
        const at = row * frame.width + x;
        for (let column = 0; column < width; column++) this.pixels[at + column] = toCanvas(words[from++] as number);
      }
    }
    this.composed = frame;
  }

  private keep(frame: RecordedFrame): void {
    const bytes = this.pixels.byteLength;
    this.kept.set(frame, this.pixels.slice());
    while (this.kept.size > 1 && (this.kept.size > 2 * KEPT || this.kept.size * bytes > KEPT_BYTES)) {
      const [oldest] = this.kept.keys();
      if (oldest !== undefined) this.kept.delete(oldest);
    }
  }

  private paint(frame: RecordedFrame): void {
    const { canvas, image } = this;
    if (image === null) return;
    if (canvas.width !== image.width || canvas.height !== image.height) {
      canvas.width = image.width;
      canvas.height = image.height;
    }
    canvas.getContext('2d')?.putImageData(image, 0, 0);
    this.shown = frame;
    this.onShown(frame);
  }
}
