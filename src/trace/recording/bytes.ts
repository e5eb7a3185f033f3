/**
 * Numbers as bytes of a recording: written to a buffer that grows, and read from one.
 *
 * Invariant: what a ByteReader reads was written by a ByteWriter, or looked through with a CheckedReader (checked-reader.ts). It runs in a page as well.
 */

/** A LEB128 number has at most so many bytes: 8 · 7 bits are more than the 53 that are exact. */
export const MAX_LEB_BYTES = 8;
/** Even numbers stand for half of themselves; this one says that a float64 follows. */
export const FLOAT_FOLLOWS = 1;

export class ByteWriter {
  private buffer: Uint8Array;
  private view: DataView;
  private used = 0;

  constructor(room = 4096) {
    this.buffer = new Uint8Array(room);
    this.view = new DataView(this.buffer.buffer);
  }

  get length(): number {
    return this.used;
  }

  byte(value: number): void {
    this.need(1);
    this.buffer[this.used++] = value;
  }

  word(value: number): void {
    this.need(4);
    this.view.setUint32(this.used, value, true);
    this.used += 4;
  }

  float(value: number): void {
    this.need(8);
    this.view.setFloat64(this.used, value, true);
    this.used += 8;
  }

  /** An integer from 0 to 2^53, in as few bytes as it takes. */
  leb(value: number): void {
    this.need(MAX_LEB_BYTES);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.used++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.used++] = rest;
  }

  /** Any number. */
  number(value: number): void {
    if (Number.isInteger(value) && value >= 0 && value < 2 ** 52) return this.leb(2 * value);
    this.byte(FLOAT_FOLLOWS);
    this.float(value);
  }

  bytes(value: Uint8Array): void {
    this.need(value.length);
    this.buffer.set(value, this.used);
    this.used += value.length;
  }

  /** A copy of what was written; the writer is empty then. */
  take(): Uint8Array {
    const taken = this.buffer.slice(0, this.used);
    this.used = 0;
    return taken;
  }

  private need(bytes: number): void {
    if (this.used + bytes <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.buffer.length, this.used + bytes));
    larger.set(this.buffer.subarray(0, this.used));
    this.buffer = larger;
    this.view = new DataView(larger.buffer);
  }
}

export class ByteReader {
  protected at = 0;

  constructor(protected readonly bytes: Uint8Array) {}

  float(): number {
    this.at += 8;
    return new DataView(this.bytes.buffer, this.bytes.byteOffset).getFloat64(this.at - 8, true);
  }

  leb(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.bytes[this.at++] as number;
      value += (byte & 0x7f) * scale;
      // What is behind the end is no number, and ends as well.
      if (!(byte >= 0x80)) return value;
    }
  }

  number(): number {
    const value = this.leb();
    return value % 2 === 0 ? value / 2 : this.float();
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.bytes.subarray(this.at);
  }
}
