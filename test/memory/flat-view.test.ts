/**
 * The memory map against a model that paints it byte by byte.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FlatView } from '../../src/memory/flat-view.js';
import type { MemoryRegion } from '../../src/memory/region.js';

const SPACE = 48;

const regions = fc
  .array(
    fc.record({
      gpa: fc.nat(SPACE - 1),
      length: fc.integer({ min: 1, max: 16 }),
      priority: fc.nat(3),
      kind: fc.constantFrom('ram', 'rom'),
    }),
    { maxLength: 10 },
  )
  .map((list) =>
    list.map(
      ({ kind, ...place }, id): MemoryRegion => ({
        kind: kind as 'ram',
        id,
        name: `r${id}`,
        ram: id,
        ramOffset: 0,
        hostAddress: 0,
        slot: 0,
        ...place,
      }),
    ),
  );

/** What is seen at each address: later regions paint over earlier ones, higher priorities over lower ones. */
function paint(list: readonly MemoryRegion[]): (MemoryRegion | undefined)[] {
  const cells: (MemoryRegion | undefined)[] = [];
  const byPriority = [...list].sort((a, b) => a.priority - b.priority || a.id - b.id);
  for (const region of byPriority) for (let at = 0; at < region.length; at++) cells[region.gpa + at] = region;
  return cells;
}

describe('a flat view', () => {
  it('shows at each address what painting shows, and for how long', () => {
    fc.assert(
      fc.property(regions, (list) => {
        const cells = paint(list);
        const view = new FlatView(list);
        for (let gpa = 0; gpa < SPACE + 20; gpa++) {
          const found = view.translate(gpa);
          expect(found?.region).toBe(cells[gpa]);
          if (!found) continue;
          expect(found.offset).toBe(gpa - found.region.gpa);
          let end = gpa;
          while (cells[end] === found.region) end++;
          expect(found.contiguous).toBe(end - gpa);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('has nothing below, between and above its regions, nor at addresses that are no numbers', () => {
    const region = {
      kind: 'ram',
      id: 1,
      name: 'r',
      gpa: 8,
      length: 8,
      priority: 0,
      ram: 1,
      ramOffset: 0,
      hostAddress: 0,
      slot: 0,
    } as const;
    const view = new FlatView([region, { ...region, id: 2, gpa: 32 }]);
    for (const gpa of [0, 7, 16, 31, 40, Number.POSITIVE_INFINITY, Number.NaN]) expect(view.translate(gpa)).toBeNull();
  });
});
