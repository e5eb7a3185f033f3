/**
 * A growing list of 32-bit integers, packed.
 */
export class Integers {
  items: Int32Array<ArrayBuffer>;
  length = 0;

  constructor(capacity = 1024) {
    this.items = new Int32Array(capacity);
  }

  push(value: number): void {
    if (this.length === this.items.length) this.reserve(1);
    this.items[this.length++] = value;
  }

  pop(): number {
    return this.items[--this.length] ?? 0;
  }

  at(index: number): number {
    return this.items[index] ?? 0;
  }

  last(): number {
    return this.items[this.length - 1] ?? 0;
  }

  /** Makes room for more. */
  reserve(more: number): void {
    if (this.length + more <= this.items.length) return;
    const larger = new Int32Array(Math.max(2 * this.items.length, this.length + more));
    larger.set(this.items);
    this.items = larger;
  }
}
