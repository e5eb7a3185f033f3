/**
 * The fingerprints of states that any of several threads has seen, and the states' numbers: open addressing in memory that all of them share.
 *
 * A place has three words: the fingerprint's low half, its high half, and the state's number, from 1 on. Invariant: who changes the low half from
 * 0 is the one that found the state, and the number is written last; so whoever finds its own low half in a place waits until the number is there, and
 * then the high half is as well. Written in another order, a thread could take half a fingerprint for a whole one. As in one thread
 * (state-table.ts), states are known by 64 bits; a half that is 0 goes by another name.
 *
 * The table grows while nobody looks at it: whoever finds it too full asks all others to stay away, which they do when they add
 * next, and copies it to behind itself. What is not here: who works and who waits for work (work-exchange.ts).
 */

/**
 * Words of the head: how many states there are; twice how often the table has grown, and 1 more while it does; how many threads stay away; and
 * whether it can't grow any more.
 */
const COUNT = 0;
const PHASE = 1;
const AWAY = 2;
const FULL = 3;
const HEAD = 16;

const WORDS = 3;
const WORD_BYTES = 4;
const FIRST_CAPACITY = 1 << 14;
/** The last one has 2^26 places. */
const GENERATIONS = 13;
const FULL_AT = 0.6;
/** How long a thread waits before it looks again whether all is over. */
const LOOK_AGAIN_MS = 20;

/** Shared memory that grows, which the library of this version of the language does not know yet. */
interface Growable extends SharedArrayBuffer {
  grow(bytes: number): void;
}
type MakeGrowable = new (bytes: number, options: { readonly maxByteLength: number }) => Growable;

/** Places before those of a generation. */
const placesBefore = (generation: number): number => FIRST_CAPACITY * (2 ** generation - 1);
const bytesUpTo = (generation: number): number => WORD_BYTES * (HEAD + WORDS * placesBefore(generation + 1));

/** Memory for a table. Address space is reserved for the largest; memory is used for as much as there is in it. */
export function sharedTableMemory(): SharedArrayBuffer {
  return new (SharedArrayBuffer as unknown as MakeGrowable)(bytesUpTo(0), { maxByteLength: bytesUpTo(GENERATIONS - 1) });
}

/** What a table asks of those who share it. */
export interface Sharers {
  /** How many others are at work. */
  othersAtWork(): number;
  /** Whether all is to end. */
  readonly isOver: boolean;
}

export class SharedTable {
  /** Of the fingerprint that add() was given last: from 0 on. */
  number = 0;
  private readonly head: Int32Array;
  private phase = 0;
  private words: Int32Array;
  private mask = FIRST_CAPACITY - 1;

  constructor(
    private readonly memory: SharedArrayBuffer,
    private readonly sharers: Sharers,
  ) {
    this.head = new Int32Array(memory, 0, HEAD);
    this.words = this.wordsOf(0);
  }

  get count(): number {
    return Atomics.load(this.head, COUNT);
  }

  /** Whether there was no more room, so that states were left out. */
  get isFull(): boolean {
    return Atomics.load(this.head, FULL) === 1;
  }

  /** Whether it is new, and this thread's. */
  add(low: number, high: number): boolean {
    if (Atomics.load(this.head, PHASE) !== this.phase) this.catchUp();
    const { words, mask } = this;
    const lower = low === 0 ? 1 : low;
    const upper = high === 0 ? 1 : high;
    for (let place = lower & mask; ; place = (place + 1) & mask) {
      const at = WORDS * place;
      let there = Atomics.load(words, at);
      if (there === 0) {
        there = Atomics.compareExchange(words, at, 0, lower);
        if (there === 0) return this.put(at, upper);
      }
      if (there !== lower) continue;
      let number = Atomics.load(words, at + 2);
      while (number === 0) number = Atomics.load(words, at + 2);
      if (Atomics.load(words, at + 1) !== upper) continue;
      this.number = number - 1;
      return false;
    }
  }

  private put(at: number, upper: number): true {
    const number = Atomics.add(this.head, COUNT, 1);
    Atomics.store(this.words, at + 1, upper);
    Atomics.store(this.words, at + 2, number + 1);
    this.number = number;
    if (number > FULL_AT * this.mask) this.grow();
    return true;
  }

  /**
   * Goes by the table that is the last one now, and while it grows, stays away. Who counts itself out again looks once more: before that it still
   * counted as away, and the table may have begun to grow anew.
   */
  private catchUp(): void {
    const { head, sharers } = this;
    let phase = Atomics.load(head, PHASE);
    for (; phase % 2 === 1 && !sharers.isOver; phase = Atomics.load(head, PHASE)) {
      Atomics.add(head, AWAY, 1);
      Atomics.notify(head, AWAY);
      Atomics.wait(head, PHASE, phase, LOOK_AGAIN_MS);
      Atomics.sub(head, AWAY, 1);
    }
    this.follow(phase);
  }

  private grow(): void {
    const { head, sharers, phase } = this;
    const generation = phase / 2 + 1;
    if (generation === GENERATIONS) {
      Atomics.store(head, FULL, 1);
      return;
    }
    if (Atomics.compareExchange(head, PHASE, phase, phase + 1) !== phase) return;
    for (let away = Atomics.load(head, AWAY); away < sharers.othersAtWork(); away = Atomics.load(head, AWAY)) {
      if (sharers.isOver) return;
      Atomics.wait(head, AWAY, away, 1);
    }
    this.copy(generation);
    this.follow(phase + 2);
    Atomics.store(head, PHASE, phase + 2);
    Atomics.notify(head, PHASE);
  }

  private follow(phase: number): void {
    this.phase = phase;
    this.words = this.wordsOf(phase >> 1);
    this.mask = this.words.length / WORDS - 1;
  }

  private copy(generation: number): void {
    (this.memory as Growable).grow(bytesUpTo(generation));
    const { words } = this;
    const larger = this.wordsOf(generation);
    const mask = larger.length / WORDS - 1;
    for (let from = 0; from < words.length; from += WORDS) {
      const low = words[from] ?? 0;
      if (low === 0) continue;
      let place = low & mask;
      while (larger[WORDS * place] !== 0) place = (place + 1) & mask;
      larger[WORDS * place] = low;
      larger[WORDS * place + 1] = words[from + 1] ?? 0;
      larger[WORDS * place + 2] = words[from + 2] ?? 0;
    }
  }

  private wordsOf(generation: number): Int32Array {
    return new Int32Array(this.memory, WORD_BYTES * (HEAD + WORDS * placesBefore(generation)), WORDS * FIRST_CAPACITY * 2 ** generation);
  }
}
