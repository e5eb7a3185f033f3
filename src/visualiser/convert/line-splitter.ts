/**
 * Finds lines in whatever pieces of a text come.
 *
 * Invariant: what is kept is less than one line of the longest that is looked at; a longer one is given by its beginning. Bytes that are no UTF-8
 * become U+FFFD. Lines may end in CR LF.
 */

/** Characters of a line that are looked at. The longest line of an event has some 300. */
const MAX_LINE = 8192;

export class LineSplitter {
  /** Lines that were found so far: in onLine, the number of the line, from 1. */
  count = 0;
  private readonly utf8 = new TextDecoder();
  private rest = '';

  constructor(private readonly onLine: (line: string) => void) {}

  push(bytes: Uint8Array): void {
    this.cut(this.utf8.decode(bytes, { stream: true }));
  }

  /** The text is over: what has no end of line is a line as well. */
  end(): void {
    this.cut(this.utf8.decode());
    if (this.rest !== '') this.give(this.rest);
    this.rest = '';
  }

  private cut(text: string): void {
    let at = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', at)) {
      this.give(this.rest + text.slice(at, end));
      this.rest = '';
      at = end + 1;
    }
    this.rest += text.slice(at, at + Math.max(0, MAX_LINE - this.rest.length));
  }

  private give(line: string): void {
    this.count++;
    const whole = line.length > MAX_LINE ? line.slice(0, MAX_LINE) : line;
    this.onLine(whole.endsWith('\r') ? whole.slice(0, -1) : whole);
  }
}
