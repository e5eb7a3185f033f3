/**
 * What the tables of spans and arrows have in common: numbers in columns, texts by number, the place of a time among others.
 *
 * Invariant: what was added n-th has the number n for good, and a text its number; the oldest go when there is no room. Nothing is made for what is
 * added.
 */
import { SPAN_NAMES } from '../../base/limits.js';

type Column = Float64Array | Uint32Array | Uint16Array | Uint8Array;
type ColumnKind = new (length: number) => Column;

const FIRST_ROOM = 1024;

/** Rows of numbers, `Values` each. */
export class Columns<Values extends readonly number[]> {
  /** Number of the oldest that is kept. Written here only, as is `length`. */
  first = 0;
  /** How many are kept. */
  length = 0;
  /** By column, then by number less `first`. */
  protected of: readonly Column[];

  /** `limit`: kept at most; who adds lets older ones go before there are more. */
  constructor(
    private readonly kinds: { readonly [K in keyof Values]: ColumnKind },
    readonly limit: number,
  ) {
    this.of = kinds.map((Kind) => new Kind(Math.min(limit, FIRST_ROOM)));
  }

  /** Number of the next one to come. */
  get end(): number {
    return this.first + this.length;
  }

  get isFull(): boolean {
    return this.length >= this.limit;
  }

  push(...values: Values): void {
    const room = this.of[0]?.length ?? 0;
    if (this.length === room) this.of = this.kinds.map((Kind, column) => grown(this.of[column], new Kind(Math.min(this.limit, 2 * room))));
    const { of, length } = this;
    for (let column = 0; column < of.length; column++) (of[column] as Column)[length] = values[column] as number;
    this.length++;
  }

  /** All that is known of one; NaN of one that is not kept. */
  read(number: number): Values {
    return this.of.map((column) => (this.has(number) ? column[number - this.first] : Number.NaN)) as readonly number[] as Values;
  }

  has(number: number): boolean {
    return number >= this.first && number < this.end;
  }

  /** Lets the oldest go. */
  forget(count: number): void {
    for (const column of this.of) column.copyWithin(0, count, this.length);
    this.first += count;
    this.length -= count;
  }
}

function grown(column: Column | undefined, larger: Column): Column {
  larger.set(column ?? []);
  return larger;
}

/** Texts by number. Beyond SPAN_NAMES, which no honest recording has, all are `…`. */
export class NameList {
  readonly texts: string[] = [''];
  private readonly numbers = new Map<string, number>([['', 0]]);

  of(text: string): number {
    const known = this.numbers.get(text);
    if (known !== undefined) return known;
    if (this.texts.length >= SPAN_NAMES && text !== '…') return this.of('…');
    this.numbers.set(text, this.texts.length);
    return this.texts.push(text) - 1;
  }

  text(number: number): string {
    return this.texts[number] ?? '';
  }
}

/** The first of `count` places that is not before what is looked for; `count` if all are. */
export function firstPlace(count: number, isBefore: (place: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Sets what a map has of a key; the older half of the map goes when there are more than `limit`. */
export function keep<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, limit: number): Value {
  map.set(key, value);
  if (map.size > limit) for (const old of [...map.keys()].slice(0, map.size / 2)) map.delete(old);
  return value;
}
