/**
 * Feeds a sequence that asks for a number of bytes at a time from pieces of any length.
 *
 * Invariant: it keeps less than the sequence asked for last, whatever comes.
 */

export class ByteFeeder {
  private wanted: number;
  private pieces: Buffer[] = [];
  private length = 0;

  /** Starts the sequence, which yields how many bytes it needs, 1 or more. */
  constructor(private readonly sequence: Generator<number, never, Buffer>) {
    this.wanted = sequence.next().value;
  }

  /** Takes bytes in; throws what the sequence throws at them. */
  feed(bytes: Buffer): void {
    let at = 0;
    while (bytes.length - at >= this.wanted - this.length) {
      const end = at + this.wanted - this.length;
      const piece = bytes.subarray(at, end);
      at = end;
      const whole = this.pieces.length === 0 ? piece : Buffer.concat([...this.pieces, piece]);
      this.pieces = [];
      this.length = 0;
      this.wanted = this.sequence.next(whole).value;
    }
    if (at === bytes.length) return;
    // A copy, since a few bytes would keep the whole of what they came in.
    this.pieces.push(Buffer.from(bytes.subarray(at)));
    this.length += bytes.length - at;
  }
}
