/**
 * A 64-bit hash of numbers and texts, as two halves of 32 bits.
 *
 * Invariant: the same sequence of adds gives the same hash in every process. Not for secrets: it resists chance, not malice.
 */

const scratch = new DataView(new ArrayBuffer(8));

/** Mixes a 32-bit value into a 32-bit hash. */
export function mix(hash: number, value: number): number {
  let mixed = Math.imul(hash ^ value, 0x9e37_79b1);
  mixed ^= mixed >>> 15;
  return Math.imul(mixed, 0x85eb_ca77) ^ (mixed >>> 13);
}

/** Makes 64 bits of whatever is added to it, as two halves. */
export class Hasher {
  /** The lower half. */
  low = 0;
  /** The upper half. */
  high = 0;
  private readonly texts = new Map<string, number>();

  /** Begins a new hash. */
  restart(): void {
    this.low = 0x243f_6a88;
    this.high = 0x85a3_08d3 | 0;
  }

  /** An integer of 32 bits; larger ones and fractions go through addNumber(). */
  add(value: number): void {
    this.low = mix(this.low, value);
    this.high = mix(this.high + 0x1234_567, value ^ this.low);
  }

  /** Any number. */
  addNumber(value: number): void {
    if ((value | 0) === value) {
      this.add(value);
      return;
    }
    scratch.setFloat64(0, value);
    this.add(0x7ff8_0000);
    this.add(scratch.getInt32(0));
    this.add(scratch.getInt32(4));
  }

  /** Any text. */
  addText(text: string): void {
    let hash = this.texts.get(text);
    if (hash === undefined) {
      // No small number, so that an empty text is not taken for 0.
      hash = mix(0x7465_7874, text.length);
      for (let index = 0; index < text.length; index++) hash = mix(hash, text.charCodeAt(index));
      this.texts.set(text, hash);
    }
    this.add(hash);
  }
}
