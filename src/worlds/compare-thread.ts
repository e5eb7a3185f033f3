/**
 * What a thread of the comparison of revisions does. piscina owns the thread; it lies two folders below dist/, where the command looks for it.
 */
import { type Compared, type Comparison, compare } from './compare.js';

/** Piscina task. */
export function run(comparison: Comparison): Compared {
  return compare(comparison);
}
