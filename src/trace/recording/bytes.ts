/**
 * Numbers as bytes of a recording: written to a buffer that grows, and read from one that may say anything.
 *
 * Invariant: a reader never reads behind its end, and what can't be is a RecordingError that says where. It runs in a page as well.
 */
import { RecordingError } from '../../base/errors.js';

/** A LEB128 number has at most so many bytes: 8 · 7 bits are more than the 53 that are exact. */
const MAX_LEB_BYTES = 8;
/** Even numbers stand for half of themselves; this one says that a float64 follows. */
const FLOAT_FOLLOWS = 1;

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
  private at = 0;
  private readonly view: DataView;

  /** `what` is read: for messages. */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly what: string,
  ) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  float(): number {
    this.require(8);
    const value = this.view.getFloat64(this.at, true);
    this.at += 8;
    return value;
  }

  leb(): number {
    let value = 0;
    let scale = 1;
    for (let count = 0; count < MAX_LEB_BYTES; count++) {
      const byte = this.bytes[this.at];
      if (byte === undefined) throw this.wrong('ends within a number');
      this.at++;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) throw this.wrong('has a number above 2^53');
        return value;
      }
      scale *= 0x80;
    }
    throw this.wrong(`has a number of more than ${MAX_LEB_BYTES} bytes`);
  }

  /** A LEB128 number that is below a bound. */
  below(bound: number, name: string): number {
    const value = this.leb();
    if (value >= bound) throw this.wrong(`has ${name} ${value}, expected one below ${bound}`);
    return value;
  }

  number(): number {
    const value = this.leb();
    if (value % 2 === 0) return value / 2;
    if (value !== FLOAT_FOLLOWS) throw this.wrong(`has an argument that begins with ${value}`);
    return this.float();
  }

  /** All that is left. */
  rest(): Uint8Array {
    return this.bytes.subarray(this.at);
  }

  wrong(text: string): RecordingError {
    return new RecordingError(`${this.what} ${text}, at byte ${this.at} of its ${this.bytes.length}`);
  }

  private require(bytes: number): void {
    if (this.left < bytes) throw this.wrong(`ends ${bytes - this.left} bytes too early`);
  }
}
