/**
 * The default: first all schedules with few preemptions, and with few delays, then samplers in turn, each good at what the others are bad at.
 *
 * A fault that needs one preemption of two threads is found in the first part, with a minimal schedule; deep ones in the second. Invariant: what
 * it says is what it saw: 'proved' only if the first part met every schedule, 'bounded' by the last bound that was met whole.
 */
import { sampledConfidence } from '../confidence.js';
import type { Execution } from '../execution.js';
import type { Coverage, Strategy } from '../strategy.js';
import type { BoundedSearch } from './bounded-search.js';
import { DelayBounding } from './delay-bounding.js';
import { PriorityChanges } from './pct.js';
import { PartialOrderSampling } from './pos.js';
import { PreemptionBounding } from './preemption-bounding.js';
import { RandomWalk } from './random-walk.js';
import { Sampler, type SamplerOptions } from './sampler.js';
import { UniformRandomWalk } from './urw.js';

/** Each bounding of the first part ends after the round of this many, or after so many executions. */
const MOST = 2;
const MOST_EXECUTIONS = 2048;

/** The second part: the execution's number says which sampler it is. */
export class Mixture extends Sampler {
  readonly name = 'mixture';
  protected readonly title: string;
  private readonly samplers: readonly Sampler[];
  private current: Sampler;
  private number = 0;

  constructor(options: SamplerOptions = {}) {
    super(options);
    const shared = { ...options, pilot: this.pilot };
    const walk = new RandomWalk(shared);
    this.samplers = [
      walk,
      new PartialOrderSampling(shared),
      new PriorityChanges(2, shared),
      new UniformRandomWalk(shared),
      new PriorityChanges(3, shared),
    ];
    this.current = walk;
    this.title = 'random walk, POS, PCT with depth 2, URW and PCT with depth 3 in turn';
  }

  override beginNumber(execution: Execution, number: number): void {
    this.number = number;
    super.beginNumber(execution, number);
  }

  protected prepare(execution: Execution): void {
    const { length } = this.samplers;
    this.current = this.samplers[this.number % length] ?? this.current;
    this.current.beginNumber(execution, this.number);
  }

  choose(execution: Execution): number {
    return this.current.choose(execution);
  }

  // The chance to miss a fault that has probabilities p1..p5 is the product of what each leaves, which is at most what their mean would leave.
  override confidence(executions: number): string {
    return sampledConfidence(executions, this.title).replace('that each has', 'that they have on average');
  }
}

/**
 * The first part. Where processes wait for each other all the time, as actors do, schedules without a preemption are too many to end with, and few
 * delays are what can be met whole; where they don't, few preemptions say more. Both may meet the same schedule, which then counts twice.
 */
export class Beginning implements Strategy {
  readonly name = 'beginning';
  private readonly parts: readonly BoundedSearch[] = [new PreemptionBounding({ most: MOST }), new DelayBounding({ most: MOST })];
  /** Executions of each. */
  private readonly executions: number[] = this.parts.map(() => 0);
  private current = 0;

  begin(): boolean {
    for (; this.current < this.parts.length; this.current++) {
      const { current } = this;
      const made = this.executions[current] ?? 0;
      if (made < MOST_EXECUTIONS && this.part.begin()) {
        this.executions[current] = made + 1;
        return true;
      }
      if (this.coverage().kind === 'proved') return false;
    }
    return false;
  }

  choose(execution: Execution): number {
    return this.part.choose(execution);
  }

  end(): void {
    this.part.end();
  }

  isRepeat(): boolean {
    return this.part.isRepeat();
  }

  coverage(): Coverage {
    const coverages = this.parts.filter((_, index) => (this.executions[index] ?? 0) > 0).map((part) => part.coverage());
    const bounds = coverages.flatMap((coverage) => (coverage.kind === 'bounded' ? [coverage.bound] : []));
    if (coverages.some(({ kind }) => kind === 'proved')) return { kind: 'proved', by: 'schedules' };
    if (bounds.length > 0) return { kind: 'bounded', bound: bounds.join(' and ') };
    return coverages[0] ?? { kind: 'sampled', confidence: 'nothing' };
  }

  progress(): null {
    return null;
  }

  private get part(): BoundedSearch {
    return this.parts[Math.min(this.current, this.parts.length - 1)] as BoundedSearch;
  }
}

export class Portfolio implements Strategy {
  readonly name = 'portfolio';
  private readonly beginning = new Beginning();
  private readonly mixture: Mixture;
  private current: Strategy = this.beginning;

  constructor(options: SamplerOptions = {}) {
    this.mixture = new Mixture(options);
  }

  begin(execution: Execution): boolean {
    if (this.current === this.beginning) {
      if (this.beginning.begin()) return true;
      if (this.beginning.coverage().kind === 'proved') return false;
      this.current = this.mixture;
    }
    return this.mixture.begin(execution);
  }

  choose(execution: Execution): number {
    return this.current.choose(execution);
  }

  end(execution: Execution, abandoned: boolean): void {
    this.current.end(execution, abandoned);
  }

  isRepeat(): boolean {
    return this.current === this.beginning && this.beginning.isRepeat();
  }

  coverage(): Coverage {
    return joined(this.beginning.coverage(), this.mixture.coverage());
  }

  progress(): null {
    return null;
  }
}

/** What both parts show together. */
export function joined(beginning: Coverage, mixture: Coverage): Coverage {
  if (beginning.kind === 'proved' || mixture.kind !== 'sampled') return beginning;
  if (beginning.kind === 'bounded') return { kind: 'bounded', bound: `${beginning.bound}; and beyond, ${mixture.confidence}` };
  return { kind: 'sampled', confidence: `${beginning.confidence}; and ${mixture.confidence}` };
}
