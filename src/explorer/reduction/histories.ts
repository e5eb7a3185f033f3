/**
 * What was done to each object so far, in order: where the operations are found that an operation depends on, and the one that made it possible.
 *
 * Invariant: entries form a stack, and each knows the one before it on the same object, so an execution is taken back by popping. Event 0
 * is the world's setup, which comes before everything. Mailboxes and replies are counted: `sends` is how many messages (or answers that
 * found no other) came, `taken` how many of them were taken, after each entry.
 */
import { Kind, KIND_BITS, KIND_COUNT, KIND_MASK } from '../operation.js';
import { grown } from './grown.js';
import { dominance, type Relation, takesLock } from './relation.js';

export class Histories {
  /** Entries from 1 on; 0 is none. */
  length = 0;
  private events = new Int32Array(256);
  private entries = new Int32Array(256);
  private previous = new Int32Array(256);
  private sends = new Int32Array(256);
  private taken = new Int32Array(256);
  /** The last entry of each object. */
  private last = new Int32Array(64);
  private bounds = new Int32Array(64);
  private readonly depends: Uint8Array;
  private readonly dominates: Uint8Array;
  private readonly edges: Relation['edges'];
  private readonly chain: number[] = [];
  private readonly waiters: number[] = [];

  constructor(relation: Relation) {
    this.depends = relation.depends;
    this.dominates = dominance(relation);
    this.edges = relation.edges;
  }

  /** Begins with as many objects, and no entries. */
  restart(objects: number): void {
    if (objects > this.last.length) {
      this.last = new Int32Array(2 * objects);
      this.bounds = new Int32Array(2 * objects);
    }
    this.last.fill(0);
    this.length = 0;
  }

  /** How many messages a mailbox holds; 0 as many as come. */
  setBound(object: number, bound: number): void {
    this.bounds[object] = bound;
  }

  push(entry: number, event: number): void {
    const at = ++this.length;
    if (at === this.events.length) this.grow();
    const object = entry >> KIND_BITS;
    const before = this.last[object] ?? 0;
    let sends = this.sends[before] ?? 0;
    let taken = this.taken[before] ?? 0;
    switch (entry & KIND_MASK) {
      case Kind.send:
        sends++;
        break;
      case Kind.reply:
        if (sends === taken) sends++;
        break;
      case Kind.receive:
        taken++;
        break;
      case Kind.drain:
      case Kind.awaitReply:
        taken = sends;
        break;
    }
    this.events[at] = event;
    this.entries[at] = entry;
    this.previous[at] = before;
    this.sends[at] = sends;
    this.taken[at] = taken;
    this.last[object] = at;
  }

  /** Back to as many entries. */
  truncate(length: number): void {
    for (let at = this.length; at > length; at--) this.last[(this.entries[at] ?? 0) >> KIND_BITS] = this.previous[at] ?? 0;
    this.length = length;
  }

  /**
   * The event without which this operation could not run here, though it might run elsewhere: the unlock before a lock, the send of what is
   * received, the receive that made room, the answer that is taken. 0: none.
   */
  enabler(entry: number): number {
    const last = this.last[entry >> KIND_BITS] ?? 0;
    if (last === 0) return 0;
    const kind = entry & KIND_MASK;
    const { edges } = this;
    if (takesLock(kind)) {
      return edges.unlock && ((this.entries[last] ?? 0) & KIND_MASK) === Kind.unlock ? (this.events[last] ?? 0) : 0;
    }
    if (kind === Kind.receive ? edges.send : kind === Kind.awaitReply && edges.reply) {
      return this.events[this.crossing(this.sends, last, (this.taken[last] ?? 0) + 1)] ?? 0;
    }
    const bound = this.bounds[entry >> KIND_BITS] ?? 0;
    if (kind === Kind.send && bound > 0 && edges.bound) {
      return this.events[this.crossing(this.taken, last, (this.sends[last] ?? 0) - bound + 1)] ?? 0;
    }
    return 0;
  }

  /**
   * Writes the events that this operation depends on, the latest first, to `found` from `count` on; returns the new count. Unless `all` are
   * asked for, it leaves out those that come before another one in any case.
   */
  dependences(entry: number, found: Int32Array, count: number, all: boolean): number {
    const kind = entry & KIND_MASK;
    const row = KIND_COUNT * kind;
    const { entries, events, previous, depends, dominates } = this;
    let end = count;
    for (let at = this.last[entry >> KIND_BITS] ?? 0; at !== 0; at = previous[at] ?? 0) {
      const other = (entries[at] ?? 0) & KIND_MASK;
      if (depends[row + other] !== 1) continue;
      // The answer that is taken is no race: without it there is nothing to take.
      if (kind === Kind.awaitReply && other === Kind.reply && this.isFirstAnswer(at)) continue;
      if (end < found.length) found[end++] = events[at] ?? 0;
      if (!all && dominates[row + other] === 1) break;
    }
    return end;
  }

  /** The signal that woke who waits on a condition; waiters are woken first come, first served. 0: none. */
  waker(condition: number, process: number, processOf: Int32Array): number {
    const { chain, waiters } = this;
    chain.length = 0;
    waiters.length = 0;
    for (let at = this.last[condition] ?? 0; at !== 0; at = this.previous[at] ?? 0) chain.push(at);
    let head = 0;
    let waker = 0;
    while (chain.length > 0) {
      const at = chain.pop() ?? 0;
      const kind = (this.entries[at] ?? 0) & KIND_MASK;
      const event = this.events[at] ?? 0;
      if (kind === Kind.wait || kind === Kind.enqueue) waiters.push(processOf[event] ?? 0);
      let woken = kind === Kind.signal ? 1 : kind === Kind.broadcast ? waiters.length : 0;
      for (; woken > 0 && head < waiters.length; woken--) if (waiters[head++] === process) waker = event;
    }
    return waker;
  }

  private isFirstAnswer(at: number): boolean {
    return this.sends[this.previous[at] ?? 0] !== this.sends[at];
  }

  /** The entry, from `last` back, by which a count came to `value`; 0: none. */
  private crossing(counts: Int32Array, last: number, value: number): number {
    if (value < 1) return 0;
    let at = last;
    if ((counts[at] ?? 0) < value) return 0;
    for (let before = this.previous[at] ?? 0; (counts[before] ?? 0) >= value; before = this.previous[at] ?? 0) at = before;
    return at;
  }

  private grow(): void {
    this.events = grown(this.events);
    this.entries = grown(this.entries);
    this.previous = grown(this.previous);
    this.sends = grown(this.sends);
    this.taken = grown(this.taken);
  }
}
