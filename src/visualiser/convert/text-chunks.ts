/**
 * Text that is put together line by line, and leaves as bytes in pieces that are worth writing.
 */

/** Characters of a piece, at least. */
const PIECE = 65_536;

export class TextChunks {
  private parts: string[] = [];
  private length = 0;
  private readonly utf8 = new TextEncoder();

  add(text: string): void {
    this.parts.push(text);
    this.length += text.length;
  }

  get isFull(): boolean {
    return this.length >= PIECE;
  }

  /** What was added; empty then. */
  take(): Uint8Array {
    const bytes = this.utf8.encode(this.parts.join(''));
    this.parts = [];
    this.length = 0;
    return bytes;
  }
}
