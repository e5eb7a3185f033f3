/**
 * Two executions beside each other, row by row.
 *
 * Invariant: each row has a step of one or of both, and each step is in one row, in order.
 */

/** A row: which of either is there; null: none. */
export type Pair = readonly [number | null, number | null];

/** Steps of each that are compared one by one; longer ones are set beside each other by their numbers behind what is alike. */
const MOST_ALIGNED = 600;

/** Two lists beside each other, with what is alike in one row: as many rows of that kind as there can be. */
export function aligned(left: readonly string[], right: readonly string[]): Pair[] {
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) head++;
  const rows = Array.from({ length: head }, (_, index): Pair => [index, index]);
  const [a, b] = [left.slice(head), right.slice(head)];
  const rest = a.length > MOST_ALIGNED || b.length > MOST_ALIGNED ? beside(a.length, b.length) : byLikeness(a, b);
  const behind = (index: number | null): number | null => (index === null ? null : index + head);
  return [...rows, ...rest.map(([one, other]): Pair => [behind(one), behind(other)])];
}

function beside(left: number, right: number): Pair[] {
  return Array.from({ length: Math.max(left, right) }, (_, index): Pair => [index < left ? index : null, index < right ? index : null]);
}

/** The longest common subsequence, and what lies between. */
function byLikeness(a: readonly string[], b: readonly string[]): Pair[] {
  const width = b.length + 1;
  const common = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      const both = a[i] === b[j] ? 1 + (common[(i + 1) * width + j + 1] ?? 0) : 0;
      common[i * width + j] = Math.max(both, common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  const rows: Pair[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    const here = common[i * width + j] ?? 0;
    if (i < a.length && j < b.length && a[i] === b[j] && here === 1 + (common[(i + 1) * width + j + 1] ?? 0)) rows.push([i++, j++]);
    else if (i < a.length && here === (common[(i + 1) * width + j] ?? 0)) rows.push([i++, null]);
    else rows.push([null, j++]);
  }
  return rows;
}
