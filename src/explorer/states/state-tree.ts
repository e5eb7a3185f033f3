/**
 * How each state was reached first: from which state, by which choice.
 *
 * Invariant: a state's parent has a smaller number; the beginning is 0. Two numbers a state are all it takes.
 */
import { Integers } from './integers.js';

export class StateTree {
  private readonly parents = new Integers();
  private readonly choices = new Integers();

  add(parent: number, choice: number): void {
    this.parents.push(parent);
    this.choices.push(choice);
  }

  /** The choices that lead to a state. */
  scheduleOf(state: number): number[] {
    const schedule: number[] = [];
    for (let at = state; at > 0; at = this.parents.at(at)) schedule.push(this.choices.at(at));
    return schedule.reverse();
  }
}
