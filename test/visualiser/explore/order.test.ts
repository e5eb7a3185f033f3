/**
 * Moving a step on paper.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moved, type Ordered } from '../../../src/visualiser/explore/order.js';

const steps = (...processes: number[]): Ordered[] => processes.map((process) => ({ process, needs: [] }));

describe('a step that is moved', () => {
  it('passes steps of other processes', () => {
    expect(moved(steps(0, 1, 2), 2, -1).order).toEqual([0, 2, 1]);
    expect(moved(steps(0, 1, 2), 2, -2).order).toEqual([2, 0, 1]);
    expect(moved(steps(0, 1, 2), 0, 1).order).toEqual([1, 0, 2]);
  });

  it('takes the steps of its own process along', () => {
    expect(moved(steps(1, 0, 0), 2, -1).order).toEqual([1, 2, 0]);
    expect(moved(steps(0, 0, 1), 0, 1).order).toEqual([2, 0, 1]);
  });

  it('takes along what made it possible, and what it makes possible', () => {
    const sent: Ordered[] = [
      { process: 2, needs: [] },
      { process: 0, needs: [] },
      { process: 1, needs: [1] },
    ];
    expect(moved(sent, 2, -1).order).toEqual([1, 2, 0]);
    expect(
      moved(
        [
          { process: 0, needs: [] },
          { process: 1, needs: [0] },
          { process: 2, needs: [] },
        ],
        0,
        1,
      ).order,
    ).toEqual([2, 0, 1]);
  });

  it('goes as far as it can, and no further', () => {
    expect(moved(steps(0, 1), 1, -9).order).toEqual([1, 0]);
    expect(moved(steps(0, 0), 1, -1).order).toEqual([0, 1]);
    expect(moved(steps(0, 1), 1, 9).order).toEqual([0, 1]);
    expect([-9, -1, 0, 9].map((by) => moved(steps(0, 1, 2), 2, by).by)).toEqual([-2, -1, 0, 0]);
  });

  it('is never in front of what it needs, and nothing is lost, whatever the steps', () => {
    const arbitrary = fc
      .array(fc.record({ process: fc.nat(3), back: fc.array(fc.integer({ min: 1, max: 5 }), { maxLength: 2 }) }), {
        minLength: 1,
        maxLength: 20,
      })
      .map((list) =>
        list.map(({ process, back }, index): Ordered => ({ process, needs: back.map((each) => index - each).filter((need) => need >= 0) })),
      );
    fc.assert(
      fc.property(arbitrary, fc.nat(19), fc.integer({ min: -20, max: 20 }), (all, step, by) => {
        const { order, by: gone } = moved(all, step % all.length, by);
        expect(gone === 0 || Math.sign(gone) === Math.sign(by)).toBe(true);
        expect(order.every((each, index) => each === index)).toBe(gone === 0);
        expect([...order].sort((a, b) => a - b)).toEqual(all.map((_, index) => index));
        const place = new Map(order.map((each, index) => [each, index]));
        all.forEach(({ process, needs }, index) => {
          const before = [...needs, ...all.flatMap((other, at) => (at < index && other.process === process ? [at] : []))];
          for (const need of before) expect(place.get(need)).toBeLessThan(place.get(index) ?? -1);
        });
      }),
    );
  });
});
