/**
 * References on regions, shared by maps on several threads: no order of what these do loses a region or gives one up twice.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_REGION_SLOTS } from '../../src/base/limits.js';
import { AddressSpace } from '../../src/memory/address-space.js';
import { RegionReferences } from '../../src/memory/references.js';
import type { BackedRegion } from '../../src/memory/region.js';

function claimed(references: RegionReferences): number {
  const slot = references.claim();
  if (slot === null) throw new TypeError('there was no slot');
  return slot;
}

describe('a slot', () => {
  it('is one region’s until that is gone, and then another’s, with no references', () => {
    const references = new RegionReferences();
    const slots = Array.from({ length: MAX_REGION_SLOTS }, () => claimed(references));
    expect(new Set(slots).size).toBe(MAX_REGION_SLOTS);
    expect(references.claim()).toBeNull();
    references.acquire(7);
    expect(references.remove(7)).toBe(false);
    expect(references.claim()).toBeNull();
    expect(references.release(7)).toBe(true);
    expect(references.claim()).toBe(7);
    expect(references.count(7)).toBe(0);
  });

  it('is the same one for everybody who has the memory', () => {
    const mine = new RegionReferences();
    const slot = claimed(mine);
    mine.acquire(slot);
    const theirs = new RegionReferences(mine.memory);
    expect(theirs.count(slot)).toBe(1);
    expect(theirs.claim()).not.toBe(slot);
    expect(theirs.release(slot)).toBe(false);
    expect(mine.count(slot)).toBe(0);
  });
});

describe('what would lose count is an error of ours', () => {
  it.each<[string, (references: RegionReferences, slot: number) => void]>([
    ['a reference given back that nobody has', (references, slot) => references.release(slot)],
    [
      'a region removed twice',
      (references, slot) => {
        references.acquire(slot);
        references.remove(slot);
        references.remove(slot);
      },
    ],
    [
      'a region removed that is gone',
      (references, slot) => {
        references.remove(slot);
        references.remove(slot);
      },
    ],
    [
      'a reference on a region that is gone',
      (references, slot) => {
        references.remove(slot);
        references.acquire(slot);
      },
    ],
  ])('%s', (_what, act) => {
    const references = new RegionReferences();
    expect(() => act(references, claimed(references))).toThrow(/reference|region/);
  });

  it('but one that may be somebody else’s is just not there', () => {
    const references = new RegionReferences();
    const slot = claimed(references);
    expect(references.tryRelease(slot)).toBe('none');
    references.acquire(slot);
    expect(references.tryRelease(slot)).toBe('released');
    references.remove(slot);
    expect(references.tryRelease(slot)).toBe('none');
  });
});

describe('two maps', () => {
  const region: BackedRegion = {
    kind: 'ram',
    id: 1,
    name: 'ram',
    priority: 0,
    gpa: 0,
    length: 0x1000,
    ram: 9,
    ramOffset: 0,
    hostAddress: 0x1_0000,
    slot: 1,
  };

  /** What each of the two does, in its own order; who acts next is another choice. A map that was told of the removal finds nothing. */
  const actor = fc.array(fc.constantFrom('map' as const, 'map' as const, 'unmap' as const, 'removed' as const), { maxLength: 12 });

  it('see a removed region gone exactly once, when both have let go, in every interleaving', () => {
    const seen = { byMaps: 0, byRemover: 0 };
    fc.assert(
      fc.property(fc.tuple(actor, actor), fc.array(fc.boolean(), { maxLength: 24 }), (plans, order) => {
        const references = new RegionReferences();
        claimed(references);
        const gone: string[] = [];
        const maps = ['bql', 'memory'].map((name) => new AddressSpace([region], references, () => gone.push(name)));
        const held = [0, 0];
        let removed = false;
        const act = (who: number, what: 'map' | 'unmap' | 'removed'): void => {
          const map = maps[who];
          if (!map) return;
          if (what === 'map' && map.lookup(0, 1, true)) {
            map.acquire(region);
            held[who] = (held[who] ?? 0) + 1;
          } else if (what === 'unmap' && (held[who] ?? 0) > 0) {
            held[who] = (held[who] ?? 0) - 1;
            map.release(region);
          } else if (what === 'removed') {
            map.remove(region.id);
          }
          // The last map to be told is the moment from which on nobody finds the region.
          if (!removed && maps.every((each) => each.translate(0) === null)) {
            removed = true;
            if (references.remove(region.slot)) gone.push('remover');
          }
          expect(gone).toHaveLength(removed && held.every((count) => count === 0) ? 1 : 0);
          if (gone.length === 0) expect(references.count(region.slot)).toBe((held[0] ?? 0) + (held[1] ?? 0));
        };
        const rest = plans.map((plan) => [...plan]);
        for (const second of order) {
          const who = second ? 1 : 0;
          const next = rest[who]?.shift();
          if (next) act(who, next);
        }
        for (const who of [0, 1]) act(who, 'removed');
        for (const who of [0, 1]) while ((held[who] ?? 0) > 0) act(who, 'unmap');
        expect(gone).toHaveLength(1);
        if (gone[0] === 'remover') seen.byRemover++;
        else seen.byMaps++;
      }),
      { numRuns: 1000 },
    );
    expect(Math.min(seen.byMaps, seen.byRemover)).toBeGreaterThan(10);
  });
});
