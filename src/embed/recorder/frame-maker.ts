/**
 * Frame chunks of one display: the picture, or where it changed, compressed.
 *
 * Invariant: what a chunk has is one picture that no write tore, and what changed since the sequence that was asked for; several who ask for the same
 * at once share one compression. A picture is copied on this thread and compressed on the pool's, one at a time, so that a display costs at most one core.
 */
import { promisify } from 'node:util';
import { deflateRaw } from 'node:zlib';
import type { DeviceDisplay } from '../../display.js';
import type { Surface } from '../../runtime/surface.js';
import { encodeFrame } from '../../trace/recording/encoder.js';
import type { Rectangle } from '../../trace/recording/format.js';

const deflate = promisify(deflateRaw);
/** Attempts at a copy that no write tears, before the next turn is waited for. */
const ATTEMPTS = 8;

/** A chunk, and what to ask with for what comes next. */
export interface MadeFrame {
  readonly chunk: Uint8Array;
  readonly sequence: number;
}

interface Copy {
  readonly sequence: number;
  readonly present: number;
  readonly rectangles: readonly Rectangle[];
  readonly pixels: Uint8Array;
}

const whole = ({ width, height }: Surface): readonly Rectangle[] => [{ x: 0, y: 0, width, height }];

function copyOf(surface: Surface, rectangles: readonly Rectangle[]): Uint8Array {
  const words = rectangles.reduce((sum, { width, height }) => sum + width * height, 0);
  const pixels = new Uint32Array(words);
  let at = 0;
  for (const { x, y, width, height } of rectangles) {
    for (let row = 0; row < height; row++) {
      const begin = (y + row) * surface.width + x;
      pixels.set(surface.pixels.subarray(begin, begin + width), at);
      at += width;
    }
  }
  return new Uint8Array(pixels.buffer);
}

export class FrameMaker {
  private surface: Surface | null = null;
  /** Sequences of an older surface mean nothing, so each surface's begin where the last one's ended. */
  private base = 0;
  private highest = 0;
  private readonly running = new Map<number, Promise<MadeFrame | null>>();

  constructor(private readonly display: DeviceDisplay) {}

  /** What changed since a sequence, all of the picture if it is -1 or of another mode; null if nothing did, or there is no picture. */
  make(since: number, now: () => number): Promise<MadeFrame | null> {
    const running = this.running.get(since);
    if (running) return running;
    const made = this.makeAnew(since, now()).finally(() => this.running.delete(since));
    this.running.set(since, made);
    return made;
  }

  private async makeAnew(since: number, nanoseconds: number): Promise<MadeFrame | null> {
    const { surface } = this.display;
    if (surface === null) return null;
    if (surface !== this.surface) {
      this.surface = surface;
      this.base = this.highest + 1;
    }
    const { base } = this;
    const isKnown = since >= base;
    const copy = this.copy(surface, isKnown ? since - base : null);
    if (copy === null) return null;
    const sequence = base + copy.sequence;
    this.highest = Math.max(this.highest, sequence);
    const deflated = await deflate(copy.pixels, { level: 1 });
    const { width, height } = surface;
    const { present, rectangles } = copy;
    const frame = { display: this.display.number, nanoseconds, present, width, height, isWhole: !isKnown, rectangles, deflated };
    return { chunk: encodeFrame(frame), sequence };
  }

  private copy(surface: Surface, since: number | null): Copy | null {
    const found = new Int32Array(4 * surface.maxRectangles);
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { sequence } = surface;
      if (sequence === 0 || sequence === since) return null;
      if (sequence % 2 !== 0) {
        surface.wait(sequence, 1);
        continue;
      }
      const count = since === null ? 0 : surface.damageSince(since, found);
      const rectangles =
        since === null
          ? whole(surface)
          : Array.from({ length: count }, (_, index) => {
              const [x = 0, y = 0, width = 0, height = 0] = found.subarray(4 * index, 4 * index + 4);
              return { x, y, width, height };
            });
      const pixels = copyOf(surface, rectangles);
      const { present } = surface;
      if (surface.sequence === sequence) return { sequence, present, rectangles, pixels };
    }
    return null;
  }
}
