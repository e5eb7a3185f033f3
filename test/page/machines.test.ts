/**
 * The Machines view: what it shows of a recording whose every move is known, live and from a file.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Dashboard, serveDashboard } from '../../dist/src/visualiser/server/dashboard.js';
import { openFileSource } from '../../dist/src/visualiser/server/file-source.js';
import { encodeEnd, encodeHeader, encodeThread } from '../../src/trace/recording/encoder.js';
import { MAGIC } from '../../src/trace/recording/format.js';
import type { StreamSource } from '../../src/visualiser/server/source.js';
import { chunkOf, HEADER, RECORDED, type Walked } from '../visualiser/model/machine-walks.js';
import { FakeRun } from './recordings.js';
import { Rig } from './rig.js';

const MS = 1e6;
const nameOf = (name: string): number => RECORDED.findIndex((machine) => machine.name === name);
const moved = (time: number, [name, instance]: readonly [string, number], event: string | null, state: unknown): Walked => {
  const machine = nameOf(name);
  const { events = [], states = [] } = RECORDED[machine] ?? {};
  return {
    time: time * MS,
    machine,
    instance,
    event: event === null ? -1 : events.indexOf(event),
    state: states.findIndex((each) => JSON.stringify(each) === JSON.stringify(state)),
  };
};
const lock = ['lock', 0] as const;
/** A lock that is taken and given back eleven times; two jobs, of which one is done. */
const EVENTS: readonly Walked[] = [
  moved(0, lock, null, 'free'),
  ...Array.from({ length: 11 }, (_, index) => [
    moved(10 + 10 * index, lock, 'lock.offered', 'running'),
    moved(15 + 10 * index, lock, 'handler.ended', 'free'),
  ]).flat(),
  moved(200, ['mmioJob', 7], null, 'queued'),
  moved(201, ['mmioJob', 7], 'lock.granted', 'running'),
  moved(202, ['mmioJob', 8], null, 'queued'),
  moved(203, ['mmioJob', 7], 'bridge.completed', 'completed'),
];
const preamble = [encodeHeader(HEADER), encodeThread({ index: 0, actor: 'bql', name: 'BQL', number: 1 })];

describe('the Machines view', () => {
  const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-machines-'));
  const file = join(folder, 'run.agfx');
  let rig: Rig;
  let dashboard: Dashboard | null = null;
  let page: Page;
  beforeAll(async () => {
    writeFileSync(
      file,
      Buffer.concat([MAGIC, ...preamble, chunkOf(EVENTS), encodeEnd({ nanoseconds: 300 * MS, reason: 'done', statistics: {} })]),
    );
    rig = await Rig.start();
  });
  afterEach(async () => {
    await page.close();
    await dashboard?.close();
    dashboard = null;
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await rig.close();
  });

  const show = async (source: StreamSource, hash: string, theme: 'light' | 'dark' = 'light'): Promise<void> => {
    dashboard = await serveDashboard({ source });
    page = await rig.open(dashboard.url, { theme });
    await page.waitForSelector('.tab');
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page.waitForSelector('.machines svg');
  };
  const attribute = (selector: string, name: string): Promise<string | null> => page.getAttribute(`.machines ${selector}`, name);
  const badge = (path: string): Promise<string | null> => page.textContent(`.machines [data-path="${path}"] > .badge`);
  const listed = (list: string): Promise<string[]> => page.locator(`[data-list="${list}"] > li`).allTextContents();
  const activeOf = (): Promise<unknown> =>
    page.evaluate("[...document.querySelectorAll('.machines [data-active]')].map((each) => each.dataset.path)");
  /** Waits until a value is as it should be, since a page paints when it can. */
  const soon = (read: () => Promise<unknown>, value: unknown): Promise<void> => expect.poll(read).toEqual(value);

  it('shows every machine of a file, with counts, heat and how many go on', async () => {
    await show(await openFileSource(file), '#/machines');
    expect(await page.locator('.machines-card').count()).toBe(RECORDED.length);
    await soon(() => page.textContent('.machines-card:has([data-machine=lock]) .machines-head'), 'lock22 moves · 1 of 1 go on');
    await soon(() => page.textContent('.machines-card:has([data-machine=mmioJob]) .machines-head'), 'mmioJob2 moves · 1 of 2 go on');
    const inLock = (path: string): string => `[data-machine=lock] [data-path=${path}]`;
    expect([await attribute(inLock('free'), 'data-heat'), await attribute(inLock('lent'), 'data-heat')]).toEqual(['2', '0']);
    expect(await page.locator('.machines-legend .heat').allTextContents()).toEqual(['1', '10', '100', '1k', '10k', '100k', '1M']);
    await page.click('.machines-card:has([data-machine=lock])');
    expect(await page.evaluate('location.hash')).toContain('machine=lock');
  });

  it('shows one machine with its instances, the history of one, and what can happen next', async () => {
    await show(await openFileSource(file), '#/machines?machine=mmioJob');
    await soon(() => listed('instances'), ['#8queued0', '#7completed2']);
    expect([await badge('queued'), await badge('running'), await badge('completed')]).toEqual(['2', '1', '1']);
    expect(await activeOf()).toEqual(['', 'queued']);
    await page.click('text=#7');
    await soon(
      () => listed('history'),
      ['0.203000 sbridge.completed→ completed', '0.201000 slock.granted→ running', '0.200000 sbegan→ queued'],
    );
    await soon(activeOf, ['', 'completed']);
    await page.hover('.machines [data-path=running]');
    await soon(() => listed('next'), ['bridge.completed[anotherHalf]→ running0', 'bridge.completed→ completed1', 'bridge.failed→ failed0']);
    expect(await page.locator('.machines .arrow[data-next]').count()).toBe(3);
    await page.click('text=0.201000');
    await soon(activeOf, ['', 'running']);
    await soon(() => listed('next'), ['bridge.completed[anotherHalf]→ running0', 'bridge.completed→ completed0', 'bridge.failed→ failed0']);
  });

  it('goes move by move by keyboard, and in slow motion', async () => {
    await show(await openFileSource(file), '#/machines?machine=mmioJob');
    await soon(() => badge('completed'), '1');
    await page.keyboard.press(',');
    await soon(() => badge('completed'), '');
    await page.keyboard.press(',');
    await soon(() => listed('instances'), ['#7running1']);
    await page.keyboard.press('.');
    await soon(() => listed('instances'), ['#8queued0', '#7running1']);
    // What was taken is bright for a moment, and nothing is where one goes back.
    const lit = (): Promise<(string | null)[]> =>
      page.locator('.machines .arrow[data-fresh]').evaluateAll((all) => all.map((each) => each.textContent));
    await soon(lit, []);
    await page.keyboard.press('.');
    expect(await lit()).toEqual(['bridge.completed / replyToGuest']);
    await soon(lit, []);
    await page.keyboard.press(',');
    expect(await lit()).toEqual([]);
    await page.selectOption('.machines-bar select', '100');
    await page.keyboard.press('Space');
    await soon(() => badge('completed'), '1');
    const isSlow = (): Promise<string | null> => page.getAttribute('.machines-bar button:text-is("Slow")', 'aria-pressed');
    expect(await isSlow()).toBe('true');
    await page.keyboard.press('Space');
    expect(await isSlow()).toBe('false');
    await page.keyboard.press('n');
    await page.waitForSelector('.machines [data-machine=mappingJob]');
    await page.keyboard.press('Escape');
    await page.waitForSelector('.machines-grid');
  });

  it('follows a run, stops following while it is stepped through, and catches up', async () => {
    const run = new FakeRun(1000);
    run.preamble.splice(0, run.preamble.length, ...preamble);
    run.add(chunkOf(EVENTS.slice(0, 2)));
    await show(run, '#/machines?machine=lock');
    await soon(activeOf, ['', 'running']);
    run.add(chunkOf(EVENTS.slice(2, 3)));
    await soon(activeOf, ['', 'free']);
    await page.keyboard.press(',');
    await soon(activeOf, ['', 'running']);
    run.add(chunkOf(EVENTS.slice(3)));
    await page.keyboard.press('.');
    await soon(activeOf, ['', 'free']);
    await soon(() => badge('running'), '1');
    await page.keyboard.press('l');
    await soon(() => badge('running'), '11');
  });

  it('is readable in both themes: colours of the page’s', async () => {
    await show(await openFileSource(file), '#/machines?machine=lock', 'dark');
    const colours = async (): Promise<unknown> =>
      page.evaluate(
        `['.machines .machine > .box', '[data-path=lent] > .name'].map((each) => getComputedStyle(document.querySelector(each)).fill)`,
      );
    await soon(colours, ['rgb(26, 32, 41)', 'rgb(228, 233, 240)']);
    await page.keyboard.press('t');
    await soon(colours, ['rgb(255, 255, 255)', 'rgb(27, 33, 41)']);
  });

  it('shows names of any characters as texts, and says that a machine has no chart', async () => {
    const odd = '<img src=x onerror=alert(1)>';
    const definition = {
      name: odd,
      states: [
        { name: odd, parent: -1, kind: 'compound', initial: 1, description: odd, entry: [], exit: [], initialActions: [], invokes: [] },
        { name: odd, parent: 0, kind: 'atomic', initial: -1, description: odd, entry: [], exit: [], initialActions: [], invokes: [] },
      ],
      transitions: [{ source: 1, targets: [], event: odd, guard: { kind: 'name', name: odd }, actions: [odd], reenter: false }],
      layout: {
        width: 200,
        height: 100,
        states: [
          { x: 0, y: 0, width: 200, height: 100 },
          { x: 20, y: 30, width: 99, height: 50 },
        ],
        arrows: [],
      },
    };
    const machines = [
      { name: odd, events: [odd], states: [odd], definition },
      { name: 'without', events: [], states: [null, 1], definition: null },
    ];
    const run = new FakeRun();
    run.preamble.splice(0, run.preamble.length, encodeHeader({ ...HEADER, machines }));
    await show(run, '#/machines');
    expect(await page.locator('.machines img').count()).toBe(0);
    expect(await page.textContent('.machines [data-state="1"] > .name')).toBe(odd);
    expect(await page.textContent('.machines-card:has-text("without") .waiting')).toBe('The recording has no chart of it.');
  });
});
