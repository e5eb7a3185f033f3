/**
 * Nested waits on real threads: what runs while an access is in flight, and what has to wait (threading.md 1).
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Message } from '../../actors/messages.js';
import { createDevice, type Device } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import { RawGuest, until } from './raw-guest.js';

/** Enough mappings to keep one write in flight while the test looks; they fit into the control ring. */
const MAPPINGS = 15_000;

/** A register's bytes, R first, as the ARGB word of a cursor. */
function pixelOf(register: number): number {
  const [r = 0, g = 0, b = 0, a = 0] = new Uint8Array(Uint32Array.of(register).buffer);
  return ((a << 24) | (r << 16) | (g << 8) | b) >>> 0;
}

interface Waiting {
  readonly sections: readonly number[];
  readonly nestedWaits: number;
}

describe.each(['v5', 'hardened'] as const)('while an access is in flight, in %s', (revision) => {
  let device: Device;
  let guest: RawGuest;
  let log: string[];

  beforeEach(async () => {
    const modes = [{ width: 64, height: 48, rateHz: 60 }];
    device = await createDevice({ revision, modes, vsync: false, trace: ['apple_gfx_*'], ramBytes: 16 * 2 ** 20 });
    log = [];
    device.on('trace', (line) => log.push(line.split(' ')[0] ?? ''));
    guest = new RawGuest(device);
    await guest.start();
    expect(await guest.fault()).toBe(0);
  });
  afterEach(() => device.close());

  it(`mapMemory is served, and a newFrame is ${revision === 'v5' ? 'not counted until it has completed' : 'counted at once'}`, async () => {
    // The swap waits for the first mapping of the kick, so the frame comes while the kick is in flight.
    guest.child((1 << 16) | L.OP_SWAP, 1, 0, 1, 0, 0);
    await guest.doorbell();
    for (let index = 0; index < MAPPINGS; index++) guest.mapPage(index === 0 ? 1 : 0);
    log.length = 0;
    let completed = false;
    const kick = guest.kick().then(() => {
      completed = true;
      log.push('completed');
    });

    const state = async () => (await device.internals.inspect('bql')) as unknown as Waiting;
    const arrived = async () =>
      revision === 'v5' ? (await state()).sections.includes(Message.displaySection) : device.statistics.framesRendered > 0;
    await until(async () => completed || (await arrived()));
    expect(completed).toBe(false);
    expect((await state()).nestedWaits).toBe(1);
    const served = log.filter((name) => name === 'apple_gfx_map_memory').length;
    expect(served).toBeGreaterThan(0);
    expect(served).toBeLessThan(MAPPINGS);
    if (revision === 'v5') {
      expect((await state()).sections).toContain(Message.displaySection);
      expect(device.statistics.framesRendered).toBe(0);
      expect(device.surface?.snapshot()).toBeNull();
    }

    await kick;
    await until(() => device.statistics.framesRendered === 1);
    expect(log.filter((name) => name === 'apple_gfx_map_memory')).toHaveLength(MAPPINGS);
    expect(log.lastIndexOf('apple_gfx_map_memory')).toBeLessThan(log.indexOf('completed'));
    expect(await guest.fault()).toBe(0);
  });

  it(`an access from within a bottom half is ${revision === 'v5' ? 'refused' : 'carried out'}, and the device goes on`, async () => {
    const errors: string[] = [];
    device.on('guestError', (text) => errors.push(text));
    // The cursor's bitmap is where the device's own registers are.
    const side = 4;
    guest.control(L.OP_CURSOR_GLYPH, 7, 0, side, side, 4 * side, 32, 0, 0, 0, device.windowBase + L.REG_VERSION, 0, 4 * side * side);
    log.length = 0;
    await guest.kick();
    expect(log).toContain('apple_gfx_read_memory');
    const reads = log.filter((name) => name === 'apple_gfx_read').length;
    if (revision === 'v5') {
      // Of the kick's two writes both reached PVG; the read of the window did not.
      expect(reads).toBe(0);
      expect(await guest.fault()).toBe((L.FAULT_MEMORY << 16) | L.OP_CURSOR_GLYPH);
      expect(guest.stamp(0)).toBe(0);
      await until(() => errors.length > 0);
      expect(errors[0]).toMatch(/gfx window at 0x[0-9a-f]+: refused/);
    } else {
      expect(reads).toBe(side * side);
      expect(await guest.fault()).toBe(0);
      expect(guest.stamp(0)).toBe(7);
      // The registers' bytes are the cursor's R, G, B and A.
      await until(() => device.cursorImage !== null);
      expect(device.cursorImage?.pixels[0]).toBe(pixelOf(L.VERSION_VALUE));
      expect(errors).toEqual([]);
    }

    await device.reset();
    await guest.start();
    await guest.presentColour(0xff_12_34_56, 1);
    await until(() => device.surface?.snapshot()?.pixels[0] === 0xff_12_34_56);
  });
});
