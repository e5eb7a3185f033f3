/**
 * Replay: one execution, by a list of choices.
 *
 * Invariant: where the list is at its end, or names a choice that can't be made, it goes on with the first that can; `divergedAt` says from which step
 * on the execution is not the one of the list.
 */
import type { Execution } from '../execution.js';
import type { Coverage, Strategy } from '../strategy.js';

export class Replay implements Strategy {
  readonly name = 'replay';
  /** How many steps were as the list has them when a choice of it could not be made; null if that was not so. */
  divergedAt: number | null = null;
  private started = false;

  constructor(private readonly choices: ArrayLike<number>) {}

  begin(): boolean {
    const isFirst = !this.started;
    this.started = true;
    return isFirst;
  }

  choose(execution: Execution): number {
    const { enabled, enabledCount, steps } = execution;
    const first = enabled[0] ?? 0;
    if (this.divergedAt !== null || steps >= this.choices.length) return first;
    const wanted = this.choices[steps];
    for (let index = 0; index < enabledCount; index++) if (enabled[index] === wanted) return wanted ?? first;
    this.divergedAt = steps;
    return first;
  }

  end(execution: Execution): void {
    // The world's end came before the list's.
    if (execution.steps < this.choices.length) this.divergedAt ??= execution.steps;
  }

  coverage(): Coverage {
    const said = this.divergedAt === null ? 'one given schedule' : `a schedule that is the given one for ${this.divergedAt} steps`;
    return { kind: 'sampled', confidence: said };
  }

  progress(): null {
    return null;
  }
}
