/**
 * The guest's cursor for viewers: as a shape that they draw themselves, or painted into their picture.
 *
 * A cursor's pixels are words 0xAARRGGBB with straight alpha.
 */
import type { Cursor } from '../../device/effects.js';
import type { PixelConverter } from './pixel-format.js';
import { Encoding, intersection, type Rectangle, rectangleHeader } from './protocol.js';
import type { Pixels } from './raw.js';

/** What is at least half opaque is part of a shape that knows only inside and outside. */
const HALF = 0x80;

/** A rectangle that says the cursor's shape; null: there is none to be seen. */
export function cursorShape(cursor: Cursor | null, converter: PixelConverter, withAlpha: boolean): Buffer {
  const encoding = withAlpha ? Encoding.cursorWithAlpha : Encoding.cursor;
  if (cursor === null) {
    const header = rectangleHeader({ x: 0, y: 0, width: 0, height: 0 }, encoding);
    return withAlpha ? Buffer.concat([header, Buffer.alloc(4)]) : header;
  }
  const { width, height, hotX, hotY } = cursor;
  // A hotspot outside of the shape can't be said.
  const x = Math.min(Math.max(hotX, 0), Math.max(width - 1, 0));
  const y = Math.min(Math.max(hotY, 0), Math.max(height - 1, 0));
  const header = rectangleHeader({ x, y, width, height }, encoding);
  return Buffer.concat([header, withAlpha ? alphaPixels(cursor) : maskedPixels(cursor, converter)]);
}

/** The encoding of the pixels (raw), then red, green, blue and alpha, colours multiplied by alpha. */
function alphaPixels({ pixels }: Cursor): Buffer {
  const bytes = Buffer.alloc(4 + 4 * pixels.length);
  pixels.forEach((pixel, index) => {
    const alpha = pixel >>> 24;
    const at = 4 + 4 * index;
    bytes[at] = Math.round((((pixel >> 16) & 0xff) * alpha) / 255);
    bytes[at + 1] = Math.round((((pixel >> 8) & 0xff) * alpha) / 255);
    bytes[at + 2] = Math.round(((pixel & 0xff) * alpha) / 255);
    bytes[at + 3] = alpha;
  });
  return bytes;
}

/** Pixels in the viewer's format, then a bit for each that is part of the shape, rows padded to bytes. */
function maskedPixels({ width, height, pixels }: Cursor, converter: PixelConverter): Buffer {
  const rowBytes = Math.ceil(width / 8);
  const maskAt = pixels.length * converter.bytesPerPixel;
  const bytes = Buffer.alloc(maskAt + rowBytes * height);
  converter.write(Uint32Array.from(pixels), 0, pixels.length, bytes, 0);
  pixels.forEach((pixel, index) => {
    if (pixel >>> 24 < HALF) return;
    const [row, column] = [Math.floor(index / width), index % width];
    const at = maskAt + row * rowBytes + (column >> 3);
    bytes[at] = (bytes[at] ?? 0) | (0x80 >> (column & 7));
  });
  return bytes;
}

/** Where the cursor lies on a picture of that size; null if it is not on it. `at` is where its hotspot is. */
export function cursorArea(cursor: Cursor, at: { readonly x: number; readonly y: number }, picture: Pixels): Rectangle | null {
  const { width, height, hotX, hotY } = cursor;
  const whole = { x: 0, y: 0, width: picture.width, height: picture.height };
  return intersection({ x: at.x - hotX, y: at.y - hotY, width, height }, whole);
}

/** Paints the cursor over an area of a picture; what was there before comes back with undo(). */
export class PaintedCursor {
  private readonly covered: Uint32Array;

  constructor(
    private readonly picture: Pixels,
    readonly area: Rectangle,
    cursor: Cursor,
    at: { readonly x: number; readonly y: number },
  ) {
    this.covered = new Uint32Array(area.width * area.height);
    this.each((place, index, x, y) => {
      const { pixels } = picture;
      const below = pixels[place] ?? 0;
      this.covered[index] = below;
      pixels[place] = blended(cursor.pixels[(y - at.y + cursor.hotY) * cursor.width + (x - at.x + cursor.hotX)] ?? 0, below);
    });
  }

  undo(): void {
    this.each((place, index) => {
      this.picture.pixels[place] = this.covered[index] ?? 0;
    });
  }

  private each(visit: (place: number, index: number, x: number, y: number) => void): void {
    const { x, y, width, height } = this.area;
    let index = 0;
    for (let row = y; row < y + height; row++) {
      for (let column = x; column < x + width; column++) visit(row * this.picture.width + column, index++, column, row);
    }
  }
}

function blended(over: number, under: number): number {
  const alpha = over >>> 24;
  if (alpha === 255) return over;
  if (alpha === 0) return under;
  const mix = (shift: number): number =>
    Math.round((((over >>> shift) & 0xff) * alpha + ((under >>> shift) & 0xff) * (255 - alpha)) / 255) << shift;
  return (mix(16) | mix(8) | mix(0)) >>> 0;
}
