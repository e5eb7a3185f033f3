/**
 * A viewer's own copy of a surface, brought up to date by what changed since it looked last.
 *
 * Invariant: after a refresh() that returned true, the copy is one picture, which no write tore, and the rectangles are just the tiles in
 * which it differs from pictures since the refresh() before. Refreshing allocates little: a view for each piece of memory copied. It doesn't wait for pictures;
 * Surface.wait() does.
 */
import { object } from '../base/arguments.js';
import type { Surface } from './surface.js';

const PATIENCE_MS = 1000;
/** How long it sleeps when it finds the writer writing, in milliseconds. */
const NAP_MS = 1;

/** A viewer's own copy of a surface, brought up to date by the tiles that changed. Any thread may have one. */
export class SurfaceReader {
  /** 0xAARRGGBB words, rows packed; zeros before the first refresh(). */
  readonly pixels: Uint32Array;
  /** x, y, width and height of each rectangle that the last refresh() changed; `count` of them. */
  readonly rectangles: Int32Array;
  private rectangleCount = 0;
  private seen = 0;
  private seenPresent = 0;

  constructor(private readonly surface: Surface) {
    object('surface', surface);
    this.pixels = new Uint32Array(surface.width * surface.height);
    this.rectangles = new Int32Array(4 * surface.maxRectangles);
  }

  /** How many rectangles changed; 0 also if a picture came that is the same. */
  get count(): number {
    return this.rectangleCount;
  }

  /** The surface's sequence when it was copied, for Surface.wait(). */
  get sequence(): number {
    return this.seen;
  }

  /** Number of the guest's present that the copy is, 0 before the first. */
  get present(): number {
    return this.seenPresent;
  }

  /**
   * Brings the copy up to date; false if there is nothing newer. Blocks while the writer writes. False also if the writer died in the middle of
   * a picture, and then the copy may be torn.
   */
  refresh(): boolean {
    const { surface } = this;
    const deadline = performance.now() + PATIENCE_MS;
    this.rectangleCount = 0;
    do {
      const sequence = surface.sequence;
      if (sequence === this.seen) return false;
      if (sequence % 2 !== 0) {
        surface.wait(sequence, NAP_MS);
        continue;
      }
      // What a write tears now it has marked as newer than what was seen, so the next turn copies it again.
      const count = surface.damageSince(this.seen, this.rectangles);
      for (let index = 0; index < count; index++) this.copy(4 * index);
      const { present } = surface;
      if (surface.sequence !== sequence) continue;
      this.rectangleCount = count;
      this.seen = sequence;
      this.seenPresent = present;
      return true;
    } while (performance.now() < deadline);
    return false;
  }

  private copy(at: number): void {
    const { surface, pixels } = this;
    const [x = 0, y = 0, width = 0, height = 0] = this.rectangles.subarray(at, at + 4);
    const whole = width === surface.width;
    const rows = whole ? 1 : height;
    const length = whole ? width * height : width;
    for (let row = 0; row < rows; row++) {
      const begin = (y + row) * surface.width + x;
      pixels.set(surface.pixels.subarray(begin, begin + length), begin);
    }
  }
}
