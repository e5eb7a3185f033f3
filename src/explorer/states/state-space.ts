/**
 * A world as a graph of states that can be walked: what a search of states needs of it, whether states are executed anew or packed into numbers.
 *
 * It stands at one state. Invariant: step() and back() are paired like brackets after begin() or goTo(), and two states with the same
 * fingerprint can do the same.
 */
import type { Property } from '../builder.js';
import type { Failure } from '../failure.js';
import type { Arrangements } from './arrangements.js';
import type { Integers } from './integers.js';

export interface StateSpace {
  /** Of the state where it stands. */
  low: number;
  high: number;
  readonly properties: readonly Property[];
  /** Steps since the beginning. */
  readonly depth: number;
  /** What the last step broke, and what arrive() found broken. */
  readonly failures: readonly Failure[];

  /** Whether states may have been taken for one that are not quite, because a body seemed to poll (body-history.ts). */
  readonly isInexact: boolean;

  /** How interchangeable processes may be exchanged; null if none are taken as such, or the space does not tell in which order they are. */
  readonly arrangements: Arrangements | null;
  /** The arrangement in which the state where it stands has its fingerprint. */
  readonly order: number;

  /** Goes to the beginning. */
  begin(): void;
  /** Adds the choices there are to a list; returns how many. */
  choices(into: Integers): number;
  /** Makes a choice. */
  step(choice: number): void;
  /** Goes back by one step. */
  back(): void;
  /** Checks a state that was not seen before; whether anybody can go on. */
  arrive(): boolean;
  /** At a state where nobody can go on: whether somebody waits for what he is owed. */
  isDeadlocked(): boolean;
  /** Whether a property is fulfilled here: has held, if it must hold once, and otherwise holds now. */
  isFulfilled(property: number): boolean;
  /** The state will be gone to: in the order of keeping, each once. */
  keep(): void;
  /** Goes to the next state that was kept; `schedule` says how it was reached. */
  goTo(schedule: () => readonly number[]): void;
}
