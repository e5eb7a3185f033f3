/**
 * How threads that search states together share the work: whoever has none waits until another one gives some away, and when all wait it is over.
 *
 * Work is a way from the beginning, and some of the choices where it leads. Each thread has a box, in memory that all of them share. Invariant: a
 * box is filled by whoever has changed its state from `empty` to `taken`, and read when it is `full`; the giver counts the
 * receiver among those at work before it says so. Counted later, all could seem to wait while there is still work in a box.
 */

/** Words of the head: how many threads wait, and whether it is over. */
const WAITING = 0;
const OVER = 1;
const HEAD = 16;
/** Words of a box: its state, the number of the state that the way leads to, how long the way is, how many choices there are, then both. */
const STATE = 0;
const FROM = 1;
const WAY = 2;
const CHOICES = 3;
const CONTENT = 4;
const BOX = 1 << 14;

const Box = { none: 0, empty: 1, taken: 2, full: 3 } as const;

/** How long a thread waits before it looks again whether it was told to stop. */
const LOOK_AGAIN_MS = 50;

/** Something to do: choices of a state. */
export interface Work {
  readonly from: number;
  /** The choices that lead to it. */
  readonly way: readonly number[];
  readonly choices: readonly number[];
}

export const exchangeMemory = (threads: number): SharedArrayBuffer => new SharedArrayBuffer(4 * (HEAD + threads * BOX));

export class WorkExchange {
  private readonly words: Int32Array;

  constructor(
    memory: SharedArrayBuffer,
    private readonly threads: number,
    private readonly own: number,
    /** Whether all is to end before its time. */
    private readonly isStopped: () => boolean,
  ) {
    this.words = new Int32Array(memory);
  }

  get isOver(): boolean {
    return Atomics.load(this.words, OVER) === 1 || this.isStopped();
  }

  /** Whether somebody waits for work. */
  get isWanted(): boolean {
    return Atomics.load(this.words, WAITING) > 0;
  }

  othersAtWork(): number {
    return this.threads - 1 - Atomics.load(this.words, WAITING);
  }

  /** Waits for work; null: there is none any more. */
  take(): Work | null {
    const { words } = this;
    const box = this.boxOf(this.own);
    if (Atomics.add(words, WAITING, 1) + 1 === this.threads) this.end();
    Atomics.store(words, box + STATE, Box.empty);
    for (let state: number = Box.empty; state !== Box.full; state = Atomics.load(words, box + STATE)) {
      if (this.isOver) return null;
      Atomics.wait(words, box + STATE, state, LOOK_AGAIN_MS);
    }
    Atomics.store(words, box + STATE, Box.none);
    const choices = box + CONTENT + (words[box + WAY] ?? 0);
    return {
      from: words[box + FROM] ?? 0,
      way: Array.from(words.subarray(box + CONTENT, choices)),
      choices: Array.from(words.subarray(choices, choices + (words[box + CHOICES] ?? 0))),
    };
  }

  /** Gives work to somebody who waits for it; false: nobody does, or it is too long for a box. */
  give({ from, way, choices }: Work): boolean {
    const { words } = this;
    if (CONTENT + way.length + choices.length > BOX) return false;
    for (let thread = 0; thread < this.threads; thread++) {
      const box = this.boxOf(thread);
      if (Atomics.compareExchange(words, box + STATE, Box.empty, Box.taken) !== Box.empty) continue;
      words[box + FROM] = from;
      words[box + WAY] = way.length;
      words[box + CHOICES] = choices.length;
      words.set(way, box + CONTENT);
      words.set(choices, box + CONTENT + way.length);
      Atomics.sub(words, WAITING, 1);
      Atomics.store(words, box + STATE, Box.full);
      Atomics.notify(words, box + STATE);
      return true;
    }
    return false;
  }

  private end(): void {
    Atomics.store(this.words, OVER, 1);
    for (let thread = 0; thread < this.threads; thread++) Atomics.notify(this.words, this.boxOf(thread) + STATE);
  }

  private boxOf(thread: number): number {
    return HEAD + thread * BOX;
  }
}
