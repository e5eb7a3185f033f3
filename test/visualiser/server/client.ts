/**
 * A page's side of the dashboard's WebSocket and HTTP, as plain as it can be, for tests that misbehave.
 */
import { once } from 'node:events';
import { request } from 'node:http';
import { type ClientOptions, WebSocket } from 'ws';
import { ChunkDecoder } from '../../../src/trace/recording/decoder.js';
import type { Chunk } from '../../../src/trace/recording/format.js';

export class TestClient {
  readonly chunks: Chunk[] = [];
  readonly messages: Record<string, unknown>[] = [];
  bytes = 0;
  private readonly decoder = new ChunkDecoder();
  private readonly waiters = new Set<() => void>();
  closed: Promise<{ code: number; reason: string }>;

  private constructor(
    readonly socket: WebSocket,
    private readonly givesCredit: boolean,
  ) {
    socket.on('message', (data: Buffer, isBinary) => {
      if (isBinary) this.take(data);
      else this.messages.push(JSON.parse(String(data)) as Record<string, unknown>);
      for (const waiter of this.waiters) waiter();
    });
    this.closed = once(socket, 'close').then(([code, reason]) => ({ code: code as number, reason: String(reason) }));
  }

  /** Connects, and says the token behind the address's #. */
  static async connect(
    url: string,
    { givesCredit = true, watches = true, token = /token=(.*)/.exec(url)?.[1] ?? '' } = {},
  ): Promise<TestClient> {
    const socket = await openSocket(url);
    const client = new TestClient(socket, givesCredit);
    client.send({ type: 'hello', token });
    if (watches) client.send({ type: 'watch', pictures: true });
    return client;
  }

  send(message: unknown): void {
    this.socket.send(JSON.stringify(message));
  }

  /** Waits until it holds. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.waiters.add(resolve));
  }

  async request(id: number, method: string, params: unknown = {}): Promise<Record<string, unknown>> {
    this.send({ type: 'request', id, method, params });
    const isAnswer = (message: Record<string, unknown>): boolean => message.type === 'response' && message.id === id;
    await this.until(() => this.messages.some(isAnswer));
    return this.messages.find(isAnswer) ?? {};
  }

  kinds(): number[] {
    return this.chunks.map(({ kind }) => kind);
  }

  private take(data: Buffer): void {
    this.bytes += data.length;
    this.chunks.push(...this.decoder.push(data));
    if (this.givesCredit) this.send({ type: 'credit', bytes: data.length });
  }
}

/** A WebSocket to the dashboard that is open. Rejects with the answer's status if it is refused. */
export async function openSocket(url: string, options: ClientOptions = {}, path = 'stream'): Promise<WebSocket> {
  const socket = new WebSocket(new URL(path, url.replace(/^http/, 'ws').replace(/#.*/, '')), options);
  await once(socket, 'open');
  return socket;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Asks for a path as it is written, which URL would tidy up. */
export async function ask(port: number, path: string, { headers = {}, method = 'GET' } = {}): Promise<Answer> {
  const sent = request({ host: '127.0.0.1', port, path, method, headers }).end();
  const [response] = await once(sent, 'response');
  let body = '';
  for await (const part of response.setEncoding('latin1')) body += part;
  return { status: response.statusCode, headers: response.headers, body };
}
