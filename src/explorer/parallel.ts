/**
 * Explores a world on several threads; where the explorer has a clock.
 *
 * Invariant: what is found within a number of schedules is the same whatever the number of workers, and the same that a search in one thread
 * finds: of several faults that workers meet, the one of the earliest execution counts, and nobody stops before what comes before it
 * is through (jobs.ts). Within a time it depends on the machine. Strategies that can't be divided run in one worker. What is not here: how states
 * and traces are searched (parallel-states.ts, parallel-traces.ts).
 */
import { Control } from './control.js';
import type { Exploration } from './explore.js';
import { coverageOfRounds, divide, type Job, type JobResult, Round, Total, TREE_PARTS, type WorldSource } from './jobs.js';
import { exploreStates } from './parallel-states.js';
import { exploreTraces } from './parallel-traces.js';
import type { Explored } from './search.js';
import { isStateOrder } from './states/search-states.js';
import { firstSchedules } from './strategies/depth-first.js';
import { isBounding, isSampler, isTree } from './strategies/named.js';
import { joined } from './strategies/portfolio.js';
import type { Coverage } from './strategy.js';
import { Workers } from './workers.js';

/** How far a search is. */
export interface Progress {
  readonly schedules: number;
  /** States; null if the strategy knows none. */
  readonly states: number | null;
  readonly seconds: number;
  /** Part of the search, or of its budget, that is done: 0..1; null if it has neither an end nor a budget. */
  readonly part: number | null;
}

export interface ParallelOptions {
  /** As in strategies/named.ts, or an order of states. Default `portfolio`. */
  readonly strategy?: string;
  readonly seed?: number;
  /** Threads. Default 1. */
  readonly workers?: number;
  /** Executions at most, of a search of states: states. */
  readonly schedules?: number;
  /** Seconds at most. */
  readonly seconds?: number;
  /** Go on after a failure, and collect the first of each property. Default false. */
  readonly keepGoing?: boolean;
  /** Called several times a second. */
  readonly onProgress?: (progress: Progress) => void;
  /** Stops it, with what there is by then. */
  readonly signal?: AbortSignal;
}

const PROGRESS_MS = 200;
/** Jobs that wait for a worker, so that none waits for a job. */
const AHEAD = 2;

/** Options, with what they are by default. */
interface Options {
  readonly strategy: string;
  readonly seed: number;
  readonly workers: number;
  readonly schedules: number;
  readonly seconds: number;
  readonly keepGoing: boolean;
}

const DEFAULTS: Options = {
  strategy: 'portfolio',
  seed: 0,
  workers: 1,
  schedules: Number.POSITIVE_INFINITY,
  seconds: Number.POSITIVE_INFINITY,
  keepGoing: false,
};

/** Explores a world. Rejects with WorldError if the world can't be explored. */
export async function exploreInParallel(source: WorldSource, options: ParallelOptions = {}): Promise<Explored> {
  const { signal, onProgress, ...given } = options;
  const search = new Search(source, { ...DEFAULTS, ...given });
  const stop = (): void => search.control.stop();
  const timer = options.seconds === undefined ? undefined : setTimeout(stop, 1000 * options.seconds);
  const ticker = onProgress && setInterval(() => onProgress(search.progress()), PROGRESS_MS);
  signal?.addEventListener('abort', stop);
  if (signal?.aborted) stop();
  try {
    return await search.run();
  } finally {
    clearTimeout(timer);
    clearInterval(ticker);
    signal?.removeEventListener('abort', stop);
    await search.close();
  }
}

/** A job that could not be run, with the reason. */
interface Broken {
  readonly error: unknown;
}

class Search {
  readonly control = Control.make();
  private readonly workers: Workers;
  private readonly began = performance.now();
  private readonly total = new Total();
  /** Of jobs, by number, that are not added yet. */
  private readonly results = new Map<number, { readonly job: Job; readonly result: JobResult | Broken }>();
  private readonly running = new Set<Promise<void>>();
  /** Parts of the tree, if it is divided, of a bounding that of the round. */
  private prefixes: readonly (readonly number[])[] = [];
  /** Of a bounding: what each round came to. */
  private readonly rounds: Round[] = [];
  /** Number of the job to be added next, and of the first of the round. */
  private next = 0;
  private first = 0;
  /** Nothing more is to be added: a fault was found, the budget is used up, or all is proved. */
  private isOver = false;

  constructor(
    source: WorldSource,
    private readonly options: Options,
  ) {
    this.workers = new Workers({ source, control: this.control.buffer, keepGoing: options.keepGoing }, options.workers);
  }

  run(): Promise<Explored> {
    const { strategy: order, keepGoing, schedules: maxStates } = this.options;
    return isStateOrder(order) ? exploreStates(this.workers, this.control, { order, keepGoing, maxStates }) : this.runParts();
  }

  private async runParts(): Promise<Exploration> {
    const { strategy, schedules } = this.options;
    if (strategy === 'optimal-dpor' && this.workers.count > 1) {
      const found = await exploreTraces(this.workers, this.control, { schedules });
      if (found !== null) return found;
      this.control.add(-this.control.schedules);
    }
    let isWhole = false;
    do {
      if (isTree(strategy)) this.prefixes = await this.workers.split(strategy, this.rounds.length, TREE_PARTS);
      this.rounds.push(new Round());
      this.first = this.next;
      isWhole = await this.runAll();
    } while (isWhole && isBounding(strategy) && this.rounds.at(-1)?.isCut === true);
    this.total.found.coverage = await this.coverage(isWhole);
    return this.total.found;
  }

  /** Runs the parts of a round, or of what has none; whether it ran all of them to their ends. */
  private async runAll(): Promise<boolean> {
    const { strategy, seed, schedules } = this.options;
    const jobs = divide({ strategy, seed, schedules, prefixes: this.prefixes, bound: this.rounds.length - 1, first: this.first });
    let isAll = false;
    while (!this.isOver) {
      while (!isAll && !this.control.isStopped && this.running.size < AHEAD * this.workers.count) {
        const { value: job, done = false } = jobs.next();
        if (done) isAll = true;
        else this.start(job);
      }
      if (this.running.size === 0) break;
      await Promise.race(this.running);
      await this.addInOrder();
    }
    const wasStopped = this.control.isStopped;
    if (isAll && !this.isOver && !wasStopped) return true;
    this.control.stop();
    await Promise.all(this.running);
    if (wasStopped) this.addRest();
    return false;
  }

  progress(): Progress {
    const { schedules: budget, seconds: time, strategy } = this.options;
    const { schedules: count } = this.control;
    const seconds = (performance.now() - this.began) / 1000;
    const parts = [count / budget, seconds / time, this.prefixes.length > 0 ? (this.next - this.first) / this.prefixes.length : 0];
    const isEndless = budget === Number.POSITIVE_INFINITY && time === Number.POSITIVE_INFINITY && this.prefixes.length === 0;
    const part = isEndless ? null : Math.min(1, Math.max(...parts));
    return isStateOrder(strategy) ? { schedules: 0, states: count, seconds, part } : { schedules: count, states: null, seconds, part };
  }

  close(): Promise<void> {
    return this.workers.close();
  }

  private start(job: Job): void {
    const ended: Promise<void> = this.workers
      .run(job)
      .catch((error: unknown): Broken => ({ error }))
      .then((result) => {
        this.results.set(job.number, { job, result });
        this.running.delete(ended);
      });
    this.running.add(ended);
  }

  /** Adds what comes next, as far as it is there. */
  private async addInOrder(): Promise<void> {
    for (;;) {
      const entry = this.results.get(this.next);
      if (entry === undefined || this.isOver) return;
      const { job, result } = entry;
      if ('error' in result) throw result.error;
      this.results.delete(this.next++);
      const left = this.options.schedules - this.total.found.schedules;
      // A part that comes to the end of the budget is run again up to where a search in one thread would have ended.
      const isTooLong = job.prefix === undefined ? result.found.schedules > left : result.found.schedules >= left;
      this.add(isTooLong ? await this.workers.run({ ...job, schedules: left }) : result);
    }
  }

  private add(result: JobResult): void {
    this.total.add(result);
    this.rounds.at(-1)?.add(result.found);
    const { faults, schedules } = this.total.found;
    const isProved = this.options.strategy === 'portfolio' && result.found.coverage.kind === 'proved';
    if ((faults.length > 0 && !this.options.keepGoing) || schedules >= this.options.schedules || isProved) this.isOver = true;
  }

  /** Adds what there is when the time is over, with gaps. */
  private addRest(): void {
    for (const [, { result }] of [...this.results].sort(([a], [b]) => a - b)) {
      if (this.isOver) return;
      if ('error' in result) throw result.error;
      this.add(result);
    }
  }

  /** `isWhole`: all parts were run to their ends. */
  private async coverage(isWhole: boolean): Promise<Coverage> {
    const { strategy, seed } = this.options;
    const { coverages } = this.total;
    const [first = firstSchedules(0)] = coverages;
    const { schedules } = this.total.found;
    if (isSampler(strategy)) return this.workers.judge(strategy, seed, schedules);
    if (strategy === 'portfolio') return joined(first, await this.workers.judge('mixture', seed, schedules - this.total.ofFirst));
    if (isBounding(strategy)) return coverageOfRounds(this.rounds, strategy, isWhole);
    if (strategy !== 'dfs') return first;
    return isWhole && coverages.every(({ kind }) => kind === 'proved') ? { kind: 'proved', by: 'schedules' } : firstSchedules(schedules);
  }
}
