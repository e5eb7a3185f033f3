/**
 * Small pictures of what a recording's displays showed, one for each frame.
 *
 * Invariant: a display's picture is put together from the rectangles that changed; a frame whose pixels are not what it says is left out, and
 * counted. What inflates is handed in, since a page and Node have different ways.
 */
import type { RecordedFrame } from '../../trace/recording/format.js';
import type { Picture } from './jpeg.js';

/** Gives raw deflate's content, which must be of that many bytes at most. Throws for what is none. */
export type Inflate = (deflated: Uint8Array, bytes: number) => Uint8Array;

/** The largest side of a thumbnail, in pixels. */
const SIDE = 320;

export class Thumbnails {
  private readonly screens = new Map<number, Picture>();
  /** Frames whose pixels could not be read. */
  damaged = 0;

  constructor(private readonly inflate: Inflate) {}

  /** The display's picture behind the next of its frames, which must come in their order; null if it can't be known. */
  next(frame: RecordedFrame): Picture | null {
    const screen = this.screenOf(frame);
    if (screen === null || !this.paint(screen, frame)) {
      this.damaged++;
      return null;
    }
    return scaled(screen);
  }

  private screenOf({ display, width, height, isWhole }: RecordedFrame): Picture | null {
    const known = this.screens.get(display);
    if (known?.width === width && known.height === height) return known;
    if (!isWhole || width === 0 || height === 0) return null;
    const screen = { width, height, pixels: new Uint32Array(width * height) };
    this.screens.set(display, screen);
    return screen;
  }

  private paint({ width, pixels }: Picture, { rectangles, deflated }: RecordedFrame): boolean {
    const count = rectangles.reduce((sum, each) => sum + each.width * each.height, 0);
    // No picture changes in more pixels than it has, and a hostile one would take memory.
    if (count > pixels.length) return false;
    let bytes: Uint8Array;
    try {
      bytes = this.inflate(deflated, 4 * count);
    } catch {
      return false;
    }
    if (bytes.length !== 4 * count) return false;
    const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (const rectangle of rectangles) {
      for (let y = rectangle.y; y < rectangle.y + rectangle.height; y++) {
        for (let x = rectangle.x; x < rectangle.x + rectangle.width; x++, at += 4) pixels[y * width + x] = words.getUint32(at, true);
      }
    }
    return true;
  }
}

/** Its mean colours, at most SIDE wide and high. */
function scaled(screen: Picture): Picture {
  const factor = Math.max(1, Math.ceil(Math.max(screen.width, screen.height) / SIDE));
  const [width, height] = [Math.max(1, Math.floor(screen.width / factor)), Math.max(1, Math.floor(screen.height / factor))];
  const pixels = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) pixels[y * width + x] = mean(screen, factor, factor * x, factor * y);
  return { width, height, pixels };
}

function mean({ width, height, pixels }: Picture, factor: number, left: number, top: number): number {
  let [red, green, blue, count] = [0, 0, 0, 0];
  for (let y = top; y < Math.min(height, top + factor); y++) {
    for (let x = left; x < Math.min(width, left + factor); x++, count++) {
      const pixel = pixels[y * width + x] as number;
      red += (pixel >> 16) & 0xff;
      green += (pixel >> 8) & 0xff;
      blue += pixel & 0xff;
    }
  }
  return ((Math.round(red / count) << 16) | (Math.round(green / count) << 8) | Math.round(blue / count)) >>> 0;
}
