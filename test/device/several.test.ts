/**
 * Several devices in one process: each with threads, memory and displays of its own, and none the worse for another's end.
 */
import { afterEach, expect, it } from 'vitest';
import { type Session, startSession } from '../../dist/src/cli/session.js';
import { shown } from '../guest/drawing.js';
import { renderFrame } from '../reference/renderer.js';

const sessions: Session[] = [];
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.finish()));
});

async function start(variant: 'mmio' | 'pci', width: number, height: number, frames: number | undefined): Promise<Session> {
  const device = { variant, ramBytes: 2 ** 25, vsync: false, displays: variant === 'pci' ? 2 : 1 };
  const session = await startSession({ device, mode: { width, height, rateHz: 60 }, frames });
  session.ended.catch(() => undefined);
  sessions.push(session);
  return session;
}

it('four of them draw at once, each its own picture; one that is closed meanwhile takes nothing from the others', async () => {
  const endless = await start('mmio', 640, 480, undefined);
  const others = [
    { session: await start('mmio', 640, 400, 70), frames: 70 },
    { session: await start('pci', 400, 300, 60), frames: 60 },
    { session: await start('pci', 800, 600, 50), frames: 50 },
  ];
  while (endless.device.statistics.framesRendered < 5) await new Promise((resolve) => setTimeout(resolve, 5));
  await endless.device.close();
  expect(endless.device.lifeCycle).toBe('closed');
  for (const { session, frames } of others) {
    await session.ended;
    await shown(session.device);
    expect([session.device.lifeCycle, session.device.statistics.guestErrors]).toEqual(['running', 0]);
    for (const { surface, number } of session.device.displays) {
      const shot = surface?.snapshot();
      const wanted = renderFrame(frames, surface?.width ?? 0, surface?.height ?? 0, number);
      expect(shot?.pixels.findIndex((word, at) => word !== wanted[at])).toBe(-1);
      expect(shot?.present).toBe(frames);
    }
  }
  const serials = others.flatMap(({ session }) => session.device.displays.map(({ serial }) => serial));
  expect(new Set(serials).size).toBe(serials.length);
});
