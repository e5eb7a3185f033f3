/**
 * The address space: what may be mapped, and when a removed region is dropped.
 */
import { describe, expect, it } from 'vitest';
import { MAX_REGIONS } from '../../src/base/limits.js';
import { AddressSpace } from '../../src/memory/address-space.js';
import { RegionReferences } from '../../src/memory/references.js';
import type { BackedRegion, MemoryRegion, MmioRegion } from '../../src/memory/region.js';

const ram = (id: number, gpa: number, more: Partial<BackedRegion> = {}): BackedRegion => ({
  kind: 'ram',
  id,
  name: `ram ${id}`,
  gpa,
  length: 0x1000,
  priority: 0,
  ram: id,
  ramOffset: 0,
  hostAddress: 0x10_0000 * id,
  slot: id,
  ...more,
});

/** References with a slot for each of the regions 1 to `count`. */
function referencesOf(count: number): RegionReferences {
  const references = new RegionReferences();
  for (let id = 1; id <= count; id++) expect(references.claim()).toBe(id);
  return references;
}

const window: MmioRegion = { kind: 'mmio', id: 99, name: 'gfx', gpa: 0x8000, length: 0x1000, priority: 1, window: 0 };

describe('lookup (device.md 4.3)', () => {
  const space = new AddressSpace(
    [
      ram(1, 0),
      ram(2, 0x1000),
      ram(3, 0x4000, { kind: 'rom' }),
      window,
      ram(4, 0x7000, { length: 0x4000 }),
      ram(5, 0xc000, { kind: 'deviceRam' }),
      { kind: 'device', wholePieces: false, id: 6, name: 'other device', gpa: 0xd000, length: 0x1000, priority: 0 },
    ],
    referencesOf(5),
  );

  it.each([
    ['RAM, whole', 0, 0x1000, true, 1],
    ['RAM, its end', 0xfff, 1, true, 1],
    ['two pieces that touch are two regions', 0xfff, 2, true, null],
    ['a hole', 0x3000, 1, false, null],
    ['over the end', 0x1800, 0x1000, false, null],
    ['ROM, to read', 0x4000, 0x10, false, 3],
    ['ROM, to write', 0x4000, 0x10, true, null],
    ['a register window', 0x8000, 4, false, null],
    ['another device’s memory, though there is RAM behind it', 0xc000, 0x10, false, null],
    ['another device’s registers', 0xd000, 4, false, null],
    ['RAM that a window interrupts', 0x7800, 0x1000, false, null],
    ['RAM behind the window that covers it', 0x9000, 0x1000, true, 4],
    ['nothing at all', 0, 0, true, null],
    ['beyond numbers', Number.POSITIVE_INFINITY, 1, true, null],
    ['a length beyond numbers', 0, Number.POSITIVE_INFINITY, true, null],
  ])('%s', (_name, gpa, length, write, expected) => {
    const found = space.lookup(gpa, length, write);
    expect(found?.region.id ?? null).toBe(expected);
    if (found) expect(found.offset).toBe(gpa - found.region.gpa);
  });
});

describe('references', () => {
  it('keep a removed region until the last is given back', () => {
    const dropped: MemoryRegion[] = [];
    const first = ram(1, 0);
    const references = referencesOf(2);
    const space = new AddressSpace([first, ram(2, 0x1000)], references, (region) => dropped.push(region));
    space.acquire(first);
    space.acquire(first);
    expect(space.remove(1)).toBe(true);
    expect(space.remove(1)).toBe(false);
    expect(space.translate(0)).toBeNull();
    expect(references.remove(1)).toBe(false);
    space.release(first);
    expect(dropped).toEqual([]);
    space.release(first);
    expect(dropped).toEqual([first]);
    expect(() => space.release(first)).toThrow(/nobody has/);
    expect(space.remove(2)).toBe(true);
    // Nobody maps anything of the second, so whoever removes it is told that it is gone.
    expect(references.remove(2)).toBe(true);
    expect(dropped).toHaveLength(1);
  });

  it('belong to a region, not to its id', () => {
    const dropped: MemoryRegion[] = [];
    const old = ram(1, 0);
    const references = referencesOf(2);
    const space = new AddressSpace([old], references, (region) => dropped.push(region));
    space.acquire(old);
    space.remove(1);
    references.remove(old.slot);
    space.add(ram(1, 0x2000, { slot: 2 }));
    expect(space.list()).toMatchObject([{ name: 'ram 1', id: 1, references: 0 }]);
    space.release(old);
    expect(dropped).toEqual([old]);
    expect(space.translate(0x2000)).not.toBeNull();
  });

  it('are none on what has no memory', () => {
    const space = new AddressSpace([window], referencesOf(0));
    expect(space.list()).toMatchObject([{ name: 'gfx', id: 99, references: 0 }]);
  });

  it('that may be somebody else’s are given back as long as anybody has one', () => {
    const dropped: MemoryRegion[] = [];
    const region = ram(1, 0);
    const references = referencesOf(1);
    const space = new AddressSpace([region], references, (gone) => dropped.push(gone));
    expect(space.tryRelease(region)).toBe(false);
    space.acquire(region);
    references.remove(1);
    expect(space.tryRelease(region)).toBe(true);
    expect(dropped).toEqual([region]);
    expect(space.tryRelease(region)).toBe(false);
  });
});

describe('findHostAddress', () => {
  const space = new AddressSpace([ram(1, 0), window, ram(2, 0x1000)], referencesOf(2));

  it.each([
    ['the first byte of a region', 0x10_0000, 1],
    ['the last', 0x10_0fff, 1],
    ['the byte behind it', 0x10_1000, null],
    ['another region', 0x20_0800, 2],
    ['no address', Number.POSITIVE_INFINITY, null],
  ])('%s', (_what, address, expected) => {
    expect(space.findHostAddress(address)?.id ?? null).toBe(expected);
  });

  it('finds a region that was removed as long as it has references, and none for the next region of its slot', () => {
    const references = referencesOf(1);
    const changing = new AddressSpace([ram(1, 0)], references);
    references.acquire(1);
    changing.remove(1);
    references.remove(1);
    expect(changing.findHostAddress(0x10_0000)?.id).toBe(1);
    references.release(1);
    expect(changing.findHostAddress(0x10_0000)).toBeNull();
    // The slot's next region is removed and held in its turn, and is at another address.
    expect(references.claim()).toBe(1);
    changing.add(ram(2, 0, { slot: 1 }));
    references.acquire(1);
    changing.remove(2);
    references.remove(1);
    expect(changing.findHostAddress(0x20_0000)?.id).toBe(2);
    expect(changing.findHostAddress(0x10_0000)).toBeNull();
  });
});

it('refuses what cannot be a region', () => {
  const space = new AddressSpace([], referencesOf(0));
  expect(() => space.add(ram(1, -1))).toThrow(/out of bounds/);
  expect(() => space.add(ram(1, 0, { length: 0 }))).toThrow(/empty/);
  expect(() => space.add(ram(1, Number.MAX_SAFE_INTEGER))).toThrow(/out of bounds/);
  space.add(ram(1, 0));
  expect(() => space.add(ram(1, 0x5000))).toThrow(/has the id 1/);
  for (let id = 2; id <= MAX_REGIONS; id++) space.add(ram(id, 0x1000 * id));
  expect(() => space.add(ram(MAX_REGIONS + 1, 0))).toThrow(/at most 1024/);
});
