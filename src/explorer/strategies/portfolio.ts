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
const MOST_PREEMPTIONS = 2;
const MOST_EXECUTIONS = 4096;

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

/** The first part. */
export class Beginning extends PreemptionBounding {
  private executions = 0;

  constructor() {
    super({ most: MOST_PREEMPTIONS });
  }

  override begin(): boolean {
    return this.executions++ < MOST_EXECUTIONS && super.begin();
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
