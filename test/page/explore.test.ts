/**
 * The Explore view in a browser: a world is run from the page, what is found is gone through, a step is moved, and the address says it all.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Rig } from './rig.js';

let rig: Rig;
let server: ChildProcess;
let url = '';

beforeAll(async () => {
  rig = await Rig.start();
  // The command itself, from its bundle.
  server = spawn(process.execPath, ['dist/bundles/cli/main.cjs', 'explore', '--dashboard'], { stdio: ['ignore', 'ignore', 'pipe'] });
  url = await new Promise((resolve) => {
    let text = '';
    server.stderr?.on('data', (data) => {
      text += data;
      const found = /http:\S+/.exec(text);
      if (found !== null) resolve(found[0]);
    });
  });
});
afterAll(async () => {
  const ended = new Promise((resolve) => server.once('exit', resolve));
  server.kill('SIGINT');
  expect(await ended).toBe(0);
  await rig.close();
});
afterEach(() => rig.check());

const STORY = '.explore-story h2';
const START = '.explore [type=submit]';
const SAID = '.explore-tools [role=status]';
const open = (params: string): Promise<Page> => rig.open(url.replace('?', `?${params}&`));

/** The view, once it knows what there is to run. */
async function choosing(params: string): Promise<Page> {
  const page = await open(params);
  await page.waitForSelector(START);
  return page;
}

async function found(params: string): Promise<Page> {
  const page = await choosing(params);
  await page.keyboard.press('s');
  await page.waitForSelector(STORY);
  return page;
}

/** The text of the first that matches. */
const textOf = async (page: Page, selector: string): Promise<string> => (await page.locator(selector).first().textContent()) ?? '';

/** What stands in the left column of the list, but for numbers and signs. */
const rows = (page: Page): Promise<string[]> =>
  page.$$eval('.explore-rows [role=option] > :first-of-type', (all) =>
    all.map((cell) => (cell.querySelector('span')?.textContent ?? cell.textContent ?? '').trim()),
  );
const selected = (page: Page): Promise<string> => textOf(page, '.explore-rows [aria-selected=true]');
const shownValue = (page: Page, name: string): Promise<string> => textOf(page, `.explore-states tr:has(th:text-is("${name}")) td`);

describe('a world that has a fault', () => {
  it('is run by a key, and its fault is shown with steps, race, state and what passes', async () => {
    const page = await found('world=philosophers&revision=hardened');
    expect(await textOf(page, STORY)).toBe('philosophers breaks “deadlock”');
    expect(await rows(page)).toEqual(
      expect.arrayContaining(['philosopher 0 lock fork 0', 'philosopher 2 lock fork 2', 'philosopher 1 lock fork 1']),
    );
    const racing = await page.$$eval('.explore-racing > span', (all) => all.map((each) => each.textContent));
    expect(racing).toEqual(['philosopher 1 lock fork 1', 'philosopher 0 waits: lock fork 1 (philosopher 1)']);
    expect(await page.locator('.explore-race').count()).toBe(1);
    expect(await textOf(page, '.explore-heads')).toMatch(/breaks deadlock[\s\S]*3 steps, 1 preemption[\s\S]*passes[\s\S]*12 steps/);
    expect(await page.locator('.explore-different').count()).toBe(1);
    expect(await textOf(page, '.explore-story')).toContain('1 preemption; all 6 schedules with none pass');
    expect(await shownValue(page, 'fork 1')).toBe('philosopher 1');
    await page.close();
  });

  it('is gone through by keys, with what each step changes', async () => {
    const page = await found('world=philosophers&revision=hardened');
    await page.keyboard.press('Home');
    expect([await selected(page), await shownValue(page, 'fork 0')]).toEqual(['beginning', 'free']);
    await page.keyboard.press('ArrowRight');
    expect([await selected(page), await shownValue(page, 'fork 0')]).toEqual([expect.stringContaining('lock fork 0'), 'philosopher 0']);
    expect(await textOf(page, '.explore-states ul')).toContain('shared fork 0: free › philosopher 0');
    expect(await page.$$eval('.explore-changed', (all) => all.map((each) => each.textContent))).toContain('philosopher 0');
    await page.keyboard.press('ArrowLeft');
    expect(await shownValue(page, 'fork 0')).toBe('free');
    await page.keyboard.press('End');
    expect(await selected(page)).toContain('lock fork 1');
    await page.close();
  });

  it('passes when a step is moved, which is said; the way back leads to the fault', async () => {
    const page = await found('world=philosophers&revision=hardened');
    const before = await rows(page);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('-');
    await page.waitForSelector(`${SAID}:has-text("passes")`);
    expect(await textOf(page, SAID)).toBe(
      '1 place earlier: it passes: "deadlock" is not broken; of 200 that begin so and go on at random, none fails',
    );
    expect((await rows(page)).slice(2, 4)).toEqual(['philosopher 2 lock fork 2', 'philosopher 0 lock fork 1']);
    expect([await textOf(page, STORY), await selected(page)]).toEqual([
      'philosophers passes',
      expect.stringContaining('philosopher 0 lock fork 1'),
    ]);
    await page.goBack();
    await page.waitForSelector(`${STORY}:has-text("breaks")`);
    expect(await rows(page)).toEqual(before);
    await page.close();
  });

  it('is moved on from where it came from, there and back, by keys and by buttons', async () => {
    const page = await found('world=philosophers&revision=hardened');
    const moved = (text: string): Promise<unknown> => page.waitForSelector(`${SAID}:has-text("${text}")`);
    await page.click('.explore-tools button:has-text("Earlier")');
    await moved('1 place earlier: it breaks');
    await page.keyboard.press('-');
    await moved('2 places earlier: it breaks');
    expect((await rows(page))[1]).toBe('philosopher 1 lock fork 1');
    await page.keyboard.press('+');
    await moved('1 place earlier: it breaks');
    // What is another step begins anew.
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('r');
    await moved('as before; of 200');
    await page.close();
  });

  it('is in the address: a reload and a link show the same', async () => {
    const page = await found('world=philosophers&revision=hardened');
    await page.keyboard.press('Home');
    await page.keyboard.press('ArrowRight');
    const shown = async (each: Page) => [
      await textOf(each, '.explore-rows'),
      await textOf(each, '.explore-states'),
      await textOf(each, STORY),
    ];
    const before = await shown(page);
    const address = page.url();
    expect(address).toMatch(/#\/explore\?.*schedule=s1%2Fphilosophers%2F/);
    expect(address).not.toContain('token');
    await page.reload();
    await page.waitForSelector(STORY);
    expect(await shown(page)).toEqual(before);
    const other = await rig.open(address);
    await other.waitForSelector(STORY);
    expect(await shown(other)).toEqual(before);
    await page.close();
    await other.close();
  });

  it('has a fault for each property if it is asked for, to choose from', async () => {
    const page = await choosing('world=reading&revision=sync');
    await page.check('.explore [type=checkbox]');
    await page.fill('.explore [type=number] >> nth=0', '1');
    await page.click(START);
    await page.waitForSelector('.explore-search button:nth-of-type(3)');
    await page.click('.explore-search button:has-text("deadlock")');
    await page.waitForSelector(`${STORY}:has-text("deadlock")`);
    expect(await textOf(page, '.explore-story')).toContain('deadlock: bql › task › bql');
    expect(await shownValue(page, 'lock')).toBe('held');
    await page.waitForSelector('[data-phase="ended"]');
    await page.close();
  });
});

describe('a world that has none', () => {
  it('is proved, with counts', async () => {
    const page = await choosing('world=accesses&revision=hardened');
    await page.selectOption('select >> nth=2', 'bfs');
    await page.click(START);
    await page.waitForSelector('.explore-verdict h2:has-text("Proved")');
    expect(await textOf(page, '.explore-verdict')).toContain('all 303 states were seen');
    expect(await textOf(page, '.explore-search dl')).toMatch(/states303/);
    await page.close();
  });
});

describe('what goes wrong', () => {
  it('is said: a schedule in the address that is none, or of another world', async () => {
    const page = await open('world=philosophers&revision=hardened&schedule=s1/bank/alice:read.balance');
    await page.waitForSelector('.explore [role=alert]:not(:empty)');
    expect(await textOf(page, '.explore [role=alert]')).toContain('expected one of philosophers, found one of bank');
    expect(await page.isVisible(START)).toBe(true);
    await page.close();
  });
});

describe('the page', () => {
  it.each([
    ['light', 1280, 800],
    ['dark', 3840, 2160],
  ] as const)('in the %s theme shows all of it at %d×%d, and nothing beside it', async (theme, width, height) => {
    const page = await rig.open(url.replace('?', '?world=frames&revision=v5&'), { width, height, theme });
    await page.waitForSelector(START);
    await page.keyboard.press('s');
    await page.waitForSelector(STORY);
    expect(await textOf(page, STORY)).toBe('frames@v5 breaks “L3”');
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBe(0);
    // Lanes stand beside their rows, whatever the size of the text.
    const [dot, row] = [
      await page.locator('.explore-racing i').first().boundingBox(),
      await page.locator('.explore-racing').first().boundingBox(),
    ];
    expect(Math.abs((dot?.y ?? 0) + (dot?.height ?? 0) / 2 - (row?.y ?? 0) - (row?.height ?? 0) / 2)).toBeLessThan(2);
    await page.close();
  });
});
