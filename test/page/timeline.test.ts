/**
 * The Timeline in a real browser, on a recording whose every span is known.
 */
import type { Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { fileBytes } from './recordings.js';
import { SpansPages, themeColour } from './spans-page.js';
import { accesses, fileOf } from './spans-recording.js';

const pages = new SpansPages();
beforeAll(() => pages.start());
afterAll(() => pages.stop());
afterEach(() => pages.closePages());

const FILE = fileOf(accesses(10, { isOpen: true }));
/** The second access and a bit around it: 0 is the first event, at the first access's begin. */
const SECOND = '#/timeline?from=900000&to=1700000';

/** Where a row of a lane is, in pixels of the page. */
async function rowOf(page: Page, lane: string, depth: number): Promise<number> {
  const box = await page
    .locator('.tl-label', { hasText: new RegExp(`^${lane}$`) })
    .first()
    .boundingBox();
  return (box?.y ?? 0) + 17 * depth + 8;
}

/** Where a moment of the second access is across, in pixels of the page. */
async function across(page: Page, microseconds: number): Promise<number> {
  const box = await page.locator('.tl-canvas').boundingBox();
  return (box?.x ?? 0) + ((100 + microseconds) / 800) * (box?.width ?? 0);
}

const fact = (page: Page, name: string): Promise<string> => page.locator(`.tl-details [data-fact="${name}"] dd`).first().innerText();
const title = (page: Page): Promise<string> => page.locator('.tl-details h3').first().innerText();
/** What it is inside of, and its messages. */
const links = (page: Page, which: 0 | 1): Locator => page.locator('.tl-details > div:has(> h3):not(:first-child)').nth(which);
const found = (page: Page): Promise<string> => page.locator('search output').innerText();
const window_ = (page: Page): Promise<string> => page.locator('.tl-window').innerText();

/** As much of a canvas as is asked here; tests are compiled without a browser's types. */
interface CanvasLike {
  getContext(kind: '2d'): { getImageData(x: number, y: number, width: number, height: number): { readonly data: Uint8ClampedArray } };
}

/** The colour of the lanes at a place of the page, as #rrggbb. */
async function pixelOf(page: Page, x: number, y: number): Promise<string> {
  const canvas = page.locator('.tl-canvas');
  const box = await canvas.boundingBox();
  const place = [Math.round(x - (box?.x ?? 0)), Math.round(y - (box?.y ?? 0))] as const;
  const rgb = await canvas.evaluate((element, [across, down]) => {
    const context = (element as unknown as CanvasLike).getContext('2d');
    return [...context.getImageData(across, down, 1, 1).data.subarray(0, 3)];
  }, place);
  return `#${Buffer.from(rgb).toString('hex')}`;
}

const colourAt = async (page: Page, lane: string, depth: number, microseconds: number): Promise<string> =>
  pixelOf(page, await across(page, microseconds), await rowOf(page, lane, depth));

async function select(page: Page, lane: string, depth: number, microseconds: number): Promise<void> {
  await page.mouse.click(await across(page, microseconds), await rowOf(page, lane, depth));
}

describe('the Timeline', () => {
  it('shows all of a recording, a lane for each thread, processor, machine and counter, in groups that fold', async () => {
    const page = await pages.open(FILE, '#/timeline');
    await expect.poll(() => window_(page)).toBe('−0.000 091 s + 9.24 ms');
    expect(await page.locator('.tl-group').allInnerTexts()).toEqual([
      'Processors',
      'BQL',
      'Threads',
      'PVG’s threads',
      'Machines',
      'Counters',
    ]);
    expect(await page.locator('.tl-label').allInnerTexts()).toEqual([
      'vcpu',
      'BQL',
      'bql',
      'background-queue',
      'pvg-task',
      'lock',
      'mailbox.bql',
      'mmioAccesses',
    ]);
    await page.getByRole('button', { name: 'Threads', exact: true }).click();
    expect(await page.locator('.tl-label').allInnerTexts()).not.toContain('background-queue');
    await page.getByRole('button', { name: 'Threads', exact: true }).click();
    expect(await page.locator('.tl-label').allInnerTexts()).toContain('background-queue');
    // 10 accesses, the last of which is open: what of it has ended is its first batch alone.
    expect(await page.locator('.tl-canvas').getAttribute('data-spans')).toBe(String(9 * 12 + 1 + 18));
  });

  it('paints spans where they are, in their colours, in both themes', async () => {
    for (const theme of ['light', 'dark'] as const) {
      const page = await pages.open(FILE, SECOND, { theme });
      await expect.poll(() => window_(page)).toBe('0.000 900 s + 800 µs');
      const [job, ground] = [await themeColour(page, 'c1'), await themeColour(page, 'bg')];
      expect(await colourAt(page, 'background-queue', 1, 300)).toBe(job);
      expect(await colourAt(page, 'background-queue', 1, 395)).toBe(job);
      expect(await colourAt(page, 'background-queue', 1, 90)).toBe(ground);
      expect(await colourAt(page, 'background-queue', 1, 430)).toBe(ground);
      const access = await colourAt(page, 'BQL', 0, 300);
      expect([ground, job]).not.toContain(access);
      expect(await colourAt(page, 'vcpu', 0, 300)).toBe(access);
      expect(await colourAt(page, 'BQL', 0, 570)).toBe(ground);
      // Between two batches, which have one colour.
      expect(await colourAt(page, 'bql', 0, 230)).not.toBe(ground);
      expect(await colourAt(page, 'bql', 0, 130)).toBe(ground);
      await pages.closePages();
    }
  });

  it('tells of what is under the pointer, and of what is chosen: times, arguments, messages, jobs', async () => {
    const page = await pages.open(FILE, SECOND);
    await expect.poll(() => window_(page)).toBe('0.000 900 s + 800 µs');
    await page.mouse.move(await across(page, 300), await rowOf(page, 'background-queue', 1));
    await expect.poll(() => page.locator('.tl-tooltip').innerText()).toMatch(/job 2 job · background-queue\s+0\.001 110 s · 290 µs/);
    await select(page, 'bql', 1, 540);
    expect(await title(page)).toBe('access 2');
    expect([await fact(page, 'kind'), await fact(page, 'lane'), await fact(page, 'begin')]).toEqual(['section', 'bql', '0.001 020 s']);
    expect([await fact(page, 'duration'), await fact(page, 'self')]).toEqual(['530 µs', '60.0 µs']);
    expect([await fact(page, 'event'), await fact(page, 'id')]).toEqual(['agfx_bql_taken', '2']);
    expect(await links(page, 0).innerText()).toContain('Submitted\njob 2');
    // What came to the thread while it was inside, and what left it.
    expect(await links(page, 1).locator('button').allInnerTexts()).toEqual([
      'job 2 to background-queue (65.0 µs)',
      'mapMemory 7 from pvg-task',
      'mapMemory 7 to pvg-task',
      'jobDone 2 from background-queue (100 µs)',
      'reply 2 to vcpu',
    ]);
    expect(await page.locator('.time-text').innerText()).toBe('0.001 s');
    await page.getByRole('button', { name: 'jobDone 2 from background-queue' }).click();
    expect(await title(page)).toBe('batch 1');
    expect(await fact(page, 'lane')).toBe('background-queue');
    await select(page, 'bql', 3, 240);
    expect([await title(page), await links(page, 0).locator('h3').innerText()]).toEqual(['mapMemory 7', 'Inside of']);
    await page.getByRole('button', { name: 'job 2 of access 2' }).click();
    await expect.poll(() => page.evaluate('location.hash')).toBe('#/sequence?job=2');
  });

  it('says of what has not ended that it has not', async () => {
    const page = await pages.open(FILE, '#/timeline?from=8900000&to=9700000');
    await expect.poll(() => window_(page)).toContain('0.008 900 s');
    await select(page, 'vcpu', 0, 50);
    expect([await title(page), await fact(page, 'duration'), await fact(page, 'self')]).toEqual(['access 10', 'not ended', '–']);
  });

  it('is moved by keys, wheel and drags, and keeps where it is in the address', async () => {
    const page = await pages.open(FILE, SECOND);
    await expect.poll(() => window_(page)).toBe('0.000 900 s + 800 µs');
    await page.keyboard.press('d');
    await expect.poll(() => window_(page)).toBe('0.001 020 s + 800 µs');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('w');
    await expect.poll(() => window_(page)).toBe('0.001 020 s + 560 µs');
    await page.keyboard.press('s');
    await expect.poll(() => window_(page)).toBe('0.000 900 s + 800 µs');
    await expect.poll(() => page.evaluate('location.hash')).toBe('#/timeline?from=900000&to=1700000');
    const [x, y] = [await across(page, 300), await rowOf(page, 'bql', 1)];
    await page.mouse.move(x, y);
    await page.mouse.down();
    await page.mouse.move(await across(page, 400), y, { steps: 4 });
    await page.mouse.up();
    await expect.poll(() => window_(page)).toBe('0.000 800 s + 800 µs');
    await expect.poll(() => page.evaluate('location.hash')).toMatch(/from=(799|800)\d{3}&to=1(599|600)\d{3}$/);
    await page.mouse.wheel(0, -400);
    await expect.poll(async () => Number(/\+ (\d+) µs/.exec(await window_(page))?.[1])).toBeLessThan(400);
    await expect.poll(() => page.evaluate('location.hash')).not.toMatch(/&to=1[56]/);
    const [hash, text] = [await page.evaluate('location.hash'), await window_(page)];
    await page.reload();
    await expect.poll(() => window_(page)).toBe(text);
    expect(await page.evaluate('location.hash')).toBe(hash);
    await page.keyboard.press('0');
    await expect.poll(() => window_(page)).toBe('−0.000 091 s + 9.24 ms');
    await expect.poll(() => page.evaluate('location.hash')).toBe('#/timeline');
  });

  it('goes to what is next in a row, along messages, to what fits, and measures it', async () => {
    const page = await pages.open(FILE, SECOND);
    await expect.poll(() => window_(page)).toBe('0.000 900 s + 800 µs');
    await select(page, 'background-queue', 1, 300);
    await page.keyboard.press('.');
    expect([await title(page), await fact(page, 'begin')]).toEqual(['job 3', '0.002 110 s']);
    await page.keyboard.press(',');
    expect(await title(page)).toBe('job 2');
    await page.keyboard.press('f');
    await expect.poll(() => window_(page)).toBe('0.001 023 s + 464 µs');
    const [x, y] = [(await page.locator('.tl-canvas').boundingBox())?.x ?? 0, await rowOf(page, 'bql', 0)];
    const empty = await colourAt(page, 'BQL', 1, 650);
    await page.keyboard.down('Shift');
    await page.mouse.move(x + 100, y);
    await page.mouse.down();
    await page.mouse.move(x + 1100, y);
    await page.mouse.up();
    await page.keyboard.up('Shift');
    await expect.poll(() => window_(page)).toMatch(/^measured 41\d µs · 0\.001 023 s/);
    await expect.poll(() => colourAt(page, 'BQL', 1, 650)).not.toBe(empty);
    await page.keyboard.press('Escape');
    expect(await page.locator('.tl-details').innerText()).toMatch(/^Click a span/);
  });

  it('finds spans by name and by number, forth and back', async () => {
    const page = await pages.open(FILE, '#/timeline');
    await expect.poll(() => window_(page)).toContain('9.24 ms');
    await page.keyboard.press('/');
    await page.keyboard.type('mapmem');
    // Bottom halves and waits of PVG's thread.
    await expect.poll(() => found(page)).toBe('18');
    await page.keyboard.press('Enter');
    expect([await title(page), await found(page)]).toEqual(['mapMemory 7', '1 of 18']);
    await page.keyboard.press('Escape');
    await page.keyboard.press('n');
    await page.keyboard.press('n');
    expect(await found(page)).toBe('3 of 18');
    await page.keyboard.press('N');
    expect([await found(page), await fact(page, 'begin')]).toEqual(['2 of 18', '0.000 220 s']);
    await page.getByRole('searchbox').fill('nothing of that name');
    expect(await found(page)).toBe('none');
  });

  it('shows the moment that all views show, and chooses it on the axis', async () => {
    const page = await pages.open(FILE, SECOND);
    await expect.poll(() => window_(page)).toBe('0.000 900 s + 800 µs');
    const box = await page.locator('.tl-canvas').boundingBox();
    await page.mouse.click(await across(page, 300), (box?.y ?? 0) + 10);
    await expect.poll(() => colourAt(page, 'BQL', 1, 300)).toBe(await themeColour(page, 'accent'));
    await page.getByRole('slider', { name: 'Moment' }).fill('5000');
    await expect.poll(() => window_(page)).not.toContain('0.000 900');
  });

  it('goes where the map of the whole is pressed, and marks there what is seen', async () => {
    const page = await pages.open(FILE, SECOND);
    await expect.poll(() => window_(page)).toBe('0.000 900 s + 800 µs');
    const box = async (selector: string): Promise<{ x: number; y: number; width: number }> =>
      (await page.locator(selector).boundingBox()) ?? { x: 0, y: 0, width: 0 };
    const map = await box('.tl-map');
    await page.mouse.click(map.x + map.width / 2, map.y + 10);
    // The recording is 9.06 ms long.
    await expect.poll(() => window_(page)).toMatch(/^0\.004 1[23]\d s \+ 800 µs$/);
    const seen = await box('.tl-seen');
    expect(Math.abs(seen.x + seen.width / 2 - map.x - map.width / 2)).toBeLessThan(2);
    expect(Math.abs(seen.width - (0.8 / 9.06) * map.width)).toBeLessThan(2);
  });

  it('paints counters: how much there is, or how much more a second', async () => {
    const page = await pages.open(FILE, '#/timeline');
    await expect.poll(() => window_(page)).toBe('−0.000 091 s + 9.24 ms');
    const box = await page.locator('.tl-canvas').boundingBox();
    /** Whether the chart is filled so far from its bottom, at a moment. */
    const isFilled = async (name: string, milliseconds: number, up: number): Promise<boolean> => {
      const label = await page.locator('.tl-label', { hasText: name }).boundingBox();
      const x = (box?.x ?? 0) + ((milliseconds + 0.091) / 9.24) * (box?.width ?? 0);
      const colour = await pixelOf(page, x, (label?.y ?? 0) + (label?.height ?? 0) - 2 - up);
      return colour === (await themeColour(page, name === 'mailbox.bql' ? 'c0' : 'c1'));
    };
    // Samples are 1, 2, 0, 1, … from 0.6 ms on, a millisecond apart.
    for (const [at, low, high] of [
      [0.2, false, false],
      [1, true, false],
      [2, true, true],
      [3, false, false],
    ] as const)
      expect([await isFilled('mailbox.bql', at, 5), await isFilled('mailbox.bql', at, 15)]).toEqual([low, high]);
    expect([await isFilled('mmioAccesses', 3, 15), await isFilled('mmioAccesses', 8.9, 2)]).toEqual([true, false]);
  });

  it('shows small pictures where frames were shown', async () => {
    const page = await pages.open(fileBytes(30), '#/timeline');
    const row = async (): Promise<string> => {
      const label = await page.locator('.tl-label', { hasText: 'display 0' }).first().boundingBox();
      return pixelOf(page, ((await page.locator('.tl-canvas').boundingBox())?.x ?? 0) + 22, (label?.y ?? 0) + 40);
    };
    // Between the ground of these frames and what would be there without a picture there is no likeness.
    await expect.poll(row).toMatch(/^#[12]/);
  });
});
