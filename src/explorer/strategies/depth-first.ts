/**
 * Depth first: every schedule, once, in the order of choices.
 *
 * Invariant: `path` is a prefix of the execution that comes next; what is after it takes the first choice. It needs no more than a number for
 * each step.
 */
import { grouped } from '../confidence.js';
import type { Execution } from '../execution.js';
import type { Coverage, Strategy } from '../strategy.js';

export class DepthFirst implements Strategy {
  readonly name = 'dfs';
  /** Places of the choices among those enabled, and how many were. */
  private readonly path: number[] = [];
  private readonly widths: number[] = [];
  private started = false;
  private finished = false;
  private schedules = 0;

  /** `prefix`: places of the first choices, of which it then meets all schedules. */
  constructor(private readonly prefix: readonly number[] = []) {
    for (const place of prefix) {
      this.path.push(place);
      // There is no other place as far as this search goes.
      this.widths.push(1);
    }
  }

  begin(): boolean {
    if (!this.started) {
      this.started = true;
      return true;
    }
    const { path, widths } = this;
    while (path.length > 0) {
      const place = (path.pop() ?? 0) + 1;
      const width = widths.pop() ?? 0;
      if (place < width) {
        path.push(place);
        widths.push(width);
        return true;
      }
    }
    this.finished = true;
    return false;
  }

  choose(execution: Execution): number {
    const at = execution.steps;
    if (at === this.path.length) {
      this.path.push(0);
      this.widths.push(execution.enabledCount);
    }
    return execution.enabled[this.path[at] ?? 0] ?? 0;
  }

  end(): void {
    this.schedules++;
  }

  coverage(): Coverage {
    return this.finished ? { kind: 'proved', by: 'schedules' } : firstSchedules(this.schedules);
  }

  /** The part of the tree that lies before the path, every subtree of a node counted alike. */
  progress(): number {
    let done = 0;
    let weight = 1;
    for (let index = this.prefix.length; index < this.path.length; index++) {
      weight /= this.widths[index] ?? 1;
      done += weight * (this.path[index] ?? 0);
    }
    return this.finished ? 1 : done;
  }
}

/** What is shown by so many schedules that are not all. */
export function firstSchedules(count: number): Coverage {
  return { kind: 'sampled', confidence: `${grouped(count)} schedules, in depth-first order` };
}
