/**
 * Finds JSON objects in what a client sends, in whatever pieces it comes.
 *
 * Invariant: it keeps at most MAX_OBJECT_BYTES. What can't be the beginning of an object is one fault, and the rest of its line is passed over, so
 * that the next line begins anew. What it doesn't do: parse. Objects need no line of their own, as QEMU has it.
 */

/** Bytes of one object: sixteen times the longest path, and what is around it. */
export const MAX_OBJECT_BYTES = 64 * 1024;
/** Objects and lists inside each other; no command needs more than three. */
export const MAX_DEPTH = 64;

/** An object's text, or why there is none. */
export type Frame = { readonly text: string } | { readonly fault: string };

const NEWLINE = 0x0a;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
/** Never part of UTF-8: the client begins anew, whatever it sent before. */
const RESET = 0xff;
const FIRST_PRINTABLE = 0x20;

const isSpace = (byte: number): boolean => byte === FIRST_PRINTABLE || byte === NEWLINE || byte === 0x0d || byte === 0x09;
const decoder = new TextDecoder('utf-8', { fatal: true });

export class JsonFramer {
  private readonly bytes = Buffer.allocUnsafe(MAX_OBJECT_BYTES);
  private length = 0;
  /** What closes the objects and lists that are open, innermost last. */
  private open: number[] = [];
  private place: 'outside' | 'string' | 'escape' = 'outside';
  /** The rest of the line is of something that was wrong. */
  private skipping = false;

  /** The objects and faults that these bytes end. */
  feed(bytes: Uint8Array): Frame[] {
    const frames: Frame[] = [];
    for (const byte of bytes) {
      const frame = this.take(byte);
      if (frame !== null) frames.push(frame);
    }
    return frames;
  }

  private take(byte: number): Frame | null {
    if (byte === RESET) return this.begin() ? { fault: 'what came before byte 0xff is not whole' } : null;
    if (this.skipping) {
      this.skipping = byte !== NEWLINE;
      return null;
    }
    if (this.open.length === 0 && isSpace(byte)) return null;
    if (this.open.length === 0 && byte !== OPEN_OBJECT) return this.fail('expected an object', byte);
    if (this.length === MAX_OBJECT_BYTES) return this.fail(`an object has at most ${MAX_OBJECT_BYTES} bytes`, byte);
    this.bytes[this.length++] = byte;
    return this.place === 'outside' ? this.takeOutside(byte) : this.takeInString(byte);
  }

  private takeInString(byte: number): Frame | null {
    if (byte < FIRST_PRINTABLE) return this.fail('a control character in a string', byte);
    if (this.place === 'escape') this.place = 'string';
    else if (byte === BACKSLASH) this.place = 'escape';
    else if (byte === QUOTE) this.place = 'outside';
    return null;
  }

  private takeOutside(byte: number): Frame | null {
    switch (byte) {
      case QUOTE:
        this.place = 'string';
        return null;
      case OPEN_OBJECT:
      case OPEN_LIST:
        if (this.open.length === MAX_DEPTH) return this.fail(`it is nested more than ${MAX_DEPTH} deep`, byte);
        this.open.push(byte === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_LIST);
        return null;
      case CLOSE_OBJECT:
      case CLOSE_LIST:
        if (this.open.pop() !== byte) return this.fail(`"${String.fromCharCode(byte)}" closes nothing`, byte);
        return this.open.length === 0 ? this.end() : null;
      default:
        return null;
    }
  }

  private end(): Frame {
    const bytes = this.bytes.subarray(0, this.length);
    this.begin();
    try {
      return { text: decoder.decode(bytes) };
    } catch {
      return { fault: 'it is not UTF-8' };
    }
  }

  private fail(fault: string, byte: number): Frame {
    this.begin();
    this.skipping = byte !== NEWLINE;
    return { fault };
  }

  /** Forgets what came before; whether there was anything. */
  private begin(): boolean {
    const had = this.open.length > 0;
    this.length = 0;
    this.open = [];
    this.place = 'outside';
    this.skipping = false;
    return had;
  }
}
