/**
 * The cursor (device.md 4.6): glyphs, what is refused, that the bitmap is always given back, and where the cursor is.
 */
import { describe, expect, it } from 'vitest';
import { CURSOR_MAX_BYTES } from '../../src/base/limits.js';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { ConsoleCursor, convertGlyph } from '../../src/device/cursor.js';
import { REVISION_NAMES } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { record } from '../actors/bql-scene.js';
import { FakePort } from './fake-port.js';

describe('conversion', () => {
  it('turns R, G, B, A bytes into ARGB words and skips the padding of rows', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 99, 99, 9, 10, 11, 12, 13, 14, 15, 0xff, 99, 99);
    expect([...convertGlyph(bytes, 2, 2, 10)]).toEqual([0x04_01_02_03, 0x08_05_06_07, 0x0c_09_0a_0b, 0xff_0d_0e_0f]);
  });
});

interface GlyphFields {
  readonly width?: number;
  readonly height?: number;
  readonly bytesPerRow?: number;
  readonly bpp?: number;
  readonly length?: number;
  /** x · 2^32 + y. */
  readonly hot?: number;
}

function glyphEvent({
  width = 4,
  height = 2,
  bytesPerRow = 4 * width,
  bpp = 32,
  length = bytesPerRow * height,
  hot = 3 * 2 ** 32 + 5,
}: GlyphFields = {}): PvgRecord {
  const words = [3, width * 2 ** 32 + height, hot, bytesPerRow, bpp, length];
  return record(Upcall.cursorGlyph, { id: 42, words, thread: 4 });
}
const moveEvent = (x: number, y: number): PvgRecord => record(Upcall.cursorMove, { words: [3, x, y] });

describe('a glyph', () => {
  const glyph = (fields: GlyphFields): FakePort => {
    const port = new FakePort();
    new ConsoleCursor(3, port, { displayQueries: 'onBql' }).glyph(glyphEvent(fields));
    expect(port.of('answerUpcall')).toEqual([{ do: 'answerUpcall', id: 42, ok: true, value: 0 }]);
    expect(port.effects.at(-1)?.do).toBe('answerUpcall');
    return port;
  };

  it('hands the console the new cursor, and then its position', () => {
    const port = glyph({ bytesPerRow: 20 });
    expect(port.effects.map((effect) => effect.do)).toEqual(['setCursor', 'moveCursor', 'answerUpcall']);
    const cursor = port.of('setCursor')[0]?.cursor;
    expect(cursor).toMatchObject({ width: 4, height: 2, hotX: 3, hotY: 5 });
    expect(cursor?.pixels).toEqual(new Uint32Array(8).fill(0x7f_7f_7f_7f));
    expect(port.trail).toEqual(['apple_gfx_cursor_set bpp=32 width=4 height=0x2']);
  });

  it.each<[string, GlyphFields, boolean]>([
    ['another depth', { bpp: 24 }, false],
    ['no width', { width: 0, height: 4, bytesPerRow: 16 }, true],
    ['no height', { height: 0 }, true],
    ['more than 512 pixels a row', { width: 513, height: 1 }, true],
    ['more than 512 rows', { height: 513 }, true],
    ['rows that overlap', { height: 4, bytesPerRow: 12 }, true],
    ['rows longer than numbers', { height: 1, bytesPerRow: Number.POSITIVE_INFINITY, length: CURSOR_MAX_BYTES }, true],
    ['a bitmap longer than numbers', { length: Number.POSITIVE_INFINITY }, true],
    ['a bitmap that no cursor needs', { length: CURSOR_MAX_BYTES + 1 }, true],
    ['a hotspot beyond any cursor to the right', { hot: 513 * 2 ** 32 }, true],
    ['a hotspot beyond any cursor below', { hot: 513 }, true],
    ['a hotspot beyond numbers', { hot: Number.POSITIVE_INFINITY }, true],
    ['a size longer than numbers', { width: Number.POSITIVE_INFINITY, bytesPerRow: 16, length: 32 }, true],
  ])('of %s is refused, and the console keeps the old cursor', (_name, fields, logged) => {
    const port = glyph(fields);
    expect(port.of('setCursor')).toEqual([]);
    expect(port.of('moveCursor')).toEqual([]);
    expect(port.of('logGuestError')).toHaveLength(logged ? 1 : 0);
  });

  it('of 512 by 512 pixels is taken', () => {
    expect(glyph({ width: 512, height: 512 }).of('setCursor')[0]?.cursor?.pixels).toHaveLength(512 * 512);
  });

  it('whose bitmap is too short by a byte is refused, one whose last row has no padding is taken', () => {
    expect(glyph({ bytesPerRow: 20, length: 35 }).of('setCursor')).toEqual([]);
    expect(glyph({ bytesPerRow: 20, length: 36 }).of('setCursor')).toHaveLength(1);
  });
});

describe('where the cursor is', () => {
  it.each(REVISION_NAMES)('%s: comes with the event in ours, and is asked for in QEMU’s', (revision) => {
    const { displayQueries } = REVISIONS[revision];
    expect(displayQueries).toBe(revision === 'hardened' ? 'withEvent' : 'onBql');
  });

  it('withEvent: is what the last move said, also after a glyph', () => {
    const port = new FakePort();
    const cursor = new ConsoleCursor(3, port, { displayQueries: 'withEvent' });
    cursor.move(moveEvent(10, 20));
    cursor.move(moveEvent(11, 21));
    cursor.glyph(glyphEvent());
    expect(port.of('moveCursor')).toEqual([
      { do: 'moveCursor', display: 3, to: { x: 10, y: 20 } },
      { do: 'moveCursor', display: 3, to: { x: 11, y: 21 } },
      { do: 'moveCursor', display: 3, to: { x: 11, y: 21 } },
    ]);
  });

  it('withEvent: a glyph before any move leaves it where it is', () => {
    const port = new FakePort();
    new ConsoleCursor(3, port, { displayQueries: 'withEvent' }).glyph(glyphEvent());
    expect(port.effects.map((effect) => effect.do)).toEqual(['setCursor', 'answerUpcall']);
  });

  it('withEvent: {0xffff,0xffff} is passed on, and means "not on this display"', () => {
    const port = new FakePort();
    const cursor = new ConsoleCursor(3, port, { displayQueries: 'withEvent' });
    cursor.move(moveEvent(10, 20));
    cursor.move(moveEvent(0xffff, 0xffff));
    expect(port.of('moveCursor').at(-1)).toMatchObject({ to: { x: 0xffff, y: 0xffff } });
  });

  it('onBql: PVG is asked each time the handler runs, whatever the event says', () => {
    const port = new FakePort();
    const cursor = new ConsoleCursor(3, port, { displayQueries: 'onBql' });
    cursor.glyph(glyphEvent());
    cursor.move(moveEvent(10, 20));
    cursor.glyph(glyphEvent());
    const ask = { do: 'moveCursor', display: 3, to: null };
    expect(port.of('moveCursor')).toEqual([ask, ask, ask]);
  });
});

it('is shown and hidden where it is', () => {
  const port = new FakePort();
  const cursor = new ConsoleCursor(3, port, { displayQueries: 'withEvent' });
  for (const show of [1, 0]) cursor.show(record(Upcall.cursorShow, { words: [3, show, 5, 5] }));
  expect(port.effects).toEqual([
    { do: 'showCursor', display: 3, show: true },
    { do: 'showCursor', display: 3, show: false },
  ]);
});
