/**
 * Which transitions of a chart a recorded move has taken: a trace says the states before and after, and the event.
 *
 * Invariant: whatever is said to have been taken could have been: it stands in a state that was active, on that event, and leads to states that
 * were active afterwards. Where guards that nobody recorded would decide, the first one that fits stands for all. Eventless transitions are not looked for.
 */
import {
  activeStates,
  type ChartGuard,
  type ChartModel,
  type ChartStateValue,
  childrenOf,
  innermost,
  statesAround,
} from '../chart/model.js';

/** What a move did on a chart. */
export interface ChartMove {
  /** Numbers of states. */
  readonly entered: readonly number[];
  /** Numbers of transitions; behind them, those of dots: a dot's is the count of transitions and the number of the state around it. */
  readonly taken: readonly number[];
}

/** Whether a guard held, 1 or 0, or halfway between: what it says of active states is known, what else it asks is not. */
function held(guard: ChartGuard, active: ReadonlySet<number>): number {
  switch (guard.kind) {
    case 'name':
      return 0.5;
    case 'in':
      return Number(active.has(guard.state));
    case 'not':
      return 1 - held(guard.term, active);
    case 'all':
      return Math.min(1, ...guard.terms.map((term) => held(term, active)));
    case 'any':
      return Math.max(0, ...guard.terms.map((term) => held(term, active)));
  }
}

/** A chart, and what moves between the states of its compiled table do on it. */
export class ChartMoves {
  /** By the table's number of a state. */
  readonly active: readonly ReadonlySet<number>[];
  /** By the table's number: whether the machine has ended there. */
  readonly ends: readonly boolean[];
  private readonly known = new Map<number, ChartMove>();
  /** A step of the machine is one transition in each region, and enters states by default. */
  private readonly isPlain: boolean;

  constructor(
    private readonly chart: ChartModel,
    values: readonly unknown[],
    private readonly events: readonly string[],
  ) {
    this.active = values.map((value) => new Set(activeStates(chart, value as ChartStateValue)));
    this.isPlain = chart.transitions.every(({ event }) => event !== null);
    this.ends = this.active.map((active) =>
      chart.states.some(({ kind, parent }, state) => kind === 'final' && parent === 0 && active.has(state)),
    );
  }

  /** What a move did; `before` is -1 when the machine began. States that the table doesn't have do nothing. */
  of(before: number, event: number, after: number): ChartMove {
    const key = ((before + 1) * (this.events.length + 1) + event + 1) * (this.active.length + 1) + after;
    let move = this.known.get(key);
    if (move === undefined) {
      move = this.made(this.active[before], this.events[event], this.active[after] ?? new Set());
      // Numbers of a damaged recording have no end.
      if (this.known.size < 10_000) this.known.set(key, move);
    }
    return move;
  }

  private made(from: ReadonlySet<number> | undefined, event: string | undefined, to: ReadonlySet<number>): ChartMove {
    const { states, transitions } = this.chart;
    if (from === undefined) {
      const entered = [...to];
      return { entered, taken: entered.filter((state) => states[state]?.kind === 'compound').map((state) => transitions.length + state) };
    }
    const taken = this.taken(from, event, to);
    const again = taken.flatMap((transition) => transitions[transition]?.targets ?? []);
    return { entered: [...to].filter((state) => !from.has(state) || again.includes(state)), taken };
  }

  /** Whether a state is active as it is when it was just entered: with the states within it that are entered by default. */
  private isEntered(state: number, active: ReadonlySet<number>): boolean {
    const { kind, initial = -1 } = this.chart.states[state] ?? {};
    if (!active.has(state)) return false;
    // Eventless transitions and what is remembered may lead elsewhere at once.
    if (!this.isPlain) return true;
    if (kind === 'parallel') return childrenOf(this.chart, state).every((child) => this.isEntered(child, active));
    return kind !== 'compound' || this.isEntered(initial, active);
  }

  private taken(from: ReadonlySet<number>, event: string | undefined, to: ReadonlySet<number>): number[] {
    const { chart } = this;
    const taken = new Set<number>();
    for (const state of innermost(chart, from)) {
      // The first one that fits, of the innermost state that has one.
      for (const source of [state, ...statesAround(chart, state)]) {
        const found = chart.transitions.findIndex(
          (each) =>
            each.source === source &&
            each.event === event &&
            (each.guard === null || held(each.guard, from) > 0) &&
            each.targets.every((target) => this.isEntered(target, to)) &&
            (each.targets.length === 0 || each.targets.includes(source)) === to.has(state),
        );
        if (found < 0) continue;
        taken.add(found);
        break;
      }
    }
    return [...taken];
  }
}
