/**
 * A search of states in parts, for those who look at a clock in between.
 *
 * Invariant: what the parts found adds up to what the whole search finds.
 */
import type { ExploreOptions } from '../explore.js';
import { type Explored, nothingFound, type Search } from '../search.js';
import { openStates, type StateExploration, type StateOrder } from '../states/search-states.js';
import type { StateSearch } from '../states/state-search.js';
import type { World } from '../world.js';

export class StateParts implements Search {
  private opened: { readonly search: StateSearch; readonly found: StateExploration } | null = null;
  private told = { states: 0, steps: 0, schedules: 0, faults: 0 };

  constructor(
    private readonly world: World,
    private readonly order: StateOrder,
  ) {}

  run({ stop, keepGoing = false, schedules }: ExploreOptions): Explored {
    // What other strategies count as executions are states here.
    const maxStates = schedules === undefined || schedules === Number.POSITIVE_INFINITY ? {} : { maxStates: schedules };
    this.opened ??= openStates(this.world, { order: this.order, keepGoing, ...maxStates });
    const { search, found } = this.opened;
    search.run(() => stop?.(found) ?? false);
    return this.part(found);
  }

  progress(): null {
    return null;
  }

  /** What came since the last part. */
  private part(found: StateExploration): Explored {
    const { told } = this;
    const { states, transitions: steps, ends: schedules, faults, reached, costs } = found;
    this.told = { states, steps, schedules, faults: faults.length };
    return {
      ...nothingFound(),
      ...{ states: states - told.states, steps: steps - told.steps, schedules: schedules - told.schedules },
      ...{ faults: faults.slice(told.faults), reached, costs, coverage: found.coverage },
    };
  }
}
