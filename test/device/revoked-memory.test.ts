/**
 * Guest memory that is taken from everybody while PVG draws with it, what a device says of pages that tasks may have written, and
 * devices that are saved without their memory.
 */
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { Device, DeviceOptions, GuestMemory, RevisionName } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import { bareDevice, contentOf, Files, fill, GUEST_BYTES, guestIn, MIB } from './given-guest.js';
import { type RawGuest, until } from './raw-guest.js';

const files = new Files();
afterAll(() => files.close());

const PAGE = 4096;
const HIGH = 0x1_0000_0000;
const PATTERN = 0x5a;
const devices: Device[] = [];
afterEach(async () => {
  for (const device of devices.splice(0)) await device.close();
});

async function made(more: DeviceOptions): Promise<{ device: Device; memory: GuestMemory; guest: RawGuest }> {
  const device = await bareDevice(more);
  devices.push(device);
  const [memory] = device.memory;
  if (!memory) return expect.unreachable();
  return { device, memory, guest: guestIn(device, memory) };
}

interface Listed {
  readonly id: number;
  readonly gpa: number;
  readonly references: number;
}
const regions = async (device: Device): Promise<Listed[]> => ((await device.internals.inspect('bql')) as { regions: Listed[] }).regions;

const isAll = (bytes: Uint8Array, value: number): boolean => Buffer.compare(bytes, Buffer.alloc(bytes.length, value)) === 0;

/** Maps a page at HIGH into task 1, far from what else is in it; the fault that this ends with. */
async function mapHigh(guest: RawGuest, readOnly: 0 | 1 = 0): Promise<number> {
  guest.control(L.OP_MAP, 0, 1, readOnly, 0x18_0000, 0, 1, 0, 0, 1, PAGE, 0);
  await guest.kick();
  return guest.fault();
}

describe.each(['hardened', 'bh', 'v5'] as const)('memory that is revoked, in %s', (revision: RevisionName) => {
  it('while frames are drawn with it is not touched any more, and the device goes on with other memory', async () => {
    const fd = files.make(GUEST_BYTES);
    const source = { fd };
    const { device } = await made({ revision, memory: [{ gpa: 0, bytes: GUEST_BYTES, source }] });
    for (let round = 0; round < 4; round++) {
      const memory = device.memory[0] ?? (await device.addMemory({ gpa: 0, bytes: GUEST_BYTES, source }));
      fill(fd, GUEST_BYTES, 0);
      const guest = guestIn(device, memory);
      await guest.start();
      const before = device.statistics.framesPresented;
      for (let frame = 1; frame <= 150; frame++) void guest.presentColour(0xff00_0000 + frame, frame).catch(() => undefined);
      await until(() => device.statistics.framesPresented > before);
      await memory.remove({ revoke: true });
      fill(fd, GUEST_BYTES, PATTERN);
      // Accesses that PVG carries out now come upon zeros; what it finds there is the guest's fault.
      await device.mmioWrite(L.REG_CHILD_DOORBELL, 1);
      await device.mmioWrite(L.REG_MAIN_KICK, 1);
      await device.reset();
      expect(isAll(contentOf(fd, 0, GUEST_BYTES), PATTERN)).toBe(true);
      expect(memory.bytes.includes(PATTERN)).toBe(false);
      expect(device.memory).toEqual([]);
    }
  });

  it('is off the map, with no references left, and what was mapped of it reads as zeros', async () => {
    const fd = files.make(2 * PAGE);
    const { device, guest } = await made({ revision, memory: [{ gpa: 0, bytes: GUEST_BYTES }] });
    await guest.start();
    const high = await device.addMemory({ gpa: HIGH, bytes: 2 * PAGE, source: { fd } });
    expect(await mapHigh(guest)).toBe(0);
    await high.remove();
    high.bytes[1] = 7;
    await high.remove({ revoke: true });
    await high.remove({ revoke: true });
    expect(high.bytes[1]).toBe(0);
    expect(contentOf(fd, 1, 1)).toEqual(Uint8Array.of(7));
    // Nothing holds its place any more: else this would use up all of them.
    for (let times = 0; times < 40; times++) {
      const next = await device.addMemory({ gpa: HIGH, bytes: PAGE, source: { fd } });
      expect(await mapHigh(guest)).toBe(0);
      await next.remove({ revoke: true });
    }
    expect((await regions(device)).map(({ gpa }) => gpa)).not.toContain(HIGH);
    expect((await device.save()).length).toBeGreaterThan(0);
  });
});

describe('memory that is revoked', () => {
  it('leaves its slot to the next at once, though a task had it mapped', async () => {
    const { device, guest } = await made({ memory: [{ gpa: 0, bytes: GUEST_BYTES }] });
    await guest.start();
    for (let times = 0; times < 4200; times++) {
      const next = await device.addMemory({ gpa: HIGH, bytes: PAGE });
      if (times % 64 === 0) expect(await mapHigh(guest)).toBe(0);
      await next.remove({ revoke: true });
    }
  }, 60_000);

  it('is so also when the device closes first', async () => {
    const fd = files.make(GUEST_BYTES);
    const { device, memory, guest } = await made({ memory: [{ gpa: 0, bytes: GUEST_BYTES, source: { fd } }] });
    await guest.start();
    const closed = device.close();
    await memory.remove({ revoke: true });
    fill(fd, GUEST_BYTES, PATTERN);
    await closed;
    await memory.remove({ revoke: true });
    await expect(memory.remove()).rejects.toThrow(/closed/);
    expect(isAll(contentOf(fd, 0, GUEST_BYTES), PATTERN)).toBe(true);
    expect(memory.bytes[0]).toBe(0);
  });
});

describe('pages that tasks may have written', () => {
  const bitsOf = (bitmap: Uint8Array): number[] =>
    [...bitmap].flatMap((byte, at) => [0, 1, 2, 3, 4, 5, 6, 7].filter((bit) => (byte & (1 << bit)) !== 0).map((bit) => 8 * at + bit));

  it('are all at first, and then those that tasks show for writing', async () => {
    const { device, guest } = await made({ memory: [{ gpa: 0, bytes: GUEST_BYTES }] });
    await guest.start();
    const high = await device.addMemory({ gpa: HIGH, bytes: 10 * PAGE });
    expect(bitsOf(high.takeDirtyPages(PAGE))).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(high.takeDirtyPages(PAGE)).toEqual(new Uint8Array(8));
    expect(await mapHigh(guest, 1)).toBe(0);
    expect(bitsOf(high.takeDirtyPages(PAGE))).toEqual([]);
    guest.control(L.OP_MAP, 0, 1, 0, 0x18_0000, 0, 1, 0, 3 * PAGE, 1, 2 * PAGE, 0);
    await guest.kick();
    expect(bitsOf(high.takeDirtyPages(PAGE))).toEqual([3, 4]);
    guest.control(L.OP_DELETE_TASK, 0, 1);
    await guest.kick();
    expect(await guest.fault()).toBe(0);
    expect(bitsOf(high.takeDirtyPages(2 * PAGE))).toEqual([1, 2]);
    expect(bitsOf(high.takeDirtyPages(PAGE))).toEqual([]);
    high.endDirtyLog();
    expect(bitsOf(high.takeDirtyPages(16 * PAGE))).toEqual([0]);
  });

  it('are always all in the mmio variant, whose IOSurface mapper writes too', async () => {
    const device = await bareDevice({ variant: 'mmio', memory: [{ gpa: 0x4000_0000, bytes: GUEST_BYTES }] });
    devices.push(device);
    expect(device.memory[0]?.takeDirtyPages(PAGE).every((byte) => byte === 0xff)).toBe(true);
    expect(device.memory[0]?.takeDirtyPages(PAGE).every((byte) => byte === 0xff)).toBe(true);
  });

  it('refuse sizes that can’t be, and memory that is gone', async () => {
    const { memory } = await made({ memory: [{ gpa: 0, bytes: GUEST_BYTES }] });
    expect(() => memory.takeDirtyPages(2048)).toThrow(/pageBytes is 2048/);
    expect(() => memory.takeDirtyPages(3 * PAGE)).toThrow(/pageBytes is 12288, expected a power of two/);
    expect(() => memory.takeDirtyPages(Number.NaN)).toThrow(/pageBytes is NaN/);
    expect(memory.takeDirtyPages(PAGE)).toHaveLength(GUEST_BYTES / PAGE / 8);
    await memory.remove();
    expect(() => memory.takeDirtyPages(PAGE)).toThrow(/no living RAM/);
  });
});

describe('a device that is saved without memory', () => {
  it('goes on with the memory that is given, wherever that comes from', async () => {
    const fd = files.make(GUEST_BYTES);
    const before = await made({ memory: [{ gpa: 0, bytes: GUEST_BYTES, source: { fd } }] });
    await before.guest.start();
    await before.guest.presentColour(0xff_12_34_56, 1);
    await until(() => before.device.upToDate);
    const state = await before.device.save({ memory: false });
    expect(state.length).toBeLessThan(MIB / 4);

    await expect(bareDevice({ restore: state })).rejects.toThrow(/saved without its memory, which has to be given/);
    const restore = { restore: state, modes: undefined as never };
    await expect(bareDevice({ ...restore, memory: [] })).rejects.toThrow(/PVG can't go on/);
    const most = 6 * MIB;
    const after = await made({
      ...restore,
      memory: [
        { gpa: 0, bytes: most, source: { fd } },
        { gpa: most, bytes: GUEST_BYTES - most, source: { fd, offset: most } },
      ],
    });
    expect(after.device.surface?.snapshot()?.pixels[0]).toBe(0xff_12_34_56);
    const whole = await after.device.addMemory({ gpa: 0, bytes: GUEST_BYTES, priority: 9, source: { fd } });
    expect(whole.bytes[0x30_0000]).toBeGreaterThan(0);
    expect(after.device.restoredMemory).toEqual([]);
  });

  it('or with it, into memory that is given for each piece', async () => {
    const memory = [
      { gpa: 0, bytes: GUEST_BYTES },
      { gpa: HIGH, bytes: PAGE },
    ];
    const before = await made({ memory });
    await before.guest.start();
    const high = before.device.memory[1]?.bytes ?? expect.unreachable();
    high[3] = 77;
    const state = await before.device.save();
    const fd = files.make(GUEST_BYTES + PAGE);
    const given = [
      { gpa: HIGH, bytes: PAGE, source: { fd, offset: GUEST_BYTES } },
      { gpa: 0, bytes: GUEST_BYTES, source: { fd } },
    ];
    const restore = { restore: state, modes: undefined as never };
    await expect(bareDevice({ ...restore, memory: given.slice(0, 1) })).rejects.toThrow(
      /8388608 bytes of ram at 0x0, which `memory` lacks/,
    );
    const after = await bareDevice({ ...restore, memory: given });
    devices.push(after);
    expect(contentOf(fd, GUEST_BYTES + 3, 1)).toEqual(Uint8Array.of(77));
    expect(after.memory).toHaveLength(2);
    const own = await bareDevice(restore);
    devices.push(own);
    expect(own.restoredMemory.map(({ gpa }) => gpa)).toEqual([0, HIGH]);
    expect(own.memory[1]?.bytes[3]).toBe(77);
  });
});
