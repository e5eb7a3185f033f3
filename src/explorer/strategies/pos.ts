/**
 * Partial order sampling: each pending operation has a random priority and the highest that can run does; those which race with it get new ones.
 *
 * Drawing anew gives the loser of a race the same chance in the next one, so that orders of dependent operations come up evenly and time isn't
 * spent on orders of independent ones. Invariant: every operation that is pending has a priority that was drawn after the last step
 * which depended on it, from one distribution. Source: Yuan, Yang and Gu, "Partial order aware concurrency sampling" (CAV 2018).
 */
import { type Execution, PROCESS_MASK } from '../execution.js';
import { DEPENDS, KIND_BITS, KIND_COUNT, KIND_MASK } from '../operation.js';
import { Sampler } from './sampler.js';

export class PartialOrderSampling extends Sampler {
  readonly name = 'pos';
  protected readonly title = 'POS';
  /** Of each process's next operation. Any 32 bits, so that two are hardly ever equal. */
  private priorities = new Int32Array(0);

  protected prepare(execution: Execution): void {
    if (this.priorities.length < execution.count) this.priorities = new Int32Array(execution.count);
    for (let process = 0; process < execution.count; process++) this.priorities[process] = this.prng.next();
  }

  choose(execution: Execution): number {
    if (execution.steps > 0) this.redraw(execution);
    if (execution.enabledCount === 1) return execution.enabled[0] ?? 0;
    return this.anyOutcome(execution, this.highest(execution, this.priorities));
  }

  /** After a step: its process has a new operation, and those that raced with it draw again. */
  private redraw(execution: Execution): void {
    const last = (execution.schedule[execution.steps - 1] ?? 0) & PROCESS_MASK;
    for (let process = 0; process < execution.count; process++) {
      if (process === last || this.raced(execution, process)) this.priorities[process] = this.prng.next();
    }
  }

  /** Whether the last step did something that a process's next operation depends on. */
  private raced(execution: Execution, process: number): boolean {
    const target = execution.targetOf(process);
    if (target === null) return false;
    const kind = execution.kindOf(process);
    for (let index = 0; index < execution.footprintLength; index++) {
      const entry = execution.footprint[index] ?? 0;
      if (entry >> KIND_BITS === target.id && DEPENDS[KIND_COUNT * (entry & KIND_MASK) + kind] === 1) return true;
    }
    return false;
  }
}
