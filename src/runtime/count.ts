/**
 * Counts beyond 32 bits in shared memory, without BigInt: adding to one and reading it allocates nothing.
 *
 * Invariant: threads may add at the same time, and what is read is exact: the count at the moment when its low cell was read. A count is
 * two Int32 cells: its low 32 bits, and how many multiples of 2^31 it has passed. Whoever passes one adds to the high cell a moment
 * later; that the high cell is behind shows in its lowest bit, which otherwise equals the low cell's highest. It doesn't count down.
 */
import { assert } from '../base/errors.js';

/** Int32 cells of one count. */
export const COUNT_CELLS = 2;

const STEP = 2 ** 31;
const MOST = STEP - 1;

/** Adds `amount`, an integer from 0 on, to the count whose first cell is `at`. */
export function addToCount(cells: Int32Array, at: number, amount: number): void {
  assert(amount >= 0 && Number.isSafeInteger(amount), 'a count only grows, by whole numbers');
  let rest = amount;
  // Less than a step at a time passes at most one multiple.
  for (; rest > MOST; rest -= MOST) addPart(cells, at, MOST);
  addPart(cells, at, rest);
}

function addPart(cells: Int32Array, at: number, part: number): void {
  const before = Atomics.add(cells, at, part);
  // The highest bit differs: a multiple was passed.
  if ((before ^ (before + part)) < 0) Atomics.add(cells, at + 1, 1);
}

/** Begins the count at `value`, before anybody else looks at it. */
export function startCount(cells: Int32Array, at: number, value: number): void {
  assert(value >= 0 && Number.isSafeInteger(value), 'a count is a whole number');
  Atomics.store(cells, at, value | 0);
  Atomics.store(cells, at + 1, Math.floor(value / STEP));
}

/** The count whose first cell is `at`. */
export function readCount(cells: Int32Array, at: number): number {
  // The high cell first: an add between the two looks makes it seem behind, which is seen, and never ahead, which would not be.
  const high = Atomics.load(cells, at + 1);
  const low = Atomics.load(cells, at);
  const behind = (low < 0 ? 1 : 0) ^ (high & 1);
  return (high + behind) * STEP + (low & MOST);
}
