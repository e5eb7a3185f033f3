/**
 * Strategies by name, made of what can be sent to another thread.
 *
 * Invariant: a part of a sampler's executions, or of a tree, is made by the same name as the whole. What is not here: what the names mean for people, and
 * searches that are no strategies.
 */
import { WorldError } from '../failure.js';
import { isStateOrder } from '../states/search-states.js';
import type { Strategy } from '../strategy.js';
import type { World } from '../world.js';
import type { BoundedOptions } from './bounded-search.js';
import { DelayBounding } from './delay-bounding.js';
import { DepthFirst } from './depth-first.js';
import { OptimalDpor } from './optimal-dpor.js';
import { PriorityChanges } from './pct.js';
import { PartialOrderSampling } from './pos.js';
import { Beginning, Mixture, Portfolio } from './portfolio.js';
import { PreemptionBounding } from './preemption-bounding.js';
import { RandomWalk } from './random-walk.js';
import type { Sampler, SamplerOptions } from './sampler.js';
import { SourceDpor } from './source-dpor.js';
import { type ScheduleTree, splitTree } from './split-tree.js';
import { UniformRandomWalk } from './urw.js';

/** Which part of a strategy's executions. */
export interface PartOptions {
  readonly seed?: number;
  /** Of a sampler: number of the first execution. */
  readonly first?: number;
  /** Of a tree: places of the first choices. */
  readonly prefix?: readonly number[];
  /** Of a bounding: the one round that it is a part of. */
  readonly bound?: number;
}

const SAMPLERS = new Map<string, (options: SamplerOptions) => Sampler>([
  ['random', (options) => new RandomWalk(options)],
  ['pos', (options) => new PartialOrderSampling(options)],
  ['pct2', (options) => new PriorityChanges(2, options)],
  ['pct3', (options) => new PriorityChanges(3, options)],
  ['urw', (options) => new UniformRandomWalk(options)],
  ['mixture', (options) => new Mixture(options)],
]);

const OTHERS = new Map<string, (options: PartOptions) => Strategy>([
  ['dfs', ({ prefix = [] }) => new DepthFirst(prefix)],
  ['preemptions', (options) => new PreemptionBounding(roundOf(options))],
  ['delays', (options) => new DelayBounding(roundOf(options))],
  ['source-dpor', () => new SourceDpor()],
  ['optimal-dpor', () => new OptimalDpor()],
  ['beginning', () => new Beginning()],
  ['portfolio', ({ seed = 0 }) => new Portfolio({ seed })],
]);

const roundOf = ({ bound, prefix = [] }: PartOptions): BoundedOptions => (bound === undefined ? {} : { first: bound, most: bound, prefix });

/** The trees that the schedules of strategies are divided by, those of boundings in the round of that number. */
const TREES = new Map<string, (bound: number) => ScheduleTree | null>([
  ['dfs', () => null],
  ['preemptions', (bound) => new PreemptionBounding({ first: bound })],
  ['delays', (bound) => new DelayBounding({ first: bound })],
]);

export const STRATEGY_NAMES: readonly string[] = [...SAMPLERS.keys(), ...OTHERS.keys()];

export const isSampler = (name: string): boolean => SAMPLERS.has(name);

export const isBounding = (name: string): boolean => name === 'preemptions' || name === 'delays';

/** Whether several threads are of use to it. */
export const isDivided = (name: string): boolean => isStateOrder(name) || (STRATEGY_NAMES.includes(name) && name !== 'source-dpor');

/** Whether its schedules are divided as a tree. */
export const isTree = (name: string): boolean => TREES.has(name);

/** Prefixes, in order, that divide a strategy's tree. */
export function splitStrategy(world: World, name: string, bound: number, parts: number): readonly (readonly number[])[] {
  return splitTree(world, parts, TREES.get(name)?.(bound) ?? undefined);
}

/** A sampler; throws WorldError if there is none by that name. */
export function makeSampler(name: string, options: SamplerOptions): Sampler {
  const make = SAMPLERS.get(name);
  if (make === undefined) throw new WorldError(`there is no sampler ${name}; there are ${[...SAMPLERS.keys()].join(', ')}`);
  return make(options);
}

/** Throws WorldError if there is none by that name. */
export function makeStrategy(name: string, options: PartOptions = {}): Strategy {
  const make = OTHERS.get(name);
  return make === undefined ? makeSampler(name, options) : make(options);
}
