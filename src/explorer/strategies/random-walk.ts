/**
 * Random walk: each enabled choice is as likely as the other, at every step.
 */
import { Prng } from '../../base/prng.js';
import type { Execution } from '../execution.js';
import type { Coverage, Strategy } from '../strategy.js';

export class RandomWalk implements Strategy {
  readonly name = 'random';
  private readonly prng = new Prng(0);
  private executions = 0;

  /** The nth execution depends on the seed and n alone, whoever runs it. */
  constructor(
    private readonly seed: number,
    private readonly first = 0,
    private readonly stride = 1,
  ) {}

  begin(): boolean {
    this.prng.restart(this.seed + Math.imul(this.first + this.stride * this.executions++, 0x9e37_79b1));
    return true;
  }

  choose(execution: Execution): number {
    const { enabledCount } = execution;
    return execution.enabled[enabledCount === 1 ? 0 : this.prng.below(enabledCount)] ?? 0;
  }

  end(): void {
    // Executions have nothing to do with each other.
  }

  coverage(): Coverage {
    return { kind: 'sampled', confidence: `${this.executions} random walks` };
  }

  progress(): null {
    return null;
  }
}
