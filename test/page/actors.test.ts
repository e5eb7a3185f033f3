/**
 * Another program's XState actors on the page.
 */
import { createWebSocketInspector } from '@statelyai/inspect';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { type Dashboard, serveDashboard } from '../../dist/src/visualiser/server/dashboard.js';
import { inspectModule } from '../../dist/src/visualiser/server/inspect.js';
import { FakeRun } from './recordings.js';
import { Rig } from './rig.js';

const lamp = createMachine({ id: 'lamp', initial: 'off', states: { off: { on: { press: 'on' } }, on: { on: { press: 'off' } } } });

describe('the actors view', () => {
  let rig: Rig;
  let dashboard: Dashboard;
  beforeAll(async () => {
    dashboard = await serveDashboard({ source: new FakeRun(), token: 'of-the-test', modules: [inspectModule] });
    rig = await Rig.start();
  });
  afterAll(async () => {
    await rig.close();
    await dashboard.close();
  });

  it('shows a program’s actors, their states in the chart, and their events, as they come', async () => {
    const page = await rig.open(dashboard.url);
    await page.waitForSelector('.tab');
    await page.evaluate('location.hash = "#/actors"');
    await page.waitForSelector('code');
    const inspector = createWebSocketInspector({ url: `ws://127.0.0.1:${dashboard.port}/inspect?token=of-the-test` });
    const actor = createActor(lamp, { inspect: inspector.inspect });
    actor.start();
    const isActive = (name: string): Promise<unknown> =>
      page.waitForSelector(`.actors [data-state][data-active]:has-text("${name}")`, { state: 'attached' });
    await isActive('off');
    actor.send({ type: 'press' });
    await isActive('on');
    await page.waitForSelector('.actors-list button:has-text("lamp: on")');
    expect(await page.textContent('.actors-list button')).toMatch(/^lamp: on · \d+$/);
    expect(await page.textContent('.actors-side li')).toBe('press');
    inspector.stop();
    await page.waitForSelector('.actors-list button:has-text("gone")');
    await page.close();
  });
});
