/**
 * The IOSurface mapper (device.md 4.5): what map finds, and what keeps the region of a mapping in each revision.
 */
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { Upcall } from '../../src/bridge/pvg.js';
import { Iosfc } from '../../src/device/iosfc.js';
import { AddressSpace } from '../../src/memory/address-space.js';
import type { RegionReferences } from '../../src/memory/references.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { claimedReferences, GFX, RAM, record, UPPER_RAM } from '../actors/bql-scene.js';
import { FakePort } from './fake-port.js';

const LENGTH = 0x1000;
let port: FakePort;
let references: RegionReferences;
let space: AddressSpace;
let iosfc: Iosfc;

function start(revision: RevisionName): void {
  port = new FakePort();
  references = claimedReferences();
  space = new AddressSpace([RAM, GFX, UPPER_RAM], references, ({ ram }) => port.perform({ do: 'releaseRam', ram }));
  iosfc = new Iosfc(space, port, REVISIONS[revision].iosfcReferences);
}

/** The host address that PVG is given. */
function map(gpa: number, { length = LENGTH, readOnly = 0 } = {}): number {
  iosfc.map(record(Upcall.iosfcMap, { id: 7, words: [gpa, length, readOnly, 0xe, 0xf] }));
  return port.of('answerUpcall').at(-1)?.value ?? -1;
}

function unmap(address: number): boolean {
  iosfc.unmap(record(Upcall.iosfcUnmap, { id: 8, words: [address, 0, 0, 0, 0, 0] }));
  return port.of('answerUpcall').at(-1)?.ok ?? false;
}

const counts = (): number[] => [RAM, UPPER_RAM].map((region) => space.referencesOf(region));
const logged = (): number => port.of('logGuestError').length;

describe('map', () => {
  beforeEach(() => start('hardened'));

  it('answers with the host address of the guest’s memory, and is traced with what PVG passed', () => {
    expect(map(UPPER_RAM.gpa + 0x40)).toBe(UPPER_RAM.hostAddress + 0x40);
    expect(port.trail).toEqual(['apple_gfx_iosfc_map_memory phys=0x11004040 len=0x1000 ro=0 va=0x7 e=0xe f=0xf -> *va=0x58000040']);
    expect(port.mapped).toEqual([]);
  });

  it('says in its trace line whether it succeeded, up to v5', () => {
    start('shared-cond');
    map(UPPER_RAM.gpa);
    map(GFX.gpa);
    expect(port.trail.map((line) => line.split('success = ')[1])).toEqual(['1', '0']);
  });

  it.each([
    ['a register window', GFX.gpa, LENGTH],
    ['a hole', 0x9_0000_0000, LENGTH],
    ['more than the region', UPPER_RAM.gpa + UPPER_RAM.length - 1, 2],
    ['what is beyond numbers', Number.POSITIVE_INFINITY, LENGTH],
  ])('of %s gives no address and takes no reference', (_what, gpa, length) => {
    expect(map(gpa, { length })).toBe(0);
    expect(port.of('answerUpcall')).toEqual([{ do: 'answerUpcall', id: 7, ok: false, value: 0 }]);
    expect(counts()).toEqual([0, 0]);
    expect(iosfc.count).toBe(0);
  });

  it('of ROM is possible read-only', () => {
    space.add({ ...RAM, kind: 'rom', id: 30, gpa: 0x8000_0000, hostAddress: 0x4000_0000 });
    expect(map(0x8000_0000)).toBe(0);
    expect(map(0x8000_0000, { readOnly: 1 })).toBe(0x4000_0000);
  });
});

describe('none (sync to shared-cond)', () => {
  it.each(['sync', 'async-write', 'unlock', 'shared-cond'] as const)(
    '%s keeps nothing, and unmap does nothing but answer true',
    (revision) => {
      start(revision);
      const address = map(RAM.gpa);
      expect(address).toBe(RAM.hostAddress);
      expect(counts()).toEqual([0, 0]);
      expect([unmap(address), unmap(address), unmap(4711)]).toEqual([true, true, true]);
      expect(logged()).toBe(0);
    },
  );
});

describe('perRegion (v5)', () => {
  beforeEach(() => start('v5'));

  it('has one reference on a region, as long as any mapping of it is left', () => {
    const addresses = [map(RAM.gpa), map(RAM.gpa + LENGTH), map(RAM.gpa)];
    expect(counts()).toEqual([1, 0]);
    expect(iosfc.count).toBe(3);
    addresses.forEach((address, index) => {
      expect(unmap(address)).toBe(true);
      expect(counts()).toEqual([index < 2 ? 1 : 0, 0]);
    });
  });

  it('traces the first mapping of a region, and counts before they are lowered', () => {
    map(RAM.gpa);
    map(UPPER_RAM.gpa);
    map(UPPER_RAM.gpa + LENGTH);
    unmap(UPPER_RAM.hostAddress + 8);
    expect(port.trail.filter((line) => line.includes('region'))).toEqual([
      'apple_gfx_iosfc_map_memory_new_region index=0, region=0x1, 0x50000000-0x51000000',
      'apple_gfx_iosfc_map_memory_new_region index=1, region=0x3, 0x58000000-0x58004000',
      'apple_gfx_iosfc_unmap_memory_region mapping @ 0x58000008 in region 1, map count 2, memory region 0x3',
    ]);
  });

  it('counts any address in the region as one of its mappings', () => {
    map(RAM.gpa);
    expect(unmap(RAM.hostAddress + RAM.length - 1)).toBe(true);
    expect(counts()).toEqual([0, 0]);
  });

  it('searches the regions with mappings only; an unmap of none is logged and answers true all the same', () => {
    map(RAM.gpa);
    expect(unmap(UPPER_RAM.hostAddress)).toBe(true);
    expect(logged()).toBe(1);
    expect(counts()).toEqual([1, 0]);
  });
});

describe('perMapping (bh)', () => {
  beforeEach(() => start('bh'));

  it('has a reference for each mapping', () => {
    map(RAM.gpa);
    map(RAM.gpa);
    expect(counts()).toEqual([2, 0]);
    expect(unmap(RAM.hostAddress)).toBe(true);
    expect(counts()).toEqual([1, 0]);
    expect(iosfc.count).toBe(1);
    expect(port.trail.at(-1)).toBe('apple_gfx_iosfc_unmap_memory_region unmapping @ 0x50000000 from memory region 0x1');
  });

  it('gives back somebody else’s reference, since it searches all of RAM', () => {
    space.acquire(UPPER_RAM);
    expect(unmap(UPPER_RAM.hostAddress + 4)).toBe(true);
    expect(counts()).toEqual([0, 0]);
  });

  it('answers false when nobody has one, and where there is no RAM', () => {
    expect([unmap(RAM.hostAddress), unmap(0), unmap(Number.POSITIVE_INFINITY)]).toEqual([false, false, false]);
    expect(counts()).toEqual([0, 0]);
  });
});

describe('checked (hardened)', () => {
  beforeEach(() => start('hardened'));

  it.each([
    ['of another address in the region', RAM.hostAddress + 4],
    ['of another region', UPPER_RAM.hostAddress],
    ['of no address', Number.POSITIVE_INFINITY],
  ])('a wrong unmap, %s, changes nothing, is logged and answers false', (_what, address) => {
    map(RAM.gpa);
    space.acquire(UPPER_RAM);
    expect(unmap(address)).toBe(false);
    expect(logged()).toBe(1);
    expect(counts()).toEqual([1, 1]);
    expect(iosfc.count).toBe(1);
  });

  it('the same address mapped twice is unmapped twice and not three times', () => {
    const address = map(RAM.gpa);
    expect(map(RAM.gpa)).toBe(address);
    expect(counts()).toEqual([2, 0]);
    expect([unmap(address), unmap(address), unmap(address)]).toEqual([true, true, false]);
    expect(counts()).toEqual([0, 0]);
  });

  it('a mapping of a removed region keeps its RAM until it is undone', () => {
    const address = map(RAM.gpa);
    space.remove(RAM.id);
    expect(references.remove(RAM.slot)).toBe(false);
    expect(unmap(address)).toBe(true);
    expect(port.of('releaseRam')).toEqual([{ do: 'releaseRam', ram: RAM.ram }]);
  });

  it('gives every reference back that it took, and no other, whatever PVG does', () => {
    const page = fc.nat(3);
    const step = fc.record({ unmaps: fc.boolean(), region: fc.constantFrom(RAM, UPPER_RAM), page });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        start('hardened');
        const alive = new Map<number, number>();
        for (const { unmaps, region, page: number } of steps) {
          const address = region.hostAddress + LENGTH * number;
          const before = alive.get(address) ?? 0;
          if (unmaps) {
            expect(unmap(address)).toBe(before > 0);
            alive.set(address, Math.max(0, before - 1));
          } else {
            expect(map(region.gpa + LENGTH * number)).toBe(address);
            alive.set(address, before + 1);
          }
          const sum = (low: number, high: number): number =>
            [...alive].reduce((all, [at, count]) => all + (at >= low && at < high ? count : 0), 0);
          expect(counts()).toEqual([sum(RAM.hostAddress, UPPER_RAM.hostAddress), sum(UPPER_RAM.hostAddress, 2 ** 40)]);
          expect(iosfc.count).toBe(sum(0, 2 ** 40));
        }
      }),
    );
  });
});
