/**
 * Finds lines in what a client sends, in whatever pieces it comes.
 *
 * Invariant: it keeps at most MAX_LINE_BYTES. A line that is longer is one fault, and the next one begins anew. What it doesn't do: look into lines.
 */
import { QTEST_MAX_DATA_BYTES } from '../../base/limits.js';

/** The longest line: all data that a command may carry, in hexadecimal, and what stands before it. */
export const MAX_LINE_BYTES = 2 * QTEST_MAX_DATA_BYTES + 256;

const NEWLINE = 0x0a;

/** A line without its end, or why there is none. */
export type Frame = { readonly line: string } | { readonly fault: string };

export class LineFramer {
  private pieces: Uint8Array[] = [];
  private length = 0;
  private isTooLong = false;

  constructor(private readonly longest = MAX_LINE_BYTES) {}

  /** The lines that these bytes end. */
  feed(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      this.keep(bytes.subarray(from, end));
      frames.push(this.take());
      from = end + 1;
    }
    this.keep(bytes.subarray(from));
    return frames;
  }

  private keep(piece: Uint8Array): void {
    if (piece.length === 0) return;
    this.length += piece.length;
    this.isTooLong ||= this.length > this.longest;
    if (this.isTooLong) this.pieces = [];
    else this.pieces.push(piece.slice());
  }

  private take(): Frame {
    const frame = this.isTooLong
      ? { fault: `the line has ${this.length} bytes, expected at most ${this.longest}` }
      : { line: Buffer.concat(this.pieces).toString('latin1').replace(/\r$/, '') };
    this.pieces = [];
    this.length = 0;
    this.isTooLong = false;
    return frame;
  }
}
