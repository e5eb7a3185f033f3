/**
 * The guest's use of the IOSurface mapper: what it maps, how its ring wraps, and that wrong answers end it.
 */
import { describe, expect, it } from 'vitest';
import { GuestDriver } from '../../src/guest/driver.js';
import { GuestDriverError } from '../../src/guest/errors.js';
import * as L from '../../src/guest/layout.js';
import { iosfcWindow } from '../../src/guest/machine.js';
import { sceneOf, spritePixels } from '../../src/guest/scene.js';
import { FRAMES_PER_TURN } from '../../src/guest/surfaces.js';
import { ModelDevice } from './model-device.js';
import type { Misdeed } from './model-mapper.js';

const options = { modes: [['640x480']], iosfc: true };

function present(driver: GuestDriver, frames: number): void {
  for (let count = 0; count < frames; count++) driver.present((frame, { width, height }) => sceneOf(frame, width, height));
}

describe('IOSurfaces', () => {
  it('are the sprites and the cursor, which the mapper sees as they are', () => {
    const device = new ModelDevice(options);
    GuestDriver.start(device);
    expect(device.mapper.requests).toEqual(['map 0 ok', 'map 1 ok', 'map 2 ok']);
    const [opaque, translucent, glyph] = [0, 1, 2].map((number) => device.mapper.mapped.get(number));
    for (const [surface, sprite] of [
      [opaque, 'opaque'],
      [translucent, 'translucent'],
    ] as const) {
      const pixels = new Uint32Array(device.ram.buffer, (surface?.gpa ?? 0) - device.ramBase, (surface?.length ?? 0) / 4);
      expect(pixels).toEqual(spritePixels(sprite));
    }
    expect([opaque?.flags, translucent?.flags, glyph?.flags]).toEqual([0, L.IOSFC_READ_ONLY, L.IOSFC_READ_ONLY]);
  });

  it('are left alone on a machine without a mapper', () => {
    const device = new ModelDevice({ modes: [['640x480']] });
    present(GuestDriver.start(device), FRAMES_PER_TURN);
    expect(device.accesses.filter((access) => access.startsWith('iosfc'))).toEqual([]);
  });

  it('are unmapped and mapped again in turn, one every so many frames', () => {
    const device = new ModelDevice(options);
    const driver = GuestDriver.start(device);
    device.mapper.requests.length = 0;
    present(driver, 4 * FRAMES_PER_TURN);
    const turns = [1, 2, 0, 1].flatMap((surface) => [`unmap ${surface} ok`, `map ${surface} ok`]);
    expect(device.mapper.requests).toEqual(turns);
  });

  it('go on when the ring has wrapped around, many times', () => {
    const device = new ModelDevice(options);
    const driver = GuestDriver.start(device);
    present(driver, 40 * FRAMES_PER_TURN);
    expect(device.mapper.requests.length).toBe(3 + 2 * 40);
    expect(device.mapper.requests.filter((request) => request.endsWith('failed'))).toEqual([]);
    expect(device.readIosfc(L.IOSFC_CONSUMER)).toBe(83);
    expect(device.readIosfc(L.IOSFC_STATUS)).toBe(0);
  });

  it('that an earlier guest left mapped are unmapped first', () => {
    const device = new ModelDevice(options);
    device.mapper.mapped.set(1, { gpa: 0, length: 16, flags: 0 });
    GuestDriver.start(device);
    expect(device.mapper.requests).toEqual(['map 0 ok', 'map 1 failed', 'unmap 1 ok', 'map 1 ok', 'map 2 ok']);
  });

  it('are asked for anew although the mapper had found fault before', () => {
    const device = new ModelDevice(options);
    device.mapper.misdeed = 'fault';
    device.mapper.write(L.IOSFC_PRODUCER, 1);
    device.mapper.misdeed = 'none';
    expect(() => GuestDriver.start(device)).not.toThrow();
  });

  it.each<[Misdeed, string]>([
    ['refuse', 'mapping surface 0 failed'],
    ['no result', 'mapping surface 0 had result 0'],
    ['wrong length', 'surface 0 with 36865 bytes, not 36864'],
    ['wrong word', 'surface 0 with first word 0x'],
    ['not counted', 'mapped no more often than before'],
    ['fault', 'finds fault with entry 0'],
  ])('end the guest at start when the mapper answers: %s', (misdeed, message) => {
    const device = new ModelDevice(options);
    device.mapper.misdeed = misdeed;
    const start = () => GuestDriver.start(device);
    expect(start).toThrow(GuestDriverError);
    expect(start).toThrow(message);
  });

  it.each<[Misdeed, string]>([
    ['refuse', 'mapping surface 1 failed'],
    ['no result', 'unmapping surface 1 had result 0'],
    ['wrong word', 'surface 1 with first word 0x'],
    ['not counted', 'mapped no more often than before'],
  ])('end the guest later when the mapper answers: %s', (misdeed, message) => {
    const device = new ModelDevice(options);
    const driver = GuestDriver.start(device);
    device.mapper.misdeed = misdeed;
    expect(() => present(driver, FRAMES_PER_TURN)).toThrow(message);
  });

  it('that the mapper has lost end the guest', () => {
    const device = new ModelDevice(options);
    const driver = GuestDriver.start(device);
    device.mapper.mapped.clear();
    expect(() => present(driver, FRAMES_PER_TURN)).toThrow('unmapping surface 1 failed');
  });
});

describe('a machine made of a vCPU', () => {
  it('passes all 53 bits of an iosfc register on, and refuses what a number cannot hold', () => {
    const writes: [number, bigint][] = [];
    let value = 2n ** 53n - 1n;
    const window = iosfcWindow({ readIosfc64: () => value, writeIosfc64: (offset, written) => void writes.push([offset, written]) });
    expect(window.hasIosfc).toBe(true);
    expect(window.readIosfc(L.IOSFC_TABLE)).toBe(2 ** 53 - 1);
    window.writeIosfc(L.IOSFC_TABLE, 2 ** 53 - 1);
    expect(writes).toEqual([[L.IOSFC_TABLE, 2n ** 53n - 1n]]);
    value = 2n ** 53n;
    expect(() => window.readIosfc(L.IOSFC_TABLE)).toThrow('reads 0x20000000000000');
    for (const wrong of [-1, 0.5, 2 ** 53]) expect(() => window.writeIosfc(L.IOSFC_TABLE, wrong)).toThrow(GuestDriverError);
  });

  it('has no mapper without one', () => {
    expect(iosfcWindow(null).hasIosfc).toBe(false);
  });
});
