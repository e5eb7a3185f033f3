/**
 * Moving a step on paper, and setting two executions beside each other.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aligned, moved, type Ordered } from '../../../src/visualiser/model/explore-order.js';

const steps = (...processes: number[]): Ordered[] => processes.map((process) => ({ process, needs: [] }));

describe('a step that is moved', () => {
  it('passes steps of other processes', () => {
    expect(moved(steps(0, 1, 2), 2, -1)).toEqual([0, 2, 1]);
    expect(moved(steps(0, 1, 2), 2, -2)).toEqual([2, 0, 1]);
    expect(moved(steps(0, 1, 2), 0, 1)).toEqual([1, 0, 2]);
  });

  it('takes the steps of its own process along', () => {
    expect(moved(steps(1, 0, 0), 2, -1)).toEqual([1, 2, 0]);
    expect(moved(steps(0, 0, 1), 0, 1)).toEqual([2, 0, 1]);
  });

  it('takes along what made it possible, and what it makes possible', () => {
    const sent: Ordered[] = [
      { process: 2, needs: [] },
      { process: 0, needs: [] },
      { process: 1, needs: [1] },
    ];
    expect(moved(sent, 2, -1)).toEqual([1, 2, 0]);
    expect(
      moved(
        [
          { process: 0, needs: [] },
          { process: 1, needs: [0] },
          { process: 2, needs: [] },
        ],
        0,
        1,
      ),
    ).toEqual([2, 0, 1]);
  });

  it('goes as far as it can, and no further', () => {
    expect(moved(steps(0, 1), 1, -9)).toEqual([1, 0]);
    expect(moved(steps(0, 0), 1, -1)).toEqual([0, 1]);
    expect(moved(steps(0, 1), 1, 9)).toEqual([0, 1]);
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
        const order = moved(all, step % all.length, by);
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

describe('two lists beside each other', () => {
  it('have in one row what is alike', () => {
    expect(aligned(['a', 'b', 'c'], ['a', 'x', 'c'])).toEqual([
      { left: 0, right: 0 },
      { left: 1, right: null },
      { left: null, right: 1 },
      { left: 2, right: 2 },
    ]);
    expect(aligned([], ['a'])).toEqual([{ left: null, right: 0 }]);
  });

  it('hold every step of both in order', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
    fc.assert(
      fc.property(list, list, (left, right) => {
        const rows = aligned(left, right);
        expect(rows.flatMap((row) => (row.left === null ? [] : [row.left]))).toEqual(left.map((_, index) => index));
        expect(rows.flatMap((row) => (row.right === null ? [] : [row.right]))).toEqual(right.map((_, index) => index));
        for (const row of rows) if (row.left !== null && row.right !== null) expect(left[row.left]).toBe(right[row.right]);
      }),
    );
  });

  it('that are too long to compare are set beside each other by their numbers', () => {
    const many = Array.from({ length: 700 }, (_, index) => `${index}`);
    expect(aligned(['x', ...many], ['y', ...many])).toHaveLength(701);
  });
});
