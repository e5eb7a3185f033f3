/**
 * The whole device on real threads: the built library, the native PVG, a guest.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterAll, describe, expect, it } from 'vitest';
import { renderScreenshot } from '../reference/renderer.js';

const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-'));
afterAll(() => rmSync(folder, { recursive: true }));

function runCli(...args: string[]): { summary: Record<string, number>; shot: PNG; stderr: string } {
  const out = join(folder, 'shot.png');
  const stdout = execFileSync(process.execPath, ['dist/src/cli/main.js', 'run', '--json', '--out', out, ...args], { encoding: 'utf8' });
  return { summary: JSON.parse(stdout.trim().split('\n').at(-1) ?? ''), shot: PNG.sync.read(readFileSync(out)), stderr: '' };
}

/** A PNG's pixels as opaque 0xAARRGGBB words. */
function words(png: PNG): Uint32Array {
  const pixels = new Uint32Array(png.width * png.height);
  for (let index = 0; index < pixels.length; index++) {
    const [r = 0, g = 0, b = 0] = png.data.subarray(4 * index, 4 * index + 3);
    pixels[index] = 0xff000000 + r * 0x10000 + g * 0x100 + b;
  }
  return pixels;
}

describe('apple-gfx run', () => {
  it.each([
    ['mmio', 640, 480, 'on', 20],
    ['pci', 800, 600, 'off', 45],
    ['mmio', 1440, 1080, 'off', 60],
  ] as const)('%s, %ix%i, vsync %s: every pixel is as the reference renderer has it', (variant, width, height, vsync, frames) => {
    const mode = `${width}x${height}@60`;
    const { summary, shot } = runCli('--variant', variant, '--mode', mode, '--vsync', vsync, '--frames', String(frames));
    expect([shot.width, shot.height]).toEqual([width, height]);
    const expected = renderScreenshot(frames, width, height);
    const wrong = words(shot).findIndex((pixel, index) => pixel !== expected[index]);
    expect(wrong).toBe(-1);
    expect(summary.framesPresented).toBe(frames);
    expect(summary.framesRendered).toBeGreaterThan(0);
    expect(summary.guestErrors).toBe(0);
  });

  it('with vsync on counts every presented frame as rendered or dropped', () => {
    // How many are dropped is a matter of the machine's load: test/bench/frames.mjs measures it.
    const { summary } = runCli('--frames', '60', '--mode', '640x480@60');
    expect(summary.framesPresented).toBe(60);
    expect((summary.framesRendered ?? 0) + (summary.framesDropped ?? 0)).toBe(60);
  });
});
