/**
 * The raw encoding: pixels as they are, row by row (RFC 6143 7.7.1).
 */
import type { PixelConverter } from './pixel-format.js';
import type { Rectangle } from './protocol.js';

/** A picture to take rectangles from: 0xAARRGGBB words, rows packed. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

/** Bytes of a rectangle of that many pixels. */
export function rawBytes({ width, height }: Rectangle, { bytesPerPixel }: PixelConverter): number {
  return width * height * bytesPerPixel;
}

/** Writes a rectangle of a picture into `into`, from a byte on; returns the byte behind it. */
export function writeRaw(picture: Pixels, { x, y, width, height }: Rectangle, converter: PixelConverter, into: Buffer, at: number): number {
  const { pixels } = picture;
  let place = at;
  for (let row = y; row < y + height; row++) {
    const from = row * picture.width + x;
    if (converter.isNative) {
      const bytes = 4 * width;
      into.set(new Uint8Array(pixels.buffer, pixels.byteOffset + 4 * from, bytes), place);
      place += bytes;
    } else {
      place = converter.write(pixels, from, from + width, into, place);
    }
  }
  return place;
}
