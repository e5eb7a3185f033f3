/**
 * The trace ring of one thread: its latest events, as numbers, in shared memory.
 *
 * Invariants: one writer, the thread, which never waits and makes nothing; the newest entry takes the oldest one's place. Before places are
 * written again it is told how far that may go (RESERVED), and only afterwards that they may be read (PUBLISHED), both as atomics and both
 * for many entries at once; so a reader, on whatever thread, knows of each entry that it copied whether it was whole. It reads a thread's events
 * up to when that thread last went to wait. It knows no event: src/trace/events.ts says what the numbers mean.
 */
import { TRACE_RING_ENTRIES } from '../base/limits.js';

/** Cells of the head. */
const THREAD = 0;
const RESERVED = 1;
const PUBLISHED = 2;
const HEAD_BYTES = 64;

/** An entry: time in nanoseconds, the event's number, arguments. */
const ENTRY = 6;
export const RING_ARGUMENTS = ENTRY - 2;
/** Entries that are reserved at once. */
const CHUNK = 64;

/** Room for a ring of so many entries: a power of two, so that places go on where counts go round. */
export function ringMemory(entries: number): SharedArrayBuffer {
  return new SharedArrayBuffer(HEAD_BYTES + 8 * ENTRY * entries);
}

/** An entry as a reader sees it. */
export interface RingEntry {
  /** The system's number of the thread. */
  readonly thread: number;
  /** CLOCK_MONOTONIC when the thread had last come back from waiting. */
  readonly nanoseconds: number;
  readonly event: number;
  readonly args: readonly number[];
}

/** Told of an entry: its time in nanoseconds, the event's number, and its arguments, which are valid until it returns. */
export type EntryVisitor = (nanoseconds: number, event: number, args: Float64Array) => void;

export class TraceRing {
  private readonly head: Int32Array<SharedArrayBuffer>;
  private readonly entries: Float64Array<SharedArrayBuffer>;
  private readonly capacity: number;
  /** Counts go round after 2^32, as do the cells, so they are only ever subtracted. */
  private count = 0;
  private reserved = 0;
  /** Where the next entry goes: place(count), kept, since a division for each entry is dear. */
  private next = 0;

  /** `memory`: of the same ring on another thread, or room for a new one (ringMemory()). */
  constructor(readonly memory = ringMemory(TRACE_RING_ENTRIES)) {
    this.head = new Int32Array(memory, 0, HEAD_BYTES / 4);
    this.entries = new Float64Array(memory, HEAD_BYTES);
    this.capacity = this.entries.length / ENTRY;
  }

  /** Whose ring it is, by the system's number. */
  set thread(thread: number) {
    Atomics.store(this.head, THREAD, thread);
  }

  /** Notes an event. */
  note(nanoseconds: number, event: number, first: number, second: number, third: number, fourth: number): void {
    const at = this.begin(nanoseconds, event);
    const { entries } = this;
    entries[at + 2] = first;
    entries[at + 3] = second;
    entries[at + 4] = third;
    entries[at + 5] = fourth;
  }

  /** As note(), with a list of up to RING_ARGUMENTS arguments. */
  noteAll(nanoseconds: number, event: number, args: readonly number[]): void {
    const at = this.begin(nanoseconds, event);
    for (let index = 0; index < RING_ARGUMENTS; index++) this.entries[at + 2 + index] = args[index] ?? 0;
  }

  /** Lets readers see what was noted. */
  publish(): void {
    Atomics.store(this.head, PUBLISHED, this.count);
  }

  /** What was published last, oldest first, as far as it was not written over meanwhile. */
  read(): readonly RingEntry[] {
    const thread = Atomics.load(this.head, THREAD);
    const published = Atomics.load(this.head, PUBLISHED);
    const filled = Math.min(published >>> 0, this.capacity);
    const copies: RingEntry[] = [];
    for (let back = filled; back > 0; back--) {
      const at = this.place(published - back);
      const [nanoseconds = 0, event = 0, ...args] = this.entries.subarray(at, at + ENTRY);
      copies.push({ thread, nanoseconds, event, args });
    }
    // What was reserved by now, beyond one round, may have been written while it was copied.
    const lost = (Atomics.load(this.head, RESERVED) - published) | 0;
    return copies.slice(Math.max(0, lost - (this.capacity - filled)));
  }

  /** Number of the entry that is published next. */
  get end(): number {
    return Atomics.load(this.head, PUBLISHED);
  }

  /**
   * Tells of what was published since the entry of a number, in order, and gives how many of those were written over before they could be read. Who
   * goes on with `end` as it was before the call misses nothing else.
   */
  visitSince(from: number, end: number, visit: EntryVisitor): number {
    const count = Math.min((end - from) >>> 0, this.capacity);
    const copy = new Float64Array(ENTRY * count);
    for (let index = 0; index < count; index++) {
      const at = this.place(end - count + index);
      copy.set(this.entries.subarray(at, at + ENTRY), ENTRY * index);
    }
    // As in read(): what was reserved by now, beyond one round, may have been written while it was copied.
    const torn = Math.min(count, Math.max(0, ((Atomics.load(this.head, RESERVED) - end) | 0) - (this.capacity - count)));
    for (let at = ENTRY * torn; at < copy.length; at += ENTRY)
      visit(copy[at] as number, copy[at + 1] as number, copy.subarray(at + 2, at + ENTRY));
    return ((end - from) >>> 0) - count + torn;
  }

  private place(count: number): number {
    return ENTRY * ((count >>> 0) % this.capacity);
  }

  private begin(nanoseconds: number, event: number): number {
    if (this.count === this.reserved) {
      this.reserved = (this.reserved + CHUNK) | 0;
      Atomics.store(this.head, RESERVED, this.reserved);
    }
    const at = this.next;
    this.count = (this.count + 1) | 0;
    this.next = at + ENTRY < this.entries.length ? at + ENTRY : 0;
    this.entries[at] = nanoseconds;
    this.entries[at + 1] = event;
    return at;
  }
}
