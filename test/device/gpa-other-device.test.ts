/**
 * readMemory of another device's registers, on real threads: what its handler answers is what PVG reads (device.md 4.2).
 *
 * PVG reads a cursor's bitmap from there; what it read is the cursor's image.
 */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDevice, type Device, DeviceClosedError } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import { RawGuest, until, wordOfPixel } from './raw-guest.js';

const PAGE = 0x4000;
const PLACE = 0x1_0000_0000;
const REFUSED = (L.FAULT_MEMORY << 16) | L.OP_CURSOR_GLYPH;
/** Every byte of it tells the offset or the place in the word. */
const valueAt = (offset: number): number => (0xc0_00_00_00 + 0x01_01_01 * (offset % 256)) >>> 0;

describe.each(['v5', 'hardened'] as const)("another device's registers, in %s", (revision) => {
  let device: Device;
  let guest: RawGuest;
  let offsets: number[];
  let errors: string[];
  let cursors: number;

  beforeEach(async () => {
    const modes = [{ width: 64, height: 48, rateHz: 60 }];
    device = await createDevice({ revision, modes, vsync: false, ramBytes: 16 * 2 ** 20 });
    guest = new RawGuest(device);
    offsets = [];
    errors = [];
    cursors = 0;
    device.on('guestError', (text) => errors.push(text));
    device.on('cursor', () => cursors++);
    await guest.start();
  });
  afterEach(() => device.close());

  /** Answers with valueAt(), and remembers what it was asked for. */
  const read = (offset: number): number => {
    offsets.push(offset);
    return valueAt(offset);
  };

  /** The words that PVG reads from `gpa` on. */
  async function words(gpa: number, width: number): Promise<number[]> {
    const before = cursors;
    guest.cursor({ gpa, width, height: 1, stride: 4 * width });
    await guest.kick();
    expect(await guest.fault()).toBe(0);
    await until(() => cursors === before + 1);
    return [...(device.cursorImage?.pixels ?? [])].map(wordOfPixel);
  }

  /** The fault that reading a word from `gpa` ends with; the guest goes on afterwards. */
  async function fault(gpa: number): Promise<number> {
    guest.cursor({ gpa, width: 1, height: 1, stride: 4 });
    await guest.kick();
    const code = await guest.fault();
    if (code !== 0) await guest.clearFault();
    return code;
  }

  it('are read 4 bytes at a time, in order, each once', async () => {
    await device.addDevice({ gpa: PLACE, bytes: PAGE, read });
    expect(await words(PLACE + 0x20, 4)).toEqual([0x20, 0x24, 0x28, 0x2c].map(valueAt));
    expect(offsets).toEqual([0x20, 0x24, 0x28, 0x2c]);
  });

  it('are read whole where only a part is wanted, and the part is given', async () => {
    await device.addDevice({ gpa: PLACE, bytes: PAGE, read });
    // Three bytes of the register at 4, the low one first, and then one of that at 8.
    expect(await words(PLACE + 5, 1)).toEqual([((valueAt(4) >>> 8) | (valueAt(8) << 24)) >>> 0]);
    expect(offsets).toEqual([4, 8]);
  });

  it('are read between memory before and behind them', async () => {
    const before = await device.addMemory({ gpa: PLACE, bytes: PAGE });
    await device.addDevice({ gpa: PLACE + PAGE, bytes: PAGE, read });
    const behind = await device.addMemory({ gpa: PLACE + 2 * PAGE, bytes: PAGE, kind: 'rom' });
    before.bytes.fill(0x11);
    behind.bytes.fill(0x22);
    expect(await words(PLACE + PAGE - 4, 2)).toEqual([0x11_11_11_11, valueAt(0)]);
    expect(await words(PLACE + 2 * PAGE - 4, 2)).toEqual([valueAt(PAGE - 4), 0x22_22_22_22]);
  });

  it('are those of the device that lies there, of two', async () => {
    await device.addDevice({ gpa: PLACE, bytes: PAGE, read: () => 1 });
    await device.addDevice({ gpa: PLACE + PAGE, bytes: PAGE, read: () => -1 });
    expect(await words(PLACE + PAGE - 4, 2)).toEqual([1, 0xff_ff_ff_ff]);
  });

  it('that fail to be read fail the whole read, and leave the cursor', async () => {
    await device.addDevice({ gpa: PLACE, bytes: PAGE, read: (offset) => (offset === 8 ? null : read(offset)) });
    await words(PLACE, 2);
    expect(await fault(PLACE + 8)).toBe(REFUSED);
    expect(await fault(PLACE + 6)).toBe(REFUSED);
    // What comes after the byte that can't be had is not asked for.
    expect(offsets).toEqual([0, 4, 4]);
    expect(await words(PLACE + 12, 1)).toEqual([valueAt(12)]);
    // Nothing of what failed was shown in between.
    expect(cursors).toBe(2);
    expect(errors).toEqual([]);
  });

  it('whose handler throws fail the read, and it is said what was thrown', async () => {
    const read = (offset: number): number => {
      if (offset === 0) throw new RangeError('no such register');
      return valueAt(offset);
    };
    await device.addDevice({ gpa: PLACE, bytes: PAGE, read });
    expect(await fault(PLACE)).toBe(REFUSED);
    expect(errors).toEqual([expect.stringMatching(/offset 0x0 threw: .*no such register/)]);
    expect(await words(PLACE + 4, 1)).toEqual([valueAt(4)]);
  });

  it('that were removed are not read, and what they covered is seen', async () => {
    const memory = await device.addMemory({ gpa: PLACE + PAGE, bytes: PAGE });
    memory.bytes.fill(0x33);
    const other = await device.addDevice({ gpa: PLACE, bytes: 2 * PAGE, read });
    expect(await words(PLACE + PAGE, 1)).toEqual([valueAt(PAGE)]);
    await other.remove();
    await other.remove();
    expect(await words(PLACE + PAGE, 1)).toEqual([0x33_33_33_33]);
    expect(await fault(PLACE)).toBe(REFUSED);
    expect(offsets).toEqual([PAGE]);
  });

  it('that are removed while they are read are read to the end', async () => {
    let removed: Promise<void> | undefined;
    const other = await device.addDevice({
      gpa: PLACE,
      bytes: PAGE,
      read: (offset) => {
        removed ??= other.remove();
        return valueAt(offset);
      },
    });
    expect(await words(PLACE, 3)).toEqual([0, 4, 8].map(valueAt));
    await removed;
    expect(await fault(PLACE)).toBe(REFUSED);
  });

  it('are read with the BQL held: an access that is made meanwhile comes after', async () => {
    let version: Promise<number> | undefined;
    let answered = 0;
    let askedFor = 0;
    await device.addDevice({
      gpa: PLACE,
      bytes: PAGE,
      read: (offset) => {
        version ??= device.mmioRead(L.REG_VERSION).finally(() => {
          answered = askedFor;
        });
        askedFor++;
        return valueAt(offset);
      },
    });
    expect(await words(PLACE, 64)).toHaveLength(64);
    expect(await version).toBe(L.VERSION_VALUE);
    expect(answered).toBe(64);
  });

  it('may come later, as promises, whose rejection fails the read', async () => {
    const later = async (offset: number): Promise<number | null> => {
      await new Promise((resolve) => setImmediate(resolve));
      if (offset === 8) throw new TypeError('no such register');
      return offset === 16 ? null : valueAt(offset);
    };
    await device.addDevice({ gpa: PLACE, bytes: PAGE, read: later });
    expect(await words(PLACE, 2)).toEqual([0, 4].map(valueAt));
    expect(await fault(PLACE + 4)).toBe(0);
    expect(await fault(PLACE + 8)).toBe(REFUSED);
    expect(errors.at(-1)).toMatch(/register at offset 0x8 threw: .*no such register/);
    expect(await fault(PLACE + 16)).toBe(REFUSED);
    expect(await words(PLACE, 1)).toEqual([valueAt(0)]);
  });

  it('that are memory come in whole pieces, at once or later, of the length that was asked for', async () => {
    const pieces: [number, number][] = [];
    const bytesAt = (offset: number, length: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (offset + at) % 251);
    const readBytes = (offset: number, length: number): Uint8Array | null | Promise<Uint8Array | null> => {
      pieces.push([offset, length]);
      if (offset === 0x2000) return null;
      if (offset === 0x2004) return Promise.reject(new TypeError('unreachable'));
      if (offset === 0x2008) return bytesAt(offset, length - 1);
      return offset % 8 === 0 ? bytesAt(offset, length) : Promise.resolve(bytesAt(offset, length));
    };
    await device.addDevice({ gpa: PLACE, bytes: PAGE, readBytes });
    const word = (at: number): number => new DataView(bytesAt(at, 4).buffer).getUint32(0, true);
    expect(await words(PLACE + 12, 3)).toEqual([12, 16, 20].map(word));
    expect(await words(PLACE + 16, 3)).toEqual([16, 20, 24].map(word));
    expect(pieces).toEqual([
      [12, 12],
      [16, 12],
    ]);
    for (const offset of [0x2000, 0x2004, 0x2008]) expect(await fault(PLACE + offset)).toBe(REFUSED);
    expect(errors.join()).toMatch(/unreachable/);
    expect(errors.join()).toMatch(/of 4 bytes at offset 0x2008 gave something else than 4 bytes/);
    expect(await words(PLACE, 1)).toEqual([word(0)]);
  });

  it('need somebody who reads them', async () => {
    await expect(device.addDevice({ gpa: PLACE, bytes: PAGE })).rejects.toThrow(/needs a function read or readBytes/);
    await expect(device.addDevice({ gpa: PLACE, bytes: PAGE, read: 5 as never })).rejects.toThrow(/read is no function/);
    await expect(device.addDevice({ gpa: PLACE, bytes: PAGE, readBytes: 5 as never })).rejects.toThrow(/readBytes is no function/);
  });

  it('whose answer never comes end with the device', async () => {
    await device.addDevice({ gpa: PLACE, bytes: PAGE, read: () => new Promise(() => undefined) });
    guest.cursor({ gpa: PLACE, width: 1, height: 1, stride: 4 });
    const kick = guest.kick().catch((error: unknown) => error);
    await new Promise((resolve) => setTimeout(resolve, 20));
    await device.close();
    expect(await kick).toBeInstanceOf(DeviceClosedError);
  });

  it('whose handler closes the device end the guest’s access', async () => {
    await device.addDevice({
      gpa: PLACE,
      bytes: PAGE,
      read: (offset) => {
        void device.close();
        return valueAt(offset);
      },
    });
    guest.cursor({ gpa: PLACE, width: 1, height: 1, stride: 4 });
    await expect(guest.kick()).rejects.toThrow(DeviceClosedError);
    await device.close();
    expect(cursors).toBe(0);
  });
});
