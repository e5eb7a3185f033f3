/**
 * A machine as a flat table: states and events are small integers, and each pair of them has the steps to take.
 *
 * Invariant: a table never changes once it is made, and is the same in every thread that makes it from the same definition, so
 * a state's number means the same everywhere. Rows are states, the last column is any event that the machine doesn't know. How
 * tables are made is machine-compiler.ts, how they run machine-run.ts.
 */
import type { Action, MachineEffect, StepArguments } from './machine-terms.js';

/** XState's state value. */
export type StateValue = string | { readonly [key: string]: StateValue };

/** One step: a test that leads on, or actions and then either a state to rest in or another step. All have the same fields, for speed. */
export interface Step {
  /** Null in a step that acts. */
  test: ((args: StepArguments) => boolean) | null;
  yes: Step | null;
  no: Step | null;
  /** What has to run: assignments, and all there is where an effect's parameters are worked out. Null if nothing has to. */
  actions: readonly Action[] | null;
  /** Effects that don't depend on anything and so need no making, shared; each is frozen, the list is not, since frozen lists are slow to read. */
  effects: readonly MachineEffect[];
  /** Where an acting step leads on to, since eventless transitions follow; null if it comes to rest. */
  next: Step | null;
  /** Where an acting step comes to rest, below 0 if it leads on. */
  state: number;
}

export interface FlatTable {
  readonly machine: string;
  /** Numbers of the events; what is missing has the number `width - 1`. */
  readonly events: ReadonlyMap<string, number>;
  readonly width: number;
  /** `cells[state * width + event]`. */
  readonly cells: readonly Step[];
  /** By state. */
  readonly values: readonly StateValue[];
  readonly done: readonly boolean[];
  readonly first: Step;
  /** The first context, or a function of the input that makes it. */
  readonly context: unknown;
}
