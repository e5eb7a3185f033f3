/**
 * The strategies by name: what the command line and tests choose from.
 *
 * A new one is a line here. What is not here: what a strategy does; each has a file of its own.
 */
import { type Search, searchWith } from '../search.js';
import type { World } from '../world.js';
import { DepthFirst } from './depth-first.js';
import { RandomWalk } from './random-walk.js';

export interface SearchOptions {
  /** What samplers begin with: the same seed gives the same executions. */
  readonly seed: number;
}

export interface StrategyEntry {
  readonly name: string;
  /** One line: what it does, and what it is good for. */
  readonly summary: string;
  /** Whether the seed matters to it. */
  readonly samples: boolean;
  readonly open: (world: World, options: SearchOptions) => Search;
}

export const STRATEGIES: readonly StrategyEntry[] = [
  {
    name: 'random',
    summary: 'random walk: every enabled process is as likely as the other; good at lock cycles',
    samples: true,
    open: (world, { seed }) => searchWith(world, new RandomWalk(seed)),
  },
  {
    name: 'dfs',
    summary: 'depth first: every schedule, once; proves small worlds',
    samples: false,
    open: (world) => searchWith(world, new DepthFirst()),
  },
];

/** The one that is used if none is named. */
export const DEFAULT_STRATEGY = 'random';

export function strategyNamed(name: string): StrategyEntry | null {
  return STRATEGIES.find((entry) => entry.name === name) ?? null;
}
