/**
 * Which region's memory is at a host address.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { HostView } from '../../src/memory/host-view.js';
import type { BackedRegion } from '../../src/memory/region.js';

const region = (id: number, hostAddress: number, length: number): BackedRegion => ({
  ...{ kind: 'ram', id, name: `ram ${id}`, gpa: 0, length, priority: 0, ram: id, ramOffset: 0, hostAddress, slot: id },
});

it('nothing is found where there is nothing', () => {
  expect(new HostView([]).find(0)).toBeNull();
});

it('finds the region that holds an address, whatever the order of the regions', () => {
  const pieces = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 1, max: 5 })), { maxLength: 12 });
  fc.assert(
    fc.property(pieces, fc.infiniteStream(fc.nat()), (gaps, order) => {
      let at = 10;
      const regions = gaps.map(([gap, length], index) => {
        const made = region(index, at + gap, length);
        at += gap + length;
        return made;
      });
      const shuffled = regions.map((each) => ({ each, key: order.next().value as number })).sort((a, b) => a.key - b.key);
      const view = new HostView(shuffled.map(({ each }) => each));
      for (let address = 0; address < at + 10; address++) {
        const holder = regions.find(({ hostAddress, length }) => address >= hostAddress && address < hostAddress + length);
        expect(view.find(address)).toBe(holder ?? null);
      }
    }),
  );
});
