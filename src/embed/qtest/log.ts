/**
 * The log of what goes over a qtest socket, as QEMU's -qtest-log has it.
 *
 * Invariant: a line of the socket is one line here, with the seconds since the client came; what is long is cut.
 */

const MAX_SHOWN = 1024;

export class QtestLog {
  private readonly opened = performance.now();

  /** Told each line, without its end. */
  constructor(private readonly write: (line: string) => void) {
    write('[I 0.000000] OPENED');
  }

  received(line: string): void {
    this.note('R', line);
  }

  sent(line: string): void {
    this.note('S', line);
  }

  closed(): void {
    this.note('I', 'CLOSED');
  }

  private note(what: 'R' | 'S' | 'I', text: string): void {
    const seconds = ((performance.now() - this.opened) / 1000).toFixed(6);
    const shown = text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}... (${text.length} characters)` : text;
    // What a client sends may be anything.
    this.write(`[${what} +${seconds}] ${shown.replace(/[^\x20-\x7e]/g, '?')}`);
  }
}
