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
  private times = new Float64Array(FIRST_ROOM);
  private events = new Uint16Array(FIRST_ROOM);
  private args = new Float64Array(ARGUMENTS * FIRST_ROOM);
  private oldest = 0;
  private used = 0;
  private lostEntries = 0;
  private readonly lossList: Loss[] = [];

  /** `limit`: events kept at most. */
  constructor(
    readonly thread: RecordedThread,
    private readonly limit: number,
  ) {}

  /** Index of the oldest event that is kept. */
  get first(): number {
    return this.oldest;
  }

  /** Index of the next event to come. */
  get end(): number {
    return this.oldest + this.used;
  }

  /** How many events are kept. */
  get length(): number {
    return this.used;
  }

  /** Events that were lost before they could be recorded. */
  get lost(): number {
    return this.lostEntries;
  }

  /** Where, oldest first. */
  get losses(): readonly Loss[] {
    return this.lossList;
  }

  /** When it happened, in nanoseconds; NaN of an event that is not kept. */
  time(index: number): number {
    return this.times[index - this.oldest] ?? Number.NaN;
  }

  /** Number of the event in the header. */
  event(index: number): number {
    return this.events[index - this.oldest] ?? 0;
  }

  /** Its k-th argument, 0 if it has none. */
  arg(index: number, k: number): number {
    return this.args[ARGUMENTS * (index - this.oldest) + k] ?? 0;
  }

  /** The first event at that time or later, `end` if there is none. */
  at(nanoseconds: number): number {
    let low = 0;
    let high = this.used;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.times[middle] as number) < nanoseconds) low = middle + 1;
      else high = middle;
    }
    return this.oldest + low;
  }

  /** Adds an event whose arguments follow by setArgument(). */
  add(nanoseconds: number, event: number): void {
    if (this.used === this.limit) this.forget(this.limit >>> 1);
    if (this.used === this.times.length) this.grow();
    this.times[this.used] = nanoseconds;
    this.events[this.used] = event;
    this.args.fill(0, ARGUMENTS * this.used, ARGUMENTS * (this.used + 1));
    this.used++;
  }

  /** The k-th argument of the event that was added last. */
  setArgument(k: number, value: number): void {
    this.args[ARGUMENTS * (this.used - 1) + k] = value;
  }

  addLost(count: number): void {
    if (count === 0) return;
    this.lostEntries += count;
    if (this.lossList.length === MAX_LOSSES) this.lossList.splice(0, MAX_LOSSES / 2);
    this.lossList.push({ index: this.end, count });
  }

  private forget(count: number): void {
    this.times.copyWithin(0, count, this.used);
    this.events.copyWithin(0, count, this.used);
    this.args.copyWithin(0, ARGUMENTS * count, ARGUMENTS * this.used);
    this.oldest += count;
    this.used -= count;
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
