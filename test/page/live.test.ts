/**
 * A device with a guest on threads, in a real browser: what the page shows is the device's surface, each pixel of it.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Session, startSession } from '../../dist/src/cli/session.js';
import { LiveSource } from '../../dist/src/embed/recorder/live-source.js';
import { type Dashboard, serveDashboard } from '../../dist/src/visualiser/server/dashboard.js';
import { canvasPixels, Rig, textOf } from './rig.js';

let rig: Rig;
let session: Session;
let source: LiveSource;
let dashboard: Dashboard;
beforeAll(async () => {
  rig = await Rig.start();
});
afterAll(() => rig.close());
afterEach(async () => {
  for (const context of rig.browser.contexts()) for (const page of context.pages()) await page.close();
  source.close('done');
  await dashboard.close();
  await session.finish();
});

describe('a device that runs', () => {
  it('is seen as its surface is', async () => {
    const mode = { width: 640, height: 480, rateHz: 60 };
    session = await startSession({ device: { traceDetail: true }, mode, frames: undefined });
    session.ended.catch(() => undefined);
    const { device, machine } = session;
    source = new LiveSource(device, { title: 'a device' });
    dashboard = await serveDashboard({ source });
    const page = await rig.open(dashboard.url.replace('#', '#/display?'));
    const present = (): Promise<string> => textOf(page, '[data-fact=frame] .fact-value');
    await expect.poll(async () => Number(await present()), { timeout: 20_000 }).toBeGreaterThan(20);
    await machine?.pause();
    // A frame that was on its way may come yet, so the surface is looked at anew each time.
    const isSeen = async (): Promise<boolean> => {
      const expected = Buffer.alloc(4 * mode.width * mode.height);
      device.surface?.snapshot()?.pixels.forEach((word, index) => {
        expected.writeUInt32BE((((word & 0xff_ffff) << 8) | 0xff) >>> 0, 4 * index);
      });
      return (await canvasPixels(page.locator('.display-canvas'))).data.equals(expected);
    };
    await expect.poll(isSeen, { timeout: 10_000 }).toBe(true);
    expect(await textOf(page, '[data-fact=mode] .fact-value')).toBe('640×480');
  });
});
