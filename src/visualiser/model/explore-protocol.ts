/**
 * What the Explore view and the runtime say to each other: worlds, progress, executions step by step, and what was found.
 *
 * Plain data that goes through JSON; both sides are compiled against it. Invariant: everything in it is bounded (explore/limits.ts), and a
 * schedule's text alone is enough to have its execution again. What is not here: how any of it is made (explore/), or shown (page/views/explore/).
 */

/** Something to choose, with what it is. */
export interface Named {
  readonly name: string;
  readonly summary: string;
}

/** A world that can be run. */
export interface WorldInfo extends Named {
  /** Designs in which it differs; none: it is the same in all. */
  readonly revisions: readonly string[];
}

/** What there is to run, and with what. */
export interface Worlds {
  readonly worlds: readonly WorldInfo[];
  readonly revisions: readonly Named[];
  readonly strategies: readonly (Named & { readonly samples: boolean })[];
  readonly defaults: { readonly world: string; readonly revision: string; readonly strategy: string };
  readonly limits: { readonly executions: number; readonly seconds: number };
  /** Why nothing can be run; null: it can. */
  readonly refusal: string | null;
}

/** A search that is asked for. */
export interface SearchRequest {
  readonly world: string;
  readonly revision: string;
  readonly strategy: string;
  readonly seed: number;
  /** Executions at most, of a search of states: states. */
  readonly executions: number;
  readonly seconds: number;
  /** Go on after a failure, and collect the first of each property. */
  readonly keepGoing: boolean;
}

/** A property that a search has seen broken. */
export interface FaultInfo {
  readonly property: string;
  readonly message: string;
  /** Number of the execution, from 1 on. */
  readonly execution: number;
}

/** How a search is worth what it is worth. */
export type Verdict = 'proved' | 'bounded' | 'sampled' | 'fault';

/** How far a search is, or has come. */
export interface SearchStatus {
  /** Tells one search from the next; 0: there was none. */
  readonly run: number;
  readonly request: SearchRequest | null;
  /** As schedules name the world: NAME or NAME@REVISION. */
  readonly world: string;
  readonly phase: 'none' | 'searching' | 'ended' | 'stopped' | 'failed';
  readonly executions: number;
  /** Executions that were left, since what came was known. */
  readonly abandoned: number;
  readonly steps: number;
  /** null: the strategy knows no states. */
  readonly states: number | null;
  readonly seconds: number;
  /** Part of the search, or of what it may take, that is done: 0..1. */
  readonly done: number | null;
  /** Different states that executions were seen to end in, or states. */
  readonly discovered: number;
  /** For each of some moments: seconds, executions, discovered. */
  readonly curve: readonly (readonly [number, number, number])[];
  readonly verdict: Verdict | null;
  /** What it is worth, in sentences; so far, while it goes on. */
  readonly coverage: readonly string[];
  readonly faults: readonly FaultInfo[];
  /** Why it failed; '' if it did not. */
  readonly problem: string;
}

/** A step of an execution. */
export interface StepView {
  /** Number of the process. */
  readonly process: number;
  /** What it did. */
  readonly text: string;
  /** The operation's name, and what it was done to. */
  readonly kind: string;
  readonly object: string;
  readonly outcome: number;
  /** The process before could have gone on. */
  readonly preempts: boolean;
  /** Steps of other processes without which it could not be. */
  readonly needs: readonly number[];
  /** Where in the source it was asked for; '' if that isn't known. */
  readonly site: string;
}

/** Something that is looked at after each step. */
export interface FieldInfo {
  /** Whose it is: a process's name, or a part of the world. */
  readonly owner: string;
  readonly name: string;
}

/** Two steps that depend on each other. */
export interface RaceView {
  readonly earlier: number;
  /** null: it was not made, and the process waits for it at the end. */
  readonly later: number | null;
  readonly process: number;
}

/** Who waits at the end. */
export interface WaitView {
  readonly process: string;
  /** Whom for, any of them. */
  readonly on: readonly string[];
  readonly what: string;
  /** Whether it is one of those that wait for each other. */
  readonly inCycle: boolean;
}

/** A property that was broken. */
export interface FailureView {
  readonly property: string;
  readonly message: string;
  /** Steps that had been made. */
  readonly step: number;
}

/** One execution, step by step. */
export interface RunView {
  /** Its text, from which it can be had again. */
  readonly schedule: string;
  readonly steps: readonly StepView[];
  /** What processes are about to do, or wait to do, at the end; their numbers go on behind those of the steps. */
  readonly pending: readonly StepView[];
  /** Steps that were left out at the end, since there are too many to show. */
  readonly hidden: number;
  readonly processes: readonly string[];
  readonly fields: readonly FieldInfo[];
  /** Their values at the beginning. */
  readonly first: readonly string[];
  /** Of each step, what it changed: numbers of fields and their new values. */
  readonly changes: readonly (readonly (readonly [number, string])[])[];
  readonly failures: readonly FailureView[];
  readonly preemptions: number;
  readonly waits: readonly WaitView[];
  /** Where it departs from the text it was made from: the steps made so far, and how. */
  readonly divergences: readonly { readonly at: number; readonly text: string }[];
}

/** An execution with all that is known of it. */
export interface CaseView {
  readonly world: string;
  readonly run: RunView;
  /** What it breaks; null: nothing. */
  readonly failure: FailureView | null;
  readonly race: RaceView | null;
  /** Steps from this one on are made again and again; null: it ends. */
  readonly cycleFrom: number | null;
  /** The nearest execution that passes. */
  readonly passing: RunView | null;
  /** What there is to say, a line each. */
  readonly words: readonly string[];
  /** The command that shows it in a terminal. */
  readonly command: string;
}

/** How many runs from a place came to what. */
export interface Beyond {
  readonly executions: number;
  readonly strategy: string;
  /** Of those, how many broke which property. */
  readonly broken: readonly { readonly property: string; readonly executions: number }[];
}

/** What came of a move. */
export interface MoveView extends CaseView {
  /** Compared with the execution it was made from. */
  readonly outcome: 'same' | 'other' | 'passes' | 'fails' | 'nothing';
  /** In words. */
  readonly said: string;
  /** Where the step has come to, from 0 on; null: it was not made. */
  readonly step: number | null;
  /** What the rest comes to if it is chosen anew; null: it was not tried. */
  readonly beyond: Beyond | null;
}
