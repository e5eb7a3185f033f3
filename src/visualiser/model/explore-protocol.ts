/**
 * What the Explore view and the runtime say to each other: worlds, progress, executions step by step, and what was found.
 *
 * Plain data that goes through JSON; both sides are compiled against it. Texts, orders and what stands beside what are made where worlds are run, so that
 * a page has only to draw them. Invariant: everything in it is bounded (explore/limits.ts), and a schedule's text alone is enough to have its execution
 * again. What is not here: how any of it is made (explore/), or shown (page/views/explore/).
 */

/** How good what is said is. */
export type Tone = 'ok' | 'warn' | 'bad' | 'muted';

/** What there is to say of something. */
export interface Said {
  readonly tone: Tone;
  readonly title: string;
  /** A sentence each. */
  readonly lines: readonly string[];
}

/** Something to choose, with what it is. */
export interface Named {
  readonly name: string;
  readonly summary: string;
}

/** A world that can be run. */
export interface WorldInfo extends Named {
  /** Whether it is another one in each revision. */
  readonly differs: boolean;
}

/** What there is to run, and with what. */
export interface Worlds {
  readonly worlds: readonly WorldInfo[];
  readonly revisions: readonly Named[];
  readonly strategies: readonly Named[];
  /** What to begin with. */
  readonly defaults: SearchRequest;
  /** Why nothing can be run; null: it can. */
  readonly refusal: string | null;
  readonly status: StatusView;
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

/** A search as a page shows it. */
export interface StatusView extends SearchStatus {
  /** What it is worth, or that there is none. */
  readonly said: Said;
  /** Names and values, the same ones as long as it goes on. */
  readonly figures: readonly (readonly [string, string])[];
  /** What the curve shows. */
  readonly curveTitle: string;
}

/** A step of an execution. */
export interface StepView {
  /** Number of the process. */
  readonly process: number;
  /** What it did, or is about to do, or waits for. */
  readonly text: string;
  readonly isMade: boolean;
  /** The process before could have gone on. */
  readonly preempts: boolean;
  /** Where in the source it was asked for; '' if that isn't known. */
  readonly site: string;
}

/** A property that was broken. */
export interface FailureView {
  readonly property: string;
  readonly message: string;
  /** Steps that had been made. */
  readonly step: number;
}

/** Fields of the state that belong together: a name, and numbers of fields. */
export type StateRow = readonly [name: string, fields: readonly number[]];

/** One execution, step by step. */
export interface RunView {
  /** Its text, from which it can be had again. */
  readonly schedule: string;
  readonly tone: Tone;
  /** What becomes of it. */
  readonly title: string;
  /** How long it is. */
  readonly size: string;
  /** Those that were made, and behind them what processes are about to do, or wait to do, at the end. */
  readonly steps: readonly StepView[];
  /** How many of them were made. */
  readonly made: number;
  readonly processes: readonly string[];
  /** What is looked at after each step: whose it is, and what it is called; '' if it is seen without being told when it changes. */
  readonly fields: readonly string[];
  /** In the order in which they are shown: of the processes, of what they share, of parts of the world. */
  readonly state: readonly (readonly [title: string, rows: readonly StateRow[]])[];
  /** Values of the fields at the beginning. */
  readonly first: readonly string[];
  /** Of each step, what it changed: numbers of fields and their new values. */
  readonly changes: readonly (readonly (readonly [number, string])[])[];
}

/** What came of a move, and what to ask for to have the step moved on. */
export interface MoveView {
  readonly tone: Tone;
  readonly text: string;
  /** What it was made from, which step of it, and how many places that went. */
  readonly schedule: string;
  readonly step: number;
  readonly by: number;
  /** Where the step has come to, from 1 on; 0: it was not made. */
  readonly place: number;
}

/** An execution with all that is known of it. */
export interface CaseView {
  readonly world: string;
  readonly run: RunView;
  /** The nearest execution that passes. */
  readonly passing: RunView | null;
  /** Of each row, which step of either stands there: two alike, or one alone. */
  readonly rows: readonly (readonly (number | null)[])[];
  /** The two steps that race; none: there are no such. */
  readonly race: readonly number[];
  /** What it breaks; null: nothing. */
  readonly failure: FailureView | null;
  /** Steps from this one on are made again and again; null: it ends. */
  readonly cycleFrom: number | null;
  readonly said: Said;
  /** Where it departs from the text it was made from, a sentence each. */
  readonly departures: readonly string[];
  /** The command that shows it in a terminal. */
  readonly command: string;
  /** null: it comes from no move. */
  readonly move: MoveView | null;
}
