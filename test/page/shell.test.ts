/**
 * The page's shell in a real browser: what it says, keys, themes, reload, several viewers, and when it is cut off.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Page } from 'playwright-core';
import { type Dashboard, type DashboardOptions, serveDashboard } from '../../dist/src/visualiser/server/dashboard.js';
import { openFileSource } from '../../dist/src/visualiser/server/file-source.js';
import { encodeFrame, encodeNote } from '../../src/trace/recording/encoder.js';
import { FIRST_CREDIT } from '../../src/visualiser/server/protocol.js';
import { eventsChunk, FakeRun, fileBytes, frameOf, START_NS } from './recordings.js';
import { pixelAt, pixelsOf, Rig, textOf } from './rig.js';

let rig: Rig;
let dashboard: Dashboard;
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(() => rig.close());
afterEach(async () => {
  for (const context of rig.browser.contexts()) for (const page of context.pages()) await page.close();
  await dashboard.close();
  rig.check();
});

async function serve(options: Partial<DashboardOptions> = {}): Promise<FakeRun> {
  const run = new FakeRun();
  run.add(eventsChunk([[START_NS, 'apple_gfx_new_frame', []]]));
  run.showFrame(0);
  dashboard = await serveDashboard({ source: run, ...options });
  return run;
}

/** The page's address at the Display view, which these tests use as any view. */
const displayUrl = (): string => dashboard.url.replace('#', '#/display?');
const status = (page: Page): Promise<string> => textOf(page, '.status-word, .status-detail');

describe('the shell', () => {
  it('shows its name, that it is live, its views and the time', async () => {
    await serve();
    const page = await rig.open(displayUrl());
    await expect.poll(() => status(page)).toBe('live · a run');
    expect(await textOf(page, 'h1')).toBe('apple-gfx');
    expect(await page.locator('.tab').allTextContents()).toContain('Display');
    expect(await page.locator('.tab[aria-current=page]').count()).toBe(1);
    await expect.poll(() => textOf(page, '.time-text')).toBe('0.000 s');
    expect(await textOf(page, '.follow')).toBe('Live');
    expect(page.url()).not.toContain('token');
  });

  it('fits into a small screen and a large one', async () => {
    await serve();
    for (const [width, height] of [
      [1280, 800],
      [3840, 2160],
    ] as const) {
      const page = await rig.open(displayUrl(), { width, height });
      await expect.poll(() => status(page)).toBe('live · a run');
      const overflow = await page.evaluate(
        '[document.documentElement, document.querySelector(".bar")].map((e) => e.scrollWidth - e.clientWidth)',
      );
      expect(overflow).toEqual([0, 0]);
    }
  });

  it('follows the end, or stays at a moment', async () => {
    const run = await serve();
    const page = await rig.open(displayUrl());
    await expect.poll(() => status(page)).toBe('live · a run');
    run.add(eventsChunk([[START_NS + 2e9, 'apple_gfx_new_frame', []]]));
    await expect.poll(() => textOf(page, '.time-text')).toBe('2.000 s');
    await page.locator('.time-range').fill('5000');
    await expect.poll(() => textOf(page, '.time-text')).toBe('1.000 s');
    run.add(eventsChunk([[START_NS + 4e9, 'apple_gfx_new_frame', []]]));
    await expect.poll(() => page.locator('.time-range').inputValue()).toBe('2500');
    expect(await textOf(page, '.time-text')).toBe('1.000 s');
    expect(await page.locator('.follow').getAttribute('aria-pressed')).toBe('false');
    await page.locator('h1').click();
    await page.keyboard.press('l');
    await expect.poll(() => textOf(page, '.time-text')).toBe('4.000 s');
  });

  it('is used by keys, which ? lists', async () => {
    await serve();
    const page = await rig.open(displayUrl());
    await expect.poll(() => status(page)).toBe('live · a run');
    await page.keyboard.press('?');
    const help = page.getByRole('dialog');
    const listed = await textOf(page, '.help');
    for (const words of ['light or dark', 'follow the end', 'show Display', 'one frame back']) expect(listed).toContain(words);
    expect(await page.evaluate('document.activeElement.textContent')).toBe('Close');
    // What lies behind the help takes no keys.
    await page.keyboard.press('1');
    expect(page.url()).toContain('#/display');
    await page.keyboard.press('Escape');
    await expect.poll(() => help.count()).toBe(0);
    const tabs: unknown[] = [];
    for (let count = 0; count < 12; count++) {
      await page.keyboard.press('Tab');
      tabs.push(await page.evaluate('document.activeElement.tagName'));
    }
    expect(tabs[0]).toBe('A');
    expect(tabs).toContain('BUTTON');
  });

  it('has the system’s theme, and the one that was chosen also after a reload', async () => {
    await serve();
    const background = async (page: Page): Promise<string> => pixelAt(await pixelsOf(page), 5, 300);
    const light = await rig.open(displayUrl(), { isStranger: true });
    const dark = await rig.open(displayUrl(), { theme: 'dark', isStranger: true });
    for (const page of [light, dark]) await expect.poll(() => status(page)).toBe('live · a run');
    expect([await background(light), await background(dark)]).toEqual(['#f6f7f9', '#12161c']);
    await light.keyboard.press('t');
    await expect.poll(() => background(light)).toBe('#12161c');
    await light.reload();
    await expect.poll(() => status(light)).toBe('live · a run');
    expect(await background(light)).toBe('#12161c');
    await light.emulateMedia({ colorScheme: 'light' });
    expect(await background(light)).toBe('#12161c');
    await dark.emulateMedia({ colorScheme: 'light' });
    await expect.poll(() => background(dark)).toBe('#f6f7f9');
  });

  it('is let in again after a reload, and a second page of the same browser too', async () => {
    await serve();
    const page = await rig.open(displayUrl());
    await expect.poll(() => status(page)).toBe('live · a run');
    await page.reload();
    await expect.poll(() => status(page)).toBe('live · a run');
    const second = await rig.open(dashboard.url.replace(/#.*/, '#/display'));
    await expect.poll(() => status(second)).toBe('live · a run');
    expect(dashboard.statistics.length).toBe(2);
  });

  it('says how to get in to who doesn’t know the token', async () => {
    await serve();
    const page = await rig.open(displayUrl().replace(/token=.*/, 'token=wrong'), { isStranger: true });
    await expect.poll(() => textOf(page, '.notice')).toContain('open the address that the command printed');
    expect(await status(page)).toContain('disconnected');
    expect(dashboard.statistics.length).toBe(0);
  });

  it('shows two viewers the same, and one of them that stalls does not hold up the other', async () => {
    const run = await serve();
    const [stalled, other] = [await rig.open(displayUrl()), await rig.open(displayUrl(), { isStranger: true })];
    for (const page of [stalled, other]) await expect.poll(() => status(page)).toBe('live · a run');
    // Its script stands still, as one does that has too much to do.
    const debug = await stalled.context().newCDPSession(stalled);
    const isStanding = new Promise((resolve) => debug.once('Debugger.paused', resolve));
    await debug.send('Debugger.enable');
    await debug.send('Debugger.pause');
    run.showFrame(1);
    await isStanding;
    for (let number = 0; number < 300; number++) {
      run.add(encodeNote({ nanoseconds: START_NS + number * 1e7, kind: 'trace', text: 'x'.repeat(40_000) }));
      run.showFrame(number);
      const sent = 40_000 * (number + 1);
      while ((dashboard.statistics[1]?.sentBytes ?? 0) < sent) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    run.add(eventsChunk([[START_NS + 9e9, 'apple_gfx_new_frame', []]]));
    await expect.poll(() => textOf(other, '.time-text')).toBe('9.000 s');
    const [first, second] = dashboard.statistics;
    expect(second?.skippedPieces).toBe(0);
    expect(first?.sentBytes).toBeLessThan(FIRST_CREDIT + 100_000);
    expect(second?.sentBytes).toBeGreaterThan(2 * FIRST_CREDIT);
    expect(first?.heldBytes).toBeLessThan(1e6);
    await debug.send('Debugger.disable');
    await expect.poll(() => textOf(stalled, '.time-text')).toBe('9.000 s');
    expect(dashboard.statistics[0]?.skippedPieces).toBeGreaterThan(0);
  });

  it('says that it was cut off and why, keeps what it has, and comes back by itself', async () => {
    rig.expectProblem(/WebSocket connection to/);
    const run = await serve({ token: 'the-same' });
    const page = await rig.open(displayUrl());
    await expect.poll(() => status(page)).toBe('live · a run');
    const { port } = dashboard;
    await dashboard.close();
    await expect.poll(() => status(page)).toContain('disconnected · the ');
    expect(await page.locator('.display').count()).toBe(1);
    dashboard = await serveDashboard({ source: run, port, token: 'the-same' });
    await expect.poll(() => status(page), { timeout: 15_000 }).toBe('live · a run');
  });

  it('says what is wrong with a stream that is none', async () => {
    const run = await serve();
    const page = await rig.open(displayUrl());
    await expect.poll(() => status(page)).toBe('live · a run');
    run.add(Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7));
    await expect.poll(() => status(page)).toMatch(/disconnected · recording: there is no chunk at byte \d+/);
    expect(await textOf(page, '.notice')).toMatch(/^disconnected.*there is no chunk at byte \d+/);
    expect(await status(page)).not.toContain('trying again');
  });

  it('names what is wrong with a file, shows what comes before it, and is told to be silent', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'shell-'));
    const path = join(folder, 'cut.agfxrec');
    writeFileSync(path, fileBytes(5).subarray(0, -30));
    const source = await openFileSource(path);
    try {
      dashboard = await serveDashboard({ source });
      const page = await rig.open(displayUrl());
      await expect
        .poll(() => status(page))
        .toMatch(/^incomplete · cut.agfxrec · it ends within a chunk: its last \d+ bytes can't be read$/);
      expect(await textOf(page, '.notice span')).toMatch(/^it ends within a chunk/);
      await expect.poll(() => textOf(page, '[data-fact=frame] .fact-value')).toBe('5');
      await page.getByRole('button', { name: 'Close' }).click();
      expect(await page.locator('.notice').count()).toBe(0);
      expect(await status(page)).toContain('incomplete');
    } finally {
      await source.close();
      rmSync(folder, { recursive: true });
    }
  });

  it('lets in whoever puts the right address into a page that was not let in', async () => {
    await serve();
    const page = await rig.open(displayUrl().replace(/token=.*/, 'token=wrong'), { isStranger: true });
    await expect.poll(() => status(page)).toContain('disconnected');
    await page.goto(displayUrl());
    await expect.poll(() => status(page)).toBe('live · a run');
    expect(page.url()).not.toContain('token');
  });

  it('has buttons for the guest only where that is allowed', async () => {
    const calls: string[] = [];
    const modules: DashboardOptions['modules'] = [
      (registry) => {
        registry.method('guest.pause', () => void calls.push('pause'), { control: true });
        registry.method('guest.reset', () => Promise.reject(new RangeError('the guest has ended')), { control: true });
        return undefined;
      },
    ];
    await serve({ modules });
    const reader = await rig.open(displayUrl());
    await expect.poll(() => status(reader)).toBe('live · a run');
    expect(await reader.getByRole('button', { name: 'Pause the guest' }).count()).toBe(0);
    await dashboard.close();
    await serve({ modules, control: true });
    const page = await rig.open(displayUrl());
    await page.getByRole('button', { name: 'Pause the guest' }).click();
    await expect.poll(() => calls).toEqual(['pause']);
    expect(await page.getByRole('button', { name: 'Continue the guest' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Reset the guest' }).click();
    await expect.poll(() => textOf(page, '.bar .fault')).toBe('the guest has ended');
    rig.expectProblem(/WebSocket connection to/);
  });

  it('is 60 kB at most, as it is sent: what all views take together may not grow unseen', () => {
    const sizes = ['index.html', 'app.js', 'app.css'].map((name) => statSync(`dist/page/${name}.gz`).size);
    expect(sizes.reduce((sum, size) => sum + size)).toBeLessThanOrEqual(60_000);
  });

  it('shows a frame that a file or a run has in pieces too', async () => {
    const run = await serve();
    run.add(encodeFrame(frameOf(10)));
    const page = await rig.open(displayUrl());
    await expect.poll(() => textOf(page, '[data-fact=mode] .fact-value')).toBe('64×48');
  });
});
