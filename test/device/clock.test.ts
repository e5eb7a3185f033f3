/**
 * A device with a virtual clock: frames and interrupts happen at the nanosecond at which they must, and have happened when the clock has moved.
 */
import { describe, expect, it } from 'vitest';
import { createDevice, type Device, type DeviceOptions } from '../../dist/src/index.js';
import { MAX_CLOCK_NANOSECONDS } from '../../src/base/limits.js';
import * as L from '../../src/guest/layout.js';
import { RawGuest } from './raw-guest.js';

const SECOND = 1_000_000_000n;
const OPTIONS: DeviceOptions = {
  ...{ clock: 'virtual', ramBytes: 16 * 2 ** 20, pollMicroseconds: 0 },
  modes: [
    { width: 64, height: 48, rateHz: 60 },
    { width: 48, height: 64, rateHz: 24 },
  ],
};

async function made(more: DeviceOptions = {}): Promise<{ device: Device; guest: RawGuest }> {
  const device = await createDevice({ ...OPTIONS, ...more });
  const guest = new RawGuest(device);
  await guest.start();
  return { device, guest };
}

/** Puts a frame of each colour into the ring. */
async function draw(guest: RawGuest, colours: readonly number[]): Promise<void> {
  for (const [index, colour] of colours.entries()) {
    const at = guest.scratch + 32 * index;
    guest.poke(guest.taskOffset + at, L.DRAW_FILL, 32, 0, 0, 16_384, 16_384, colour, 0);
    guest.child(L.OP_EXEC, 0, 1, 32, at, 0);
    guest.child(L.OP_SWAP, index + 1, 0, 0);
  }
  await guest.doorbell();
}

const colourOf = (frame: number): number => (0xff00_0000 | (frame * 0x0a_0b)) >>> 0;

describe('a virtual clock', () => {
  it('stands still but when it is moved, and shows each of ten frames at its blank', async () => {
    const { device, guest } = await made();
    guest.enableDisplay(0, L.DISPLAY_EVENT_PRESENT);
    await guest.kick();
    const updates: bigint[] = [];
    device.on('update', () => updates.push(device.clock ?? -1n));
    await draw(
      guest,
      Array.from({ length: 10 }, (_, index) => colourOf(index + 1)),
    );
    expect([device.clock, device.nextVsync]).toEqual([0n, SECOND / 60n]);
    await device.advanceClock(16_666_665);
    expect([device.statistics.framesPresented, guest.stamp(1), device.surface?.snapshot()]).toEqual([0, 0, null]);
    const before = device.interrupts.count(0);
    for (let frame = 1; frame <= 10; frame++) {
      expect(await device.advanceClock(1n)).toBe((SECOND * BigInt(frame)) / 60n);
      expect(device.surface?.snapshot()?.pixels[0]).toBe(colourOf(frame));
      expect([device.statistics.framesRendered, guest.stamp(1), guest.pendingOf(0) & L.DISPLAY_EVENT_PRESENT]).toEqual([frame, frame, 2]);
      await device.mmioWrite(L.REG_DISPLAY_STATUS, 1);
      await device.mmioWrite(L.REG_GPU_STATUS, 1);
      guest.clearPending(0);
      const next = device.nextVsync ?? 0n;
      await device.advanceClock(next - (device.clock ?? 0n) - 1n);
    }
    // Of each frame one interrupt that it is shown, and one that its packet is done.
    expect(device.interrupts.count(0) - before).toBe(20);
    expect([device.statistics.framesDropped, device.statistics.framesPresented]).toEqual([0, 10]);
    expect(updates).toEqual([]);
    await device.close();
  });

  it('shows every frame on the way of one long move, and none twice', async () => {
    const { device, guest } = await made();
    await draw(
      guest,
      Array.from({ length: 30 }, (_, index) => colourOf(index + 1)),
    );
    expect(await device.advanceClock(SECOND)).toBe(SECOND);
    expect([device.statistics.framesRendered, device.statistics.framesDropped, guest.stamp(1)]).toEqual([30, 0, 30]);
    expect(device.nextVsync).toBe((61n * SECOND) / 60n);
    await device.close();
  });

  it('holds an encode up for as long as it takes, by the clock', async () => {
    const { device, guest } = await made({ encodeDelayMicroseconds: 20_000 });
    await draw(guest, [colourOf(1), colourOf(2)]);
    await device.advanceClock(SECOND / 60n);
    expect([device.statistics.framesPresented, device.statistics.framesRendered]).toEqual([1, 0]);
    await device.advanceClock(19_999_999n);
    expect([device.statistics.framesPresented, device.statistics.framesRendered]).toEqual([2, 0]);
    await device.advanceClock(1n);
    expect([device.statistics.framesPresented, device.statistics.framesRendered]).toEqual([2, 1]);
    expect(device.surface?.snapshot()?.pixels[0]).toBe(colourOf(1));
    await device.advanceClock(20_000_000n);
    expect(device.surface?.snapshot()?.pixels[0]).toBe(colourOf(2));
    await device.close();
  });

  it('goes on in a restored device where it was, and the options must agree with it', async () => {
    const { device, guest } = await made();
    await draw(guest, [colourOf(1), colourOf(2)]);
    await device.advanceClock(SECOND / 60n + 5n);
    const bytes = await device.save();
    expect(device.clock).toBe(SECOND / 60n + 5n);
    await expect(createDevice({ restore: bytes, clock: 'real' })).rejects.toThrow('clock is "real", the saved device has "virtual"');
    const restored = await createDevice({ restore: bytes });
    expect([restored.clock, restored.nextVsync]).toEqual([SECOND / 60n + 5n, SECOND / 30n]);
    await restored.advanceClock((restored.nextVsync ?? 0n) - (restored.clock ?? 0n));
    expect(restored.surface?.snapshot()?.pixels[0]).toBe(colourOf(2));
    await restored.close();
  });

  it('is moved by one after the other, as it is asked to', async () => {
    const { device } = await made({ clock: 'virtual' });
    expect(await Promise.all([device.advanceClock(5), device.advanceClock(7n), device.advanceClock(0)])).toEqual([5n, 12n, 12n]);
    const stop = new AbortController();
    const moved = device.advanceClock(100_000n * SECOND, { signal: stop.signal });
    const after = device.advanceClock(1);
    setTimeout(() => stop.abort(), 20);
    await expect(moved).rejects.toMatchObject({ name: 'AbortError' });
    // It came to a blank.
    const at = (await after) - 1n;
    expect(at > 12n && at < 100_000n * SECOND && (at + 1n) * 60n > SECOND).toBe(true);
    await device.close();
  });

  it('refuses what no clock can do, and says so', async () => {
    const { device } = await made();
    for (const wrong of [-1, -1n, 0.5, Number.NaN, 2 ** 53, MAX_CLOCK_NANOSECONDS + 1n]) {
      await expect(device.advanceClock(wrong)).rejects.toThrow(
        /^nanoseconds is .*, expected an integer in 0\.\..*: a clock never goes back$/,
      );
    }
    await device.advanceClock(1);
    await expect(device.advanceClock(MAX_CLOCK_NANOSECONDS)).rejects.toMatchObject({ code: 'ERR_ARGUMENT' });
    expect(device.clock).toBe(1n);
    await expect(createDevice({ clock: 'fast' as 'real' })).rejects.toThrow('clock is "fast", expected "real" or "virtual"');
    const real = await createDevice({ ramBytes: 2 ** 20 });
    expect([real.clock, real.nextVsync]).toEqual([null, null]);
    await expect(real.advanceClock(1)).rejects.toThrow("only one made with clock: 'virtual' can be moved");
    await real.close();
    const moving = device.advanceClock(1_000_000n * SECOND);
    const closed = device.close();
    await expect(moving).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await closed;
    await expect(device.advanceClock(1)).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    expect((device.clock ?? -1n) >= 1n).toBe(true);
  });

  it.each(['v5', 'bh', 'sync', 'unlock'] as const)('shows each frame in revision %s too', async (revision) => {
    const { device, guest } = await made({ revision });
    await draw(guest, [1, 2, 3].map(colourOf));
    const shown: number[] = [];
    for (let blank = 1; blank <= 4; blank++) {
      await device.advanceClock((device.nextVsync ?? 0n) - (device.clock ?? 0n));
      if (revision === 'sync') await device.update();
      shown.push(device.surface?.snapshot()?.pixels[0] ?? 0);
    }
    expect(shown).toEqual([1, 2, 3, 3].map(colourOf));
    await device.close();
  });
});
