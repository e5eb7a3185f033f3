/**
 * Save and restore: in the middle of an animation, into a new process, and what is refused.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createDevice, type Device, type DeviceOptions } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import { RawGuest, until } from './raw-guest.js';

const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-'));
afterAll(() => rmSync(folder, { recursive: true }));

const LAST = 40;
const MIDDLE = 17;

function animate(variant: string, first: number, last: number, ...more: string[]): Record<string, readonly string[]> {
  const args = ['test/device/animation.mjs', variant, String(first), String(last), ...more];
  return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }));
}

describe.each(['mmio', 'pci'])('an animation on a %s device, saved in its middle and restored in a new process', (variant) => {
  it('has the same remaining frames, pixel by pixel, as one that was not interrupted', () => {
    const file = join(folder, `${variant}.agfx`);
    const whole = animate(variant, 1, LAST);
    const before = animate(variant, 1, MIDDLE, '--save', file);
    const after = animate(variant, MIDDLE + 1, LAST, '--restore', file);
    expect(Object.keys(whole)).toHaveLength(LAST);
    expect(new Set(Object.values(whole).flat()).size).toBe(2 * LAST);
    expect({ ...before, ...after }).toEqual(whole);
  });
});

const SMALL: DeviceOptions = { modes: [{ width: 64, height: 48, rateHz: 60 }], vsync: false, ramBytes: 16 * 2 ** 20, variant: 'mmio' };
const PAGE = 0x4000;
const HIGH = 0x1_0000_0000;

/** A device with a picture, memory that was added, tasks and IOSurfaces. */
async function made(more: DeviceOptions = {}): Promise<{ device: Device; guest: RawGuest }> {
  const device = await createDevice({ ...SMALL, ...more });
  const memory = await device.addMemory({ gpa: HIGH, bytes: 2 * PAGE });
  memory.bytes.fill(0xab, 0, 16);
  const guest = new RawGuest(device);
  await guest.start();
  guest.control(L.OP_MAP, 0, 1, 0, 0x1f_0000, 0, 1, 0, 0, 1, PAGE, 0);
  await guest.kick();
  expect(await guest.fault()).toBe(0);
  await guest.presentColour(0xff_12_34_56, 1);
  await until(() => device.upToDate);
  return { device, guest };
}

describe('a saved device', () => {
  it('goes on with its picture, its memory and what was mapped of it', async () => {
    const { device } = await made();
    const bytes = await device.save();
    expect(device.lifeCycle).toBe('closed');
    await expect(device.mmioRead(L.REG_VERSION)).rejects.toThrow(/closed/);

    const restored = await createDevice({ restore: bytes, vsync: false });
    expect(restored.surface?.snapshot()?.pixels[0]).toBe(0xff_12_34_56);
    expect(restored.restoredMemory.map(({ gpa, bytes: view }) => [gpa, view[15], view[16]])).toEqual([[HIGH, 0xab, 0]]);
    const { regions } = (await restored.internals.inspect('bql')) as { regions: { name: string; references: number }[] };
    expect(regions.filter(({ references }) => references > 0)).toHaveLength(2);
    expect(await restored.mmioRead(L.REG_FAULT)).toBe(0);
    expect(await restored.mmioRead(L.REG_MODE)).toBe(0);
    await restored.close();
  });

  it('can be saved again', async () => {
    const { device } = await made();
    const restored = await createDevice({ restore: await device.save(), vsync: false });
    const again = await createDevice({ restore: await restored.save(), vsync: false });
    expect(again.surface?.snapshot()?.pixels[0]).toBe(0xff_12_34_56);
    await again.close();
  });

  it('is refused, with a clear error and nothing left, if it is damaged, foreign, or the options contradict it', async () => {
    const { device } = await made();
    const bytes = await device.save();
    const damaged = bytes.slice();
    damaged[bytes.length >> 1] = (damaged[bytes.length >> 1] ?? 0) ^ 1;
    await expect(createDevice({ restore: damaged })).rejects.toThrow(/^saved state: /);
    await expect(createDevice({ restore: bytes.slice(0, -1) })).rejects.toThrow(/^saved state: /);
    await expect(createDevice({ restore: readFileSync('package.json') })).rejects.toThrow(/^saved state: /);
    await expect(createDevice({ restore: bytes, variant: 'pci' })).rejects.toThrow(/variant is "pci", the saved device has "mmio"/);
    await expect(createDevice({ restore: bytes, displays: 2 })).rejects.toThrow(/displays is 2, the saved device has 1/);
    const restored = await createDevice({ restore: bytes });
    await restored.close();
  });

  it('is refused while memory that was removed is still mapped, and goes on', async () => {
    const device = await createDevice(SMALL);
    const memory = await device.addMemory({ gpa: HIGH, bytes: 2 * PAGE });
    const guest = new RawGuest(device);
    await guest.start();
    guest.control(L.OP_MAP, 0, 1, 0, 0x1f_0000, 0, 1, 0, 0, 1, PAGE, 0);
    await guest.kick();
    await memory.remove();
    await expect(device.save()).rejects.toThrow(/memory at 0x100000000 was removed, but the guest still maps it/);
    expect(await device.mmioRead(L.REG_VERSION)).toBe(L.VERSION_VALUE);
    guest.control(L.OP_DELETE_TASK, 0, 1);
    await guest.kick();
    expect((await device.save()).length).toBeGreaterThan(0);
  });

  it('is refused by a device that was made so, which then blocks migration', async () => {
    const said: string[] = [];
    const migrationBlocker = { block: (reason: string) => said.push(reason), unblock: () => said.push('unblocked') };
    const device = await createDevice({ ...SMALL, savable: false, migrationBlocker });
    await expect(device.save()).rejects.toThrow(/savable: false/);
    expect(device.lifeCycle).toBe('running');
    expect(said).toHaveLength(1);
    await device.close();
    expect(said.at(-1)).toBe('unblocked');
    // One that can be saved needs no block.
    await (await createDevice({ ...SMALL, migrationBlocker })).close();
    expect(said).toHaveLength(2);
    const refusing = {
      block: () => {
        throw new TypeError('not now');
      },
      unblock: () => undefined,
    };
    await expect(createDevice({ ...SMALL, savable: false, migrationBlocker: refusing })).rejects.toThrow(/not now/);
  });
});

describe('apple-gfx run --save and --restore', () => {
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, ['dist/src/cli/main.js', 'run', '--vsync', 'off', ...args], { encoding: 'utf8' });

  it('end in the same picture as one run', () => {
    const [whole, rest, saved] = ['whole.png', 'rest.png', 'half.agfx'].map((name) => join(folder, name)) as [string, string, string];
    run('--mode', '320x240@60', '--frames', '30', '--out', whole);
    expect(run('--mode', '320x240@60', '--frames', '13', '--save', saved)).toContain(`--restore ${saved}`);
    run('--restore', saved, '--frames', '17', '--out', rest);
    expect(readFileSync(rest).equals(readFileSync(whole))).toBe(true);
  });

  it('refuse a foreign file in one line', () => {
    const file = join(folder, 'foreign');
    writeFileSync(file, 'nothing of ours');
    expect(() => run('--restore', file)).toThrow(/apple-gfx: saved state: /);
  });
});
