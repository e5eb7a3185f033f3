/**
 * A search in parts that several workers can run, and what the parts come to together.
 *
 * Invariant: parts have an order, in which they are the executions of the whole search one after the other; so the sum is the same whoever ran which
 * part, and the same as one worker's. Pure: threads and clocks are in parallel.ts.
 */
import { emptyExploration, type Exploration } from './explore.js';
import type { Coverage } from './strategy.js';
import { upTo, withoutAny } from './strategies/bounded-search.js';
import { isSampler, isTree } from './strategies/named.js';

/** Where a world comes from, in any thread. */
export interface WorldSource {
  /** URL of the module that exports it. */
  readonly module: string;
  /** Name of the export, a world or a function that makes one; or a world's own name. */
  readonly name: string;
  /** What the function is called with. */
  readonly arguments?: readonly unknown[];
}

/** A part of a search. */
export interface Job {
  /** Its place in the order. */
  readonly number: number;
  /** As in strategies/named.ts. */
  readonly strategy: string;
  readonly seed: number;
  readonly first?: number;
  readonly prefix?: readonly number[];
  readonly bound?: number;
  /** Executions at most. */
  readonly schedules: number;
}

/** What a job came to, whole or up to where it was told to stop. */
export interface JobResult {
  readonly found: Exploration;
}

/** Executions of a sampler's job: many against what it costs to begin one. */
const CHUNK = 8192;
/** Parts of a tree: several for each worker, since parts differ in size. */
export const TREE_PARTS = 256;

/** What is divided. */
export interface Whole {
  readonly strategy: string;
  readonly seed: number;
  /** Executions at most. */
  readonly schedules: number;
  /** Of a strategy whose schedules are a tree. */
  readonly prefixes?: readonly (readonly number[])[];
  /** Of a bounding: the round. */
  readonly bound?: number;
  /** Number of the first job. Default 0. */
  readonly first?: number;
}

/** The parts of a search, in order. It has no end if the search has none. */
export function* divide({ strategy, seed, schedules, prefixes = [], bound = 0, first: firstJob = 0 }: Whole): Generator<Job> {
  let number = firstJob;
  const samples = function* (sampler: string): Generator<Job> {
    for (let first = 0; first < schedules; first += CHUNK) {
      yield { number: number++, strategy: sampler, seed, first, schedules: Math.min(CHUNK, schedules - first) };
    }
  };
  if (isSampler(strategy)) yield* samples(strategy);
  else if (isTree(strategy)) for (const prefix of prefixes) yield { number: number++, strategy, seed, prefix, bound, schedules };
  else if (strategy !== 'portfolio') yield { number: number++, strategy, seed, schedules };
  else {
    yield { number: number++, strategy: 'beginning', seed, schedules };
    yield* samples('mixture');
  }
}

/** What the parts of a bounding's round came to. */
export class Round {
  /** Those that are none of an earlier round. */
  schedules = 0;
  /** Whether something was too dear, so that there is another round. */
  isCut = false;

  add({ schedules, coverage }: Exploration): void {
    this.schedules += schedules;
    if (coverage.kind !== 'proved') this.isCut = true;
  }
}

/** What rounds show, all of which but the last are whole. */
export function coverageOfRounds(rounds: readonly Round[], unit: string, isLastWhole: boolean): Coverage {
  const counts = rounds.map(({ schedules }) => schedules);
  const last = rounds.length - 1;
  if (isLastWhole && rounds[last]?.isCut === false) return { kind: 'proved', by: 'schedules' };
  const whole = isLastWhole ? last : last - 1;
  return whole < 0 ? withoutAny(unit, counts[0] ?? 0) : upTo(whole, unit, counts);
}

/** Adds up what jobs came to. They are added in their order. */
export class Total {
  readonly found: Exploration = emptyExploration();
  /** Of each job. */
  readonly coverages: Coverage[] = [];
  /** Executions of the first job. */
  ofFirst = 0;

  add({ found }: JobResult): void {
    const { found: total } = this;
    if (this.coverages.length === 0) this.ofFirst = found.schedules;
    for (const fault of found.faults) {
      if (total.faults.some(({ property }) => property === fault.property)) continue;
      total.faults.push({ ...fault, execution: fault.execution + total.schedules + total.abandoned });
    }
    total.schedules += found.schedules;
    total.abandoned += found.abandoned;
    total.steps += found.steps;
    for (const name of found.reached) total.reached.add(name);
    for (const [name, cost] of found.costs) total.costs.set(name, Math.max(total.costs.get(name) ?? cost, cost));
    this.coverages.push(found.coverage);
  }
}
