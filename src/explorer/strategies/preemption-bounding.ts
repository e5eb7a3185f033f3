/**
 * Iterative preemption bounding: all schedules without a preemption, then those with one, with two and so on.
 *
 * A preemption is a switch away from a process that could have gone on; one whose next operation is to wait for a timer counts as one that can't.
 * Source: Musuvathi and Qadeer, "Iterative context bounding for systematic testing of multithreaded programs" (PLDI 2007).
 */
import { type Execution, PROCESS_MASK } from '../execution.js';
import { Kind } from '../operation.js';
import { BoundedSearch } from './bounded-search.js';

export class PreemptionBounding extends BoundedSearch {
  readonly name = 'preemptions';
  protected readonly unit = 'preemptions';

  protected order(execution: Execution): number {
    const { enabled, enabledCount } = execution;
    if (this.candidates.length < enabledCount) {
      this.candidates = new Int32Array(2 * enabledCount);
      this.costs = new Int32Array(2 * enabledCount);
    }
    const last = running(execution);
    let count = 0;
    // Choices of the process that ran last come first, then those of the others; without it there are only others, and they are free.
    for (let index = 0; index < enabledCount; index++) {
      const choice = enabled[index] ?? 0;
      if ((choice & PROCESS_MASK) !== last) continue;
      this.costs[count] = 0;
      this.candidates[count++] = choice;
    }
    const cost = count > 0 ? 1 : 0;
    for (let index = 0; index < enabledCount; index++) {
      const choice = enabled[index] ?? 0;
      if ((choice & PROCESS_MASK) === last) continue;
      this.costs[count] = cost;
      this.candidates[count++] = choice;
    }
    return count;
  }
}

/** The process that made the last step; -1 if there is none, or if it waits for a timer. */
function running(execution: Execution): number {
  if (execution.steps === 0) return -1;
  const last = (execution.schedule[execution.steps - 1] ?? 0) & PROCESS_MASK;
  return execution.targetOf(last) !== null && execution.kindOf(last) === Kind.timeout ? -1 : last;
}
