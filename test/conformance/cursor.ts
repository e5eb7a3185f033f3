/**
 * The cursor (device.md 4.6).
 */
import { describe, expect, it } from 'vitest';
import type { Glyph } from '../../src/bridge/scripted-steps.js';
import type { Conformance, Rig } from './rig.js';

/** Two rows of two pixels with 8 bytes of padding each; the bytes of a pixel are R, G, B, A. */
const GLYPH: Glyph = {
  width: 2,
  height: 2,
  hotX: 1,
  hotY: 0,
  bytesPerRow: 16,
  bitsPerPixel: 32,
  bytes: Uint8Array.from([
    ...[1, 2, 3, 4, 5, 6, 7, 8, 99, 99, 99, 99, 99, 99, 99, 99],
    ...[9, 10, 11, 12, 13, 14, 15, 16, 99, 99, 99, 99, 99, 99, 99, 99],
  ]),
};
const WORDS = [0x04_01_02_03, 0x08_05_06_07, 0x0c_09_0a_0b, 0x10_0d_0e_0f];

/** Has the console's cursor be that image. */
async function setGlyph(rig: Rig, glyph: Glyph): Promise<void> {
  const { images } = rig;
  await rig.glyph(glyph);
  await rig.until('the console has the image', () => rig.images > images && rig.pendingEvents === 0);
}

export function describeCursor({ open }: Conformance): void {
  describe('a cursor glyph', () => {
    it('becomes ARGB words without the padding of rows, with its hotspot', async () => {
      const rig = await open();
      await setGlyph(rig, GLYPH);
      const { image } = rig.cursor;
      expect(image).toMatchObject({ width: 2, height: 2, hotX: 1, hotY: 0 });
      expect([...(image?.pixels ?? [])]).toEqual(WORDS);
      await rig.until('it is traced', () => rig.lines.includes('apple_gfx_cursor_set bpp=32 width=2 height=0x2'));
    });

    it('of another depth leaves the cursor as it was, and its bitmap is given back', async () => {
      const rig = await open();
      await setGlyph(rig, GLYPH);
      const { images } = rig;
      await rig.glyph({ ...GLYPH, bitsPerPixel: 16 });
      await rig.until('it is handled', () => rig.pendingEvents === 0);
      await rig.until('it is traced', () => rig.lines.includes('apple_gfx_cursor_set bpp=16 width=2 height=0x2'));
      expect([...(rig.cursor.image?.pixels ?? [])]).toEqual(WORDS);
      await setGlyph(rig, { ...GLYPH, hotX: 0 });
      expect(rig.images).toBe(images + 1);
      expect(rig.cursor.image?.hotX).toBe(0);
    });

    it('leaves the cursor where it is', async () => {
      const rig = await open();
      await rig.run({ do: 'cursorMove', port: 0, x: 20, y: 10 });
      await rig.until('it has moved', () => rig.cursor.place.x === 20);
      await setGlyph(rig, GLYPH);
      expect(rig.cursor.place).toEqual({ x: 20, y: 10 });
    });
  });

  it('the cursor is hidden and shown where it is', async () => {
    const rig = await open();
    await rig.run({ do: 'cursorMove', port: 0, x: 3, y: 4 });
    await rig.run({ do: 'cursorShow', port: 0, show: false });
    await rig.until('it is hidden', () => !rig.cursor.shown && rig.cursor.place.x === 3);
    await rig.until('it is traced', () => rig.lines.includes('apple_gfx_cursor_show show=0'));
    await rig.run({ do: 'cursorShow', port: 0, show: true });
    await rig.until('it is shown', () => rig.cursor.shown);
    expect(rig.cursor.place).toEqual({ x: 3, y: 4 });
  });

  it('the cursor goes where PVG says, and off the display', async () => {
    const rig = await open();
    const moves = (): number => rig.lines.filter((line) => line === 'apple_gfx_cursor_move').length;
    const before = moves();
    await rig.run({ do: 'cursorMove', port: 0, x: 5, y: 7 });
    await rig.until('it is there', () => rig.cursor.place.x === 5 && rig.cursor.place.y === 7);
    await rig.run({ do: 'cursorMove', port: 0, x: 0xffff, y: 0xffff });
    await rig.until('it is gone', () => rig.cursor.place.x === 0xffff && rig.cursor.place.y === 0xffff);
    await rig.until('both are traced', () => moves() === before + 2);
  });
}
