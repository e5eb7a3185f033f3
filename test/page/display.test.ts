/**
 * The Display view in a real browser: every pixel is the framebuffer's, live and at any frame of a recording.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Dashboard, serveDashboard } from '../../dist/src/visualiser/server/dashboard.js';
import { type FileSource, openFileSource } from '../../dist/src/visualiser/server/file-source.js';
import { encodeCursor, encodeFrame } from '../../src/trace/recording/encoder.js';
import { FakeRun, FRAME_NS, fileBytes, frameOf, HEIGHT, pieces, pixelOf, START_NS, WIDTH } from './recordings.js';
import { canvasPixels, type Pixels, pixelAt, pixelsOf, Rig, textOf } from './rig.js';

let rig: Rig;
let dashboard: Dashboard;
let file: FileSource | null = null;
const folder = mkdtempSync(join(tmpdir(), 'display-'));
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await rig.close();
});
afterEach(async () => {
  for (const context of rig.browser.contexts()) for (const page of context.pages()) await page.close();
  await dashboard.close();
  await file?.close();
  file = null;
  rig.check();
});

const displayUrl = (): string => dashboard.url.replace('#', '#/display?');

async function openFile(bytes: Buffer, query = ''): Promise<Page> {
  const path = join(folder, 'run.agfxrec');
  writeFileSync(path, bytes);
  file = await openFileSource(path);
  dashboard = await serveDashboard({ source: file });
  return rig.open(displayUrl()).then(async (page) => {
    await expect.poll(() => textOf(page, '.status')).toContain('file');
    if (query !== '') await page.evaluate(`location.hash = '#/display?${query}'`);
    return page;
  });
}

const fact = (page: Page, name: string): Promise<string> => textOf(page, `[data-fact="${name}"] .fact-value`);
const picture = (page: Page): Promise<Pixels> => canvasPixels(page.locator('.display-canvas'));

/** The pixels that the canvas should have. */
function expected(frame: number): Pixels {
  const data = Buffer.alloc(4 * WIDTH * HEIGHT);
  for (let index = 0; index < WIDTH * HEIGHT; index++) {
    data.writeUInt32BE(((pixelOf(frame, index % WIDTH, Math.floor(index / WIDTH)) << 8) | 0xff) >>> 0, 4 * index);
  }
  return { width: WIDTH, height: HEIGHT, data };
}

const isFrame = async (page: Page, frame: number): Promise<void> => {
  await expect.poll(() => fact(page, 'frame')).toBe(String(frame + 1));
  expect((await picture(page)).data.equals(expected(frame).data)).toBe(true);
};

describe('the Display view', () => {
  it('shows the last frame of a recording, its facts, and its cursor above it', async () => {
    const page = await openFile(fileBytes(25));
    await isFrame(page, 24);
    expect([await fact(page, 'mode'), await fact(page, 'frames/s'), await fact(page, 'cursor')]).toEqual(['64×48', '50.0', '10, 12']);
    expect(await fact(page, 'changed')).toBe('16.7 %');
    await page.hover('[data-fact=mode]');
    expect(await page.locator('[data-fact=mode]').getAttribute('title')).toBe('the device offers 64×48, 1440×1080');
    const cursor = await canvasPixels(page.locator('.display-cursor'));
    expect([cursor.width, pixelAt(cursor, 3, 3)]).toEqual([4, '#ff0000']);
  });

  it('goes frame by frame back and forth, each pixel for pixel', async () => {
    const page = await openFile(fileBytes(25));
    await isFrame(page, 24);
    for (const frame of [23, 22, 21, 20, 19, 18]) {
      await page.keyboard.press(',');
      await isFrame(page, frame);
    }
    for (const frame of [19, 20, 21]) {
      await page.keyboard.press('.');
      await isFrame(page, frame);
    }
    await page.keyboard.press('Home');
    await isFrame(page, 0);
    await page.getByRole('slider', { name: 'Frame' }).fill('13');
    await isFrame(page, 13);
    expect(await textOf(page, '.display-count')).toBe('14 of 25');
    expect(await textOf(page, '.time-text')).toBe('0.260 s');
  });

  it('shows the frame of the moment that all views show', async () => {
    const page = await openFile(fileBytes(25));
    await isFrame(page, 24);
    await page.getByRole('slider', { name: 'Moment' }).fill('2000');
    await isFrame(page, 5);
    await page.locator('.follow').click();
    await isFrame(page, 24);
  });

  it('shows a pixel as one pixel, or enlarged by squares', async () => {
    const page = await openFile(fileBytes(11), 'zoom=1&cursor=off');
    await isFrame(page, 10);
    const canvas = page.locator('.display-picture');
    const plain = await pixelsOf(canvas);
    expect([plain.width, plain.height]).toEqual([WIDTH, HEIGHT]);
    for (const [x, y] of [
      [0, 0],
      [31, 31],
      [63, 47],
      [10, 20],
    ] as const)
      expect(pixelAt(plain, x, y)).toBe(pixelAt(expected(10), x, y));
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    await expect.poll(async () => (await canvas.boundingBox())?.width).toBe(4 * WIDTH);
    const large = await pixelsOf(canvas);
    const right = expected(10);
    const wrong: string[] = [];
    for (let y = 0; y < 4 * HEIGHT; y++) {
      for (let x = 0; x < 4 * WIDTH; x++) if (pixelAt(large, x, y) !== pixelAt(right, x >> 2, y >> 2)) wrong.push(`${x}, ${y}`);
    }
    expect(wrong).toEqual([]);
  });

  it('shows each display’s picture, and says where there is none', async () => {
    const [header, thread, ...rest] = pieces(3);
    const other = encodeFrame(frameOf(40, { display: 1 }));
    const page = await openFile(Buffer.concat([fileBytes(0).subarray(0, 8), header ?? '', thread ?? '', other, ...rest] as Uint8Array[]));
    await isFrame(page, 2);
    await page.getByRole('button', { name: 'Display 1' }).click();
    await isFrame(page, 40);
    await page.getByRole('button', { name: 'Display 0' }).click();
    await isFrame(page, 2);
  });

  it('shows a run’s pictures as they come, and moves its cursor', async () => {
    const run = new FakeRun();
    dashboard = await serveDashboard({ source: run });
    const page = await rig.open(displayUrl());
    await expect.poll(() => textOf(page, '.display-empty')).toBe('No picture has come yet.');
    run.showFrame(0);
    await isFrame(page, 0);
    for (const frame of [1, 2, 3]) {
      run.showFrame(frame);
      await isFrame(page, frame);
    }
    run.add(encodeCursor({ display: 0, nanoseconds: START_NS + 4 * FRAME_NS, x: 20, y: 30, shown: true }));
    expect(await fact(page, 'cursor')).toBe('hidden');
    const image = { width: 2, height: 2, hotX: 0, hotY: 0, pixels: [1, 2, 3, 4].map(() => 0xff00_ff00) };
    run.add(encodeCursor({ display: 0, nanoseconds: START_NS + 5 * FRAME_NS, x: 21, y: 31, shown: true, image }));
    await expect.poll(() => fact(page, 'cursor')).toBe('21, 31');
    run.add(encodeCursor({ display: 0, nanoseconds: START_NS + 6 * FRAME_NS, x: 22, y: 31, shown: false }));
    await expect.poll(() => fact(page, 'cursor')).toBe('hidden');
  });

  it('says what is wrong with a picture that is none, and shows the next', async () => {
    const run = new FakeRun();
    dashboard = await serveDashboard({ source: run });
    const page = await rig.open(displayUrl());
    run.add(encodeFrame({ ...frameOf(0), deflated: Uint8Array.of(1, 2, 3) }));
    await expect.poll(() => textOf(page, '.display-facts .fault')).not.toBe('');
    run.add(encodeFrame({ ...frameOf(10), deflated: frameOf(1).deflated }));
    await expect.poll(() => textOf(page, '.display-facts .fault')).toBe('frame 11 has 512 pixels, expected 3072');
    run.add(encodeFrame(frameOf(20)));
    await isFrame(page, 20);
    expect(await textOf(page, '.display-facts .fault')).toBe('');
    // More than it says there is, by far.
    run.add(encodeFrame({ ...frameOf(30), deflated: deflateRawSync(Buffer.alloc(50_000_000)) }));
    await expect.poll(() => textOf(page, '.display-facts .fault')).toMatch(/^frame 31 has \d{4,5} pixels, expected 3072$/);
  });
});
