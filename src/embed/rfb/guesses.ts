/**
 * Wrong passwords by address: whoever gave some has to wait before it may try again, each time twice as long.
 *
 * Invariant: it remembers no more addresses than there may be viewers many times over, the oldest is forgotten first.
 */

/** So many wrong passwords are nobody's but a person's who mistypes. */
const FREE_GUESSES = 3;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 60_000;
const MAX_ADDRESSES = 1024;

export class Guesses {
  private readonly wrong = new Map<string, { count: number; until: number }>();

  /** `now`: a clock in milliseconds. */
  constructor(private readonly now: () => number = () => performance.now()) {}

  /** How long an address has to wait, in milliseconds; 0: it may try. */
  waitOf(address: string): number {
    return Math.max(0, Math.ceil((this.wrong.get(address)?.until ?? 0) - this.now()));
  }

  noteWrong(address: string): void {
    const count = (this.wrong.get(address)?.count ?? 0) + 1;
    const wait = count < FREE_GUESSES ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (count - FREE_GUESSES), LONGEST_WAIT_MS);
    this.wrong.delete(address);
    this.wrong.set(address, { count, until: this.now() + wait });
    const [oldest] = this.wrong.keys();
    if (this.wrong.size > MAX_ADDRESSES && oldest !== undefined) this.wrong.delete(oldest);
  }

  noteRight(address: string): void {
    this.wrong.delete(address);
  }
}
