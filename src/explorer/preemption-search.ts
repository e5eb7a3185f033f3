/**
 * Every schedule with at most so many preemptions, depth first, until one breaks a property.
 *
 * A preemption is a switch away from a process that could go on; switches where it couldn't are free. Invariant: each schedule within the bound is
 * run once, if `mayPreempt` doesn't forbid some. What is not here: a bound that grows (certificate.ts).
 */
import { type Execution, PROCESS_MASK } from './execution.js';
import { type Chooser, couldGoOn, GIVE_UP } from './recording.js';

export class PreemptionSearch {
  /** Places of the choices among those that are allowed. */
  private readonly path: number[] = [];
  private readonly widths: number[] = [];
  private preemptions = 0;

  constructor(
    private readonly bound: number,
    /** Whether it is worth it to preempt a process where it is. */
    private readonly mayPreempt: (execution: Execution, process: number) => boolean = () => true,
  ) {}

  /** Makes the choices of the next schedule, one after the other. */
  readonly choose: Chooser = (execution) => {
    const depth = execution.steps;
    if (depth === 0) this.preemptions = 0;
    const last = depth === 0 ? -1 : (execution.schedule[depth - 1] ?? 0) & PROCESS_MASK;
    const goesOn = last >= 0 && couldGoOn(execution, last);
    const stays = goesOn && (this.preemptions === this.bound || !this.mayPreempt(execution, last));
    if (depth === this.path.length) {
      this.path.push(0);
      this.widths.push(stays ? outcomes(execution, last) : execution.enabledCount);
    }
    const choice = nth(execution, this.path[depth] ?? 0, goesOn ? last : -1);
    if (goesOn && (choice & PROCESS_MASK) !== last) this.preemptions++;
    return choice;
  };

  /** Turns to the next schedule behind an execution of so many steps; whether there is one. */
  advance(steps: number): boolean {
    const { path, widths } = this;
    path.length = Math.min(path.length, steps);
    widths.length = path.length;
    while (path.length > 0) {
      const place = (path.pop() ?? 0) + 1;
      const width = widths.pop() ?? 0;
      if (place >= width) continue;
      path.push(place);
      widths.push(width);
      return true;
    }
    return false;
  }
}

/** How many choices a process has. */
function outcomes(execution: Execution, process: number): number {
  let count = 0;
  for (let index = 0; index < execution.enabledCount; index++) if (((execution.enabled[index] ?? 0) & PROCESS_MASK) === process) count++;
  return count;
}

/** The nth enabled choice, those of one process first. */
function nth(execution: Execution, n: number, first: number): number {
  let left = n;
  const own = outcomes(execution, first);
  for (let index = 0; index < execution.enabledCount; index++) {
    const choice = execution.enabled[index] ?? GIVE_UP;
    const counts = ((choice & PROCESS_MASK) === first) === n < own;
    if (counts && left-- === (n < own ? 0 : own)) return choice;
  }
  return GIVE_UP;
}
