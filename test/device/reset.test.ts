/**
 * Reset (device.md 7): at any time, with frames, accesses and callbacks in flight, in every revision that serves them; and what it leaves alone.
 */
import { describe, expect, it } from 'vitest';
import { DeviceClosedError, type Device } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import type { RawGuest } from './raw-guest.js';
import { until } from './raw-guest.js';
import { inspectBql, MapperRing, outcomeOf, play, roundsUntil, type Scene } from './revision-faults/scene.js';

/** Enough to keep a kick in flight until it is reset. */
const MAPPINGS = 5000;
const PAGE = 0x4000;
/** Far more than ever were needed, which is one. */
const ROUNDS = 10;

/** A kick that makes PVG ask for thousands of mappings, and frames that are swapped meanwhile. */
async function busy({ device, guest }: Scene): Promise<{ readonly kick: Promise<string> }> {
  await guest.start();
  for (let stamp = 1; stamp <= 20; stamp++) await guest.presentColour(0xff_00_00_00 + stamp, stamp);
  for (let index = 0; index < MAPPINGS; index++) guest.mapPage();
  await guest.announce();
  const before = device.statistics.upcalls;
  const kick = device.mmioWrite(L.REG_MAIN_KICK, 1).then(
    () => 'completed',
    (error: unknown) => (error as { code: string }).code,
  );
  // What PVG's own threads answer waits for nobody, and so is in no count.
  if (device.revision.tasks !== 'snapshot') await until(() => device.statistics.upcalls > before);
  return { kick };
}

/** A guest that starts over sees what it draws. */
async function startsOver(device: Device, guest: RawGuest, colour: number): Promise<void> {
  await guest.start();
  expect(await guest.fault()).toBe(0);
  await guest.presentColour(colour, 1);
  await until(() => device.surface?.snapshot()?.pixels[0] === colour);
}

describe.each(['v5', 'bh', 'hardened'] as const)('in %s a reset', (revision) => {
  it('with an access, callbacks and frames in flight completes, and a guest can start over', () =>
    play(revision, { encodeDelayMicroseconds: 2000, announceEveryFrame: true }, async (scene) => {
      const { device, guest } = scene;
      for (let round = 1; round <= 3; round++) {
        const { kick } = await busy(scene);
        await device.reset();
        // The access that was in flight has an answer, and nothing of the guest's is left.
        expect(await kick).toBe('completed');
        const { nestedWaits, sections, bottomHalves } = await inspectBql(device);
        expect({ nestedWaits, sections, bottomHalves }).toEqual({ nestedWaits: 0, sections: [], bottomHalves: [] });
        expect([await device.mmioRead(L.REG_START), await device.mmioRead(L.REG_MODE)]).toEqual([0, L.MODE_NONE]);
        await startsOver(device, guest, 0xff_12_00_00 + round);
        // What is started over can be reset at rest as well.
        await device.reset();
      }
    }));
});

describe('a reset', () => {
  it('leaves the picture, the cursor and the IOSurface mapper as they are, and takes the tasks away', () =>
    play('hardened', {}, async ({ device, guest }) => {
      await startsOver(device, guest, 0xff_33_22_11);
      guest.control(L.OP_CURSOR_GLYPH, 0, 0, 4, 4, 16, 32, 1, 2, 0, guest.gpa(0), 0, 64);
      guest.control(L.OP_CURSOR_SHOW, 0, 0, 0);
      await guest.kick();
      const ring = new MapperRing(device);
      await ring.start();
      expect(await ring.request(L.IOSFC_OP_MAP, 1, device.attachment.ramBase, PAGE)).toBe(L.IOSFC_OK);
      await until(() => device.upToDate && device.cursorImage !== null);
      const { tasks } = (await device.internals.inspect('bql')) as { tasks: number };
      expect(tasks).toBe(2);
      const mappings = async (): Promise<unknown> => (await device.internals.inspect('bql')).iosfcMappings;
      expect(await mappings()).toBe(3);

      await device.reset();
      expect((await device.internals.inspect('bql')).tasks).toBe(0);
      expect(device.surface?.snapshot()?.pixels[0]).toBe(0xff_33_22_11);
      expect(device.cursorImage).toMatchObject({ width: 4, height: 4, hotX: 1, hotY: 2 });
      expect(device.cursor.shown).toBe(false);
      // Ring, table and surface are still mapped; the mapper goes on where it was.
      expect(await mappings()).toBe(3);
      expect(await ring.request(L.IOSFC_OP_UNMAP, 1, 0, 0)).toBe(L.IOSFC_OK);
      expect(await mappings()).toBe(2);
    }));

  it('that is asked for while one runs joins it', () =>
    play('hardened', {}, async (scene) => {
      const { kick } = await busy(scene);
      const resets = [scene.device.reset(), scene.device.reset()];
      expect(scene.device.lifeCycle).toBe('resetting');
      expect(resets[1]).toBe(resets[0]);
      await Promise.all(resets);
      expect(await kick).toBe('completed');
      expect(scene.device.lifeCycle).toBe('running');
    }));

  it('that the device’s end cuts short is rejected with it', async () => {
    /** A reset that waits inside PVG for an encode of a second; false if it did not wait long enough to be cut short. */
    const cutShort = (): Promise<boolean> =>
      play('hardened', { encodeDelayMicroseconds: 1_000_000 }, async ({ device, guest }) => {
        await guest.start();
        await guest.presentColour(0xff_00_00_01, 1);
        await until(() => device.display.presents.encoded === 1);
        const end = outcomeOf(device.reset());
        // The tasks go before the encodes are waited for.
        await until(async () => (await device.internals.inspect('bql')).tasks === 0);
        await device.close();
        const outcome = await end;
        await expect(device.reset()).rejects.toBeInstanceOf(DeviceClosedError);
        // And not with what PVG, or the worker that it was on, had to say.
        if (outcome !== 'completed') expect(outcome).toEqual(new DeviceClosedError());
        return outcome !== 'completed';
      });
    expect(await roundsUntil(ROUNDS, cutShort)).not.toBeNull();
  });
});
