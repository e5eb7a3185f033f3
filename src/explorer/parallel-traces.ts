/**
 * Optimal DPOR on several threads: parts of the tree of traces are run by whoever is free, and what their races ask for above them is put into the
 * tree here (reduction/trace-tree.ts).
 *
 * Invariant: without a failure, as many traces are met as by one thread, each once. Which execution of a trace is met depends on who is
 * faster; so if anything fails, or if the world is one whose traces are not divided, the search is made anew in one thread, and what is found does not
 * depend on how many there are. What is not here: what a thread does (thread.ts).
 */
import type { Control } from './control.js';
import { emptyExploration, type Exploration } from './explore.js';
import { grouped } from './confidence.js';
import { type TracePlace, TraceTree } from './reduction/trace-tree.js';
import type { Coverage } from './strategy.js';
import type { PartBegin, PartEnd } from './strategies/trace-part.js';
import type { Workers } from './workers.js';

/** A part for a thread. */
export interface TraceShare {
  readonly begin: PartBegin;
  /** Executions after which it is left. */
  readonly executions: number;
}

/** What a thread made of it. */
export interface TraceShareEnd {
  readonly found: Exploration;
  readonly end: PartEnd;
  /** The world's traces are not divided, something failed, or an execution was cut off. */
  readonly isSpoilt: boolean;
}

/** Executions of a part: many against what it costs to begin one, and few against all, so that all threads have some. */
const PART_EXECUTIONS = 4096;
/** Parts that wait for a worker. */
const AHEAD = 2;

export interface TraceTask {
  /** Traces at most. */
  readonly schedules: number;
}

/** What all traces show; null: that is to be found out in one thread. `control` counts traces. */
export async function exploreTraces(workers: Workers, control: Control, task: TraceTask): Promise<Exploration | null> {
  const search = new TraceSharing(workers, control, task);
  return search.run();
}

class TraceSharing {
  private readonly tree = new TraceTree();
  private readonly total = emptyExploration();
  private readonly running = new Set<Promise<void>>();
  private isSpoilt = false;
  private error: unknown = null;

  constructor(
    private readonly workers: Workers,
    private readonly control: Control,
    private readonly task: TraceTask,
  ) {}

  async run(): Promise<Exploration | null> {
    const { waiting } = this.tree;
    while (this.goesOn) {
      while (waiting.length > 0 && this.running.size < AHEAD * this.workers.count) {
        const place = waiting.pop();
        if (place !== undefined) this.start(place);
      }
      if (this.running.size === 0) break;
      await Promise.race(this.running);
    }
    const isWhole = this.goesOn;
    await Promise.all(this.running);
    if (this.error !== null) throw this.error;
    if (this.isSpoilt || this.total.schedules >= this.task.schedules) return null;
    return { ...this.total, coverage: coverageOf(this.total.schedules, isWhole) };
  }

  private get goesOn(): boolean {
    return !this.isSpoilt && this.error === null && !this.control.isStopped && this.total.schedules < this.task.schedules;
  }

  private start(place: TracePlace): void {
    const ended: Promise<void> = this.workers
      .runTraces({ begin: this.tree.begin(place), executions: PART_EXECUTIONS })
      .then((result) => this.add(place, result))
      .catch((error: unknown) => {
        this.error = error;
      })
      .finally(() => this.running.delete(ended));
    this.running.add(ended);
  }

  private add(place: TracePlace, { found, end, isSpoilt }: TraceShareEnd): void {
    const { total } = this;
    total.schedules += found.schedules;
    total.abandoned += found.abandoned;
    total.steps += found.steps;
    if (isSpoilt) this.isSpoilt = true;
    else this.tree.end(place, end);
  }
}

function coverageOf(traces: number, isWhole: boolean): Coverage {
  if (isWhole) return { kind: 'proved', by: 'traces' };
  return { kind: 'sampled', confidence: `${grouped(traces)} traces, all different, of a search that is not over` };
}
