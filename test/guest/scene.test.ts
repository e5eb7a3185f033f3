import { describe, expect, it } from 'vitest';
import { drawCursor } from '../../src/cli/picture.js';
import { readFrameNumber, sceneOf } from '../../src/guest/scene.js';
import { blendPixel, renderFrame } from '../reference/renderer.js';

describe('the scene', () => {
  it('covers every pixel with fills before anything is blended', () => {
    const background = sceneOf(7, 321, 203).commands.filter((command) => command.kind === 'fill' && command.width === 321);
    const rows = background.reduce((sum, command) => sum + command.height, 0);
    expect(rows).toBe(203);
  });

  it.each([1, 2, 255, 65_536, 4_294_967_295])('shows its number %i in its pixels', (frame) => {
    expect(readFrameNumber(renderFrame(frame, 320, 200))).toBe(frame);
  });

  it('moves: two frames in a row differ in more than their number', () => {
    const [first, second] = [renderFrame(10, 320, 200), renderFrame(11, 320, 200)];
    const different = first.filter((pixel, index) => index >= 320 * 8 && pixel !== second[index]).length;
    expect(different).toBeGreaterThan(1000);
  });
});

describe('blending', () => {
  it.each([
    [0xff123456, 0xff000000, 0xff123456],
    [0x00ffffff, 0xff102030, 0xff102030],
    [0x80ffffff, 0xff000000, 0xff808080],
    [0x7f0000ff, 0xffff0000, 0xff80007f],
  ])('of 0x%s over 0x%s', (source, below, result) => {
    expect(blendPixel(source, below)).toBe(result);
  });

  it('of a cursor is the same in screenshots', () => {
    const pixels = Uint32Array.from([0xff102030, 0xff405060]);
    const cursor = { width: 1, height: 1, hotX: 0, hotY: 0, pixels: Uint32Array.from([0x7f3040ff]) };
    expect([...drawCursor(pixels, 2, cursor, { x: 1, y: 0 })]).toEqual([0xff102030, blendPixel(0x7f3040ff, 0xff405060)]);
  });
});
