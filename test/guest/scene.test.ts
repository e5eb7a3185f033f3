import { createHash } from 'node:crypto';
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

describe('the scene of several displays', () => {
  const sizes = [
    [1, 320, 200],
    [20, 640, 480],
    [45, 800, 600],
    [60, 1440, 1080],
    [65_536, 1920, 1080],
    [4_294_967_295, 333, 211],
  ] as const;

  it('is on port 0 what it has always been, because pictures of it are on record', () => {
    const scenes = sizes.map(([frame, width, height]) => JSON.stringify(sceneOf(frame, width, height)));
    expect(createHash('sha256').update(scenes.join('\n')).digest('hex').slice(0, 16)).toBe('8bb376ce442ae195');
  });

  it('has each port show other colours in nearly every pixel, and its cursor elsewhere', () => {
    const pictures = Array.from({ length: 8 }, (_, port) => renderFrame(33, 320, 200, port));
    for (const [a, first] of pictures.entries()) {
      for (const [b, second] of pictures.entries()) {
        if (a >= b) continue;
        const different = first.filter((pixel, index) => pixel !== second[index]).length;
        expect(different, `ports ${a} and ${b}`).toBeGreaterThan(0.7 * first.length);
        expect(sceneOf(33, 320, 200, a).cursor).not.toEqual(sceneOf(33, 320, 200, b).cursor);
      }
    }
  });

  it('shows its number on each port', () => {
    for (let port = 0; port < 8; port++) expect(readFrameNumber(renderFrame(0x1234_5678, 320, 200, port))).toBe(0x1234_5678);
  });

  it('has opaque fills and straight alpha on each port, as on the first', () => {
    const alphas = (port: number): number[] =>
      sceneOf(9, 320, 200, port).commands.flatMap((command) => ('colour' in command ? [command.colour >>> 24] : []));
    for (let port = 1; port < 8; port++) expect(alphas(port)).toEqual(alphas(0));
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
