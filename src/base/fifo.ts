/**
 * First in, first out: for queues through which much passes, one at a time.
 *
 * Invariant: `first` is null only if nothing waits. A queue that never holds more than one makes nothing, which an array does each time it is emptied
 * and filled again; and queues that hold the same look the same, whatever passed before.
 */
export class Fifo<T extends object> {
  private first: T | null = null;
  private readonly rest: T[] = [];

  get length(): number {
    return this.first === null ? 0 : 1 + this.rest.length;
  }

  push(item: T): void {
    if (this.first === null) this.first = item;
    else this.rest.push(item);
  }

  /** The oldest, which leaves; null if there is none. */
  shift(): T | null {
    const { first, rest } = this;
    if (first !== null) this.first = rest.length > 0 ? (rest.shift() as T) : null;
    return first;
  }

  /** Everything in it, the oldest first. */
  get items(): readonly T[] {
    return this.first === null ? [] : [this.first, ...this.rest];
  }

  /** Puts other items in place of what is there. */
  fill(items: readonly T[]): void {
    const [first, ...rest] = items;
    this.first = first ?? null;
    this.rest.splice(0, this.rest.length, ...rest);
  }
}
