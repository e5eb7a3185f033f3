import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addToCount, COUNT_CELLS, readCount, startCount } from '../../src/runtime/count.js';
import { Counters, ShownFrames } from '../../src/runtime/shared.js';

const cellsAt = (value: number): Int32Array => {
  const cells = new Int32Array(new SharedArrayBuffer(4 * COUNT_CELLS));
  startCount(cells, 0, value);
  return cells;
};

describe('a count', () => {
  it.each([0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 3 * 2 ** 31 + 7, 2 ** 40, 2 ** 52])('begins at %i', (value) => {
    expect(readCount(cellsAt(value), 0)).toBe(value);
  });

  it('is the sum of what was added, wherever it begins', () => {
    const amount = fc.oneof(
      fc.integer({ min: 0, max: 3 }),
      fc.integer({ min: 0, max: 2 ** 33 }),
      fc.constantFrom(2 ** 31 - 1, 2 ** 31, 2 ** 32),
    );
    const begin = fc.oneof(fc.constantFrom(0, 2 ** 31 - 2, 2 ** 32 - 2), fc.integer({ min: 0, max: 2 ** 50 }));
    fc.assert(
      fc.property(begin, fc.array(amount, { maxLength: 20 }), (value, amounts) => {
        const cells = cellsAt(value);
        let sum = value;
        for (const each of amounts) {
          addToCount(cells, 0, each);
          sum += each;
          expect(readCount(cells, 0)).toBe(sum);
        }
      }),
    );
  });

  it.each([2 ** 31, 2 ** 32, 5 * 2 ** 31])('is right while the thread that passed %i has not said so yet', (passed) => {
    const cells = cellsAt(passed - 1);
    Atomics.add(cells, 0, 1);
    expect(readCount(cells, 0)).toBe(passed);
    Atomics.add(cells, 0, 5);
    expect(readCount(cells, 0)).toBe(passed + 5);
    Atomics.add(cells, 1, 1);
    expect(readCount(cells, 0)).toBe(passed + 5);
  });

  it.each([-1, 0.5, Number.NaN])('takes no %s', (amount) => {
    expect(() => addToCount(cellsAt(0), 0, amount)).toThrow('whole numbers');
  });
});

describe('the counters', () => {
  it('are told apart, and seen through the shared memory', () => {
    const counters = new Counters();
    counters.add('accesses');
    counters.add('accesses', 41);
    counters.add('interrupts');
    counters.addHold(2.6);
    const elsewhere = new Counters(counters.memory);
    expect([elsewhere.get('accesses'), elsewhere.get('interrupts'), elsewhere.get('updates')]).toEqual([42, 1, 0]);
    expect(elsewhere.holdMicroseconds).toBe(3);
  });
});

describe('the frames shown', () => {
  it('are known by the last one, which goes on from a restored one', () => {
    const shown = new ShownFrames();
    const elsewhere = new ShownFrames(shown.memory);
    expect([elsewhere.lastPresent, elsewhere.seconds]).toEqual([0, 0]);
    shown.note(3);
    expect([elsewhere.lastPresent, elsewhere.seconds]).toEqual([3, 0]);
    elsewhere.restore(2 ** 33);
    shown.note(2 ** 33 + 2);
    expect(elsewhere.lastPresent).toBe(2 ** 33 + 2);
  });

  it('last from the first to the last of them', async () => {
    const shown = new ShownFrames();
    shown.note(1);
    const before = performance.now();
    while (performance.now() - before < 3);
    shown.note(2);
    expect(shown.seconds).toBeGreaterThanOrEqual(0.003);
  });
});
