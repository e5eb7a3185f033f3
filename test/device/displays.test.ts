/**
 * Displays of a device: hot-plug, and other modes while it runs (device.md 4.6 and 6).
 */
import { afterEach, describe, expect, it } from 'vitest';
import { createDevice, type Device, type DeviceOptions, REVISION_NAMES, type Surface } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import { RawGuest, until } from './raw-guest.js';

const small = { width: 64, height: 48, rateHz: 60 };
const large = { width: 80, height: 60, rateHz: 60 };
const options: DeviceOptions = { vsync: false, ramBytes: 16 * 2 ** 20 };

let device: Device;
afterEach(() => device.close());

const select = (port: number): Promise<void> => device.mmioWrite(L.REG_DISPLAY, port);

describe('a display that is plugged in later', () => {
  it('is not there for the guest until it has modes, and is then told of and set', async () => {
    device = await createDevice({ ...options, displays: 2, displayModes: [[small], []] });
    const guest = new RawGuest(device);
    await guest.start();
    expect(await device.mmioRead(L.REG_PORTS)).toBe(2);
    await select(1);
    expect([await device.mmioRead(L.REG_CONNECTED), await device.mmioRead(L.REG_MODE_COUNT)]).toEqual([0, 0]);
    expect(device.displays[1]?.surface).toBeNull();
    expect(device.displays[1]?.modes).toEqual([]);

    guest.enableDisplay(1, L.DISPLAY_EVENT_ONLINE);
    await guest.kick();
    device.displays[1]?.setModes([large, small]);
    await until(async () => (await device.mmioRead(L.REG_DISPLAY_STATUS)) === 2);
    expect(guest.pendingOf(1) & L.DISPLAY_EVENT_ONLINE).toBe(L.DISPLAY_EVENT_ONLINE);
    expect([await device.mmioRead(L.REG_CONNECTED), await device.mmioRead(L.REG_MODE_COUNT)]).toEqual([1, 2]);
    await device.mmioWrite(L.REG_MODE, 0);
    await until(() => device.displays[1]?.surface !== null);
    expect(device.displays[1]?.surface?.width).toBe(80);
    expect(device.surface?.width).toBe(64);
  });

  it('is called as QEMU calls it, and as large', async () => {
    device = await createDevice({ ...options, displays: 2 });
    for (const port of [0, 1]) {
      await select(port);
      const words: number[] = [];
      for (let index = 0; index < 4; index++) words.push(await device.mmioRead(L.REG_NAME + 4 * index));
      expect(Buffer.from(Uint32Array.from(words).buffer).toString()).toBe('QEMU display\0\0\0\0');
      expect(await device.mmioRead(L.REG_SIZE_MM)).toBe(400 * 0x1_0000 + 300);
    }
  });

  it('has a serial of its own', async () => {
    device = await createDevice({ ...options, displays: 3, displaySerials: [7, 9, 8] });
    const serials: number[] = [];
    for (const port of [0, 1, 2]) {
      await select(port);
      serials.push(await device.mmioRead(L.REG_SERIAL));
    }
    expect(serials).toEqual([7, 9, 8]);
    expect(device.displays.map(({ serial }) => serial)).toEqual(serials);
  });
});

describe('the picture of an earlier mode', () => {
  it('stays readable as it was, whatever becomes of the mode and the device', async () => {
    device = await createDevice({ ...options, modes: [small, large] });
    const guest = new RawGuest(device);
    await guest.start();
    await guest.presentColour(0xff_0a_0b_0c, 1);
    await until(() => device.surface?.snapshot()?.pixels[0] === 0xff_0a_0b_0c);
    const earlier = device.surface;
    await device.mmioWrite(L.REG_MODE, 1);
    await until(() => device.surface?.width === 80);
    expect(device.surface?.snapshot()).toBeNull();
    expect(device.surface?.pixels.every((pixel) => pixel === 0)).toBe(true);
    await device.close();
    expect(earlier?.snapshot()?.pixels).toEqual(new Uint32Array(64 * 48).fill(0xff_0a_0b_0c));
  });
});

// In async-write the guest's own writes overtake each other, so that it may never come up.
describe.each(REVISION_NAMES.filter((name) => name !== 'async-write'))('in revision %s other modes from the host', (revision) => {
  it('reach the guest as an event, and come back as a mode change', async () => {
    device = await createDevice({ ...options, variant: 'pci', revision, modes: [small] });
    const surfaces: Surface[] = [];
    device.on('surface', (surface) => surfaces.push(surface));
    device.interrupts.setMsiEnabled(true);
    const guest = new RawGuest(device);
    await guest.start();
    guest.enableDisplay(0, L.DISPLAY_EVENT_MODES);
    await guest.kick();
    await until(() => device.surface?.width === 64);
    const interrupts = device.interrupts.count(L.VECTOR_DISPLAY);

    device.display.setModes([large, small]);
    await until(() => device.interrupts.count(L.VECTOR_DISPLAY) > interrupts);
    expect(guest.pendingOf(0) & L.DISPLAY_EVENT_MODES).toBe(L.DISPLAY_EVENT_MODES);
    expect(device.surface?.width).toBe(64);
    await device.mmioWrite(L.REG_MODE, 0);
    await until(() => device.surface?.width === 80);
    expect(surfaces.at(-1)?.height).toBe(60);
    expect(() => device.display.setModes([])).toThrow(/display modes/);
    expect(() => device.display.setModes([{ ...small, width: 20_000 }])).toThrow(/16384/);
    expect(device.display.modes).toEqual([large, small]);
  });
});
