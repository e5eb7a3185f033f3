/**
 * A QMP client for tests: sends bytes as they are, and waits for the lines that come.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface, type Interface } from 'node:readline';

export interface Message {
  readonly return?: unknown;
  readonly error?: { readonly class: string; readonly desc: string };
  readonly id?: unknown;
  readonly event?: string;
  readonly data?: unknown;
  readonly timestamp?: { readonly seconds: number; readonly microseconds: number };
  readonly QMP?: { readonly version: unknown; readonly capabilities: readonly string[] };
}

export class TestClient {
  private readonly lines: Interface;
  private readonly waiting: AsyncIterator<string>;
  /** Events that came while an answer was waited for. */
  readonly events: Message[] = [];

  private constructor(readonly socket: Socket) {
    this.lines = createInterface({ input: socket });
    this.waiting = this.lines[Symbol.asyncIterator]();
  }

  /** Connected, and told what the greeting is. */
  static async dial(path: string): Promise<{ client: TestClient; greeting: Message | null }> {
    const socket = connect(path);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    const client = new TestClient(socket);
    return { client, greeting: await client.next() };
  }

  /** Connected, with capabilities negotiated. */
  static async ready(path: string): Promise<TestClient> {
    const { client } = await TestClient.dial(path);
    await client.execute('qmp_capabilities');
    return client;
  }

  /** The next message; null once the server has hung up. */
  async next(): Promise<Message | null> {
    const { value, done } = await this.waiting.next();
    return done ? null : (JSON.parse(value) as Message);
  }

  /** The next answer. */
  async answer(): Promise<Message> {
    for (;;) {
      const message = await this.next();
      if (message === null) throw new TypeError('the server hung up');
      if (message.event === undefined) return message;
      this.events.push(message);
    }
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes);
  }

  execute(execute: string, given?: unknown): Promise<Message> {
    this.send(JSON.stringify({ execute, ...(given !== undefined && { arguments: given }) }));
    return this.answer();
  }
}
