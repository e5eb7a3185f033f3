/**
 * Executions that go on for ever without what must happen, found as cycles of the graph of states.
 *
 * A cycle counts if it is fair. Weakly: each process that can take a step in all states of the cycle takes one. Strongly: each process
 * that can in any of them does. The largest sets of states that reach each other are looked at one by one: all of a set is a cycle that passes
 * everywhere, so under weak fairness the set decides, and under strong fairness what offends is taken out and the rest looked at
 * again. What is not here: executions that end (properties.ts).
 */
import { connectedSets } from './connected-sets.js';
import type { StateGraph } from './state-graph.js';

/** Whose steps an execution that goes on for ever has to make: of all who could always, of all who could now and then, or of nobody. */
export type Fairness = 'weak' | 'strong' | 'none';

/** A cycle: where it begins, and its choices. */
export interface Cycle {
  readonly state: number;
  readonly choices: readonly number[];
}

/** A fair cycle in which a property is never fulfilled; null if there is none. Of several, one that begins early. */
export function findFairCycle(graph: StateGraph, bit: number, fairness: Fairness): Cycle | null {
  const color = new Int32Array(graph.states);
  for (let state = 0; state < graph.states; state++) color[state] = graph.isFulfilled(state, bit) ? -1 : 0;
  // The set that is reached first makes the shortest report.
  const waiting = connectedSets(graph, color)
    .map((set) => ({ set, begin: earliest(set) }))
    .sort((one, other) => one.begin - other.begin)
    .map(({ set }) => set);
  for (let set = waiting.shift(); set !== undefined; set = waiting.shift()) {
    const found = new FairSet(graph, set);
    const offenders = fairness === 'none' ? [] : found.offenders(fairness);
    if (offenders.length === 0) return found.cycle(fairness);
    if (fairness !== 'strong') continue;
    color.fill(-1);
    for (const state of set) if (!offenders.some((process) => graph.canStep(state, process))) color[state] = 0;
    waiting.unshift(...connectedSets(graph, color));
  }
  return null;
}

const earliest = (states: readonly number[]): number => states.reduce((least, state) => Math.min(least, state));

/** States that reach each other. */
class FairSet {
  private readonly inside: Set<number>;
  /** Processes by in how many states they can take a step, and whether one of their steps stays inside. */
  private readonly ables = new Map<number, number>();
  private readonly steppers = new Set<number>();

  constructor(
    private readonly graph: StateGraph,
    private readonly states: readonly number[],
  ) {
    this.inside = new Set(states);
    for (const state of states) {
      const here = new Set<number>();
      for (const edge of this.edgesOf(state)) {
        here.add(graph.processOf(edge));
        if (this.inside.has(graph.to[edge] ?? 0)) this.steppers.add(graph.processOf(edge));
      }
      for (const process of here) this.ables.set(process, (this.ables.get(process) ?? 0) + 1);
    }
  }

  /** Processes to which no cycle of the whole set is fair. */
  offenders(fairness: 'weak' | 'strong'): number[] {
    return [...this.ables]
      .filter(([process, count]) => !this.steppers.has(process) && (fairness === 'strong' || count === this.states.length))
      .map(([process]) => process);
  }

  /** A short cycle that is fair: in it each process takes a step, or, where that is enough, can't once. */
  cycle(fairness: Fairness): Cycle {
    const start = earliest(this.states);
    const choices: number[] = [];
    let at = start;
    const goals = fairness === 'none' ? [] : [...this.ables.keys()];
    const unmet = new Set(goals);
    const meets = (state: number, edge: number | null): boolean => {
      let met = false;
      for (const process of unmet) {
        const steps = edge !== null && this.graph.processOf(edge) === process;
        const rests = !this.graph.canStep(state, process) && (fairness === 'weak' || !this.steppers.has(process));
        if (steps || rests) {
          unmet.delete(process);
          met = true;
        }
      }
      return met;
    };
    meets(at, null);
    while (unmet.size > 0)
      at = this.walk(at, choices, (edge) => unmet.has(this.graph.processOf(edge)) || this.rests(edge, unmet, fairness), meets);
    if (choices.length === 0 || at !== start) at = this.walk(at, choices, (edge) => this.graph.to[edge] === start, meets);
    return { state: start, choices };
  }

  /** Whether an edge leads to where an unmet process can't step, if that is enough. */
  private rests(edge: number, unmet: ReadonlySet<number>, fairness: Fairness): boolean {
    const to = this.graph.to[edge] ?? 0;
    for (const process of unmet) if (fairness === 'weak' && !this.graph.canStep(to, process)) return true;
    return false;
  }

  /** Goes the shortest way inside whose last edge is wanted; where that ends. */
  private walk(
    from: number,
    choices: number[],
    isWanted: (edge: number) => boolean,
    note: (state: number, edge: number | null) => boolean,
  ): number {
    const { graph } = this;
    const reachedBy = new Map<number, { readonly edge: number; readonly from: number }>();
    const queue = [from];
    for (let next = 0; next < queue.length; next++) {
      const state = queue[next] ?? 0;
      for (const edge of this.edgesOf(state)) {
        const to = graph.to[edge] ?? 0;
        if (!this.inside.has(to)) continue;
        if (isWanted(edge)) {
          const way = [edge];
          for (let back = state; back !== from; ) {
            const step = reachedBy.get(back);
            if (step === undefined) break;
            way.push(step.edge);
            back = step.from;
          }
          for (const each of way.reverse()) {
            choices.push(graph.choice[each] ?? 0);
            note(graph.to[each] ?? 0, each);
          }
          return to;
        }
        if (to === from || reachedBy.has(to)) continue;
        reachedBy.set(to, { edge, from: state });
        queue.push(to);
      }
    }
    return from;
  }

  private *edgesOf(state: number): Generator<number> {
    const { first } = this.graph;
    for (let edge = first[state] ?? 0; edge < (first[state + 1] ?? 0); edge++) yield edge;
  }
}
