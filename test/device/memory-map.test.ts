/**
 * A memory map that changes under a running device, on real threads and real memory.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDevice, type Device } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import { RawGuest, until } from './raw-guest.js';

const PAGE = 0x4000;
const HIGH = 0x1_0000_0000;
const pair = (value: number): [number, number] => [value % 2 ** 32, Math.floor(value / 2 ** 32)];

describe('guest memory that comes and goes', () => {
  let device: Device;
  let guest: RawGuest;

  beforeEach(async () => {
    device = await createDevice({ modes: [{ width: 64, height: 48, rateHz: 60 }], vsync: false, ramBytes: 16 * 2 ** 20 });
    guest = new RawGuest(device);
    await guest.start();
  });
  afterEach(() => device.close());

  const references = async (id: number): Promise<number | undefined> => {
    const { regions } = (await device.internals.inspect('bql')) as { regions: { id: number; references: number }[] };
    return regions.find((region) => region.id === id)?.references;
  };

  /** Has a page at `gpa` mapped where the child ring is not; the device's fault, which START clears. */
  async function mapFault(gpa: number, readOnly: 0 | 1): Promise<number> {
    guest.control(L.OP_MAP, 0, 1, readOnly, 0x18_0000, 0, 1, 0, ...pair(gpa), PAGE, 0);
    await guest.kick();
    return guest.fault();
  }

  /** The cursor's image, read from `gpa` by readMemory: side² words. */
  async function glyph(gpa: number, side: number): Promise<Uint32Array> {
    const image = new Promise<Uint32Array>((resolve) => device.once('cursor', ({ pixels }) => resolve(pixels)));
    guest.control(L.OP_CURSOR_GLYPH, 0, 0, side, side, 4 * side, 32, 0, 0, 0, ...pair(gpa), 4 * side * side);
    await guest.kick();
    expect(await guest.fault()).toBe(0);
    return image;
  }

  it('is mapped once it is there, and only while it is there', async () => {
    const memory = await device.addMemory({ gpa: HIGH, bytes: 4 * PAGE });
    expect(await mapFault(HIGH + PAGE, 0)).toBe(0);
    await memory.remove();
    expect(await mapFault(HIGH + PAGE, 0)).toBe((L.FAULT_MEMORY << 16) | L.OP_MAP);
  });

  it('is mapped at the far end of a task of 16 GiB, the largest that there is', async () => {
    guest.control(L.OP_DEFINE_TASK, 0, 2, 0, ...pair(2 ** 34));
    guest.control(L.OP_MAP, 0, 2, 0, ...pair(2 ** 34 - PAGE), 1, 0, ...pair(guest.gpa(0)), PAGE, 0);
    await guest.kick();
    expect(await guest.fault()).toBe(0);
    guest.control(L.OP_DEFINE_TASK, 0, 3, 0, ...pair(2 ** 34 + PAGE));
    await guest.kick();
    expect(await guest.fault()).toBe((L.FAULT_PACKET << 16) | L.OP_DEFINE_TASK);
  });

  it('holds references per task, and none after a reset', async () => {
    expect(await references(1)).toBe(2); // the internal task's and task 1's, however often they mapped it
    const memory = await device.addMemory({ gpa: HIGH, bytes: PAGE });
    expect(await references(4)).toBe(0);
    for (let times = 0; times < 3; times++) expect(await mapFault(HIGH, 0)).toBe(0);
    expect(await references(4)).toBe(1);
    await memory.remove();
    expect(await references(4)).toBeUndefined();
    memory.bytes[0] = 77;
    expect(memory.bytes[0]).toBe(77); // task 1 still has it
    await device.reset();
    expect(await references(1)).toBe(0);
    expect(memory.bytes[0]).toBe(0);
  });

  it('is read-only to the guest if it is ROM', async () => {
    await device.addMemory({ gpa: HIGH, bytes: PAGE, kind: 'rom' });
    expect(await mapFault(HIGH, 1)).toBe(0);
    expect(await mapFault(HIGH, 0)).toBe((L.FAULT_MEMORY << 16) | L.OP_MAP);
  });

  it('is read across regions, and what covers it is seen', async () => {
    const side = 8;
    const below = await device.addMemory({ gpa: HIGH, bytes: PAGE });
    const above = await device.addMemory({ gpa: HIGH + PAGE, bytes: PAGE, kind: 'rom' });
    below.bytes.fill(0x11);
    above.bytes.fill(0x22);
    const half = 2 * side * side;
    const across = await glyph(HIGH + PAGE - half, side);
    expect(new Set(across.subarray(0, half / 4))).toEqual(new Set([0x11_11_11_11]));
    expect(new Set(across.subarray(half / 4))).toEqual(new Set([0x22_22_22_22]));
    const cover = await device.addMemory({ gpa: HIGH, bytes: 2 * PAGE, priority: 5 });
    cover.bytes.fill(0x33);
    expect(new Set(await glyph(HIGH + PAGE - half, side))).toEqual(new Set([0x33_33_33_33]));
    await cover.remove();
    expect((await glyph(HIGH + PAGE, side))[0]).toBe(0x22_22_22_22);
  });

  it('may cover the register window', async () => {
    await device.addMemory({ gpa: device.windowBase, bytes: PAGE, priority: 2 });
    expect((await glyph(device.windowBase, 4))[0]).toBe(0);
    await until(() => device.statistics.guestErrors === 0);
  });

  it('refuses what makes no sense, by name', async () => {
    await expect(device.addMemory({ gpa: 1, bytes: PAGE })).rejects.toThrow(/multiples of 16384/);
    await expect(device.addMemory({ gpa: -PAGE, bytes: PAGE })).rejects.toThrow(/gpa is -16384/);
    await expect(device.addMemory({ gpa: 0, bytes: 0 })).rejects.toThrow(/bytes is 0/);
    await expect(device.addMemory({ gpa: 0, bytes: PAGE, priority: 1.5 })).rejects.toThrow(/priority is 1.5/);
  });
});
