/**
 * Cursor glyphs (device.md 4.6): conversion, padding, what is refused, and that the bitmap is always given back.
 */
import { describe, expect, it } from 'vitest';
import { Upcall } from '../../src/bridge/pvg.js';
import { convertGlyph, setGlyph } from '../../src/device/cursor.js';
import { FakePort } from './fake-port.js';

describe('conversion', () => {
  it('turns R, G, B, A bytes into ARGB words and skips the padding of rows', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 99, 99, 9, 10, 11, 12, 13, 14, 15, 0xff, 99, 99);
    expect([...convertGlyph(bytes, 2, 2, 10)]).toEqual([0x04_01_02_03, 0x08_05_06_07, 0x0c_09_0a_0b, 0xff_0d_0e_0f]);
  });
});

describe('setGlyph', () => {
  const glyph = (width: number, height: number, bytesPerRow: number, bpp: number, length = bytesPerRow * height): FakePort => {
    const port = new FakePort();
    const words = [0, width * 2 ** 32 + height, 3 * 2 ** 32 + 5, bytesPerRow, bpp, length];
    setGlyph({ kind: Upcall.cursorGlyph, id: 42, words, thread: 4, reserved: 0 }, port);
    expect(port.of('answerUpcall')).toEqual([{ do: 'answerUpcall', id: 42, ok: true, value: 0 }]);
    expect(port.effects.at(-1)?.do).toBe('answerUpcall');
    return port;
  };

  it('hands the console the new cursor, and then its position', () => {
    const port = glyph(4, 2, 20, 32);
    expect(port.effects.map((effect) => effect.do)).toEqual(['setCursor', 'moveCursor', 'answerUpcall']);
    const cursor = port.of('setCursor')[0]?.cursor;
    expect(cursor).toMatchObject({ width: 4, height: 2, hotX: 3, hotY: 5 });
    expect(cursor?.pixels).toEqual(new Uint32Array(8).fill(0x7f_7f_7f_7f));
    expect(port.lines).toEqual(['apple_gfx_cursor_set']);
  });

  it.each([
    ['another depth', 4, 4, 16, 24, false],
    ['no width', 0, 4, 16, 32, true],
    ['more than 512 pixels', 513, 1, 2052, 32, true],
    ['rows that overlap', 4, 4, 12, 32, true],
  ])('refuses %s', (_name, width, height, bytesPerRow, bpp, logged) => {
    const port = glyph(width, height, bytesPerRow, bpp);
    expect(port.of('setCursor')).toEqual([]);
    expect(port.of('logGuestError')).toHaveLength(logged ? 1 : 0);
  });

  it('refuses a bitmap that is too short by a byte, and takes one whose last row has no padding', () => {
    expect(glyph(4, 2, 20, 32, 35).of('setCursor')).toEqual([]);
    expect(glyph(4, 2, 20, 32, 36).of('setCursor')).toHaveLength(1);
  });
});
