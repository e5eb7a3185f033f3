/**
 * The events of one thread in columns, oldest first, with a bound on how many are kept.
 *
 * Invariant: an event's index counts from the thread's first event that was ever read, and stays the same when older ones are let go; `first` is
 * the oldest that is kept, `end` the next to come. Times never go backwards. Nothing is made for an event.
 */
import type { RecordedThread } from './format.js';

/** Arguments of an event. */
export const ARGUMENTS = 4;
const FIRST_ROOM = 1024;
/** Places where events were lost that are remembered; the oldest are let go. */
const MAX_LOSSES = 4096;

/** Events that were lost before they could be recorded. */
export interface Loss {
  /** Index of the event that came after them. */
  readonly index: number;
  readonly count: number;
}

export class ThreadLog {
  /** Index of the oldest event that is kept. */
  first = 0;
  /** How many events are kept. */
  length = 0;
  /** Events that were lost before they could be recorded. */
  lost = 0;
  /** Where, oldest first. */
  readonly losses: Loss[] = [];
  private times = new Float64Array(FIRST_ROOM);
  private events = new Uint16Array(FIRST_ROOM);
  private args = new Float64Array(ARGUMENTS * FIRST_ROOM);

  /** `limit`: events kept at most. */
  constructor(
    readonly thread: RecordedThread,
    private readonly limit: number,
  ) {}

  /** Index of the next event to come. */
  get end(): number {
    return this.first + this.length;
  }

  /** When it happened, in nanoseconds; NaN of an event that is not kept. */
  time(index: number): number {
    return this.times[index - this.first] ?? Number.NaN;
  }

  /** Number of the event in the header. */
  event(index: number): number {
    return this.events[index - this.first] ?? 0;
  }

  /** Its k-th argument, 0 if it has none. */
  arg(index: number, k: number): number {
    return this.args[ARGUMENTS * (index - this.first) + k] ?? 0;
  }

  /** The first event at that time or later, `end` if there is none. */
  at(nanoseconds: number): number {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.times[middle] as number) < nanoseconds) low = middle + 1;
      else high = middle;
    }
    return this.first + low;
  }

  /** Adds an event whose arguments follow by setArgument(). */
  add(nanoseconds: number, event: number): void {
    if (this.length === this.limit) this.forget(this.limit >>> 1);
    if (this.length === this.times.length) this.grow();
    this.times[this.length] = nanoseconds;
    this.events[this.length] = event;
    this.args.fill(0, ARGUMENTS * this.length, ARGUMENTS * (this.length + 1));
    this.length++;
  }

  /** The k-th argument of the event that was added last. */
  setArgument(k: number, value: number): void {
    this.args[ARGUMENTS * (this.length - 1) + k] = value;
  }

  addLost(count: number): void {
    if (count === 0) return;
    this.lost += count;
    if (this.losses.length === MAX_LOSSES) this.losses.splice(0, MAX_LOSSES / 2);
    this.losses.push({ index: this.end, count });
  }

  private forget(count: number): void {
    this.times.copyWithin(0, count);
    this.events.copyWithin(0, count);
    this.args.copyWithin(0, ARGUMENTS * count);
    this.first += count;
    this.length -= count;
  }

  private grow(): void {
    const room = Math.min(this.limit, 2 * this.times.length);
    const { times, events, args } = this;
    this.times = new Float64Array(room);
    this.events = new Uint16Array(room);
    this.args = new Float64Array(ARGUMENTS * room);
    this.times.set(times);
    this.events.set(events);
    this.args.set(args);
  }
}
