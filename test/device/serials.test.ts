import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DisplaySerials, MAX_DISPLAY_SERIAL } from '../../src/device/serials.js';

describe('display serials', () => {
  it('count from 1 over all devices', () => {
    const serials = new DisplaySerials();
    expect(serials.take(1, null)).toEqual([1]);
    expect(serials.take(3, null)).toEqual([2, 3, 4]);
  });

  it('that an embedder gives are taken as they are, also twice', () => {
    const serials = new DisplaySerials();
    expect(serials.take(2, [7, 1])).toEqual([7, 1]);
    expect(serials.take(1, [7])).toEqual([7]);
  });

  it('are never handed out if an embedder gave them, or twice', () => {
    const demand = fc.oneof(
      fc.integer({ min: 1, max: 8 }),
      fc.uniqueArray(fc.oneof(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: MAX_DISPLAY_SERIAL })), {
        minLength: 1,
        maxLength: 8,
      }),
    );
    fc.assert(
      fc.property(fc.array(demand, { maxLength: 20 }), (demands) => {
        const serials = new DisplaySerials();
        const used = new Set<number>();
        for (const each of demands) {
          if (typeof each === 'number') {
            const handedOut = serials.take(each, null);
            expect(handedOut).toHaveLength(each);
            for (const serial of handedOut) {
              expect(used.has(serial)).toBe(false);
              used.add(serial);
            }
          } else for (const serial of serials.take(each.length, each)) used.add(serial);
        }
      }),
    );
  });

  it('leave no number out but those that were given', () => {
    const serials = new DisplaySerials();
    serials.take(3, [2, 3, 5]);
    expect(serials.take(4, null)).toEqual([1, 4, 6, 7]);
  });
});
