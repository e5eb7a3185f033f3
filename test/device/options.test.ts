/**
 * Options of a device: their defaults, and that each wrong value is refused by name.
 */
import { describe, expect, it } from 'vitest';
import { ArgumentError } from '../../src/base/errors.js';
import { MAX_DISPLAYS } from '../../src/base/limits.js';
import { MAX_PORTS } from '../../src/bridge/pvg.js';
import { checkOptions, type DeviceOptions } from '../../src/device/options.js';

describe('options', () => {
  it('have defaults', () => {
    expect(checkOptions({})).toEqual({
      variant: 'mmio',
      ramBytes: 2 ** 28,
      memory: [],
      ramBase: 0x4000_0000,
      windowBase: 0x3000_0000,
      revision: 'hardened',
      displayModes: [
        [
          { width: 1920, height: 1080, rateHz: 60 },
          { width: 1440, height: 1080, rateHz: 60 },
          { width: 1280, height: 1024, rateHz: 60 },
        ],
      ],
      modesGiven: false,
      vsync: true,
      clock: 'real',
      vectors: 1,
      displays: 1,
      displaySerials: null,
      optionRom: null,
      migrationBlocker: null,
      savable: true,
      trace: [],
      traceRing: true,
      traceDeliveries: false,
      traceDetail: false,
      bridge: 'auto',
      pollMicroseconds: 100,
      refuseEvery: 0,
      encodeDelayMicroseconds: 0,
      headless: false,
      managedTextures: false,
      announceEveryFrame: false,
      readsWait: false,
    });
    expect(checkOptions({ revision: 'v5' }).displayModes).toEqual([checkOptions({}).displayModes[0]?.slice(1)]);
    expect(checkOptions({ variant: 'pci' })).toMatchObject({ ramBase: 0, windowBase: 0xc000_0000, vectors: 32 });
    expect(checkOptions({ variant: 'pci', ramBytes: 2 ** 32 }).windowBase).toBe(2 ** 32);
  });

  it('are taken as they are given', () => {
    const given = {
      variant: 'pci',
      vectors: 64,
      displays: 8,
      displaySerials: [1, 2, 3, 4, 5, 6, 7, 2 ** 32 - 1],
      optionRom: Uint8Array.of(0x55, 0xaa),
      migrationBlocker: { block: () => {}, unblock: () => {} },
      vsync: false,
      announceEveryFrame: true,
      readsWait: true,
      traceRing: false,
      traceDeliveries: true,
      pollMicroseconds: 0,
      managedTextures: true,
    } as const;
    expect(checkOptions(given)).toMatchObject(given);
    expect(checkOptions({ variant: 'pci', optionRom: 'rom.bin' }).optionRom).toBe('rom.bin');
  });

  it('allow as many displays as PVG has ports', () => {
    expect(MAX_DISPLAYS).toBe(MAX_PORTS);
  });

  const mode = { width: 1, height: 1, rateHz: 1 };
  // What a program without types may hand over.
  const untyped = (options: object): DeviceOptions => options;
  it.each<[DeviceOptions, string]>([
    [untyped({ variant: 'isa' }), 'variant is "isa", expected "mmio" or "pci"'],
    [{ ramBytes: -1 }, 'ramBytes is -1, expected an integer in 0..68719476736'],
    [{ ramBytes: 1 }, 'ramBytes and ramBase must be multiples of 16384'],
    [{ memory: 5 as never }, 'memory is no list'],
    [{ memory: [null as never] }, 'memory[0] is null, expected an object'],
    [{ ramBytes: 20_000 }, 'ramBytes and ramBase must be multiples of 16384'],
    [{ ramBase: 5 }, 'ramBytes and ramBase must be multiples of 16384'],
    [{ windowBase: 5 }, 'windowBase is 0x5, expected a multiple of 16384'],
    [{ windowBase: 0x4000_0000 }, 'windowBase 0x40000000 lies in guest RAM'],
    [{ windowBase: 0x4000_0000 - 16_384 }, 'windowBase 0x3fffc000 lies in guest RAM'],
    [{ modes: [] }, 'there are 0 display modes, expected 1..128'],
    [{ modes: new Array(129).fill(mode) }, 'there are 129 display modes, expected 1..128'],
    [{ modes: [mode, { ...mode, width: 16_385 }] }, 'a display mode: the width is 16385, but no surface is larger than 16384'],
    [{ variant: 'pci', vectors: 65 }, 'vectors is 65, expected an integer in 1..64'],
    [{ displays: 0 }, 'displays is 0, expected an integer in 1..8'],
    [{ displays: 9 }, 'displays is 9, expected an integer in 1..8'],
    [{ displaySerials: [] }, 'displaySerials has 0 entries, expected one for each of 1 displays'],
    [{ displays: 2, displaySerials: [1] }, 'displaySerials has 1 entries, expected one for each of 2 displays'],
    [{ displays: 2, displaySerials: [1, 0] }, 'displaySerials[1] is 0, expected an integer in 1..4294967295'],
    [{ displaySerials: [2 ** 32] }, 'displaySerials[0] is 4294967296, expected an integer in 1..4294967295'],
    [{ displays: 3, displaySerials: [4, 5, 4] }, 'displaySerials has 4 twice, expected distinct numbers'],
    [{ optionRom: Uint8Array.of(1) }, 'optionRom is given for variant "mmio", only "pci" has one'],
    [{ variant: 'pci', optionRom: new Uint8Array() }, 'optionRom has 0 bytes, expected 1..16777216'],
    [{ variant: 'pci', optionRom: '' }, "optionRom is neither bytes nor a file's path"],
    [untyped({ variant: 'pci', optionRom: 5 }), "optionRom is neither bytes nor a file's path"],
    [untyped({ migrationBlocker: { block: () => {} } }), 'migrationBlocker needs the methods block(reason) and unblock()'],
    [untyped({ vsync: 'on' }), 'vsync is on, expected true or false'],
    [untyped({ managedTextures: 1 }), 'managedTextures is 1, expected true or false'],
    [untyped({ announceEveryFrame: 1 }), 'announceEveryFrame is 1, expected true or false'],
    [untyped({ readsWait: 1 }), 'readsWait is 1, expected true or false'],
    [untyped({ traceRing: 'on' }), 'traceRing is on, expected true or false'],
    [untyped({ traceDeliveries: 1 }), 'traceDeliveries is 1, expected true or false'],
    [{ bridge: 'metal' as never }, 'bridge is "metal", expected one of auto, apple, soft'],
    [{ pollMicroseconds: 1001 }, 'pollMicroseconds is 1001, expected an integer in 0..1000'],
    [{ refuseEvery: -1 }, 'refuseEvery is -1, expected an integer in 0..2147483648'],
    [{ encodeDelayMicroseconds: 2e6 }, 'encodeDelayMicroseconds is 2000000, expected an integer in 0..1000000'],
  ])('%o are refused', (options, message) => {
    expect(() => checkOptions(options)).toThrow(new ArgumentError(message));
  });
});
