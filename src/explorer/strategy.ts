/**
 * How executions are chosen: what each file in strategies/ implements.
 *
 * A strategy is asked at every step which of the enabled choices to make. Invariant: it is deterministic, given its seed, and keeps nothing of
 * an execution but numbers.
 */
import type { Execution } from './execution.js';

/** What a search has shown once it is over. */
export type Coverage =
  /** Every behaviour of the world was seen, by one execution of each trace or by every state. */
  | {
      readonly kind: 'proved';
      readonly by: 'traces' | 'states' | 'schedules';
      /** How likely it is that a state was taken for another one, and left out. */
      readonly omission?: number;
    }
  /** Every schedule within a bound was. */
  | { readonly kind: 'bounded'; readonly bound: string }
  /** Some were; `confidence` says what that is worth. */
  | { readonly kind: 'sampled'; readonly confidence: string };

/** Leaves an execution: what comes is known already. */
export const ABANDON = -1;

/** Who is next, step by step. An object is used for one search. */
export interface Strategy {
  /** As the command line has it. */
  readonly name: string;
  /** Called before each execution, when the world stands at its beginning. False: there is nothing left. */
  begin(execution: Execution): boolean;
  /** One of `execution.enabled[0..enabledCount)`, or ABANDON. */
  choose(execution: Execution): number;
  /** The execution has ended, or was abandoned. */
  end(execution: Execution, abandoned: boolean): void;
  /** Whether the execution that has just ended was met before, so that it counts as none. Left out: it never was. */
  isRepeat?(): boolean;
  /** What is shown when the search stops now. */
  coverage(): Coverage;
  /** Estimate of how much of the search is done, 0..1; null if there is none. */
  progress(): number | null;
}
