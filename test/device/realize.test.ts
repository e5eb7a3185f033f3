/**
 * What a device is when it has just been made, in each revision and variant, and that nothing is left of one that could not be made
 * (device.md 1, 3, 6 and 7).
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { loadBridge } from '../../dist/src/bridge/native.js';
import { createDevice, type Device, type DeviceOptions, type RevisionName } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import { Board } from '../../src/runtime/board.js';
import { RawGuest, until } from './raw-guest.js';

const SMALL: DeviceOptions = { vsync: false, ramBytes: 2 ** 24 };

const made: Device[] = [];
async function make(options: DeviceOptions): Promise<Device> {
  const device = await createDevice({ ...SMALL, ...options });
  made.push(device);
  return device;
}
afterEach(() => Promise.all(made.splice(0).map((device) => device.close())));

/** The lines that a device traced before it served its first access. */
async function realizeLines(options: DeviceOptions): Promise<string[]> {
  const lines: string[] = [];
  const device = await make({ ...options, trace: ['apple_gfx_common*', 'apple_gfx_display_mode'] });
  device.on('trace', (line) => lines.push(line.replace('apple_gfx_', '')));
  await device.internals.inspect('bql');
  return lines;
}

describe('the first mode and the modes offered', () => {
  it.each<[RevisionName, number[] | null, number]>([
    ['v5', [1440, 1080], 2],
    ['bh', null, 3],
    ['hardened', [1920, 1080], 3],
  ])('%s: %j of %i', async (revision, mode, count) => {
    const device = await make({ revision });
    expect(await device.mmioRead(L.REG_MODE_COUNT)).toBe(count);
    expect(await device.mmioRead(L.REG_MODE)).toBe(L.MODE_NONE);
    if (mode === null) expect(device.surface).toBeNull();
    else expect([device.surface?.width, device.surface?.height]).toEqual(mode);
    // Nothing was drawn, so the picture is zeros, and no frame.
    expect(device.surface?.snapshot() ?? null).toBeNull();
    expect(device.surface?.pixels.every((pixel) => pixel === 0) ?? true).toBe(true);
    // A cursor would be shown, but there is none, and nowhere.
    expect([device.cursor.shown, device.cursor.position, device.cursorImage]).toEqual([true, null, null]);
  });

  it('are 1440 by 1080 in v5 whatever the list says, and the first of the list in ours', async () => {
    const modes = [{ width: 64, height: 48, rateHz: 60 }];
    expect((await make({ revision: 'v5', modes })).surface?.width).toBe(1440);
    expect((await make({ modes })).surface?.width).toBe(64);
  });

  it('are traced in the merged revision and ours, with the property if there is one', async () => {
    const init = 'common_init device: apple-gfx-mmio; MMIO size: 16384 bytes';
    const list = ['display_mode mode  0: 1920x1080', 'display_mode mode  1: 1440x1080', 'display_mode mode  2: 1280x1024'];
    expect(await realizeLines({ revision: 'v5' })).toEqual([init]);
    expect(await realizeLines({ revision: 'bh' })).toEqual([init, ...list]);
    expect(await realizeLines({ modes: [{ width: 64, height: 48, rateHz: 60 }] })).toEqual([
      init,
      "common_realize_modes_property using 1 modes supplied by 'display-modes' device property",
      'display_mode mode  0:   64x  48',
    ]);
  });
});

describe('the serials of two devices', () => {
  const serials = async (options: DeviceOptions): Promise<number[]> => {
    const devices = [await make(options), await make(options)];
    return Promise.all(devices.map((device) => device.mmioRead(L.REG_SERIAL)));
  };

  it('are the same in v5, so that a guest ignores the second display', async () => {
    expect(await serials({ revision: 'v5' })).toEqual([1, 1]);
  });

  it('are counted in the merged revision', async () => {
    const [first = 0, second = 0] = await serials({ revision: 'bh' });
    expect(second).toBe(first + 1);
  });

  it('are what the embedder gives in ours', async () => {
    expect(await serials({ displaySerials: [77] })).toEqual([77, 77]);
  });
});

it('its threads all serve from the start, so that the thread that made it may wait inside an access at once', async () => {
  const { board } = (await make({})).attachment;
  // A worker that is only expected has no thread yet.
  expect(new Board(board).workers.map(({ thread }) => thread > 0)).toEqual([true, true]);
});

describe('the variant', () => {
  it('mmio has a second window and no place on a PCI bus', async () => {
    const device = await make({});
    expect(device.pci).toBeNull();
    expect(device.iosfcBase).toBeGreaterThan(device.windowBase);
    await device.iosfcWrite(L.IOSFC_RING_BASE, 0x1234_5678_9abc_def0n);
    expect(await device.iosfcRead(L.IOSFC_RING_BASE)).toBe(0x1234_5678_9abc_def0n);
    expect(await device.iosfcRead(L.IOSFC_WINDOW_LENGTH)).toBe(0n);
  });

  it('pci is Apple’s display controller with one BAR and MSI, and has no mapper', async () => {
    const device = await make({ variant: 'pci', optionRom: new Uint8Array(3000) });
    expect(device.pci).toEqual({
      vendor: 0x106b,
      device: 0xeeee,
      classCode: 0x0380,
      bar0Bytes: L.GFX_WINDOW_LENGTH,
      msi: { vectors: 32, is64Bit: true, masksVectors: false },
      romBytes: 4096,
    });
    expect(device.iosfcBase).toBeNull();
    await device.iosfcWrite(L.IOSFC_RING_BASE, 5n);
    expect(await device.iosfcRead(L.IOSFC_RING_BASE)).toBe(0n);
    expect((await make({ variant: 'pci', vectors: 1 })).pci).toMatchObject({ msi: { vectors: 1 }, romBytes: 0 });
  });

  it('pci comes and goes while other devices run, so that a VMM may plug it', async () => {
    const stays = await make({ variant: 'pci' });
    for (let times = 0; times < 3; times++) {
      const plugged = await make({ variant: 'pci' });
      expect(await plugged.mmioRead(L.REG_VERSION)).toBe(L.VERSION_VALUE);
      await plugged.close();
      expect(await stays.mmioRead(L.REG_VERSION)).toBe(L.VERSION_VALUE);
    }
  });

  it('refuses a register offset that is none', async () => {
    const device = await make({});
    for (const offset of [Number.NaN, 4.5, -4, Number.POSITIVE_INFINITY]) {
      await expect(device.mmioRead(offset)).rejects.toThrow(`register offset is ${offset}`);
      await expect(device.iosfcWrite(offset, 1n)).rejects.toThrow(/register offset/);
    }
  });
});

describe('of a device that can’t be made nothing is left', () => {
  const bridge = loadBridge();

  /** What a device has of the process: threads, PVG's among them, files of its RAM, and a listener. */
  function held(): { threads: number; pvg: number; rams: number; listeners: number } {
    const threads = readdirSync('/proc/self/task').map((id) => {
      try {
        return readFileSync(`/proc/self/task/${id}/comm`, 'utf8');
      } catch {
        return 'has ended';
      }
    });
    const rams = readdirSync('/proc/self/fd').filter((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).includes('pvg-ram');
      } catch {
        return false;
      }
    });
    const pvg = threads.filter((name) => name.startsWith('pvg-')).length;
    return { threads: threads.length, pvg, rams: rams.length, listeners: process.listenerCount('exit') };
  }

  /** Makes a device, which must fail, and waits until the process has what it had before. */
  async function fails(options: DeviceOptions, reason: RegExp): Promise<void> {
    // The first device starts threads of Node's that stay.
    await (await createDevice(SMALL)).close();
    await until(() => held().pvg === 0);
    const before = held();
    await expect(createDevice({ ...SMALL, ...options })).rejects.toThrow(reason);
    await until(() => {
      const { threads, pvg, rams, listeners } = held();
      return threads <= before.threads && pvg === 0 && rams === before.rams && listeners === before.listeners;
    });
  }

  /** Takes all that there is of something. */
  function exhaust(create: () => number): number[] {
    const taken: number[] = [];
    for (let handle = create(); handle !== 0; handle = create()) taken.push(handle);
    return taken;
  }

  it('for want of a file with its option ROM', () => fails({ variant: 'pci', optionRom: '/nope/rom' }, /optionRom \/nope\/rom: ENOENT/));

  it('because migration can’t be blocked', async () => {
    const refuse = (): never => {
      throw new TypeError('not now');
    };
    await fails({ savable: false, migrationBlocker: { block: refuse, unblock: () => undefined } }, /migration can't be blocked: not now/);
  });

  it('and migration is allowed again, if it fails after it was blocked', async () => {
    const said: string[] = [];
    const migrationBlocker = { block: () => said.push('block'), unblock: () => said.push('unblock') };
    await fails({ savable: false, migrationBlocker, variant: 'pci', optionRom: '/nope/rom' }, /ENOENT/);
    expect(said).toEqual(['block', 'unblock']);
  });

  it('for want of a group', async () => {
    await (await createDevice(SMALL)).close();
    const groups = exhaust(() => bridge.pvg_group_create());
    await expect(createDevice(SMALL)).rejects.toThrow(/^make a device: /);
    for (const group of groups) bridge.pvg_group_destroy(group);
    await (await createDevice(SMALL)).close();
  });

  it('for want of mailboxes, when it has its RAM already', async () => {
    await (await createDevice(SMALL)).close();
    const group = bridge.pvg_group_create();
    const before = held();
    const mailboxes = exhaust(() => bridge.pvg_mailbox_create(group, 1, 0));
    for (const mailbox of mailboxes.splice(0, 3)) bridge.pvg_mailbox_destroy(mailbox);
    await expect(createDevice(SMALL)).rejects.toThrow(/^make a mailbox: /);
    expect(held()).toMatchObject({ pvg: 0, rams: before.rams, listeners: before.listeners });
    bridge.pvg_group_destroy(group);
    await (await createDevice(SMALL)).close();
  });

  it('for want of a task’s range, when all its threads run and PVG goes on from a saved state', async () => {
    const device = await createDevice(SMALL);
    const guest = new RawGuest(device);
    await guest.start();
    const restore = await device.save();
    await (await createDevice(SMALL)).close();
    const group = bridge.pvg_group_create();
    exhaust(() => bridge.pvg_range_create(group, bridge.pvg_page_size()));
    await fails({ restore, ramBytes: 2 ** 24 }, /PVG can't go on from the saved state/);
    bridge.pvg_group_destroy(group);
    const restored = await createDevice({ restore, vsync: false });
    expect(await restored.mmioRead(L.REG_FAULT)).toBe(0);
    await restored.close();
  });
});
