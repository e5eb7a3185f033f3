/**
 * Reads numbers from bytes that may say anything.
 *
 * Invariant: it never reads behind its end, and what can't be is a RecordingError that says where.
 */
import { RecordingError } from '../../base/errors.js';
import { ByteReader, FLOAT_FOLLOWS, MAX_LEB_BYTES } from './bytes.js';

export class CheckedReader extends ByteReader {
  /** `what` is read: for messages. */
  constructor(
    bytes: Uint8Array,
    private readonly what: string,
  ) {
    super(bytes);
  }

  get left(): number {
    return this.bytes.length - this.at;
  }

  override float(): number {
    if (this.left < 8) throw this.wrong(`ends ${8 - this.left} bytes too early`);
    return super.float();
  }

  override leb(): number {
    let end = this.at;
    while ((this.bytes[end] ?? 0) >= 0x80) end++;
    if (end - this.at >= MAX_LEB_BYTES) throw this.wrong(`has a number of more than ${MAX_LEB_BYTES} bytes`);
    if (end >= this.bytes.length) throw this.wrong('ends within a number');
    const value = super.leb();
    if (value > Number.MAX_SAFE_INTEGER) throw this.wrong('has a number above 2^53');
    return value;
  }

  override number(): number {
    const value = this.leb();
    if (value % 2 === 0) return value / 2;
    if (value !== FLOAT_FOLLOWS) throw this.wrong(`has an argument that begins with ${value}`);
    return this.float();
  }

  /** A LEB128 number that is below a bound. */
  below(bound: number, name: string): number {
    const value = this.leb();
    if (value >= bound) throw this.wrong(`has ${name} ${value}, expected one below ${bound}`);
    return value;
  }

  wrong(text: string): RecordingError {
    return new RecordingError(`${this.what} ${text}, at byte ${this.at} of its ${this.bytes.length}`);
  }
}
