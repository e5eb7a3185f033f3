/**
 * Iterative delay bounding: all schedules without a delay, of which there is one, then those with one, with two and so on.
 *
 * Undelayed, the process that ran last goes on until it can't, and then the next one by number. A delay passes over the process whose turn it is, so there
 * are fewer schedules than with as many preemptions: what comes after a wait costs too, unless it is the next one's turn. Outcomes are free.
 * Source: Emmi, Qadeer and Rakamarić, "Delay-bounded scheduling" (POPL 2011).
 */
import { type Execution, PROCESS_MASK } from '../execution.js';
import { BoundedSearch } from './bounded-search.js';

export class DelayBounding extends BoundedSearch {
  readonly name = 'delays';
  protected readonly unit = 'delays';

  protected order(execution: Execution): number {
    const { enabled, enabledCount, count: processes, steps } = execution;
    if (this.candidates.length < enabledCount) {
      this.candidates = new Int32Array(2 * enabledCount);
      this.costs = new Int32Array(2 * enabledCount);
    }
    const first = steps === 0 ? 0 : (execution.schedule[steps - 1] ?? 0) & PROCESS_MASK;
    let count = 0;
    let cost = 0;
    for (let turn = 0; turn < processes && count < enabledCount; turn++) {
      const process = (first + turn) % processes;
      const before = count;
      for (let index = 0; index < enabledCount; index++) {
        if (((enabled[index] ?? 0) & PROCESS_MASK) !== process) continue;
        this.costs[count] = cost;
        this.candidates[count++] = enabled[index] ?? 0;
      }
      if (count > before) cost++;
    }
    return count;
  }
}
