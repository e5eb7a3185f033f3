/**
 * The strategies by name: what the command line and tests choose from.
 *
 * A new one is a line here. What is not here: what a strategy does; each has a file of its own.
 */
import { type Search, searchWith } from '../search.js';
import type { Strategy } from '../strategy.js';
import type { World } from '../world.js';
import { DelayBounding } from './delay-bounding.js';
import { DepthFirst } from './depth-first.js';
import { OptimalDpor } from './optimal-dpor.js';
import { PriorityChanges } from './pct.js';
import { Portfolio } from './portfolio.js';
import { PartialOrderSampling } from './pos.js';
import { PreemptionBounding } from './preemption-bounding.js';
import { RandomWalk } from './random-walk.js';
import { SourceDpor } from './source-dpor.js';
import { StateParts } from './state-parts.js';
import { UniformRandomWalk } from './urw.js';

/** What a strategy is opened with. */
export interface SearchOptions {
  /** What samplers begin with: the same seed gives the same executions. */
  readonly seed: number;
}

/** A strategy, as `explore --strategies` lists it. */
export interface StrategyEntry {
  /** As `--strategy` has it. */
  readonly name: string;
  /** One line: what it does, and what it is good for. */
  readonly summary: string;
  /** Whether the seed matters to it. */
  readonly samples: boolean;
  /** Begins a search of a world. */
  readonly open: (world: World, options: SearchOptions) => Search;
}

/** A strategy that chooses step by step. */
const stepwise = (name: string, summary: string, samples: boolean, make: (seed: number) => Strategy): StrategyEntry => ({
  name,
  summary,
  samples,
  open: (world, { seed }) => searchWith(world, make(seed)),
});

/** All strategies there are. */
export const STRATEGIES: readonly StrategyEntry[] = [
  stepwise('portfolio', 'few preemptions first, then samplers in turn: what to begin with', true, (seed) => new Portfolio({ seed })),
  stepwise('random', 'random walk: every choice is as likely as the other; good at lock cycles', true, (seed) => new RandomWalk({ seed })),
  stepwise('pos', 'a random priority for each operation, redrawn when it races', true, (seed) => new PartialOrderSampling({ seed })),
  stepwise('pct2', 'random priorities with one change; its guarantee can be printed', true, (seed) => new PriorityChanges(2, { seed })),
  stepwise('pct3', 'random priorities with two changes', true, (seed) => new PriorityChanges(3, { seed })),
  stepwise(
    'urw',
    'as likely as there is left to do; best where processes differ in length',
    true,
    (seed) => new UniformRandomWalk({ seed }),
  ),
  stepwise('preemptions', 'every schedule with 0 preemptions, then 1, 2 and so on', false, () => new PreemptionBounding()),
  stepwise('delays', 'every schedule with 0 delays, then 1, 2 and so on', false, () => new DelayBounding()),
  stepwise('source-dpor', 'a schedule for every trace, and some that are left: proves', false, () => new SourceDpor()),
  stepwise('optimal-dpor', 'one schedule for every trace: proves', false, () => new OptimalDpor()),
  stepwise('dfs', 'depth first: every schedule, once; proves small worlds', false, () => new DepthFirst()),
  {
    name: 'bfs',
    summary: 'every state, breadth first: proves, and finds shortest schedules',
    samples: false,
    open: (world) => new StateParts(world, 'bfs'),
  },
  {
    name: 'dfs-states',
    summary: 'every state, depth first: proves in little memory',
    samples: false,
    open: (world) => new StateParts(world, 'dfs-states'),
  },
];

/** The one that is used if none is named. */
export const DEFAULT_STRATEGY = 'portfolio';

/** The strategy of a name; null if there is none. */
export function strategyNamed(name: string): StrategyEntry | null {
  return STRATEGIES.find((entry) => entry.name === name) ?? null;
}
