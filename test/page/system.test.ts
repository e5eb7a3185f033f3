/**
 * The system view in a browser: what it shows of known moments, live and in a file, in both themes, by keyboard.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAGIC } from '../../src/trace/recording/format.js';
import { type Dashboard, serveDashboard } from '../../dist/src/visualiser/server/dashboard.js';
import { type FileSource, openFileSource } from '../../dist/src/visualiser/server/file-source.js';
import { type Entry, Recorded } from '../visualiser/model/recording.js';
import { FakeRun } from './recordings.js';
import { pixelAt, pixelsOf, Rig } from './rig.js';

/** A second: the BQL is held by an access from 100 to 900 ms, which waits for job 1, inside which memory is mapped and another access wants the lock. */
const MS = 1000;
const EVENTS: readonly Entry[] = [
  ['bql', 0, 'agfx_batch_ended'],
  ['worker', 0, 'agfx_batch_ended'],
  ['render', 0, 'agfx_batch_ended'],
  ['bql', 100 * MS, 'agfx_batch_taken', 1],
  ['bql', 100 * MS, 'agfx_message_taken', 'access', 41, 0, 0],
  ['bql', 100 * MS, 'agfx_bql_taken', 'access', 41, 0],
  ['bql', 200 * MS, 'agfx_bql_wait_began', 1, 1],
  ['bql', 200 * MS, 'agfx_batch_ended'],
  ['worker', 300 * MS, 'agfx_batch_taken', 1],
  ['worker', 300 * MS, 'agfx_job_began', 1],
  ['bql', 400 * MS, 'agfx_batch_taken', 2],
  ['bql', 400 * MS, 'agfx_message_taken', 'mapMemory', 9, 7, 0],
  ['bql', 400 * MS, 'agfx_bql_requested', 'access', 42, 1],
  ['bql', 400 * MS, 'agfx_bh_scheduled', 'mapMemory', 9, 1],
  ['bql', 450 * MS, 'agfx_bh_began', 'mapMemory', 9, 1],
  ['bql', 600 * MS, 'agfx_bh_ended', 'mapMemory', 9, 1],
  ['bql', 600 * MS, 'agfx_batch_ended'],
  ['worker', 700 * MS, 'agfx_job_ended', 1, 1],
  ['worker', 700 * MS, 'agfx_batch_ended'],
  ['bql', 900 * MS, 'agfx_batch_taken', 1],
  ['bql', 900 * MS, 'agfx_bql_wait_ended', 1, 1],
  ['bql', 900 * MS, 'agfx_message_posted', 'reply', 41, 99],
  ['bql', 900 * MS, 'agfx_bql_released'],
  ['bql', 1000 * MS, 'agfx_batch_ended'],
];

function recorded(): Recorded {
  const all = new Recorded().events(...EVENTS);
  all.thread('gpu');
  return all
    .sample(0, {})
    .sample(500 * MS, { 'mailbox.bql': 3, mmioAccesses: 500 })
    .sample(1000 * MS, { mmioAccesses: 1000 })
    .note(950 * MS, 'guestError', 'vector 3 is not enabled')
    .end(1000 * MS);
}

describe('the system view', () => {
  let rig: Rig;
  let dashboard: Dashboard;
  let source: FileSource;
  const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-system-'));
  beforeAll(async () => {
    const file = join(folder, 'run.rec');
    writeFileSync(file, Buffer.concat([MAGIC, ...recorded().bytes]));
    source = await openFileSource(file);
    dashboard = await serveDashboard({ source });
    rig = await Rig.start();
  });
  afterAll(async () => {
    await rig.close();
    await dashboard.close();
    await source.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function open(options = {}): Promise<Page> {
    const page = await rig.open(dashboard.url, options);
    await page.waitForSelector('.tab');
    await page.evaluate('location.hash = "#/system"');
    // All of it has come when what comes last is known.
    await page.waitForSelector('[data-warning="guestError"]');
    return page;
  }
  /** Goes to a moment, in thousandths of the recording. */
  const goTo = (page: Page, thousandths: number): Promise<unknown> =>
    page.evaluate(`{
      const range = document.querySelector('.time-range');
      range.value = '${10 * thousandths}';
      range.dispatchEvent(new Event('input', { bubbles: true }));
    }`);
  /** Goes to where the BQL is held: which moment that is in thousandths is certain once all of the recording has come. */
  const goToHeld = (page: Page): Promise<unknown> =>
    expect
      .poll(async () => {
        await goTo(page, 500);
        return page.locator('[data-lock="held"]').count();
      })
      .toBe(1);
  const textOf = async (page: Page, selector: string): Promise<string> =>
    ((await page.textContent(selector)) ?? '').replace(/\s+/g, ' ').trim();

  it('shows a moment inside a nested wait: holder, stack, waiters, who waits for what, and depths', async () => {
    const page = await open();
    await goToHeld(page);
    expect(await textOf(page, '[data-lock] .sys-title')).toBe('BQL: access 41400 ms');
    expect(await page.getAttribute('[data-stack]', 'data-stack')).toBe('3');
    expect(await textOf(page, '[data-stack]')).toMatch(/access 41.*400 ms.*waits for job 1.*300 ms.*mapMemory 9.*50\.0 ms/);
    expect(await textOf(page, '[data-waiters="section"]')).toBe('wait for it1access 42100 ms');
    expect(await page.getAttribute('[data-actor="background-queue 1"]', 'data-activity')).toBe('waiting');
    expect(await textOf(page, '[data-actor="background-queue 1"]')).toContain('inside PVG, job 1');
    expect(await page.getAttribute('[data-actor="pvg 7"]', 'data-activity')).toBe('waiting');
    expect(await page.getAttribute('[data-actor="vcpu"]', 'data-activity')).toBe('waiting');
    expect(await page.getAttribute('[data-mailbox="bql"]', 'data-depth')).toBe('3');
    expect(await textOf(page, '[data-rate="accesses"] .sys-line')).toBe('accesses1 000/s');
    await page.close();
  });

  it('shows the end: nobody has the lock, and the warnings with the way to their moments', async () => {
    const page = await open();
    expect(await page.getAttribute('[data-lock]', 'data-lock')).toBe('free');
    const warnings = await page.$$eval('[data-warning]', (items) => items.map((item) => item.getAttribute('data-warning')));
    expect(warnings).toEqual(['bqlHeld', 'bottomHalfStarved', 'guestError']);
    expect(await textOf(page, '[data-warning="bqlHeld"] .sys-words')).toContain('BQL held over 2.00 ms by access: 1 time, at most 800 ms');
    await page.click('[data-warning="bqlHeld"] button');
    await page.waitForSelector('[data-lock="held"]');
    expect(await textOf(page, '.time-text')).toBe('0.100 s');
    // What comes later is not known at that moment.
    expect(await page.$$('[data-warning]')).toHaveLength(0);
    await page.keyboard.press('l');
    await page.waitForSelector('[data-lock="free"]');
    await page.close();
  });

  it('takes other thresholds, which stand in the address and outlive a reload', async () => {
    const page = await open();
    await page.fill('.sys-threshold input >> nth=0', '900');
    await page.keyboard.press('Enter');
    await page.waitForSelector('[data-warning="bqlHeld"]', { state: 'detached' });
    expect(await page.evaluate('location.hash')).toBe('#/system?bql=900');
    await page.reload();
    await page.waitForSelector('[data-warning="guestError"]');
    expect(await page.$$('[data-warning="bqlHeld"]')).toHaveLength(0);
    await page.close();
  });

  it('keeps every box where it is, whatever the moment', async () => {
    const page = await open();
    const places = async (): Promise<unknown> =>
      page.$$eval('[data-actor], [data-mailbox], [data-lock], [data-rate], .sys-warnings', (parts) =>
        parts.map((part) => JSON.stringify(part.getBoundingClientRect())),
      );
    const before = await places();
    expect(before).toHaveLength(5 + 3 + 1 + 4 + 1);
    for (const thousandths of [150, 500, 650, 950]) {
      await goTo(page, thousandths);
      await page.waitForSelector(`.time-text:has-text("${(thousandths / 1000).toFixed(3)} s")`);
      expect(await places()).toEqual(before);
    }
    await page.close();
  });

  it('follows a run, and stays at a moment that was chosen', async () => {
    const run = new FakeRun();
    const [header = new Uint8Array(), ...pieces] = recorded().bytes;
    run.preamble.splice(0, 2, header, ...pieces.filter((piece) => piece[0] === 2));
    const live = await serveDashboard({ source: run });
    const page = await rig.open(live.url);
    await page.waitForSelector('.tab');
    await page.evaluate('location.hash = "#/system"');
    await page.waitForSelector('[data-lock="free"]');
    const later = new Recorded();
    const add = (...entries: readonly Entry[]): void => {
      const from = later.bytes.length;
      later.events(...entries);
      for (const piece of later.bytes.slice(from)) if (piece[0] !== 2) run.add(piece);
    };
    add(['bql', 10 * MS, 'agfx_bql_taken', 'access', 1, 0], ['bql', 20 * MS, 'agfx_bql_wait_began', 1, 1]);
    await page.waitForSelector('[data-lock="held"]');
    expect(await textOf(page, '.sys-title')).toBe('BQL: access 1, which waits10.0 ms');
    // What is typed stays while the view is drawn anew.
    await page.fill('.sys-threshold input >> nth=0', '7');
    add(['bql', 20 * MS, 'agfx_bql_requested', 'access', 2, 1]);
    await page.waitForSelector('[data-waiters="section"]:has-text("access 2")');
    expect(await page.inputValue('.sys-threshold input >> nth=0')).toBe('7');
    await page.keyboard.press('Enter');
    await expect.poll(() => page.evaluate('location.hash')).toBe('#/system?bql=7');
    await page.click('.follow');
    add(['bql', 30 * MS, 'agfx_bql_released']);
    await expect.poll(() => page.inputValue('.time-range')).toBe('5000');
    expect(await textOf(page, '.sys-title')).toBe('BQL: access 1, which waits10.0 ms');
    await page.keyboard.press('l');
    await page.waitForSelector('[data-lock="free"]');
    expect(await textOf(page, '[data-warning="bqlHeld"] .sys-words')).toContain('by access: 1 time, at most 20.0 ms');
    await page.close();
    await live.close();
  });

  it.each([
    ['light', 1280, 800],
    ['dark', 1280, 800],
    ['dark', 3840, 2160],
  ] as const)('is drawn in the %s theme at %i by %i, whole and without a scroll bar', async (theme, width, height) => {
    const page = await open({ theme, width, height, isStranger: true });
    await goToHeld(page);
    const pixels = await pixelsOf(page);
    // It has waited for 200 of 500 ms.
    const at = await page.$eval('[data-actor="background-queue 1"] .sys-bar', (bar) => {
      const { x, y, width: wide, height: high } = bar.getBoundingClientRect();
      return [x + wide / 5, y + high / 2];
    });
    const waiting = await page.evaluate('getComputedStyle(document.documentElement).getPropertyValue("--c2").trim()');
    expect(pixelAt(pixels, Math.floor(at[0] ?? 0), Math.floor(at[1] ?? 0))).toBe(waiting);
    expect(
      await page.evaluate('document.documentElement.scrollHeight <= innerHeight && document.documentElement.scrollWidth <= innerWidth'),
    ).toBe(true);
    await page.close();
  });
});
