/**
 * The events of all threads of a recording, one after the other by their times.
 *
 * Invariant: of equal times, the thread that came first in the recording is first, and events of one thread stay in their order. Nothing is made
 * for an event: next() moves on, and `log` and `index` say where to.
 */
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';

interface Head {
  readonly log: ThreadLog;
  readonly rank: number;
  index: number;
  time: number;
}

const isBefore = (a: Head, b: Head): boolean => a.time < b.time || (a.time === b.time && a.rank < b.rank);

export class MergedEvents {
  /** A heap: each head is before the two below it. */
  private readonly heap: Head[] = [];
  private current: Head | null = null;

  constructor(store: TraceStore) {
    store.threads.forEach((log, rank) => {
      if (log.length > 0) this.insert({ log, rank, index: log.first, time: log.time(log.first) });
    });
  }

  /** Whose event it is. Only after next() has given true. */
  get log(): ThreadLog {
    return (this.current as Head).log;
  }

  /** Its place in that log. */
  get index(): number {
    return (this.current as Head).index;
  }

  get nanoseconds(): number {
    return (this.current as Head).time;
  }

  /** Moves to the next event; false if there is none. */
  next(): boolean {
    const { current, heap } = this;
    if (current !== null) {
      current.index++;
      if (current.index < current.log.end) {
        current.time = current.log.time(current.index);
        this.sink(0);
      } else {
        const last = heap.pop() as Head;
        if (heap.length > 0) {
          heap[0] = last;
          this.sink(0);
        }
      }
    }
    this.current = heap[0] ?? null;
    return this.current !== null;
  }

  private insert(head: Head): void {
    const { heap } = this;
    let at = heap.push(head) - 1;
    for (;;) {
      const above = (at - 1) >> 1;
      if (above < 0 || !isBefore(heap[at] as Head, heap[above] as Head)) return;
      this.swap(at, above);
      at = above;
    }
  }

  private sink(from: number): void {
    const { heap } = this;
    for (let at = from; ; ) {
      let least = at;
      for (const below of [2 * at + 1, 2 * at + 2]) {
        const head = heap[below];
        if (head !== undefined && isBefore(head, heap[least] as Head)) least = below;
      }
      if (least === at) return;
      this.swap(at, least);
      at = least;
    }
  }

  private swap(a: number, b: number): void {
    const { heap } = this;
    const head = heap[a] as Head;
    heap[a] = heap[b] as Head;
    heap[b] = head;
  }
}
