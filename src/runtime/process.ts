/**
 * Processes that share one thread: each has at most one pending operation, described before it runs, and a scheduler says whose is next.
 *
 * Invariant: nothing happens but by running a pending operation, and what an operation does depends on nothing but the processes; so the
 * scheduler's choices alone determine an execution. What is not here: what operations mean, and any search for good choices.
 */
import { assert, DeadlockError } from '../base/errors.js';

/** What an operation does to its object. */
export type OperationMode = 'send' | 'receive' | 'lock' | 'unlock' | 'awaitReply' | 'update';

/** An operation that has not run yet. */
export interface Operation {
  readonly mode: OperationMode;
  /** What it is done to: `mailbox bql`, `lock display`, `upcall 3`. */
  readonly object: string;
  /** For people. */
  readonly text: string;
}

/** The next operation of a process. */
export interface PendingOperation extends Operation {
  readonly process: string;
  /** Whether it can run now; if not, its process is blocked. */
  readonly enabled: boolean;
}

export interface Process {
  /** Unique in its system. */
  readonly name: string;
  /** What it would do next; null if it is done, or has nothing to do until somebody sends it something. */
  pending(): PendingOperation | null;
  /** Runs the pending operation. Asserts that it is enabled. */
  run(): void;
}

/** Chooses among operations that can run, in the order of their processes; null to run none of them. */
export type Scheduler = (choices: readonly PendingOperation[]) => number | null;

/** The processes take turns, in the order in which they were first seen. */
export function roundRobin(): Scheduler {
  const order: string[] = [];
  let last = -1;
  return (choices) => {
    for (const { process } of choices) if (!order.includes(process)) order.push(process);
    const places = choices.map(({ process }) => order.indexOf(process));
    const after = places.filter((place) => place > last);
    last = Math.min(...(after.length > 0 ? after : places));
    return places.indexOf(last);
  };
}

/** An operation of a body: what to do, and when it can be done. */
export interface Step extends Operation {
  /** Left out: always. */
  readonly when?: () => boolean;
  /** Whether a process that can't do it yet is idle rather than blocked: it waits for work, and nobody owes it any. */
  readonly idle?: boolean;
  run(): void;
}

/** What a process does: it yields each operation before it runs; code behind an operation belongs to it. */
export type Body<T = void> = Generator<Step, T, void>;

/** A process that carries out one body after another. */
export class BodyProcess implements Process {
  private readonly bodies: Body[] = [];
  private next: Step | null = null;

  constructor(readonly name: string) {}

  /** Has it carry out a body when those before it are done. */
  start(body: Body): void {
    this.bodies.push(body);
    if (this.bodies.length === 1) this.advance();
  }

  /** Whether it has nothing left to carry out. */
  get isDone(): boolean {
    return this.bodies.length === 0;
  }

  pending(): PendingOperation | null {
    return this.next && describe(this.name, this.next);
  }

  run(): void {
    const step = this.next;
    assert(step !== null && (step.when?.() ?? true), `${this.name} was run and could not`);
    step.run();
    this.advance();
  }

  /** Forgets what it has to do. */
  abandon(): void {
    this.bodies.length = 0;
    this.next = null;
  }

  private advance(): void {
    this.next = null;
    for (;;) {
      const body = this.bodies[0];
      if (!body) return;
      const { value, done } = body.next();
      if (!done) {
        this.next = value;
        return;
      }
      // The body may have abandoned everything, itself included.
      if (this.bodies[0] === body) this.bodies.shift();
    }
  }
}

/** The pending operation of a process that is about to do a step; null if it is idle. */
export function describe(process: string, step: Step): PendingOperation | null {
  const enabled = step.when?.() ?? true;
  if (!enabled && step.idle) return null;
  const { mode, object, text } = step;
  return { process, mode, object, text, enabled };
}

/** A closed system of processes. */
export class ProcessSystem {
  /** Operations that were run. */
  readonly history: PendingOperation[] = [];
  /** The process that waits for others inside an operation of its own, and for what. */
  private inner: { readonly process: string; readonly step: Step; granted: boolean } | null = null;

  constructor(
    private readonly processes: () => readonly Process[],
    private readonly scheduler: Scheduler,
  ) {}

  /** What everybody would do next, and who is blocked. */
  pending(): readonly PendingOperation[] {
    const { inner } = this;
    return this.processes().flatMap((process) => {
      const operation = inner?.process === process.name ? describe(process.name, inner.step) : process.pending();
      return operation ? [operation] : [];
    });
  }

  /** Runs one operation; false if nobody can go on, or the scheduler wants nobody to. */
  step(): boolean {
    const choices = this.pending().filter(({ enabled }) => enabled);
    const chosen = choices.length > 0 ? this.scheduler(choices) : null;
    if (chosen === null) return false;
    const operation = choices[chosen];
    assert(operation !== undefined, `the scheduler chose number ${chosen} of ${choices.length}`);
    this.history.push(operation);
    if (this.inner?.process === operation.process) this.inner.granted = true;
    else
      this.processes()
        .find(({ name }) => name === operation.process)
        ?.run();
    return true;
  }

  /** Runs operations until the condition holds; false if that never happens. */
  runUntil(condition: () => boolean): boolean {
    while (!condition()) if (!this.step()) return false;
    return true;
  }

  /**
   * Carries out a body inside an operation of `process`, which can do nothing else meanwhile: others run in between. Throws
   * DeadlockError if nobody can go on. Only one process at a time may do this, or one would end only after the other.
   */
  inside<T>(process: string, body: Body<T>): T {
    assert(this.inner === null, `${process} waits inside an operation, and so does ${this.inner?.process}`);
    for (;;) {
      const { value, done } = body.next();
      if (done) return value;
      const inner = { process, step: value, granted: false };
      this.inner = inner;
      const granted = this.runUntil(() => inner.granted);
      const report = granted ? '' : this.report();
      this.inner = null;
      if (!granted) throw new DeadlockError(report);
      value.run();
    }
  }

  /** Who waits for what, for people. */
  report(): string {
    const blocked = this.pending().filter(({ enabled }) => !enabled);
    return ['nobody can go on', ...blocked.map(({ process, text, object }) => `  ${process} waits to ${text} (${object})`)].join('\n');
  }
}
