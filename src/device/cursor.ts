/**
 * Cursor glyphs, visibility and moves (device.md 4.6).
 */
import { CURSOR_MAX_SIDE } from '../base/limits.js';
import type { PvgRecord } from '../bridge/records.js';
import type { Cursor, DevicePort } from './effects.js';

const TWO_32 = 2 ** 32;

/** Converts a bitmap of R, G, B, A bytes with padded rows to ARGB words. */
export function convertGlyph(bytes: Uint8Array, width: number, height: number, bytesPerRow: number): Uint32Array {
  const pixels = new Uint32Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * bytesPerRow + 4 * x;
      const [r = 0, g = 0, b = 0, a = 0] = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
      pixels[y * width + x] = ((a << 24) | (r << 16) | (g << 8) | b) >>> 0;
    }
  }
  return pixels;
}

/** Handles a cursorGlyph event; the bitmap is given back whatever becomes of it. */
export function setGlyph(event: PvgRecord, port: DevicePort): void {
  const [, size = 0, hot = 0, bytesPerRow = 0, bpp = 0, length = 0] = event.words;
  const width = Math.floor(size / TWO_32);
  const height = size % TWO_32;
  port.trace('apple_gfx_cursor_set', { bpp, width, height });
  const cursor = readGlyph(port, { id: event.id, width, height, bytesPerRow, bpp, length });
  if (cursor) {
    const made: Cursor = { width, height, hotX: Math.floor(hot / TWO_32), hotY: hot % TWO_32, pixels: cursor };
    port.perform({ do: 'setCursor', cursor: made });
    port.perform({ do: 'moveCursor' });
  }
  // Last, because whoever waits for PVG to have no event pending expects the cursor to be set.
  port.perform({ do: 'answerUpcall', id: event.id, ok: true, value: 0 });
}

interface Glyph {
  readonly id: number;
  readonly width: number;
  readonly height: number;
  readonly bytesPerRow: number;
  readonly bpp: number;
  readonly length: number;
}

function readGlyph(port: DevicePort, glyph: Glyph): Uint32Array | null {
  const { width, height, bytesPerRow, bpp, length } = glyph;
  if (bpp !== 32) return null;
  const fits = width >= 1 && height >= 1 && width <= CURSOR_MAX_SIDE && height <= CURSOR_MAX_SIDE;
  if (!fits || bytesPerRow < 4 * width || length < bytesPerRow * (height - 1) + 4 * width) {
    port.perform({ do: 'logGuestError', text: `cursor glyph ${width}x${height}, ${bytesPerRow} bytes a row, ${length} bytes is refused` });
    return null;
  }
  const bytes = port.glyphPayload(glyph.id, length);
  return bytes ? convertGlyph(bytes, width, height, bytesPerRow) : null;
}
