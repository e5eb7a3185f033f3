/**
 * The fingerprints of states that were seen, and the states' numbers if they are wanted: open addressing, at most 60 % full.
 *
 * Invariant: a fingerprint is in it once, at the first free place from where its low half points to; both halves 0 mean a free
 * place, so that fingerprint goes by another name. States are known by 64 bits alone: two that have the same are taken for one
 * (omission() says how likely that is).
 */
const FIRST_CAPACITY = 1 << 14;
const LARGE = 1 << 18;
const FULL = 0.6;

/** How likely it is that at least two of so many states were taken for one. */
export const omissionOf = (states: number): number => Math.min(1, (states * (states - 1)) / 2 ** 65);

export class StateTable {
  count = 0;
  /** Of the fingerprint that add() was given last. */
  number = 0;
  private halves = new Int32Array(2 * FIRST_CAPACITY);
  private numbers: Int32Array<ArrayBuffer> | null;
  private mask = FIRST_CAPACITY - 1;

  constructor(private readonly hasNumbers: boolean) {
    this.numbers = hasNumbers ? new Int32Array(FIRST_CAPACITY) : null;
  }

  /** Whether it is new. New ones are numbered from 0 on; numbers of others are known if they are wanted. */
  add(low: number, high: number): boolean {
    const upper = low === 0 && high === 0 ? 1 : high;
    const { halves, mask } = this;
    let place = low & mask;
    for (;;) {
      const lowThere = halves[2 * place] ?? 0;
      const highThere = halves[2 * place + 1] ?? 0;
      if (lowThere === low && highThere === upper) {
        this.number = this.numbers?.[place] ?? -1;
        return false;
      }
      if (lowThere === 0 && highThere === 0) break;
      place = (place + 1) & mask;
    }
    halves[2 * place] = low;
    halves[2 * place + 1] = upper;
    if (this.numbers !== null) this.numbers[place] = this.count;
    this.number = this.count++;
    if (this.count > FULL * mask) this.grow();
    return true;
  }

  /** How likely it is that at least one state was taken for another. */
  omission(): number {
    return omissionOf(this.count);
  }

  private grow(): void {
    const { halves, numbers, mask: before } = this;
    const capacity = (before + 1) * (before + 1 < LARGE ? 4 : 2);
    const mask = capacity - 1;
    const larger = new Int32Array(2 * capacity);
    const largerNumbers = this.hasNumbers ? new Int32Array(capacity) : null;
    for (let from = 0; from <= before; from++) {
      const low = halves[2 * from] ?? 0;
      const high = halves[2 * from + 1] ?? 0;
      if (low === 0 && high === 0) continue;
      let place = low & mask;
      while (larger[2 * place] !== 0 || larger[2 * place + 1] !== 0) place = (place + 1) & mask;
      larger[2 * place] = low;
      larger[2 * place + 1] = high;
      if (largerNumbers !== null) largerNumbers[place] = numbers?.[from] ?? 0;
    }
    this.halves = larger;
    this.numbers = largerNumbers;
    this.mask = mask;
  }
}
