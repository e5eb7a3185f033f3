/**
 * A qtest client for tests: commands as promises, interrupts in between as a list.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

export class QtestTestClient {
  private readonly waiting: AsyncIterator<string>;
  /** What came before the answers, or between them: `raise 0`, `lower 0`. */
  interrupts: string[] = [];

  private constructor(readonly socket: Socket) {
    this.waiting = createInterface({ input: socket })[Symbol.asyncIterator]();
  }

  static async dial(path: string): Promise<QtestTestClient> {
    const socket = connect(path);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return new QtestTestClient(socket);
  }

  /** The next answer; null once the server has hung up. */
  async answer(): Promise<string | null> {
    for (;;) {
      const { value, done } = await this.waiting.next();
      if (done) return null;
      const [, interrupt] = /^IRQ (.*)$/.exec(value) ?? [];
      if (interrupt === undefined) return value;
      this.interrupts.push(interrupt);
    }
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  /** The answer to a command. */
  async ask(command: string): Promise<string | null> {
    this.send(`${command}\n`);
    return this.answer();
  }

  /** What stands behind OK; throws if anything else was answered. */
  async ok(command: string): Promise<string> {
    const answer = await this.ask(command);
    const [, text] = /^OK ?(.*)$/.exec(answer ?? '') ?? [];
    if (text === undefined) throw new TypeError(`${command.slice(0, 80)}: ${answer}`);
    return text;
  }

  takeInterrupts(): string[] {
    const taken = this.interrupts;
    this.interrupts = [];
    return taken;
  }
}
