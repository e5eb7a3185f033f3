/**
 * Random walk: each enabled choice is as likely as the other, at every step.
 *
 * Invariant: it knows nothing of the world, so it is as good for one that is not what it seems.
 */
import type { Execution } from '../execution.js';
import { Sampler } from './sampler.js';

export class RandomWalk extends Sampler {
  readonly name = 'random';
  protected readonly title = 'random walk';

  protected prepare(): void {
    // It draws at every step, and nothing before.
  }

  choose(execution: Execution): number {
    return this.anyChoice(execution);
  }
}
