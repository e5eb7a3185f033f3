/**
 * A search of a world in parts, with all that a page wants to know of how far it is.
 *
 * Invariant: parts find what one run would find; how far it is follows from what was run, and the clock, which is handed in. What is not here:
 * what runs the parts (thread.ts).
 */
import { plural } from '../../explorer/certificate.js';
import type { Execution } from '../../explorer/execution.js';
import type { Found } from '../../explorer/explore.js';
import { Hasher } from '../../explorer/hasher.js';
import { addPart, type Explored, nothingFound, type Search } from '../../explorer/search.js';
import { isStateOrder } from '../../explorer/states/search-states.js';
import { strategyNamed } from '../../explorer/strategies/index.js';
import { describeCoverage, propertiesOf, verdictOf } from '../../explorer/verdict.js';
import type { World } from '../../explorer/world.js';
import type { SearchRequest, SearchStatus } from '../model/explore-protocol.js';
import { clipped, sentence } from './clip.js';
import { ALL_ENDS, EVERY_END, MAX_ENDS, MAX_FAULTS, MAX_POINTS, MAX_WORDS, PART_MS } from './limits.js';

/** Milliseconds from some moment on. */
export type Clock = () => number;

/** What there was before there was a search. */
export const NO_SEARCH: SearchStatus = {
  ...{ run: 0, request: null, world: '', phase: 'none', executions: 0, abandoned: 0, steps: 0, states: null, seconds: 0, done: null },
  ...{ discovered: 0, curve: [], verdict: null, coverage: [], faults: [], problem: '' },
};

export class Searcher {
  private readonly explored: Explored = nothingFound();
  private readonly search: Search;
  private readonly sometimes: readonly string[];
  private readonly began: number;
  private ended: number | null = null;
  private phase: 'searching' | 'ended' | 'stopped' = 'searching';
  private readonly ends = new Ends();
  private curve: (readonly [number, number, number])[] = [];
  /** Parts between two points of the curve. */
  private every = 1;
  private parts = 0;

  constructor(
    readonly world: World,
    readonly request: SearchRequest,
    private readonly run: number,
    private readonly clock: Clock,
  ) {
    const { strategy, seed } = request;
    this.search = (strategyNamed(strategy) as NonNullable<ReturnType<typeof strategyNamed>>).open(world, { seed });
    this.sometimes = propertiesOf(world).sometimes;
    this.began = clock();
  }

  get isOver(): boolean {
    return this.phase !== 'searching';
  }

  get faults(): readonly Found[] {
    return this.explored.faults;
  }

  /** Runs a part. Throws WorldError if the world can't be explored. */
  part(): void {
    const { executions, keepGoing, seconds, strategy } = this.request;
    const { explored, clock } = this;
    const end = Math.min(this.began + 1000 * seconds, clock() + PART_MS);
    let stopped = false;
    const stop = (): boolean => {
      stopped = clock() >= end;
      return stopped;
    };
    // What other strategies count as executions are states to those that search them, all parts together.
    const schedules = isStateOrder(strategy) ? executions : executions - explored.schedules;
    const { onExecution } = this;
    addPart(explored, this.search.run({ schedules, keepGoing, stop, ...(!isStateOrder(strategy) && { onExecution }) }));
    const isEnough = (explored.faults.length > 0 && !keepGoing) || explored.faults.length >= MAX_FAULTS;
    if (!stopped || isEnough || clock() >= this.began + 1000 * seconds) this.end('ended');
    this.note();
  }

  stop(): void {
    if (!this.isOver) this.end('stopped');
  }

  status(): SearchStatus {
    const { explored, request, world, phase } = this;
    const { schedules, abandoned, steps, states = null, faults } = explored;
    const seconds = this.seconds;
    const isEmpty = schedules + (states ?? 0) === 0;
    const unreached = this.sometimes.filter((name) => !explored.reached.has(name));
    return {
      ...{ run: this.run, request, world: world.name, phase, executions: schedules, abandoned, steps, states, seconds },
      done: phase === 'ended' ? 1 : this.done(seconds),
      discovered: states ?? this.ends.size,
      curve: this.curve,
      verdict: this.isOver && !isEmpty ? verdictOf(explored, unreached) : null,
      coverage: isEmpty ? [] : this.worth(unreached),
      faults: faults.map(({ property, message, execution }) => ({ property: clipped(property), message: sentence(message), execution })),
      problem: '',
    };
  }

  /** What it is worth so far, in sentences. */
  private worth(unreached: readonly string[]): string[] {
    const { explored } = this;
    const lines = describeCoverage(explored, unreached);
    const { coverage, states = 0 } = explored;
    if (coverage.kind === 'sampled' && coverage.confidence === '') lines[0] = `${plural(states, 'state')} were seen, which are not all`;
    return lines.slice(0, MAX_WORDS).map(sentence);
  }

  private get seconds(): number {
    return ((this.ended ?? this.clock()) - this.began) / 1000;
  }

  private end(phase: 'ended' | 'stopped'): void {
    this.phase = phase;
    this.ended = this.clock();
  }

  /** The search may be over before what it may take, or that before the search. */
  private done(seconds: number): number {
    const { schedules, states } = this.explored;
    const { executions, seconds: most } = this.request;
    return Math.min(1, Math.max(this.search.progress() ?? 0, (states ?? schedules) / executions, seconds / most));
  }

  private note(): void {
    if (this.parts++ % this.every !== 0 && !this.isOver) return;
    const { schedules, states } = this.explored;
    this.curve = [...this.curve, [this.seconds, schedules, states ?? this.ends.size] as const];
    if (this.curve.length <= MAX_POINTS) return;
    // The first and the last stay.
    this.curve = this.curve.filter((_, index) => index % 2 === 0 || index === this.curve.length - 1);
    this.every *= 2;
  }

  private readonly onExecution = (execution: Execution): void => this.ends.note(execution);
}

/** In how many different states executions end; a sample of them once there are many. */
class Ends {
  private readonly seen = new Set<number>();
  private readonly hasher = new Hasher();
  private executions = 0;

  get size(): number {
    return this.seen.size;
  }

  note(execution: Execution): void {
    const number = this.executions++;
    if ((number >= ALL_ENDS && number % EVERY_END !== 0) || this.seen.size >= MAX_ENDS) return;
    const { low, high } = execution.keep() ?? this.hashed(execution);
    this.seen.add((low >>> 0) + (high & 0x1f_ffff) * 2 ** 32);
  }

  /** Of a world that doesn't say where its state is: what its objects hold, and who has ended. */
  private hashed(execution: Execution): { readonly low: number; readonly high: number } {
    const { hasher } = this;
    const { objects, objectCount } = execution.builder;
    hasher.restart();
    for (let id = 0; id < objectCount; id++) {
      const object = objects[id];
      if (object === undefined) continue;
      hasher.addNumber(object.value);
      hasher.add(object.type === 'process' ? 0 : object.owner);
      for (let at = object.head; at < object.queue.length; at++) hasher.addNumber(object.queue[at] ?? 0);
      hasher.add(object.length);
    }
    for (let process = 0; process < execution.count; process++) hasher.add(execution.status[process] ?? 0);
    return { low: hasher.low, high: hasher.high };
  }
}
