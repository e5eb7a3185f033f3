/**
 * Cursor glyphs, visibility and moves (device.md 4.6).
 */
import { CURSOR_MAX_BYTES, CURSOR_MAX_SIDE } from '../base/limits.js';
import type { PvgRecord } from '../bridge/records.js';
import type { Revision } from '../revisions/revision.js';
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

/** The console's cursor of one display. Owned by whoever handles the display's events. */
export class ConsoleCursor {
  /** Where it was moved to last; null before that, or where only PVG knows. */
  private place: { readonly x: number; readonly y: number } | null = null;

  constructor(
    private readonly display: number,
    private readonly port: DevicePort,
    private readonly policies: Pick<Revision, 'displayQueries'>,
  ) {}

  /** Handles a cursorGlyph event; the bitmap is given back whatever becomes of it. */
  glyph(event: PvgRecord): void {
    const [, size = 0, hot = 0, bytesPerRow = 0, bpp = 0, length = 0] = event.words;
    const width = Math.floor(size / TWO_32);
    const height = size % TWO_32;
    this.port.trace('apple_gfx_cursor_set', { bpp, width, height });
    const [hotX, hotY] = [Math.floor(hot / TWO_32), hot % TWO_32];
    const pixels = readGlyph(this.port, { id: event.id, width, height, hotX, hotY, bytesPerRow, bpp, length });
    if (pixels) {
      const cursor: Cursor = { width, height, hotX, hotY, pixels };
      this.port.perform({ do: 'setCursor', display: this.display, cursor });
      this.moveTo(this.place);
    }
    // Last, because whoever waits for PVG to have no event pending expects the cursor to be set.
    this.port.perform({ do: 'answerUpcall', id: event.id, ok: true, value: 0 });
  }

  show(event: PvgRecord): void {
    this.port.perform({ do: 'showCursor', display: this.display, show: event.words[1] === 1 });
  }

  move(event: PvgRecord): void {
    const [, x = 0xffff, y = 0xffff] = event.words;
    if (this.policies.displayQueries === 'withEvent') this.place = { x, y };
    this.moveTo(this.place);
  }

  private moveTo(to: { readonly x: number; readonly y: number } | null): void {
    if (to === null && this.policies.displayQueries === 'withEvent') return;
    this.port.perform({ do: 'moveCursor', display: this.display, to });
  }
}

interface Glyph {
  readonly id: number;
  readonly width: number;
  readonly height: number;
  readonly hotX: number;
  readonly hotY: number;
  readonly bytesPerRow: number;
  readonly bpp: number;
  readonly length: number;
}

function readGlyph(port: DevicePort, glyph: Glyph): Uint32Array | null {
  const { width, height, hotX, hotY, bytesPerRow, bpp, length } = glyph;
  if (bpp !== 32) return null;
  // A comparison with what is no number is false, and must refuse.
  const fits = width >= 1 && height >= 1 && Math.max(width, height, hotX, hotY) <= CURSOR_MAX_SIDE && length <= CURSOR_MAX_BYTES;
  if (!fits || !(bytesPerRow >= 4 * width) || !(length >= bytesPerRow * (height - 1) + 4 * width)) {
    port.perform({ do: 'logGuestError', text: `${describe(glyph)} is refused` });
    return null;
  }
  const bytes = port.glyphPayload(glyph.id, length);
  return bytes ? convertGlyph(bytes, width, height, bytesPerRow) : null;
}

function describe({ width, height, hotX, hotY, bytesPerRow, length }: Glyph): string {
  return `cursor glyph ${width}x${height} with its hotspot at ${hotX},${hotY}, ${bytesPerRow} bytes a row, ${length} bytes`;
}
