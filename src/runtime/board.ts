/**
 * The board: what each of a device's threads is doing now, for whoever looks for deadlocks.
 *
 * One SharedArrayBuffer of three cells a line: the system's number of the thread, what it does, and a count that changes with it.
 * Invariant: each line has one writer, its thread; a reader that sees the same count twice knows that the thread did nothing else in
 * between. Nobody waits here, and nothing is decided by it.
 *
 * Behind the lines there is room for the report of a deadlock, which the watchdog writes once: it is for vCPUs, who hear from nobody else.
 */
import { MAX_BACKGROUND_WORKERS, MAX_DEADLOCK_REPORT_BYTES, MAX_WATCHED_VCPUS } from '../base/limits.js';

const LINE = 3;
const THREAD = 0;
const ACTIVITY = 1;
const COUNT = 2;

const BQL = 0;
const BQL_JOB = 1;
const RENDER = 2;
const CREATOR = 3;
const FIRST_WORKER = 4;
const FIRST_VCPU = FIRST_WORKER + MAX_BACKGROUND_WORKERS;
const LINES = FIRST_VCPU + MAX_WATCHED_VCPUS;

/** The cell with the length of the report, and where its bytes are. */
const REPORT_LENGTH = LINE * LINES;
const REPORT_AT = 4 * (REPORT_LENGTH + 1);

/** Instead of a thread's number: a worker that was started and has not come yet. */
const EXPECTED = -1;

/** States of the BQL's line. */
export const BQL_STATES = ['free', 'running', 'waiting', 'lent'] as const;
/** What the render queue does. */
export const RENDER_STATES = ['idle', 'inPvg', 'waitingForBql'] as const;
/** What a vCPU does. */
export const VCPU_STATES = ['idle', 'waitingForAnswer', 'inPvg'] as const;

/** The states' places in the lists. Compared one by one, since a look-up by a changing name is slow to V8. */
const bqlCode = (state: (typeof BQL_STATES)[number]): number =>
  state === 'free' ? 0 : state === 'running' ? 1 : state === 'waiting' ? 2 : 3;
export const VCPU_CODES = { idle: 0, waitingForAnswer: 1, inPvg: 2 } as const satisfies Record<(typeof VCPU_STATES)[number], number>;

/** A line as a reader sees it. */
export interface BoardLine {
  readonly thread: number;
  readonly activity: number;
  readonly count: number;
}

export class Board {
  private readonly cells: Int32Array;

  constructor(readonly memory: SharedArrayBuffer = new SharedArrayBuffer(REPORT_AT + MAX_DEADLOCK_REPORT_BYTES)) {
    this.cells = new Int32Array(memory, 0, REPORT_LENGTH + 1);
  }

  /** Leaves word of a deadlock, before the group is closed; only the watchdog does. */
  reportDeadlock(text: string): void {
    const bytes = new TextEncoder().encode(text).subarray(0, MAX_DEADLOCK_REPORT_BYTES);
    new Uint8Array(this.memory, REPORT_AT).set(bytes);
    // The length last: whoever finds it finds the bytes.
    Atomics.store(this.cells, REPORT_LENGTH, bytes.length);
  }

  /** Who waited for whom, null unless there was a deadlock. */
  get deadlock(): string | null {
    const length = Atomics.load(this.cells, REPORT_LENGTH);
    // A copy, since text is not decoded from shared memory.
    return length === 0 ? null : new TextDecoder().decode(new Uint8Array(this.memory, REPORT_AT, length).slice());
  }

  /** The BQL actor: the lock's state and the job that it waits for, 0 if none. */
  setBql(thread: number, state: (typeof BQL_STATES)[number], job: number): void {
    const { cells } = this;
    if (cells[LINE * BQL + THREAD] !== thread) Atomics.store(cells, LINE * BQL + THREAD, thread);
    // Plain stores, since these change several times an access. A reader may see one of them before another, for nanoseconds; what it
    // acts on it has seen twice, a watchdog's period apart.
    cells[LINE * BQL_JOB + ACTIVITY] = job;
    cells[LINE * BQL + ACTIVITY] = bqlCode(state);
    cells[LINE * BQL + COUNT] = ((cells[LINE * BQL + COUNT] ?? 0) + 1) | 0;
  }

  setRender(thread: number, state: (typeof RENDER_STATES)[number]): void {
    this.write(RENDER, thread, RENDER_STATES.indexOf(state));
  }

  /** The thread that made the device, and answers reads of other devices' registers. */
  setCreator(thread: number): void {
    this.write(CREATOR, thread, 0);
  }

  /** A worker was started: until it comes its line is that of a worker that is free, so that nobody thinks that there will be none. */
  expectWorker(): void {
    this.claim(FIRST_WORKER, MAX_BACKGROUND_WORKERS, { from: 0, to: EXPECTED });
  }

  /** A line of its own for a worker of the background queue, the one where it is expected if there is one; null if there is none left. */
  claimWorker(thread: number): number | null {
    const expected = this.claim(FIRST_WORKER, MAX_BACKGROUND_WORKERS, { from: EXPECTED, to: thread });
    return expected ?? this.claim(FIRST_WORKER, MAX_BACKGROUND_WORKERS, { from: 0, to: thread });
  }

  /** A line of its own for a vCPU; null if there is none left, and then it is not looked at. */
  claimVcpu(thread: number): number | null {
    return this.claim(FIRST_VCPU, MAX_WATCHED_VCPUS, { from: 0, to: thread });
  }

  /** The activity of a claimed line: a worker's job (0: none), or a vCPU's state. */
  set(line: number, activity: number): void {
    const { cells } = this;
    // Plain, as above.
    cells[LINE * line + ACTIVITY] = activity;
    cells[LINE * line + COUNT] = ((cells[LINE * line + COUNT] ?? 0) + 1) | 0;
  }

  /** Gives a claimed line back. */
  leave(line: number): void {
    this.set(line, 0);
    Atomics.store(this.cells, LINE * line + THREAD, 0);
  }

  get bql(): BoardLine & { readonly job: number } {
    const line = this.read(BQL);
    return { ...line, job: this.read(BQL_JOB).activity };
  }

  get render(): BoardLine {
    return this.read(RENDER);
  }

  get creator(): BoardLine {
    return this.read(CREATOR);
  }

  get workers(): readonly BoardLine[] {
    return this.taken(FIRST_WORKER, MAX_BACKGROUND_WORKERS);
  }

  get vcpus(): readonly BoardLine[] {
    return this.taken(FIRST_VCPU, MAX_WATCHED_VCPUS);
  }

  private write(line: number, thread: number, activity: number): void {
    Atomics.store(this.cells, LINE * line + THREAD, thread);
    this.set(line, activity);
  }

  private read(line: number): BoardLine {
    const at = LINE * line;
    return {
      thread: Atomics.load(this.cells, at + THREAD),
      activity: Atomics.load(this.cells, at + ACTIVITY),
      count: Atomics.load(this.cells, at + COUNT),
    };
  }

  private claim(first: number, lines: number, { from, to }: { from: number; to: number }): number | null {
    for (let line = first; line < first + lines; line++) {
      if (Atomics.compareExchange(this.cells, LINE * line + THREAD, from, to) === from) return line;
    }
    return null;
  }

  private taken(first: number, lines: number): BoardLine[] {
    return Array.from({ length: lines }, (_, index) => this.read(first + index)).filter((line) => line.thread !== 0);
  }
}
