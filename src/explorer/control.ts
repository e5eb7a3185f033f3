/**
 * What the threads of a parallel search share: whether to stop, and how far all of them are.
 *
 * Invariant: `limit` only ever falls. Nobody waits for anything here, and what is read late is only acted on late, so no order of the accesses to
 * different fields matters.
 */

const STOP = 0;
const LIMIT = 1;
/** Of the counter, in 8 bytes. */
const SCHEDULES = 1;
const BYTES = 16;

export class Control {
  private readonly words: Int32Array;
  private readonly counters: BigInt64Array;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
    this.counters = new BigInt64Array(buffer);
  }

  static make(): Control {
    const control = new Control(new SharedArrayBuffer(BYTES));
    Atomics.store(control.words, LIMIT, 0x7fff_ffff);
    return control;
  }

  /** Everybody is to stop. */
  stop(): void {
    Atomics.store(this.words, STOP, 1);
  }

  get isStopped(): boolean {
    return Atomics.load(this.words, STOP) === 1;
  }

  /** Jobs behind this one are of no use any more. */
  limit(job: number): void {
    for (let now = Atomics.load(this.words, LIMIT); job < now; ) {
      const before = Atomics.compareExchange(this.words, LIMIT, now, job);
      if (before === now) return;
      now = before;
    }
  }

  /** Whether a job should stop. */
  shouldStop(job: number): boolean {
    return this.isStopped || Atomics.load(this.words, LIMIT) < job;
  }

  /** More executions were made. */
  add(schedules: number): void {
    Atomics.add(this.counters, SCHEDULES, BigInt(schedules));
  }

  get schedules(): number {
    return Number(Atomics.load(this.counters, SCHEDULES));
  }
}
