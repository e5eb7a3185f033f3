/**
 * A terminal that shows a whole screen, and tells which keys are pressed.
 *
 * Invariant: however the process ends short of being killed, the terminal is as it was: its other screen, cursor and line editing are put back by
 * leave(), which every way out comes by, and which may be called twice. A picture is written in one piece and only where lines have changed.
 */
import { writeSync } from 'node:fs';
import type { ReadStream } from 'node:tty';

/** Other screen, no cursor, no wrapping; and back. */
const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l\u001b[2J';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';

const KEYS: Readonly<Record<string, string>> = {
  '\u001b[A': 'up',
  '\u001b[B': 'down',
  '\u001b[C': 'right',
  '\u001b[D': 'left',
  '\u001bOC': 'right',
  '\u001bOD': 'left',
  '\u001b[H': 'home',
  '\u001b[1~': 'home',
  '\u001b[F': 'end',
  '\u001b[4~': 'end',
  '\u0003': 'interrupt',
  '\u001a': 'suspend',
  '\u001b': 'escape',
};

// biome-ignore lint/suspicious/noControlCharactersInRegex: keys are sent as them.
const KEY = /\u001b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])?|[^\u001b]/gu;

/** The keys in what was read: sequences by their names, all else by itself. */
export function keysOf(text: string): readonly string[] {
  return (text.match(KEY) ?? []).map((key) => KEYS[key] ?? key);
}

export interface TerminalListener {
  onKey(key: string): void;
  onResize(): void;
}

const SIGNALS = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;

export class Terminal {
  private isIn = false;
  private shown: readonly string[] = [];
  private readonly undo: (() => void)[] = [];

  constructor(
    private readonly input: ReadStream | null,
    private readonly output: typeof process.stdout,
    private readonly listener: TerminalListener,
  ) {}

  get width(): number {
    return this.output.columns ?? 80;
  }

  get height(): number {
    return this.output.rows ?? 24;
  }

  enter(): void {
    const { input, output } = this;
    this.on(process, 'exit', () => this.leave());
    // An error that nobody caught is printed by Node; on the screen that is left, it would be lost.
    this.on(process, 'uncaughtExceptionMonitor', () => this.leave());
    for (const signal of SIGNALS) {
      this.on(process, signal, () => {
        this.leave();
        process.kill(process.pid, signal);
      });
    }
    this.on(process, 'SIGCONT', () => this.take());
    this.on(output, 'resize', () => {
      this.shown = [];
      this.listener.onResize();
    });
    if (input !== null) {
      input.setEncoding('utf8');
      this.on(input, 'data', (text: string) => this.read(text));
      this.on(input, 'end', () => this.listener.onKey('q'));
      input.resume();
    }
    this.take();
  }

  /** Shows lines, from the top. */
  show(lines: readonly string[]): void {
    if (!this.isIn) return;
    const height = Math.max(this.shown.length, lines.length);
    let text = '';
    for (let row = 0; row < height; row++) {
      const line = lines[row] ?? '';
      if (line !== this.shown[row]) text += `\u001b[${row + 1};1H${line}\u001b[K`;
    }
    this.shown = [...lines];
    if (text !== '') this.output.write(text);
  }

  /** Gives the terminal back. */
  leave(): void {
    for (const undo of this.undo.splice(0)) undo();
    this.give();
    this.input?.pause();
  }

  private take(): void {
    if (this.isIn) return;
    this.isIn = true;
    this.shown = [];
    this.input?.setRawMode(true);
    this.output.write(ENTER);
    this.listener.onResize();
  }

  private give(): void {
    if (!this.isIn) return;
    this.isIn = false;
    this.input?.setRawMode(false);
    // At once, since the process may end right behind it.
    try {
      writeSync(process.stdout.fd, LEAVE);
    } catch (error) {
      // A terminal that is gone needs nothing put back.
      if (!(error instanceof Error && 'syscall' in error)) throw error;
    }
  }

  private read(text: string): void {
    for (const key of keysOf(text)) {
      if (key !== 'suspend') {
        this.listener.onKey(key);
        continue;
      }
      this.give();
      process.kill(process.pid, 'SIGTSTP');
    }
  }

  private on(emitter: NodeJS.EventEmitter, name: string, listener: (...args: never[]) => void): void {
    emitter.on(name, listener as () => void);
    this.undo.push(() => void emitter.off(name, listener as () => void));
  }
}
