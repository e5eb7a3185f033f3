/**
 * The page's WebSocket: takes pieces of the recording and gives credit for them, asks and is answered, and connects again when it was cut off.
 *
 * Invariant: credit for what came is given once it was taken into the store and a picture of the page could be made since (or at once, when nobody
 * looks), so a page that doesn't keep up is sent less. The token is never in the address for longer than it takes to read it.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import { BAD_MESSAGE, ENDED, type ServerMessage, TOO_MANY, type Welcome, WRONG_TOKEN } from '../server/protocol.js';
import { remember, remembered } from './theme.js';

export type ConnectionState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'open'; readonly welcome: Welcome; readonly isComplete: boolean }
  /** `retries`: whether it will try again by itself. */
  | { readonly kind: 'closed'; readonly reason: string; readonly retries: boolean };

export interface ConnectionListener {
  /** A connection was let in: everything comes anew from the header on. */
  onWelcome(): void;
  /** Throws if the piece is not as a recording's. */
  onPiece(bytes: Uint8Array): void;
}

type Pending = { resolve(value: unknown): void; reject(reason: Error): void };

const TOKEN_KEY = 'apple-gfx token';
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 4000;

const REASONS: Readonly<Record<number, string>> = {
  [WRONG_TOKEN]: 'not let in: open the address that the command printed',
  [TOO_MANY]: 'there are too many viewers',
  [ENDED]: 'the run has ended',
};
/** What trying again doesn't help against. */
const FINAL = new Set([WRONG_TOKEN, BAD_MESSAGE]);

export class RequestError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'RequestError';
  }
}

/** Takes the token out of the address, and remembers it for reloads; the view that is in the address stays there. */
export function takeToken(): string {
  const [, before = '', token = '', behind = ''] = /^#((?:.*[?&])?)token=([\w-]+)&?(.*)$/.exec(location.hash) ?? [];
  if (token === '') return remembered(TOKEN_KEY) ?? '';
  remember(TOKEN_KEY, token);
  const rest = `${before}${behind}`.replace(/[?&]$/, '');
  history.replaceState(null, '', rest === '' ? location.pathname : `#${rest}`);
  return token;
}

export class Connection {
  readonly state: ReadonlySignal<ConnectionState>;
  private readonly current = signal<ConnectionState>({ kind: 'connecting' });
  private readonly pending = new Map<number, Pending>();
  private readonly topics = new Map<string, Set<(value: unknown) => void>>();
  private socket: WebSocket | null = null;
  private nextId = 1;
  private retryMs = FIRST_RETRY_MS;
  /** Bytes that were taken and for which no credit was given yet. */
  private owed = 0;
  private fault: string | null = null;

  constructor(
    private readonly token: string,
    private readonly listener: ConnectionListener,
  ) {
    this.state = this.current;
    this.connect();
  }

  /** Rejects with RequestError if the server refuses, or is gone. */
  request(method: string, params: unknown): Promise<unknown> {
    const { socket, pending } = this;
    if (socket === null || this.current.peek().kind !== 'open') return Promise.reject(new RequestError('not connected'));
    const id = this.nextId++;
    return new Promise((resolve, reject) => {
      pending.set(id, { resolve, reject });
      socket.send(JSON.stringify({ type: 'request', id, method, params }));
    });
  }

  subscribe(topic: string, listener: (value: unknown) => void): () => void {
    const listeners = this.topics.get(topic) ?? new Set();
    listeners.add(listener);
    if (!this.topics.has(topic)) {
      this.topics.set(topic, listeners);
      this.tell('subscribe', topic);
    }
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.topics.get(topic) !== listeners) return;
      this.topics.delete(topic);
      this.tell('unsubscribe', topic);
    };
  }

  /** Gives credit for what was taken; called when the page was painted. */
  giveCredit(): void {
    if (this.owed === 0 || this.socket?.readyState !== WebSocket.OPEN) return;
    this.socket.send(JSON.stringify({ type: 'credit', bytes: this.owed }));
    this.owed = 0;
  }

  /** Tries again at once. */
  reconnect(): void {
    if (this.socket === null) this.connect();
  }

  private tell(method: string, topic: string): void {
    // It is said again with each connection.
    if (this.current.peek().kind === 'open') this.request(method, { topic }).catch(() => undefined);
  }

  private connect(): void {
    const socket = new WebSocket(new URL('stream', location.href.replace(/^http/, 'ws').replace(/[?#].*$/, '')));
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.owed = 0;
    this.fault = null;
    socket.onopen = () => socket.send(JSON.stringify({ type: 'hello', token: this.token }));
    socket.onmessage = ({ data }) => this.take(socket, data);
    socket.onclose = ({ code, reason }) => this.closed(code, reason);
  }

  private take(socket: WebSocket, data: unknown): void {
    try {
      if (typeof data === 'string') return this.onMessage(JSON.parse(data) as ServerMessage);
      const bytes = new Uint8Array(data as ArrayBuffer);
      this.owed += bytes.length;
      this.listener.onPiece(bytes);
    } catch (error) {
      this.fault = error instanceof Error ? error.message : String(error);
      socket.close();
    }
  }

  private onMessage(message: ServerMessage): void {
    switch (message.type) {
      case 'welcome':
        this.retryMs = FIRST_RETRY_MS;
        this.listener.onWelcome();
        this.current.value = { kind: 'open', welcome: message, isComplete: false };
        for (const topic of this.topics.keys()) this.tell('subscribe', topic);
        return;
      case 'response': {
        const waiting = this.pending.get(message.id);
        this.pending.delete(message.id);
        if ('error' in message) waiting?.reject(new RequestError(message.error));
        else waiting?.resolve(message.result);
        return;
      }
      case 'event':
        for (const listener of this.topics.get(message.topic) ?? []) listener(message.value);
        return;
      case 'complete': {
        const state = this.current.peek();
        if (state.kind === 'open') this.current.value = { ...state, isComplete: true };
      }
    }
  }

  private closed(code: number, said: string): void {
    this.socket = null;
    const reason = this.fault ?? REASONS[code] ?? (said === '' ? 'the server does not answer' : said);
    for (const { reject } of this.pending.values()) reject(new RequestError(reason));
    this.pending.clear();
    const retries = this.fault === null && !FINAL.has(code);
    this.current.value = { kind: 'closed', reason, retries };
    if (!retries) return;
    setTimeout(() => this.reconnect(), this.retryMs);
    this.retryMs = Math.min(2 * this.retryMs, LAST_RETRY_MS);
  }
}
