/**
 * Moving one step of an execution earlier or later among the others, on paper.
 *
 * A step can't be without the steps before it of its own process, nor without those that made it possible (a message without its sending), so
 * it takes these along when it goes earlier, and what can't be without it when it goes later. Everything else may be passed: that is what tells a
 * race. Invariant: what comes out are the same steps, each behind all it needs. What is
 * not here: whether a world can do it; that is seen when it is run.
 */

/** What is asked of a step here. */
export interface Ordered {
  readonly process: number | string;
  /** Numbers of earlier steps of others that it can't be without. */
  readonly needs: readonly number[];
}

/** Steps in another order. */
export interface Moved {
  /** Their numbers. */
  readonly order: readonly number[];
  /** How many places the step went later, or, negative, earlier. */
  readonly by: number;
}

/** Has a step go `by` places later, or -`by` earlier; fewer, if there are not so many. */
export function moved(steps: readonly Ordered[], step: number, by: number): Moved {
  let order = steps.map((_, index) => index);
  const direction = Math.sign(by);
  for (let gone = 0; gone !== by; gone += direction) {
    const next = by < 0 ? earlier(steps, order, step) : later(steps, order, step);
    if (next === null) return { order, by: gone };
    order = next;
  }
  return { order, by };
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
