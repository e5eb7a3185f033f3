/**
 * The Sequence view in a real browser, on a recording whose every message is known.
 */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { canvasPixels, pixelAt } from './rig.js';
import { SpansPages, themeColour } from './spans-page.js';
import { accesses, fileOf } from './spans-recording.js';

const pages = new SpansPages();
beforeAll(() => pages.start());
afterAll(() => pages.stop());
afterEach(() => pages.closePages());

const FILE = fileOf(accesses(40));
const count = (page: Page): Promise<string> => page.locator('.sq-count').innerText();
const row = (page: Page): Promise<string> => page.locator('.sq-row').innerText();

/** All rows in words, by going down one by one. */
async function allRows(page: Page): Promise<string[]> {
  const rows: string[] = [];
  for (let presses = 0; presses < 500; presses++) {
    await page.keyboard.press('j');
    const text = await row(page);
    // It is made anew when something else comes.
    if (text === '') continue;
    if (text === rows.at(-1)) return rows;
    rows.push(text);
  }
  return rows;
}

describe('the Sequence view', () => {
  it('tells one job’s whole way, from the access that it is for to the reply, across all actors', async () => {
    const page = await pages.open(FILE, '#/sequence?job=3');
    await expect.poll(() => count(page)).toBe('20 rows in 540 µs');
    const since = (text: string): string => text.replace(/ at [\d. ]+ s, /, ', ').replace(' after the first', '');
    expect((await allRows(page)).map(since)).toEqual([
      'vcpu: access 3 to bql, 0 ns',
      'vcpu: access 3, 0 ns',
      'bql: access 3, 10.0 µs',
      'bql: job 3 to background-queue, 30.0 µs',
      'bql: waits for job 3, 40.0 µs',
      'background-queue: takes job 3 from bql, 95.0 µs',
      'background-queue: job 3, 100 µs',
      'pvg-task: mapMemory 7 to bql, 200 µs',
      'pvg-task: mapMemory 7, 200 µs',
      'bql: mapMemory 7, 210 µs',
      'bql: mapMemory 7 to pvg-task, 250 µs',
      'bql: mapMemory 7 ended, 250 µs',
      'pvg-task: mapMemory 7 ended, 250 µs',
      'background-queue: job 3 ended, 390 µs',
      'background-queue: jobDone 3 to bql, 400 µs',
      'bql: takes jobDone 3 from background-queue, 500 µs',
      'bql: goes on after job 3, 510 µs',
      'bql: reply 3 to vcpu, 530 µs',
      'vcpu: access 3 ended, 530 µs',
      'bql: access 3 ended, 540 µs',
    ]);
    await page.keyboard.press('d');
    await expect.poll(() => page.evaluate('location.hash')).toBe('#/sequence?job=4');
    expect(await page.locator('.sq-job[aria-current=true]').innerText()).toContain('job 4');
  });

  it('shows a stretch of time of the actors that are chosen, with what goes between them', async () => {
    const page = await pages.open(FILE, '#/sequence?span=1000000');
    await expect.poll(() => count(page)).toMatch(/^\d+ rows in 1\.00 ms$/);
    const all = Number(/\d+/.exec(await count(page))?.[0]);
    expect(await page.locator('[aria-label=Actors] label').allInnerTexts()).toEqual(['vcpu', 'bql', 'background-queue', 'pvg-task']);
    await page.getByRole('checkbox', { name: 'background-queue' }).uncheck();
    await expect.poll(async () => Number(/\d+/.exec(await count(page))?.[0])).toBeLessThan(all);
    const rows = await allRows(page);
    expect(rows.length).toBeGreaterThan(3);
    expect(rows.filter((text) => text.startsWith('background-queue'))).toEqual([]);
  });

  it('puts actors in another order by keys', async () => {
    const page = await pages.open(FILE, '#/sequence?job=3');
    await expect.poll(() => count(page)).toContain('rows in 540 µs');
    await page.getByRole('checkbox', { name: 'pvg-task' }).focus();
    await page.keyboard.press('Shift+ArrowUp');
    expect(await page.locator('[aria-label=Actors] label').allInnerTexts()).toEqual(['vcpu', 'bql', 'pvg-task', 'background-queue']);
  });

  it('paints what is done as bars on the actors’ lines, in both themes, row by row or to scale', async () => {
    for (const theme of ['light', 'dark'] as const) {
      const page = await pages.open(FILE, '#/sequence?job=3', { theme });
      await expect.poll(() => count(page)).toContain('rows in 540 µs');
      const job = await themeColour(page, 'c1');
      const jobRows = async (): Promise<number> => {
        const { width, height, data } = await canvasPixels(page.locator('.sq-canvas'));
        // The third of four columns, behind the times of nine letters' width.
        const x = Math.round(117 + ((width - 117) * 2.5) / 4);
        let rows = 0;
        for (let y = 0; y < height; y++) if (pixelAt({ width, height, data }, x, y) === job) rows++;
        return rows;
      };
      // From the row in which it begins to that in which it ends, seven rows of 21 pixels, less two messages of two pixels that cross it.
      await expect.poll(jobRows).toBe(143);
      await page.keyboard.press('x');
      // 290 of 540 microseconds.
      await expect.poll(jobRows).toBeGreaterThan(300);
      await pages.closePages();
    }
  });

  it('has long ones that cost what is seen of them, and scrolls to the row that is chosen', async () => {
    const page = await pages.open(FILE, '#/sequence?span=1000000000');
    await expect.poll(() => count(page)).toBe('800 rows in 1.00 s');
    const scrolled = (): Promise<number> => page.evaluate("document.querySelector('.sq-body').scrollTop");
    expect(await scrolled()).toBe(0);
    await page.keyboard.press('End');
    expect(await row(page)).toContain('bql: access 40 ended');
    expect(await scrolled()).toBeGreaterThan(15_000);
    const canvas = await page.locator('.sq-canvas').boundingBox();
    expect(canvas?.height).toBeLessThan(800);
    await page.getByRole('button', { name: 'Timeline' }).last().click();
    await expect.poll(() => page.evaluate('location.hash')).toMatch(/^#\/timeline\?from=/);
  });

  it('says so where nothing is known', async () => {
    const page = await pages.open(FILE, '#/sequence?job=4711');
    await expect.poll(() => count(page)).toBe('nothing is known of it');
    await page.keyboard.press('Escape');
    await expect.poll(() => count(page)).toMatch(/rows in 10\.0 ms/);
  });
});
