/**
 * A surface with its cursor: what a display shows. Files of it are src/runtime/picture-file.ts's.
 */
import type { CursorImage } from '../display.js';

const blend = (source: number, below: number, alpha: number): number => {
  const t = source * alpha + below * (255 - alpha) + 128;
  return (t + (t >> 8)) >> 8;
};

/** Draws a cursor whose hotspot is at (x, y) into a copy of the picture. Words are 0xAARRGGBB. */
export function drawCursor(pixels: Uint32Array, width: number, cursor: CursorImage, at: { x: number; y: number }): Uint32Array {
  const out = pixels.slice();
  const height = pixels.length / width;
  for (let row = 0; row < cursor.height; row++) {
    for (let column = 0; column < cursor.width; column++) {
      const [x, y] = [at.x - cursor.hotX + column, at.y - cursor.hotY + row];
      if (x < 0 || y < 0 || x >= width || y >= height) continue;
      const above = cursor.pixels[row * cursor.width + column] ?? 0;
      const below = out[y * width + x] ?? 0;
      let word = 0xff;
      for (const shift of [16, 8, 0]) word = word * 256 + blend((above >>> shift) & 255, (below >>> shift) & 255, above >>> 24);
      out[y * width + x] = word;
    }
  }
  return out;
}
