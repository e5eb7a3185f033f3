/**
 * The memory map as the bridge takes it: the real bridge finds in it what the map itself finds.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_REGION_SLOTS } from '../../src/base/limits.js';
import { encodeMap } from '../../src/bridge/map-snapshot.js';
import { cellsView, loadBridge } from '../../src/bridge/native.js';
import { PvgStatus, PvgWindow } from '../../src/bridge/pvg.js';
import { AddressSpace } from '../../src/memory/address-space.js';
import { RegionReferences } from '../../src/memory/references.js';
import type { BackedRegion, MemoryRegion } from '../../src/memory/region.js';

const PAGE = 0x4000;
const REGIONS = 5;
const bridge = loadBridge();
const group = bridge.pvg_group_create();
const found = new BigUint64Array(5);
let rams: { readonly ram: number; readonly hostAddress: number }[] = [];

beforeAll(() => {
  rams = Array.from({ length: REGIONS }, () => {
    const ram = bridge.pvg_ram_create(group, 8 * PAGE);
    return { ram, hostAddress: Number(bridge.pvg_ram_address(ram)) };
  });
});
afterAll(() => void bridge.pvg_group_destroy(group));

/** The host address that the bridge finds, null if it finds none. */
function lookup(map: number, gpa: number, length: number, write: boolean): number | null {
  return bridge.pvg_map_lookup(map, gpa, length, write ? 1 : 0, found) === PvgStatus.ok ? Number(found[0]) : null;
}

interface Wanted {
  readonly kind: 'ram' | 'rom' | 'deviceRam' | 'mmio' | 'device';
  readonly page: number;
  readonly pages: number;
  readonly priority: number;
}

function regionOf({ kind, page, pages, priority }: Wanted, index: number): MemoryRegion {
  const placed = { id: index + 1, name: kind, gpa: page * PAGE, length: pages * PAGE, priority };
  if (kind === 'mmio') return { ...placed, kind, window: PvgWindow.gfx };
  if (kind === 'device') return { ...placed, kind, wholePieces: false };
  const memory = rams[index];
  return { ...placed, kind, ram: memory?.ram ?? 0, ramOffset: 0, hostAddress: memory?.hostAddress ?? 0, slot: index + 1 };
}

const wanted = fc.record({
  kind: fc.constantFrom('ram', 'rom', 'deviceRam', 'mmio', 'device'),
  page: fc.nat(12),
  pages: fc.integer({ min: 1, max: 8 }),
  priority: fc.nat(2),
}) as fc.Arbitrary<Wanted>;

describe('a published map', () => {
  it('shows what the address space shows, by guest-physical and by host address', () => {
    fc.assert(
      fc.property(fc.array(wanted, { minLength: 1, maxLength: REGIONS }), fc.nat(REGIONS), (list, removed) => {
        const map = bridge.pvg_map_create(group);
        const references = new RegionReferences(cellsView(bridge, map, MAX_REGION_SLOTS));
        for (let slot = 1; slot <= REGIONS; slot++) expect(references.claim()).toBe(slot);
        const regions = list.map(regionOf);
        const space = new AddressSpace(regions, references);
        const gone = regions[removed] as BackedRegion | undefined;
        if (gone?.slot !== undefined) references.acquire(gone.slot);
        if (gone) space.remove(gone.id);
        if (gone?.slot !== undefined) references.remove(gone.slot);
        const { ranges, rangeCount, regions: bytes, regionCount } = encodeMap(space.snapshot);
        expect(bridge.pvg_map_publish(map, ranges, rangeCount, bytes, regionCount)).toBe(PvgStatus.ok);
        for (let at = 0; at < 21; at++) {
          for (const [length, write] of [
            [1, true],
            [PAGE, false],
            [3 * PAGE, true],
          ] as const) {
            const hit = space.lookup(at * PAGE, length, write);
            expect(lookup(map, at * PAGE, length, write)).toBe(hit && hit.region.hostAddress + hit.offset);
          }
        }
        for (const { hostAddress } of rams) {
          const hit = space.findHostAddress(hostAddress + PAGE - 1);
          const status = bridge.pvg_map_find_host(map, hostAddress + PAGE - 1, found);
          expect(status === PvgStatus.ok ? Number((found[4] ?? 0n) & 0xffff_ffffn) : null).toBe(hit?.id ?? null);
        }
        bridge.pvg_map_destroy(map);
      }),
    );
  });

  it('counts references in the words that the address space counts in', () => {
    const map = bridge.pvg_map_create(group);
    const references = new RegionReferences(cellsView(bridge, map, MAX_REGION_SLOTS));
    expect(references.claim()).toBe(1);
    references.acquire(1);
    expect(bridge.pvg_map_acquire(map, 1)).toBe(PvgStatus.ok);
    expect([references.count(1), bridge.pvg_map_references(map, 1)]).toEqual([2, 2]);
    expect(references.remove(1)).toBe(false);
    expect(bridge.pvg_map_release(map, 1)).toBe(PvgStatus.ok);
    expect(references.release(1)).toBe(true);
    expect([references.claim(), bridge.pvg_map_references(map, 2)]).toEqual([1, 0]);
  });
});
