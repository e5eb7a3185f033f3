/**
 * The system view as a value: the whole device at one moment, as the page, the terminal and JSON show it.
 *
 * Invariant: plain data. Times and spans are nanoseconds, shares 0..1 of the window before the moment, and what isn't known is NaN.
 */
import type { Activity, Level, Pending } from './system-thread.js';
import type { WarningView } from './system-warnings.js';

/** How a span of time was spent; they make 1 together. */
export type Shares = Readonly<Record<Activity, number>>;

/** A thread, or what is known of one by what others note: vCPUs (`vcpu`) and PVG's threads (`pvg`), only for how long they waited. */
export interface ActorView {
  /** Stays the same: `bql`, `background-queue 2`, `pvg 3`, `vcpu`. */
  readonly key: string;
  /** Whose thread it is. */
  readonly actor: string;
  /** For people. */
  readonly name: string;
  readonly activity: Activity;
  /** What it does, in a few words. */
  readonly doing: string;
  readonly shares: Shares;
  /** Messages a second that it took; accesses of vCPUs, upcalls of PVG's threads. */
  readonly rate: number;
}

export interface MailboxView {
  readonly actor: string;
  readonly depth: number;
  /** The most until the moment. */
  readonly highest: number;
  readonly capacity: number;
}

/** A level of the stack, in words as well. */
export interface LevelView extends Level {
  readonly text: string;
}

export interface LockView {
  /** What took it; null if nobody has it. */
  readonly holder: Pending | null;
  /** Who has it, in words: `bottom half mapMemory 9, which waits`, `free`. */
  readonly text: string;
  /** The holder first, then the waits and bottom halves inside, each inside of the one before. */
  readonly stack: readonly LevelView[];
  /** Who wants it, longest first. */
  readonly sections: readonly Pending[];
  readonly bottomHalves: readonly Pending[];
  /** Share of the window in which it was held, and how often a second it was taken. */
  readonly share: number;
  readonly rate: number;
}

export interface RateView {
  readonly name: string;
  /** Over the window. */
  readonly perSecond: number;
  /** A second each of SPARK_SPAN before the moment, SPARK_POINTS of them; NaN before the recording. */
  readonly series: readonly number[];
}

/** A machine that lives as long as the device. */
export interface MachineView {
  readonly machine: string;
  readonly instance: number;
  readonly state: string;
}

export interface SystemView {
  /** The moment; NaN of a recording in which nothing has happened. */
  readonly time: number;
  readonly start: number;
  readonly actors: readonly ActorView[];
  readonly mailboxes: readonly MailboxView[];
  readonly lock: LockView;
  readonly rates: readonly RateView[];
  readonly machines: readonly MachineView[];
  readonly warnings: readonly WarningView[];
}

/** Points of a rate's series, and how much time they cover. */
export const SPARK_POINTS = 60;
export const SPARK_SPAN = 30e9;
