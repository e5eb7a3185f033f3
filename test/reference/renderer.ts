/**
 * An independent renderer of the guest's scene: one pixel at a time, written from layout.h's formulas alone.
 *
 * It shares the scene's command list with the guest and nothing with the device.
 */
import { CURSOR_SIDE, cursorBitmap, type SceneCommand, SPRITE_SIDE, sceneOf, spritePixels } from '../../src/guest/scene.js';

function channel(source: number, destination: number, alpha: number): number {
  const t = source * alpha + destination * (255 - alpha) + 128;
  return Math.floor((t + Math.floor(t / 256)) / 256);
}

/** Straight-alpha blend of 0xAARRGGBB words; the result is opaque. */
export function blendPixel(source: number, destination: number): number {
  const alpha = Math.floor(source / 2 ** 24);
  let result = 255;
  for (const place of [2 ** 16, 2 ** 8, 1]) {
    result = result * 256 + channel(Math.floor(source / place) % 256, Math.floor(destination / place) % 256, alpha);
  }
  return result;
}

const sprites = { opaque: spritePixels('opaque'), translucent: spritePixels('translucent') };

function pixelOf(command: SceneCommand, x: number, y: number, below: number): number {
  switch (command.kind) {
    case 'fill':
      return command.colour;
    case 'blendFill':
      return blendPixel(command.colour, below);
    default: {
      const source = sprites[command.sprite][(y - command.y) * SPRITE_SIDE + (x - command.x)] ?? 0;
      return command.kind === 'copy' ? source : blendPixel(source, below);
    }
  }
}

/** What the surface of the console at `port` holds after frame `frame`. */
export function renderFrame(frame: number, width: number, height: number, port = 0): Uint32Array {
  const pixels = new Uint32Array(width * height);
  for (const command of sceneOf(frame, width, height, port).commands) {
    for (let y = Math.max(0, command.y); y < Math.min(height, command.y + command.height); y++) {
      for (let x = Math.max(0, command.x); x < Math.min(width, command.x + command.width); x++) {
        pixels[y * width + x] = pixelOf(command, x, y, pixels[y * width + x] ?? 0);
      }
    }
  }
  return pixels;
}

/** What a screenshot of it shows: the surface with the cursor at its place. */
export function renderScreenshot(frame: number, width: number, height: number, port = 0): Uint32Array {
  const pixels = renderFrame(frame, width, height, port);
  const { cursor } = sceneOf(frame, width, height, port);
  const glyph = cursorBitmap();
  for (let row = 0; row < CURSOR_SIDE; row++) {
    for (let column = 0; column < CURSOR_SIDE; column++) {
      const [r = 0, g = 0, b = 0, a = 0] = glyph.subarray(4 * (row * CURSOR_SIDE + column));
      const [x, y] = [cursor.x + column, cursor.y + row];
      if (x >= width || y >= height) continue;
      const word = ((a * 256 + r) * 256 + g) * 256 + b;
      pixels[y * width + x] = blendPixel(word, pixels[y * width + x] ?? 0);
    }
  }
  return pixels;
}
