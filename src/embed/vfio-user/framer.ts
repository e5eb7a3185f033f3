/**
 * Messages out of a stream of bytes and descriptors that comes in whatever pieces.
 *
 * Invariants: nothing is copied but what is left over when the buffer is full. A message's descriptors are those that came with one of its bytes,
 * and belong to the message until whoever handles it closes them; what is left of them when the connection ends, `takeAll()` gives.
 * What it does not do: I/O.
 */
import { commandName, ConnectionError, HEADER_BYTES, MAX_MESSAGE_BYTES, MAX_MESSAGE_DESCRIPTORS, MessageFlag } from './protocol.js';

/** A message as it lies in the buffer; valid until the framer is asked for the next one. */
export interface Message {
  readonly id: number;
  readonly command: number;
  readonly flags: number;
  /** As the sender of a reply has it. */
  readonly errno: number;
  /** What follows the header. */
  readonly payload: DataView;
  /** The same, as bytes. */
  readonly bytes: Uint8Array;
  readonly descriptors: readonly number[];
}

interface Arrived {
  /** Where in the stream the byte is that they came with. */
  readonly position: number;
  readonly descriptors: readonly number[];
}

const NONE: readonly number[] = [];

export class MessageFramer {
  /** Twice the longest message, so that seldom anything has to be moved. */
  private readonly buffer = new Uint8Array(2 * MAX_MESSAGE_BYTES);
  private readonly view = new DataView(this.buffer.buffer);
  private start = 0;
  private end = 0;
  /** Where in the stream the buffer's first byte is. */
  private origin = 0;
  private arrived: Arrived[] = [];

  /** Where the next bytes go; what is received there is told to received(). */
  get room(): Uint8Array {
    if (this.start === this.end) {
      this.origin += this.start;
      this.start = this.end = 0;
    } else if (this.buffer.length - this.end < MAX_MESSAGE_BYTES) {
      this.buffer.copyWithin(0, this.start, this.end);
      this.origin += this.start;
      this.end -= this.start;
      this.start = 0;
    }
    return this.end === 0 ? this.buffer : this.buffer.subarray(this.end);
  }

  /** So many bytes have come, and with the last of them these descriptors. */
  received(bytes: number, descriptors: readonly number[]): void {
    this.end += bytes;
    if (descriptors.length > 0) this.arrived.push({ position: this.origin + this.end - 1, descriptors });
  }

  /** The next message, null if it isn't there as a whole. Throws ConnectionError if what is there is none. */
  next(): Message | null {
    const { start, view } = this;
    const there = this.end - start;
    if (this.arrived.length > 0) this.checkDescriptors();
    if (there < HEADER_BYTES) return null;
    const size = view.getUint32(start + 4, true);
    const command = view.getUint16(start + 2, true);
    if (size < HEADER_BYTES || size > MAX_MESSAGE_BYTES) {
      throw new ConnectionError(
        `a message (${commandName(command)}) says that it has ${size} bytes, expected ${HEADER_BYTES}..${MAX_MESSAGE_BYTES}`,
      );
    }
    if (there < size) return null;
    const from = start + HEADER_BYTES;
    this.start = start + size;
    return {
      id: view.getUint16(start, true),
      command,
      flags: view.getUint32(start + 8, true),
      errno: view.getUint32(start + 12, true),
      payload: new DataView(this.buffer.buffer, from, size - HEADER_BYTES),
      bytes: this.buffer.subarray(from, this.start),
      descriptors: this.arrived.length === 0 ? NONE : this.descriptorsBefore(this.origin + this.start),
    };
  }

  /** Whether a message has begun that isn't there as a whole. */
  get isInside(): boolean {
    return this.end > this.start;
  }

  /** Every descriptor that belongs to no message yet. */
  takeAll(): readonly number[] {
    return this.descriptorsBefore(Number.POSITIVE_INFINITY);
  }

  private descriptorsBefore(position: number): readonly number[] {
    const mine = this.arrived.filter((each) => each.position < position);
    this.arrived = this.arrived.filter((each) => each.position >= position);
    return mine.flatMap(({ descriptors }) => descriptors);
  }

  /** A message may have so many, and only one message is unfinished; a peer that sends more wants to use them all up. */
  private checkDescriptors(): void {
    const count = this.arrived.reduce((sum, { descriptors }) => sum + descriptors.length, 0);
    const whole = this.end - this.start >= HEADER_BYTES && this.view.getUint32(this.start + 4, true) <= this.end - this.start;
    if (!whole && count > MAX_MESSAGE_DESCRIPTORS) {
      throw new ConnectionError(`${count} descriptors came with one message, at most ${MAX_MESSAGE_DESCRIPTORS} may`);
    }
  }
}

/** Writes a message's header. */
export function writeHeader(
  view: DataView,
  { id, command, size, flags, errno }: { id: number; command: number; size: number; flags: number; errno: number },
): void {
  view.setUint16(0, id, true);
  view.setUint16(2, command, true);
  view.setUint32(4, size, true);
  view.setUint32(8, flags | (errno === 0 ? 0 : MessageFlag.error), true);
  view.setUint32(12, errno, true);
}
