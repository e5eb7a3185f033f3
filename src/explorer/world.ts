/**
 * Worlds: closed systems of processes, with what must hold in them.
 *
 * A world is a function that makes its objects, processes and properties; it is called at the beginning of every execution, so whatever it
 * closes over is made anew. Invariant, which the explorer checks: it makes the same things in the same order each time, and
 * looks at no clock, no randomness and nothing outside.
 */
import type { Actor } from './actor.js';
import type { Inbox, Touch } from './inbox.js';
import type { Body, Operation } from './operation.js';
import type { ProgramBuilder } from './programs/program-builder.js';
import type { Condition, Lock, Mailbox, ProcessHandle, Reply, SharedObject, Timer, Variable } from './shared-object.js';

/** How a process begins. */
export interface ProcessOptions {
  /** It begins when somebody spawns it, instead of at once. */
  readonly spawned?: boolean;
}

/** What a world is made with. */
export interface WorldBuilder {
  /** A number that processes share; 0 if nothing else is said. */
  variable(name: string, value?: number): Variable;
  /** A lock, not recursive. */
  lock(name: string): Lock;
  /** A condition variable of a lock. */
  condition(name: string, lock: Lock): Condition;
  /** `bound`: how many messages it holds at most; without it, any number. */
  mailbox(name: string, options?: { readonly bound?: number }): Mailbox;
  /** A place for one answer at a time. */
  reply(name: string): Reply;
  /** Something that fires when nothing else can run, and early at most once in an execution. */
  timer(name: string): Timer;
  /** Something that nobody determines: yields one of `outcomes` numbers. */
  choice(name: string): {
    /** Its result is one of 0 to `outcomes` - 1, in some execution each. */
    choose(outcomes: number): Operation;
  };
  /** A process that is a generator. */
  process(name: string, body: () => Body, options?: ProcessOptions): ProcessHandle;
  /**
   * A process that is a program: instructions over integers, written by the function, which is called once. A world of nothing
   * but programs has its states searched without executing it.
   */
  program(name: string, write: (program: ProgramBuilder) => void, options?: ProcessOptions): ProcessHandle;
  /**
   * Called by a body: from here on it goes by these numbers, and by nothing else that it knows. So a search of states sees that
   * it has come round, where a loop asks again and again. Bodies that call it at several places give each a number of its own.
   */
  forget(...known: readonly number[]): void;
  /** A process whose state is in the open. */
  actor(name: string, actor: Actor): ProcessHandle;
  /** A mailbox of an actor's. */
  inbox<T>(name: string): Inbox<T>;
  /** An object of an actor's that several touch, for footprints. */
  object(name: string): SharedObject;
  /** What actors note their accesses to such objects with. */
  readonly touch: Touch;

  /** Fails the execution, and ends the process that asserts. */
  assert(condition: boolean, text: string): void;
  /** Fails the execution; the process that says so goes on. */
  fail(property: string, text: string): void;
  /** Must hold after every step; a text says what is wrong. */
  always(name: string, holds: () => boolean | string): void;
  /** Must hold at some point of every execution. */
  eventually(name: string, holds: () => boolean | string): void;
  /** Must hold at the end of every execution, and again and again in one that goes on for ever. */
  alwaysEventually(name: string, holds: () => boolean | string): void;
  /** Must hold at some point of some execution, or the search has not reached what it is for. */
  sometimes(name: string, holds: () => boolean): void;
  /** A figure of a whole execution, of which the explorer tells the largest. */
  cost(name: string, measure: () => number): void;
  /** A figure of a state, of which the explorer tells the largest. */
  peak(name: string, measure: () => number): void;
  /**
   * Something that goes on for a while, of which the explorer tells the longest. `what` says what goes on now: false, 0, null or undefined if
   * nothing does; for as long as it says the same, that is one span. A span is as long as the steps that it takes: the one that begins
   * it and those after it, but for the one that ends it. Given `count`, a figure that only grows, it is as long as that grows in these
   * steps. A span that can go round for ever is Infinity.
   *
   * Both may look at what is no part of the state, as long as what a step changes about it follows from the state and the choice: a
   * number of what was released so far tells one holder of a lock from the next, and a number of messages so far weighs steps.
   */
  span(name: string, what: () => unknown, count?: () => number): void;
  /** Objects with state of the world's that no field of an actor's leads to. */
  state(...objects: readonly object[]): void;
  /**
   * Processes of which one is as good as the other, so that states that differ by which is which are the same. Sound if exchanging
   * two of them changes nothing: they have the same code, on the same objects; nobody spawns or joins one of them; no value or message
   * says which of them it is about. Having a lock and queuing on a condition may.
   */
  interchangeable(...processes: readonly ProcessHandle[]): void;
}

/** A closed system of processes with properties; made by defineWorld(). */
export interface World {
  /** As schedules and reports call it. */
  readonly name: string;
  /** For people: what happens in it. */
  readonly summary: string;
  /** Steps after which an execution is cut off, and counts as a failure. */
  readonly maxSteps: number;
  /** Makes objects, processes and properties; called anew for each execution, so it must do the same each time. */
  readonly setup: (world: WorldBuilder) => void;
  /**
   * Given: all processes are actors, and all of the world's state is in fields that can be reached from them and from what
   * state() was told, but for fields of these names, which hold none and are not followed. An execution then begins by putting the state back instead of by calling setup() again.
   */
  readonly open: readonly string[] | null;
}

const MAX_STEPS = 10_000;

/** Makes a world. */
export function defineWorld(
  name: string,
  setup: (world: WorldBuilder) => void,
  options: { readonly summary?: string; readonly maxSteps?: number; readonly open?: readonly string[] } = {},
): World {
  return { name, setup, summary: options.summary ?? '', maxSteps: options.maxSteps ?? MAX_STEPS, open: options.open ?? null };
}
