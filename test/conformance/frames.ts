/**
 * Frames, from PVG to the console (device.md 5).
 */
import { describe, expect, it } from 'vitest';
import { type Conformance, MODES, type Rig } from './rig.js';

const RED = 0xffff_0000;
const GREEN = 0xff00_ff00;
const BLUE = 0xff00_00ff;
const WHITE = 0xffff_ffff;

const draw = (rig: Rig, colour: number) => rig.run({ do: 'newFrame', port: 0, colour });

/** Whether the surface is all of that colour. */
export const shows = (rig: Rig, colour: number): boolean => rig.surface?.pixels.every((pixel) => pixel === colour) ?? false;

export const isIdle = async (rig: Rig): Promise<boolean> => (await rig.pipeline()).pipeline === 'idle';

/** Nobody is owed an update any more, and no frame is new to the console. */
async function drained(rig: Rig): Promise<Rig> {
  const update = rig.update();
  await rig.until('updates are done', () => update.isDone);
  return rig;
}

export function describeFrames({ open, revision }: Conformance): void {
  describe('a frame', () => {
    it('is shown whole, once', async () => {
      const rig = await open();
      expect(await draw(rig, RED)).toEqual({ ok: true });
      await rig.until('it is shown', () => rig.statistics.framesRendered === 1 && shows(rig, RED));
      expect(rig.surface).toMatchObject(MODES[0]);
      await rig.until('it is traced', () => rig.lines.includes('apple_gfx_new_frame'));
      expect(await draw(rig, GREEN)).toEqual({ ok: true });
      await rig.until('the next one is', () => rig.statistics.framesRendered === 2 && shows(rig, GREEN));
      expect(rig.guestErrors).toEqual([]);
    });

    it('of a managed texture is synchronised before it is shown', async () => {
      const rig = await open({ managedTextures: true });
      await draw(rig, BLUE);
      await rig.until('it is shown', () => rig.statistics.framesRendered === 1);
      expect(shows(rig, BLUE)).toBe(true);
    });

    const atOnce = revision.displayEvents === 'bh';
    it(`that comes inside an access is shown ${atOnce ? 'at once' : 'when the access is complete'}`, async () => {
      const rig = await open();
      expect(await rig.framesShownInsideAccess(WHITE)).toBe(atOnce ? 1 : 0);
      await rig.until('it is shown', () => rig.statistics.framesRendered === 1 && shows(rig, WHITE));
    });

    it('that PVG refuses to encode is not shown, is logged, and keeps none from being shown', async () => {
      const rig = await open({ refuseEvery: 2, fresh: true });
      await draw(rig, RED);
      await rig.until('the first is shown', () => rig.statistics.framesRendered === 1);
      await draw(rig, GREEN);
      await rig.until('the second is refused', () => rig.statistics.refusedEncodes === 1);
      await rig.until('that is logged', () => rig.guestErrors.includes('PVG refused to encode the current frame'));
      await rig.until('no frame is pending', () => isIdle(rig));
      expect(shows(rig, RED)).toBe(true);
      await draw(rig, BLUE);
      await rig.until('the third is shown', () => rig.statistics.framesRendered === 2);
      expect(shows(rig, BLUE)).toBe(true);
    });
  });

  it('of frames that come faster than they are rendered the last is shown, and two at most are pending', async () => {
    const rig = await open({ slowGpu: true });
    for (const colour of [RED, GREEN, BLUE, WHITE]) await draw(rig, colour);
    await rig.until('PVG has told of all', () => rig.pendingEvents === 0);
    // What a native GPU does in the meantime depends on how long this takes; a thread's own order of messages does not.
    const handled = rig.holdsGpu
      ? rig.until('two are pending', async () => JSON.stringify(await rig.pipeline()).includes('double'))
      : undefined;
    await handled;
    const { pipeline } = await rig.pipeline();
    const isExact = rig.holdsGpu || (revision.displayEvents === 'bh' && JSON.stringify(pipeline) === '{"rendering":"double"}');
    const before = rig.statistics.framesRendered;
    rig.releaseGpu();
    await rig.until('the last is shown', async () => shows(rig, WHITE) && (await isIdle(rig)));
    if (isExact && before === 0) expect(rig.statistics.framesRendered).toBe(2);
    expect(rig.statistics.framesRendered).toBeLessThanOrEqual(4);
  });

  describe('an update', () => {
    it('is done at once when there is nothing new', async () => {
      const rig = await drained(await open());
      const { updates } = rig;
      const update = rig.update();
      await rig.until('it is done', () => update.isDone);
      expect(rig.updates).toBe(updates);
    });

    it('hands the console what is new, once', async () => {
      const rig = await drained(await open());
      const { updates } = rig;
      await draw(rig, RED);
      await rig.until('the frame is there', () => rig.statistics.framesRendered === 1);
      expect(rig.updates).toBe(updates);
      for (let times = 0; times < 2; times++) {
        const update = rig.update();
        await rig.until('it is done', () => update.isDone);
        expect(rig.updates).toBe(updates + 1);
      }
    });

    it('waits for a frame that is pending, and one done answers all who asked', async () => {
      const rig = await drained(await open({ slowGpu: true }));
      const { updates } = rig;
      await draw(rig, GREEN);
      await rig.until('it is pending', async () => !(await isIdle(rig)) || rig.statistics.framesRendered > 0);
      const asked = [rig.update(), rig.update(), rig.update()];
      const isRequested = async (): Promise<boolean> => (await rig.pipeline()).freshness === 'requested';
      await rig.until('they wait', async () => (await isRequested()) || rig.statistics.framesRendered > 0);
      if (rig.statistics.framesRendered === 0) expect(asked.map(({ isDone }) => isDone)).toEqual([false, false, false]);
      rig.releaseGpu();
      await rig.until('all are done', () => asked.every(({ isDone }) => isDone));
      expect(shows(rig, GREEN)).toBe(true);
      expect(rig.updates).toBe(updates + 1);
    });
  });
}
