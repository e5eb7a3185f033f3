/**
 * Protobuf messages as bytes, as much of the encoding as a trace needs: varints, 64-bit fixed numbers, texts, bytes, and messages inside of
 * messages.
 *
 * Invariant: what was begun is ended before take(); a message's length is written in as few bytes as it takes. Which field has which number
 * is the writer's business (perfetto-schema.ts). A dependency would be some hundred kilobytes for these few lines, and would make an object for
 * each of a million packets.
 */
import { assert } from '../../base/errors.js';

const Wire = { varint: 0, fixed64: 1, bytes: 2 } as const;
/** A 64-bit number has at most ten groups of seven bits. */
const MAX_VARINT_BYTES = 10;

export class ProtoWriter {
  private buffer: Uint8Array;
  private view: DataView;
  private used = 0;
  /** Where the content of each message that is open begins. */
  private readonly open: number[] = [];
  private readonly utf8 = new TextEncoder();

  constructor(room = 65_536) {
    this.buffer = new Uint8Array(room);
    this.view = new DataView(this.buffer.buffer);
  }

  get length(): number {
    return this.used;
  }

  /** An unsigned number below 2^64; a negative one is written as the 64-bit number of the same bits. */
  uint(field: number, value: number): void {
    this.key(field, Wire.varint);
    if (value < 0) this.bigVarint(BigInt.asUintN(64, BigInt(value)));
    else this.varint(value);
  }

  double(field: number, value: number): void {
    this.key(field, Wire.fixed64);
    this.need(8);
    this.view.setFloat64(this.used, value, true);
    this.used += 8;
  }

  /** An unsigned number below 2^53, in eight bytes. */
  fixed64(field: number, value: number): void {
    this.key(field, Wire.fixed64);
    this.need(8);
    this.view.setUint32(this.used, value >>> 0, true);
    this.view.setUint32(this.used + 4, Math.floor(value / 2 ** 32), true);
    this.used += 8;
  }

  text(field: number, value: string): void {
    this.bytes(field, this.utf8.encode(value));
  }

  bytes(field: number, value: Uint8Array): void {
    this.key(field, Wire.bytes);
    this.varint(value.length);
    this.need(value.length);
    this.buffer.set(value, this.used);
    this.used += value.length;
  }

  /** Begins a message inside of this one. */
  begin(field: number): void {
    this.key(field, Wire.bytes);
    this.need(1);
    // A byte for its length; most are shorter than 128 bytes, and longer ones are moved when they end.
    this.used++;
    this.open.push(this.used);
  }

  /** Ends the message that was begun last. */
  end(): void {
    const start = this.open.pop();
    assert(start !== undefined, 'a message is ended that was not begun');
    const length = this.used - start;
    let more = 0;
    for (let rest = length; rest >= 0x80; rest = Math.floor(rest / 0x80)) more++;
    if (more > 0) {
      this.need(more);
      this.buffer.copyWithin(start + more, start, this.used);
    }
    this.used = start - 1;
    this.varint(length);
    this.used = start + more + length;
  }

  /** A copy of what was written; the writer is empty then. */
  take(): Uint8Array {
    assert(this.open.length === 0, 'a message is taken that was not ended');
    const taken = this.buffer.slice(0, this.used);
    this.used = 0;
    return taken;
  }

  private key(field: number, wire: number): void {
    this.varint(8 * field + wire);
  }

  /** Floating-point numbers above 2^53 are exact integers too, so this holds for all below 2^64. */
  private varint(value: number): void {
    this.need(MAX_VARINT_BYTES);
    let rest = value;
    while (rest >= 0x80) {
      this.buffer[this.used++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.buffer[this.used++] = rest;
  }

  private bigVarint(value: bigint): void {
    this.need(MAX_VARINT_BYTES);
    let rest = value;
    while (rest >= 0x80n) {
      this.buffer[this.used++] = Number(rest & 0x7fn) | 0x80;
      rest >>= 7n;
    }
    this.buffer[this.used++] = Number(rest);
  }

  private need(bytes: number): void {
    if (this.used + bytes <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.buffer.length, this.used + bytes));
    larger.set(this.buffer.subarray(0, this.used));
    this.buffer = larger;
    this.view = new DataView(larger.buffer);
  }
}
