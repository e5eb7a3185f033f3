/**
 * A guest whose RAM was saved goes on where it was; RAM that is damaged, foreign or hostile is refused.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DeviceClosedError } from '../../src/base/errors.js';
import { GuestDriver } from '../../src/guest/driver.js';
import { GuestDriverError } from '../../src/guest/errors.js';
import * as L from '../../src/guest/layout.js';
import { STATE_OFFSET } from '../../src/guest/placement.js';
import { runGuest } from '../../src/guest/program.js';
import { sceneOf } from '../../src/guest/scene.js';
import { ModelDevice, type ModelOptions } from './model-device.js';

const options: ModelOptions = { modes: [['640x480'], ['800x600']], iosfc: true };
const lazy: ModelOptions = { ...options, lazy: true };

function present(driver: GuestDriver, frames: number): void {
  for (let count = 0; count < frames; count++) {
    driver.present((frame, { port, width, height }) => sceneOf(frame, width, height, port));
  }
}

/** The guest's writes, but for acknowledgements: those depend on which interrupts had come when. */
const writes = ({ accesses }: ModelDevice): string[] =>
  accesses.filter((access) => access.includes('write') && !/ 0x101[48] /.test(access));

/** A device with a guest that has drawn so many frames, which may still be in the device. */
function deviceAfter(frames: number, model: ModelOptions): ModelDevice {
  const device = new ModelDevice(model);
  present(GuestDriver.start(device), frames);
  return device;
}

describe('a guest that is continued', () => {
  it.each([
    ['that keeps up', options],
    ['that lags behind', lazy],
  ])('does to a device %s what it would have done without the break', (_, model) => {
    const whole = new ModelDevice(model);
    const driver = GuestDriver.start(whole);
    present(driver, 20);
    driver.finish();

    const first = deviceAfter(10, model);
    const second = first.successor();
    const resumed = GuestDriver.resume(second);
    const presentedAtBreak = second.presented.length;
    present(resumed, 10);
    resumed.finish();

    expect(presentedAtBreak).toBe(0);
    expect([...first.presented, ...second.presented]).toEqual(whole.presented);
    expect([...first.mapper.requests, ...second.mapper.requests]).toEqual(whole.mapper.requests);
    const rungAgain = model === lazy ? ['write 0x1020 1', 'write 0x1020 2'] : [];
    const before = writes(first);
    expect([...before, ...writes(second)]).toEqual([
      ...writes(whole).slice(0, before.length),
      ...rungAgain,
      ...writes(whole).slice(before.length),
    ]);
    expect(Buffer.compare(second.ram, whole.ram)).toBe(0);
  });

  it('counts frames on, and says how many were of this run', () => {
    const device = new ModelDevice(options);
    const run = { frames: 10, shouldStop: () => false };
    expect(runGuest(device, { ...run, mode: { width: 640, height: 480 } })).toEqual({ framesPresented: 10, framesTotal: 10 });
    expect(runGuest(device.successor(), { ...run, frames: 5, resume: true })).toEqual({ framesPresented: 5, framesTotal: 15 });
  });

  it('can be continued again and again', () => {
    let device = deviceAfter(3, lazy);
    for (let round = 0; round < 5; round++) {
      device = device.successor();
      present(GuestDriver.resume(device), 3);
    }
    expect(device.presented.at(-1)?.frame).toBe(16);
  });

  it('takes a mode list that changed during the break', () => {
    const device = deviceAfter(4, lazy).successor();
    device.setModes(1, ['320x200']);
    present(GuestDriver.resume(device), 3);
    expect(device.mode(1)).toBe('320x200');
  });

  it('remembers a mode list that it had heard of and not looked at', () => {
    const device = deviceAfter(1, lazy);
    device.setModes(0, ['320x200']);
    const copy = device.successor();
    GuestDriver.resume(copy);
    const next = copy.successor();
    expect(next.pageWord(0, L.DISPLAY_PENDING)).toBe(0);
    present(GuestDriver.resume(next), 1);
    expect(next.mode(0)).toBe('320x200');
  });

  it('shows no frame twice or out of order, and gets all through, wherever it was cut off', () => {
    const start = new ModelDevice(lazy);
    GuestDriver.start(start);
    const startAccesses = start.accesses.filter((access) => access !== 'sleep').length;
    let cuts = 0;
    for (let cut = startAccesses; ; cut++) {
      const device = new ModelDevice(lazy);
      const driver = GuestDriver.start(device);
      device.closedAt = cut;
      let asked = false;
      try {
        present(driver, 2);
        device.setModes(0, ['320x200']);
        asked = true;
        present(driver, 18);
        break;
      } catch (error) {
        expect(error).toBeInstanceOf(DeviceClosedError);
      }
      cuts++;
      const next = device.successor();
      const resumed = GuestDriver.resume(next);
      present(resumed, 3);
      resumed.finish();
      for (const port of [0, 1]) {
        const frames = [...device.presented, ...next.presented].filter((each) => each.port === port).map(({ frame }) => frame);
        expect(frames, `cut at access ${cut}`).toEqual([...new Set(frames)].sort((a, b) => a - b));
        // All but the frame that was being handed over reach every display.
        expect(frames.length).toBeGreaterThanOrEqual(resumed.frame - 1);
        expect(frames.at(-1)).toBe(resumed.frame);
      }
      expect(next.mode(0)).toBe(asked ? '320x200' : '640x480');
    }
    expect(cuts).toBeGreaterThan(50);
  });
});

describe('RAM that a guest is to be continued from', () => {
  /** A fresh copy of a sound device, whose RAM a test may damage. */
  const sound = deviceAfter(5, options);
  const block = (device: ModelDevice): DataView => new DataView(device.ram.buffer, STATE_OFFSET, 256);
  const resume = (device: ModelDevice) => () => GuestDriver.resume(device);
  const word = (index: number, value: number) => (device: ModelDevice) => block(device).setUint32(4 * index, value, true);

  it('is accepted when it is sound', () => {
    expect(resume(sound.successor())).not.toThrow();
  });

  it.each<[string, (device: ModelDevice) => void, string]>([
    ['of zeros', (device) => void device.ram.fill(0), 'its magic is 0x0'],
    ['of another version', word(1, 2), 'its version is 0x2'],
    ['of another size', word(2, 64), 'its size is 0x40'],
    ['of another page size', word(3, 12), 'its pageShift is 0xc'],
    ['of another address', word(4, 0), 'its ramBaseLow is 0x0'],
    ['of an address far up', word(5, 9), 'its ramBaseHigh is 0x9'],
    ['of no display', word(6, 0), 'it counts 0 displays'],
    ['of nine displays', word(6, 9), 'it counts 9 displays'],
    ['of four thousand million displays', word(6, 0xffff_ffff), 'it counts 4294967295 displays'],
    ['of three displays that were two', word(6, 3), "display 0's ring holds 0 bytes"],
    ['of a machine without a mapper', word(7, 0), 'its iosfc is 0x0'],
    ['of half a word in the control ring', word(9, 6), 'its control ring holds 6 bytes'],
    ['of a display without width', word(11, 0), 'display 0 is 0x480'],
    ['of a display that is too high', word(12, 0x1_0000), 'display 0 is 640x65536'],
    ['of a child ring that says otherwise', word(13, 4), "display 0's ring holds"],
    ['of frames that have not been asked for', word(14, 3), 'display 0 has asked for frame 3, and frame 5 has come'],
    ['of frames that never came', word(14, 8), 'display 0 has asked for frame 8, and frame 5 has come'],
    ['of unknown events', word(15, 0x20), 'display 0 has events 0x20'],
    ['of a second display without height', word(17, 0), 'display 1 is 800x0'],
  ])('is refused when it is %s', (_, damage, message) => {
    const device = sound.successor();
    damage(device);
    expect(resume(device)).toThrow(GuestDriverError);
    expect(resume(device)).toThrow(message);
  });

  it('is refused when more was read of a child ring than was put in', () => {
    const device = sound.successor();
    const shared = device.read(L.REG_SHARED_PFN) * 2 ** device.pageShift - device.ramBase;
    new DataView(device.ram.buffer).setUint32(shared + L.SHARED_READ + 4, 0x7fff_fff0, true);
    expect(resume(device)).toThrow("2147483632 bytes of display 0's ring were read");
  });

  it('is refused when the guest had not come up', () => {
    const device = new ModelDevice(options);
    device.mapper.misdeed = 'refuse';
    expect(() => GuestDriver.start(device)).toThrow(GuestDriverError);
    expect(resume(device.successor())).toThrow('its magic is 0x0');
  });

  it('is refused when an earlier guest came up and the next did not', () => {
    const device = sound.successor();
    device.closedAt = 9;
    expect(() => GuestDriver.start(device)).toThrow(DeviceClosedError);
    expect(resume(device.successor())).toThrow('its magic is 0x0');
  });

  it('is refused when the device was not resumed', () => {
    const device = new ModelDevice(options);
    device.ram.set(sound.ram);
    expect(resume(device)).toThrow('it was not resumed');
  });

  it('is refused when the device has fewer displays', () => {
    const device = new ModelDevice({ ...options, modes: [['640x480']] });
    device.ram.set(sound.ram);
    expect(resume(device)).toThrow('the device has 1 displays, not 2');
  });

  it('makes a driver throw its own errors only, and write nowhere but where it may, whatever it holds', () => {
    const anyWord = fc.integer({ min: 0, max: 0xffff_ffff });
    const changed = fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.oneof(anyWord, fc.integer({ min: 0, max: 9 }))), {
      maxLength: 3,
    });
    let accepted = 0;
    const property = fc.property(changed, anyWord, (changes, frame) => {
      const device = sound.successor();
      // What firmware would have in the first mebibyte.
      const firmware = [device.ram.subarray(0, STATE_OFFSET), device.ram.subarray(STATE_OFFSET + 256, 0x10_0000)];
      for (const part of firmware) part.fill(0xa5);
      word(8, frame)(device);
      for (const [index, value] of changes) word(index, value)(device);
      try {
        present(GuestDriver.resume(device), 3);
        accepted++;
      } catch (error) {
        expect(error).toBeInstanceOf(GuestDriverError);
      }
      expect(firmware.every((part) => part.every((byte) => byte === 0xa5))).toBe(true);
    });
    fc.assert(property, { numRuns: 200 });
    expect(accepted).toBeGreaterThan(10);
  });
});
