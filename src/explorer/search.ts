/**
 * Searches that can be stopped and go on where they were, so that whoever runs them can look at a clock, a terminal and a signal in between.
 *
 * Invariant: parts run one after the other find what one run would have found; `execution` counts through all of them.
 */
import { emptyExploration, type Exploration, type ExploreOptions, explore } from './explore.js';
import type { Strategy } from './strategy.js';
import type { World } from './world.js';

/** A search that is made in parts. */
export interface Search {
  /** Goes on until something is found, everything is seen, or it is stopped; what this part has found. */
  run(options: ExploreOptions): Exploration;
  /** Estimate of how much is done, 0..1; null if there is none. */
  progress(): number | null;
}

/** What searches that know states say besides. */
export interface Explored extends Exploration {
  /** How many states were seen; left out by searches that know none. */
  states?: number;
}

export function searchWith(world: World, strategy: Strategy): Search {
  return { run: (options) => explore(world, strategy, options), progress: () => strategy.progress() };
}

/** What there is before anything was run. */
export const nothingFound = (): Explored => emptyExploration();

/** Adds a part to all there is. */
export function addPart(all: Explored, part: Explored): void {
  const executions = all.schedules + all.abandoned;
  for (const fault of part.faults) {
    if (!all.faults.some(({ property }) => property === fault.property))
      all.faults.push({ ...fault, execution: executions + fault.execution });
  }
  all.schedules += part.schedules;
  all.abandoned += part.abandoned;
  all.steps += part.steps;
  for (const name of part.reached) all.reached.add(name);
  for (const [name, value] of part.costs) all.costs.set(name, Math.max(value, all.costs.get(name) ?? value));
  all.coverage = part.coverage;
  if (part.states !== undefined) all.states = (all.states ?? 0) + part.states;
}
