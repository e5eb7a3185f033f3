/**
 * The page's WebSocket: takes pieces of the recording and gives credit for them, asks and is answered, and connects again when it was cut off.
 *
 * Invariant: credit for what came is given once it was taken into the store and a picture of the page could be made since (or at once, when nobody
 * looks), so a page that doesn't keep up is sent less.
 */
import { type ReadonlySignal, signal } from '@preact/signals';
import { AppleGfxError, describeError } from '../../base/errors.js';
import { BAD_MESSAGE, type PageMessage, type ServerMessage, type Welcome, WRONG_TOKEN } from '../server/protocol.js';

export type ConnectionState =
  | { readonly kind: 'connecting' }
  /** `complete`: all has come; with what is missing of it, in words. */
  | { readonly kind: 'open'; readonly welcome: Welcome; readonly complete: { readonly missing: string | null } | null }
  /** Why, and whether it will try again, in words. */
  | { readonly kind: 'closed'; readonly reason: string };

export interface ConnectionListener {
  /** A connection was let in: everything comes anew from the header on. */
  onWelcome(): void;
  /** Throws if the piece is not as a recording's. */
  onPiece(bytes: Uint8Array): void;
}

export interface Connection {
  readonly state: ReadonlySignal<ConnectionState>;
  /** Rejects with an error whose message is for people if the server refuses, or is gone. */
  request(method: string, params: unknown): Promise<unknown>;
  subscribe(topic: string, listener: (value: unknown) => void): () => void;
  /** Gives credit for what was taken; called when the page was painted. */
  giveCredit(): void;
  /** Has pictures of the displays come as they are drawn, or a few a second, as they do at first. */
  watch(pictures: boolean): void;
}

interface Pending {
  resolve(value: unknown): void;
  reject(reason: Error): void;
}

const RETRY_MS = 1000;

const requestError = (message: string): Error => new AppleGfxError('ERR_REQUEST', message);

export function openConnection(token: string, { onWelcome, onPiece }: ConnectionListener): Connection {
  const state = signal<ConnectionState>({ kind: 'connecting' });
  const pending = new Map<number, Pending>();
  const topics = new Map<string, Set<(value: unknown) => void>>();
  let socket: WebSocket | null = null;
  let nextId = 1;
  /** Bytes that were taken and for which no credit was given yet. */
  let owed = 0;
  let isWatching = false;
  let fault = '';

  /** A connection that this end is closing takes nothing more, though pictures are still painted and give credit. */
  const send = (message: PageMessage): void => {
    if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
  };

  const request = (method: string, params: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (state.peek().kind !== 'open') return reject(requestError('not connected'));
      pending.set(nextId, { resolve, reject });
      send({ type: 'request', id: nextId++, method, params });
    });

  /** Says that the topic is wanted, or not. Where nobody is connected it will be said. */
  const tell = (method: string, topic: string): void => void request(method, { topic }).catch(() => undefined);

  const onMessage = (message: ServerMessage): void => {
    switch (message.type) {
      case 'welcome':
        onWelcome();
        state.value = { kind: 'open', welcome: message, complete: null };
        for (const [topic, { size }] of topics) if (size > 0) tell('subscribe', topic);
        send({ type: 'watch', pictures: isWatching });
        return;
      case 'response': {
        const waiting = pending.get(message.id);
        pending.delete(message.id);
        if ('error' in message) waiting?.reject(requestError(message.error));
        else waiting?.resolve(message.result);
        return;
      }
      case 'event':
        for (const listener of topics.get(message.topic) ?? []) listener(message.value);
        return;
      case 'complete': {
        const before = state.peek();
        if (before.kind === 'open') state.value = { ...before, complete: message };
      }
    }
  };

  const take = (data: unknown): void => {
    try {
      if (typeof data === 'string') return onMessage(JSON.parse(data) as ServerMessage);
      const bytes = new Uint8Array(data as ArrayBuffer);
      owed += bytes.length;
      onPiece(bytes);
    } catch (error) {
      fault = describeError(error);
      socket?.close();
    }
  };

  const onClose = ({ code, reason: said }: CloseEvent): void => {
    socket = null;
    const isRefused = code === WRONG_TOKEN;
    const reason = fault || (isRefused ? 'not let in: open the address that the command printed' : said || 'the server does not answer');
    for (const { reject } of pending.values()) reject(requestError(reason));
    pending.clear();
    const retries = fault === '' && !isRefused && code !== BAD_MESSAGE;
    state.value = { kind: 'closed', reason: retries ? `${reason}; trying again` : reason };
    if (retries) setTimeout(connect, RETRY_MS);
  };

  const connect = (): void => {
    socket = new WebSocket(new URL('stream', location.origin.replace('http', 'ws')));
    socket.binaryType = 'arraybuffer';
    owed = 0;
    fault = '';
    socket.onopen = () => send({ type: 'hello', token });
    socket.onmessage = ({ data }) => take(data);
    socket.onclose = onClose;
  };
  connect();

  return {
    state,
    request,
    subscribe(topic, listener) {
      const listeners = topics.get(topic) ?? new Set();
      topics.set(topic, listeners);
      if (listeners.size === 0) tell('subscribe', topic);
      listeners.add(listener);
      return () => {
        if (listeners.delete(listener) && listeners.size === 0) tell('unsubscribe', topic);
      };
    },
    watch(pictures) {
      isWatching = pictures;
      // Where nobody is connected it will be said.
      if (state.peek().kind === 'open') send({ type: 'watch', pictures });
    },
    giveCredit() {
      if (owed === 0 || socket?.readyState !== WebSocket.OPEN) return;
      send({ type: 'credit', bytes: owed });
      owed = 0;
    },
  };
}
