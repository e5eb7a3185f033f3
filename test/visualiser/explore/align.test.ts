/**
 * Setting two executions beside each other.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { aligned } from '../../../src/visualiser/explore/align.js';

describe('two lists beside each other', () => {
  it('have in one row what is alike', () => {
    expect(aligned(['a', 'b', 'c'], ['a', 'x', 'c'])).toEqual([
      [0, 0],
      [1, null],
      [null, 1],
      [2, 2],
    ]);
    expect(aligned([], ['a'])).toEqual([[null, 0]]);
  });

  it('hold every step of both in order', () => {
    const list = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 });
    fc.assert(
      fc.property(list, list, (left, right) => {
        const rows = aligned(left, right);
        expect(rows.flatMap(([one]) => one ?? [])).toEqual(left.map((_, index) => index));
        expect(rows.flatMap(([, other]) => other ?? [])).toEqual(right.map((_, index) => index));
        for (const [one, other] of rows) if (one !== null && other !== null) expect(left[one]).toBe(right[other]);
      }),
    );
  });

  it('that are too long to compare are set beside each other by their numbers', () => {
    const many = Array.from({ length: 700 }, (_, index) => `${index}`);
    expect(aligned(['x', ...many], ['y', ...many])).toHaveLength(701);
  });
});
