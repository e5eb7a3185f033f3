/**
 * One page that watches: where it is in the source, and what it is sent next.
 *
 * Invariant: of the recording one message at a time is on its way, and the next is asked of the source only when the system has taken that one and
 * the page has credit. So a page that stalls holds one piece and a bounded number of answers, whatever happens meanwhile. A picture is sent when the
 * one before was painted. Pieces that the source has let go meanwhile are skipped, and counted to the page as a note.
 */
import type { WebSocket } from 'ws';
import {
  DASHBOARD_MAX_ANSWER,
  DASHBOARD_MAX_QUEUED,
  DASHBOARD_MAX_QUEUED_BYTES,
  DASHBOARD_MAX_REQUESTS,
  DASHBOARD_MAX_TOPICS,
} from '../../base/limits.js';
import { describeError } from '../../base/errors.js';
import { encodeNote } from '../../trace/recording/encoder.js';
import type { Caller, MethodRegistry } from './methods.js';
import { parseMessage } from './page-message.js';
import { BAD_MESSAGE, FIRST_CREDIT, type ServerMessage } from './protocol.js';
import type { StreamSource } from './source.js';

/** What a viewer has had so far. */
export interface ViewerStatistics {
  readonly sentBytes: number;
  readonly sentFrames: number;
  /** Pieces that it was too slow for. */
  readonly skippedPieces: number;
  readonly droppedEvents: number;
  /** Bytes that are held for it now: answers, events, and what the system has not taken yet. */
  readonly heldBytes: number;
}

export interface ViewerParts {
  readonly source: StreamSource;
  readonly registry: MethodRegistry;
  /** How often it gets a picture while it shows none. */
  readonly thumbnailMs: number;
}

export class Viewer {
  private readonly source: StreamSource;
  private readonly registry: MethodRegistry;
  private position: number;
  private preambleSent = 0;
  private readonly sequences: number[];
  private nextDisplay = 0;
  private credit = FIRST_CREDIT;
  private sentBytes = 0;
  private creditedBytes = 0;
  private sentFrames = 0;
  /** Of each display, what has to be credited before its next picture. */
  private readonly paidAt: number[];
  private isFrameTurn = false;
  /** Whether the page shows pictures as they come, or keeps a few to look back at. */
  private isWatching = false;
  private lastFrameAt = Number.NEGATIVE_INFINITY;
  private frameTimer: NodeJS.Timeout | undefined;
  private skippedPieces = 0;
  private isComplete = false;
  private readonly queue: string[] = [];
  private queuedBytes = 0;
  private droppedEvents = 0;
  private missedEvents = 0;
  private requests = 0;
  private isPumping = false;
  private isPumpWanted = false;
  private readonly topics = new Set<string>();
  private readonly gone = new AbortController();
  private readonly caller: Caller;

  constructor(
    private readonly socket: WebSocket,
    private readonly parts: ViewerParts,
  ) {
    const { source, registry } = parts;
    this.source = source;
    this.registry = registry;
    this.position = source.first;
    this.sequences = Array.from({ length: source.displays }, () => -1);
    this.paidAt = this.sequences.map(() => 0);
    this.caller = { signal: this.gone.signal, tell: (topic, value) => this.tell(topic, value) };
    const { isControl, names } = registry;
    this.enqueue({ type: 'welcome', isControl, isLive: source.isLive, title: source.title, methods: names });
    this.pump();
  }

  get statistics(): ViewerStatistics {
    const { sentBytes, sentFrames, skippedPieces, droppedEvents, queuedBytes, socket } = this;
    return { sentBytes, sentFrames, skippedPieces, droppedEvents, heldBytes: queuedBytes + socket.bufferedAmount };
  }

  /** Takes what the page has sent. */
  receive(text: string): void {
    const message = parseMessage(text);
    if (typeof message === 'string') return this.socket.close(BAD_MESSAGE, message);
    switch (message.type) {
      case 'hello':
        return this.socket.close(BAD_MESSAGE, 'it has said hello already');
      case 'credit':
        return this.give(message.bytes);
      case 'watch':
        this.isWatching = message.pictures;
        return this.pump();
      case 'request':
        void this.answer(message.id, message.method, message.params);
    }
  }

  /** Sends an event to who listens to the topic. */
  publish(topic: string, value: unknown): void {
    if (this.topics.has(topic)) this.tell(topic, value);
  }

  listensTo(topic: string): boolean {
    return this.topics.has(topic);
  }

  /** Sends what there is, as far as the page takes it. To be called when there is more. */
  pump(): void {
    this.isPumpWanted = true;
    if (!this.isPumping) void this.pumpAll();
  }

  /** The page has gone. */
  close(): void {
    this.gone.abort();
    clearTimeout(this.frameTimer);
  }

  private give(bytes: number): void {
    // More than was sent it can't have dealt with.
    const credited = Math.min(bytes, this.sentBytes - this.creditedBytes);
    this.creditedBytes += credited;
    this.credit += credited;
    this.pump();
  }

  private async answer(id: number, method: string, params: unknown): Promise<void> {
    if (this.requests >= DASHBOARD_MAX_REQUESTS) {
      return this.enqueue({ type: 'response', id, error: `there are ${DASHBOARD_MAX_REQUESTS} requests in progress already` });
    }
    this.requests++;
    const outcome = this.subscription(method, params) ?? (await this.registry.call(method, params, this.caller));
    this.requests--;
    this.enqueue({ type: 'response', id, ...outcome });
  }

  /** What is said to who subscribes, or doesn't any more; null for another method. */
  private subscription(method: string, params: unknown): { readonly result: true } | { readonly error: string } | null {
    if (method !== 'subscribe' && method !== 'unsubscribe') return null;
    const topic = (params as { readonly topic?: unknown } | null)?.topic;
    if (typeof topic !== 'string' || !this.registry.hasTopic(topic)) return { error: `there is no topic "${String(topic).slice(0, 80)}"` };
    if (method === 'unsubscribe') this.topics.delete(topic);
    else if (this.topics.size < DASHBOARD_MAX_TOPICS) this.topics.add(topic);
    else return { error: `expected at most ${DASHBOARD_MAX_TOPICS} topics` };
    return { result: true };
  }

  private tell(topic: string, value: unknown): void {
    if (this.isFull) {
      this.droppedEvents++;
      this.missedEvents++;
      return;
    }
    this.enqueue({ type: 'event', topic, value, ...(this.missedEvents > 0 && { missed: this.missedEvents }) });
    this.missedEvents = 0;
  }

  private get isFull(): boolean {
    return this.queue.length >= DASHBOARD_MAX_QUEUED || this.queuedBytes >= DASHBOARD_MAX_QUEUED_BYTES;
  }

  private enqueue(message: ServerMessage): void {
    if (this.gone.signal.aborted) return;
    let text = JSON.stringify(message);
    if (text.length > DASHBOARD_MAX_ANSWER && message.type === 'response') {
      const error = `the answer has ${text.length} characters, expected at most ${DASHBOARD_MAX_ANSWER}`;
      text = JSON.stringify({ type: 'response', id: message.id, error });
    }
    this.queue.push(text);
    this.queuedBytes += text.length;
    // Who takes no answers is not asked for further questions.
    if (this.isFull) this.socket.pause();
    this.pump();
  }

  private async pumpAll(): Promise<void> {
    this.isPumping = true;
    try {
      while (this.isPumpWanted && !this.gone.signal.aborted) {
        this.isPumpWanted = false;
        while (await this.sendNext());
      }
    } catch (error) {
      // Whoever has gone needs no word; a source that can't be read is said.
      if (!this.gone.signal.aborted) this.socket.close(1011, describeError(error).slice(0, 100));
    } finally {
      this.isPumping = false;
    }
  }

  /** Sends one message, if there is one to be sent. */
  private async sendNext(): Promise<boolean> {
    const text = this.queue.shift();
    if (text !== undefined) {
      await this.send(text);
      this.queuedBytes -= text.length;
      if (!this.isFull) this.socket.resume();
      return true;
    }
    if (this.credit <= 0) return false;
    const preamble = this.source.preamble[this.preambleSent];
    if (preamble !== undefined) {
      this.preambleSent++;
      await this.sendPiece(preamble);
      return true;
    }
    this.isFrameTurn = !this.isFrameTurn;
    // In turn, so that neither holds up the other.
    return this.isFrameTurn
      ? (await this.sendFrame()) || (await this.sendFromPosition())
      : (await this.sendFromPosition()) || (await this.sendFrame());
  }

  private async sendFromPosition(): Promise<boolean> {
    const { source } = this;
    if (this.position < source.first) return this.skip();
    if (this.position >= source.end) return this.sayComplete();
    const { length } = source.preamble;
    const piece = await source.read(this.position);
    // It may have been let go while it was read; and what it needs comes first.
    if (piece === null) return this.position < source.first;
    if (source.preamble.length > length) return true;
    this.position++;
    await this.sendPiece(piece);
    return true;
  }

  private async skip(): Promise<boolean> {
    const count = this.source.first - this.position;
    this.position = this.source.first;
    this.skippedPieces += count;
    const text = `${count} pieces were not sent to this page, which did not keep up`;
    await this.sendPiece(encodeNote({ nanoseconds: this.source.now ?? 0, kind: 'skipped', text }));
    return true;
  }

  private sayComplete(): boolean {
    if (this.isComplete || !this.source.isComplete) return false;
    this.isComplete = true;
    this.enqueue({ type: 'complete', missing: this.source.missing ?? null });
    return true;
  }

  private async sendFrame(): Promise<boolean> {
    const { source, sequences, paidAt } = this;
    // Making one costs more than all else of a live source, and of views without pictures the device's processors are better used.
    if (!this.isWatching && !this.isFrameDue()) return false;
    for (let tried = 0; tried < sequences.length; tried++) {
      const display = this.nextDisplay;
      this.nextDisplay = (display + 1) % sequences.length;
      if (this.creditedBytes < (paidAt[display] ?? 0)) continue;
      const frame = await source.frame(display, sequences[display] ?? -1);
      if (frame === null) continue;
      sequences[display] = frame.sequence;
      this.sentFrames++;
      if (display === 0) this.lastFrameAt = performance.now();
      await this.sendPiece(frame.chunk);
      paidAt[display] = this.sentBytes;
      return true;
    }
    return false;
  }

  /** Whether it is time for another picture of a page that shows none; if not, it looks again when it is. */
  private isFrameDue(): boolean {
    const wait = this.lastFrameAt + this.parts.thumbnailMs - performance.now();
    if (wait <= 0) return true;
    this.frameTimer ??= setTimeout(() => {
      this.frameTimer = undefined;
      this.pump();
    }, wait).unref();
    return false;
  }

  private async sendPiece(piece: Uint8Array): Promise<void> {
    this.credit -= piece.length;
    this.sentBytes += piece.length;
    await this.send(piece);
  }

  /** Resolves when the system has taken it. */
  private send(data: string | Uint8Array): Promise<void> {
    return new Promise((resolve, reject) => {
      this.socket.send(data, (error) => (error ? reject(error) : resolve()));
    });
  }
}
