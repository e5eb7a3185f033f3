/**
 * What the tables of spans have in common: columns that grow, and texts by number.
 *
 * Invariant: a column's content stays when it grows; a text's number stays the same for good.
 */
import { SPAN_NAMES } from '../../base/limits.js';

type Column = Float64Array | Float32Array | Uint32Array | Int32Array | Uint16Array | Uint8Array;

/** A column with the same content and more room. */
export function grown<T extends Column>(column: T, room: number): T {
  const larger = new (column.constructor as new (length: number) => T)(room);
  larger.set(column);
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
    this.texts.push(text);
    this.numbers.set(text, this.texts.length - 1);
    return this.texts.length - 1;
  }

  text(number: number): string {
    return this.texts[number] ?? '';
  }
}
