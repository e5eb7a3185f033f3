/**
 * Makes the picture of one display at any frame of the recording: from the last whole picture before it, and what changed since.
 *
 * Invariant: what is painted is the picture of one frame, never something in between. Frames are unpacked one after the other, in order; what was asked
 * for last is made next. A few pictures before one that was gone back to are kept, so that the next steps back are at once.
 */
import { describeError } from '../../../../base/errors.js';
import type { RecordedFrame } from '../../../../trace/recording/format.js';
import { toCanvas } from './cursor.js';

/** Pictures that are kept of one step back, of all steps, and their bytes. */
const KEPT_OF_STEP = 8;
const KEPT = 16;
const KEPT_BYTES = 128 * 2 ** 20;

/** The frame's pixels; takes no more memory than they do, whatever is packed. */
async function inflate({ deflated, present, rectangles }: RecordedFrame): Promise<Uint32Array> {
  const words = new Uint32Array(rectangles.reduce((sum, { width, height }) => sum + width * height, 0));
  const bytes = new Uint8Array(words.buffer);
  const packed = new Blob([deflated as Uint8Array<ArrayBuffer>]).stream();
  const reader = packed.pipeThrough(new DecompressionStream('deflate-raw')).getReader();
  let length = 0;
  while (length <= bytes.length) {
    const { value } = await reader.read();
    if (value === undefined) break;
    if (length + value.length <= bytes.length) bytes.set(value, length);
    length += value.length;
  }
  if (length !== bytes.length) throw new RangeError(`frame ${present} has ${length / 4} pixels, expected ${words.length}`);
  return words;
}

export class FramePlayer {
  /** The frame that was painted last. */
  shown: RecordedFrame | null = null;
  private readonly kept = new Map<RecordedFrame, ImageData>();
  private image = new ImageData(1, 1);
  /** Whose picture the image is. */
  private composed: RecordedFrame | null = null;
  private wanted: readonly [frames: readonly RecordedFrame[], target: RecordedFrame] | null = null;
  private running: Promise<void> | null = null;

  /** `onShown` is called with each picture that was painted; `onFault` with what is wrong with one. */
  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onShown: (frame: RecordedFrame) => void,
    private readonly onFault: (text: string) => void,
  ) {}

  /** Shows one of the frames, soon. Resolves when that, or what was asked for since, is shown. */
  show(frames: readonly RecordedFrame[], target: RecordedFrame): Promise<void> {
    if (target === this.shown && this.running === null) return Promise.resolve();
    this.wanted = [frames, target];
    this.running ??= this.run();
    return this.running;
  }

  private async run(): Promise<void> {
    while (this.wanted !== null) {
      const [frames, target] = this.wanted;
      this.wanted = null;
      try {
        await this.make(frames, frames.indexOf(target));
      } catch (error) {
        this.onFault(describeError(error));
      }
    }
    this.running = null;
  }

  private async make(frames: readonly RecordedFrame[], end: number): Promise<void> {
    const { canvas, kept } = this;
    const isBack = this.composed !== null && frames.indexOf(this.composed) > end;
    const isStart = (frame: RecordedFrame): boolean => frame === this.composed || kept.has(frame) || frame.isWhole;
    let index = end;
    while (index > 0 && !isStart(frames[index] as RecordedFrame)) index--;
    const first = frames[index] as RecordedFrame;
    const picture = kept.get(first);
    if (first !== this.composed && picture !== undefined) {
      this.image = new ImageData(picture.data.slice(), picture.width);
      this.composed = first;
    }
    for (; index <= end; index++) {
      const frame = frames[index] as RecordedFrame;
      if (frame !== this.composed) await this.apply(frame);
      if (isBack && index > end - KEPT_OF_STEP) this.keep(frame);
    }
    const { image, composed } = this;
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext('2d')?.putImageData(image, 0, 0);
    this.shown = composed;
    if (composed !== null) this.onShown(composed);
  }

  private async apply(frame: RecordedFrame): Promise<void> {
    const { width, height, rectangles } = frame;
    const words = await inflate(frame);
    if (this.image.width !== width || this.image.height !== height) this.image = new ImageData(width, height);
    const pixels = new Uint32Array(this.image.data.buffer);
    let from = 0;
    for (const rectangle of rectangles) {
      for (let row = 0; row < rectangle.height; row++) {
        const at = (rectangle.y + row) * width + rectangle.x;
        for (let column = 0; column < rectangle.width; column++) pixels[at + column] = toCanvas(words[from++] as number) | 0xff00_0000;
      }
    }
    this.composed = frame;
  }

  private keep(frame: RecordedFrame): void {
    const { kept, image } = this;
    kept.set(frame, new ImageData(image.data.slice(), image.width));
    for (const oldest of kept.keys()) {
      if (kept.size <= KEPT && kept.size * image.data.length <= KEPT_BYTES) return;
      kept.delete(oldest);
    }
  }
}
