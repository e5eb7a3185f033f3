/**
 * Which transitions of a chart a recorded move has taken: a trace says the states before and after, and the event.
 *
 * Invariant: whatever is said to have been taken could have been: it stands in a state that was active, on that event, and leads to states that
 * were active afterwards. Where guards that nobody recorded would decide, the first one that fits stands for all. Eventless transitions are not looked for.
 */
import { activeStates, type ChartGuard, type ChartModel, type ChartStateValue, childrenOf, statesAround } from '../chart/model.js';

/** What a move did on a chart. */
export interface ChartMove {
  /** Numbers of states that were entered, and left. */
  readonly entered: readonly number[];
  readonly left: readonly number[];
  /** Numbers of transitions. */
  readonly taken: readonly number[];
}

/** Whether a guard held: what it says of active states is known, what else it asks is not. */
function held(guard: ChartGuard, active: ReadonlySet<number>): boolean | null {
  switch (guard.kind) {
    case 'name':
      return null;
    case 'in':
      return active.has(guard.state);
    case 'not': {
      const inner = held(guard.term, active);
      return inner === null ? null : !inner;
    }
    case 'all':
    case 'any': {
      const decides = guard.kind === 'any';
      const terms = guard.terms.map((term) => held(term, active));
      return terms.includes(decides) ? decides : terms.includes(null) ? null : !decides;
    }
  }
}

/** A chart, and what moves between the states of its compiled table do on it. */
export class ChartMoves {
  /** By the table's number of a state. */
  readonly active: readonly ReadonlySet<number>[];
  /** By the table's number: whether the machine has ended there. */
  readonly ends: readonly boolean[];
  private readonly known = new Map<number, ChartMove>();

  constructor(
    readonly chart: ChartModel,
    values: readonly unknown[],
    private readonly events: readonly string[],
  ) {
    this.active = values.map((value) => new Set(activeStates(chart, value as ChartStateValue)));
    const final = chart.states.flatMap(({ kind, parent }, index) => (kind === 'final' && parent === 0 ? [index] : []));
    this.ends = this.active.map((active) => final.some((state) => active.has(state)));
  }

  /** What a move did; `before` is -1 when the machine began. States that the table doesn't have do nothing. */
  of(before: number, event: number, after: number): ChartMove {
    const key = ((before + 1) * (this.events.length + 1) + event + 1) * (this.active.length + 1) + after;
    let move = this.known.get(key);
    if (move === undefined) {
      move = this.made(before, event, after);
      // Numbers of a damaged recording have no end.
      if (this.known.size < 10_000) this.known.set(key, move);
    }
    return move;
  }

  private made(before: number, event: number, after: number): ChartMove {
    const from = this.active[before] ?? new Set<number>();
    const to = this.active[after] ?? new Set<number>();
    const taken = before < 0 ? [] : this.taken(from, this.events[event], to);
    const again = taken.flatMap((transition) => this.chart.transitions[transition]?.targets ?? []).filter((state) => from.has(state));
    const entered = [...to].filter((state) => !from.has(state) || again.includes(state));
    return { entered, left: [...from].filter((state) => !to.has(state) || again.includes(state)), taken };
  }

  private taken(from: ReadonlySet<number>, event: string | undefined, to: ReadonlySet<number>): number[] {
    const taken = new Set<number>();
    for (const state of from) {
      if (childrenOf(this.chart, state).some((child) => from.has(child))) continue;
      for (const source of [state, ...statesAround(this.chart, state)]) {
        const fits = this.chart.transitions.flatMap((transition, index) => {
          if (transition.source !== source || transition.event !== event) return [];
          if (transition.guard !== null && held(transition.guard, from) === false) return [];
          const stays = transition.targets.length === 0 || transition.targets.includes(source);
          return transition.targets.every((target) => to.has(target)) && stays === to.has(state) ? [index] : [];
        });
        const [first] = fits;
        if (first === undefined) continue;
        taken.add(first);
        break;
      }
    }
    return [...taken];
  }
}
