/**
 * The default: first all schedules with few preemptions, then samplers in turn, each good at what the others are bad at.
 *
 * A fault that needs one preemption of two threads is found in the first part, with a minimal schedule; deep ones in the second. Invariant: what
 * it says is what it saw: 'proved' only if the first part met every schedule, 'bounded' by the last bound that was met whole.
 */
import { sampledConfidence } from '../confidence.js';
import type { Execution } from '../execution.js';
import type { Coverage, Strategy } from '../strategy.js';
import { PriorityChanges } from './pct.js';
import { PartialOrderSampling } from './pos.js';
import { PreemptionBounding } from './preemption-bounding.js';
import { RandomWalk } from './random-walk.js';
import { Sampler, type SamplerOptions } from './sampler.js';
import { UniformRandomWalk } from './urw.js';

/** The first part ends after the round of this many preemptions, or after this many executions. */
export const MOST_PREEMPTIONS = 2;
export const MOST_BOUNDED = 4096;

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

export class Portfolio implements Strategy {
  readonly name = 'portfolio';
  private readonly bounded = new PreemptionBounding({ most: MOST_PREEMPTIONS });
  private readonly mixture: Mixture;
  /** Executions of the first part, and of the second. */
  private systematic = 0;
  private sampled = 0;
  private current: Strategy = this.bounded;

  constructor(options: SamplerOptions = {}) {
    this.mixture = new Mixture(options);
  }

  begin(execution: Execution): boolean {
    if (this.current === this.bounded) {
      if (this.systematic < MOST_BOUNDED && this.bounded.begin()) {
        this.systematic++;
        return true;
      }
      if (this.bounded.coverage().kind === 'proved') return false;
      this.current = this.mixture;
    }
    this.sampled++;
    return this.mixture.begin(execution);
  }

  choose(execution: Execution): number {
    return this.current.choose(execution);
  }

  end(execution: Execution, abandoned: boolean): void {
    this.current.end(execution, abandoned);
  }

  isRepeat(): boolean {
    return this.current === this.bounded && this.bounded.isRepeat();
  }

  coverage(): Coverage {
    return joined(this.bounded.coverage(), this.mixture.coverageOf(this.sampled));
  }

  progress(): null {
    return null;
  }
}

/** What both parts show together. */
export function joined(systematic: Coverage, sampled: Coverage): Coverage {
  if (systematic.kind === 'proved' || sampled.kind !== 'sampled') return systematic;
  if (systematic.kind === 'bounded') return { kind: 'bounded', bound: `${systematic.bound}; and beyond, ${sampled.confidence}` };
  return { kind: 'sampled', confidence: `${systematic.confidence}; and ${sampled.confidence}` };
}
