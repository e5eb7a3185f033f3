/**
 * Moving one step of an execution earlier or later among the others, on paper.
 *
 * A step can't be without the steps before it of its own process, nor without those that made it possible (a message without its sending), so
 * it takes these along when it goes earlier, and what can't be without it when it goes later. Everything else may be passed: that is what tells a
 * race. Pure, and the same on the page and where the result is run. Invariant: what comes out are the same steps, each behind all it needs. What is
 * not here: whether a world can do it; that is seen when it is run.
 */

/** What is asked of a step here. */
export interface Ordered {
  readonly process: number;
  /** Numbers of earlier steps of others that it can't be without. */
  readonly needs: readonly number[];
}

/** Numbers of the steps, in their new order, if one goes `by` places later, or -`by` earlier; fewer, if there are not so many. */
export function moved(steps: readonly Ordered[], step: number, by: number): number[] {
  let order = steps.map((_, index) => index);
  for (let left = Math.abs(by); left > 0; left--) {
    const next = by < 0 ? earlier(steps, order, step) : later(steps, order, step);
    if (next === null) break;
    order = next;
  }
  return order;
}

/** Passes the nearest step in front of it that it can pass, with those in between that it needs; null: there is none. */
function earlier(steps: readonly Ordered[], order: readonly number[], step: number): number[] | null {
  const at = order.indexOf(step);
  const taken = new Set([step]);
  for (let place = at - 1; place >= 0; place--) {
    const other = order[place] ?? 0;
    if (!isNeeded(steps, other, taken)) {
      const group = order.slice(place + 1, at + 1);
      return [...order.slice(0, place), ...group, other, ...order.slice(at + 1)];
    }
    taken.add(other);
  }
  return null;
}

/** As earlier(), the other way. */
function later(steps: readonly Ordered[], order: readonly number[], step: number): number[] | null {
  const at = order.indexOf(step);
  const taken = new Set([step]);
  for (let place = at + 1; place < order.length; place++) {
    const other = order[place] ?? 0;
    if (![...taken].some((each) => isNeeded(steps, each, new Set([other])))) {
      const group = order.slice(at, place);
      return [...order.slice(0, at), other, ...group, ...order.slice(place + 1)];
    }
    taken.add(other);
  }
  return null;
}

/** Whether one of some steps can't be without an earlier one. */
function isNeeded(steps: readonly Ordered[], step: number, by: ReadonlySet<number>): boolean {
  for (const each of by) {
    const one = steps[each];
    if (one === undefined || each <= step) continue;
    if (one.process === steps[step]?.process || one.needs.includes(step)) return true;
  }
  return false;
}

/** A row of two executions beside each other. */
export interface Pair {
  readonly left: number | null;
  readonly right: number | null;
}

/** Steps of each that are compared one by one; longer ones are set beside each other by their numbers behind what is alike. */
const MOST_ALIGNED = 600;

/** Two lists beside each other, with what is alike in one row: as many rows of that kind as there can be. */
export function aligned(left: readonly string[], right: readonly string[]): Pair[] {
  let head = 0;
  while (head < left.length && head < right.length && left[head] === right[head]) head++;
  const rows: Pair[] = Array.from({ length: head }, (_, index) => ({ left: index, right: index }));
  const [a, b] = [left.slice(head), right.slice(head)];
  const rest = a.length > MOST_ALIGNED || b.length > MOST_ALIGNED ? beside(a.length, b.length) : byLikeness(a, b);
  for (const pair of rest)
    rows.push({ left: pair.left === null ? null : pair.left + head, right: pair.right === null ? null : pair.right + head });
  return rows;
}

function beside(left: number, right: number): Pair[] {
  return Array.from({ length: Math.max(left, right) }, (_, index) => ({
    left: index < left ? index : null,
    right: index < right ? index : null,
  }));
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
    if (i < a.length && j < b.length && a[i] === b[j] && here === 1 + (common[(i + 1) * width + j + 1] ?? 0))
      rows.push({ left: i++, right: j++ });
    else if (i < a.length && here === (common[(i + 1) * width + j] ?? 0)) rows.push({ left: i++, right: null });
    else rows.push({ left: null, right: j++ });
  }
  return rows;
}
