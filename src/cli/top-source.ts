/**
 * What `apple-gfx top` looks at: a recording in a file, or a running dashboard over its WebSocket.
 *
 * Invariant: a file is read in pieces, a dashboard is given credit for what was taken; both end up in the same store. A source that fails says why and
 * keeps what it had; nothing is thrown later than opening.
 */
import { createReadStream, statSync } from 'node:fs';
import { WebSocket } from 'ws';
import { describeError } from '../base/errors.js';
import { MAX_CHUNK_BYTES } from '../base/limits.js';
import { RecordingChecks } from '../trace/recording/checks.js';
import { ChunkDecoder } from '../trace/recording/decoder.js';
import { FileDecoder } from '../trace/recording/file-decoder.js';
import { TraceStore } from '../trace/recording/trace-store.js';
import { ENDED, TOO_MANY, WRONG_TOKEN } from '../visualiser/server/protocol.js';
import { runningDashboards } from './runtime-file.js';
import { UsageError } from './usage-error.js';

export interface TopSource {
  readonly store: TraceStore;
  /** A run that goes on, as far as this knows. */
  readonly isLive: boolean;
  readonly title: string;
  /** Why nothing more comes; null while it does. */
  readonly ended: string | null;
  /** When something came last, in milliseconds of performance.now(). */
  readonly changedAt: number;
  close(): void;
}

/** How long a dashboard may take to let us in, in milliseconds. */
const ADMISSION_MS = 5000;

const REASONS: Readonly<Record<number, string>> = {
  [WRONG_TOKEN]: 'wrong token: expected the whole address that the command printed',
  [TOO_MANY]: 'there are too many viewers',
  [ENDED]: 'the run has ended',
};

/** Reads a whole recording. One that is cut short is shown as far as it goes. */
async function openFile(path: string): Promise<TopSource> {
  const store = new TraceStore();
  const decoder = new FileDecoder();
  const checks = new RecordingChecks();
  try {
    for await (const bytes of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      for (const chunk of decoder.push(bytes as Buffer)) store.apply(checks.pass(chunk));
    }
  } catch (error) {
    throw new UsageError(`${path}: ${describeError(error)}`);
  }
  if (store.header === null) throw new UsageError(`${path}: it has no header: expected a recording of apple-gfx`);
  const ended = store.end?.reason ?? 'it ends without its end';
  return { store, isLive: false, title: path, ended, changedAt: performance.now(), close: () => undefined };
}

/** Address and token of `http://HOST:PORT/#token=…`. */
function partsOf(address: string): { readonly stream: string; readonly token: string } {
  const url = URL.canParse(address) ? new URL(address) : null;
  const token = /(?:^|[#&])token=([\w-]+)/.exec(url?.hash ?? '')?.[1];
  if (url === null || url.protocol !== 'http:' || token === undefined)
    throw new UsageError(`"${address}": expected a dashboard's address as it was printed, http://HOST:PORT/#token=…`);
  return { stream: `ws://${url.host}/stream`, token };
}

class DashboardSource implements TopSource {
  readonly store = new TraceStore();
  readonly isLive = true;
  title = '';
  ended: string | null = null;
  changedAt = performance.now();
  private readonly decoder = new ChunkDecoder();
  private readonly checks = new RecordingChecks();
  private readonly socket: WebSocket;

  constructor(
    private readonly address: string,
    private readonly token: string,
    stream: string,
  ) {
    this.socket = new WebSocket(stream, { maxPayload: 2 * MAX_CHUNK_BYTES, perMessageDeflate: false, handshakeTimeout: ADMISSION_MS });
  }

  /** Resolves when it was let in. Rejects with UsageError. */
  connect(): Promise<this> {
    const { socket, token } = this;
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => this.fail('it does not let us in'), ADMISSION_MS);
      socket.once('open', () => socket.send(JSON.stringify({ type: 'hello', token })));
      socket.on('error', (error) => this.fail(describeError(error)));
      socket.on('close', (code, reason) => {
        clearTimeout(late);
        this.ended ??= REASONS[code] ?? (reason.length > 0 ? String(reason) : 'the connection was closed');
        reject(new UsageError(`${this.address.replace(/#.*/, '')}: ${this.ended}`));
      });
      socket.on('message', (data, isBinary) => {
        clearTimeout(late);
        this.take(data as Buffer, isBinary);
        resolve(this);
      });
    });
  }

  close(): void {
    this.ended ??= 'closed';
    this.socket.terminate();
  }

  private fail(reason: string): void {
    this.ended ??= reason;
    this.socket.terminate();
  }

  private take(data: Buffer, isBinary: boolean): void {
    this.changedAt = performance.now();
    try {
      if (!isBinary) return this.onText(JSON.parse(String(data)) as unknown);
      for (const chunk of this.decoder.push(data)) this.store.apply(this.checks.pass(chunk));
      this.socket.send(JSON.stringify({ type: 'credit', bytes: data.length }));
    } catch (error) {
      this.fail(describeError(error));
    }
  }

  private onText(message: unknown): void {
    if (typeof message !== 'object' || message === null) return;
    const { type, title } = message as Readonly<Record<string, unknown>>;
    if (type === 'welcome') this.title = String(title).slice(0, 500);
    if (type === 'complete') this.ended ??= this.store.end?.reason ?? 'all was sent';
  }
}

/** Opens what is named: a file, an address, or, with neither, this user's latest run. Rejects with UsageError. */
export async function openTopSource(target: string | undefined): Promise<TopSource> {
  if (target !== undefined && !/^\w+:\/\//.test(target)) {
    if (statSync(target, { throwIfNoEntry: false })?.isFile() === true) return openFile(target);
    throw new UsageError(`there is no file "${target}"; an address begins with http://`);
  }
  const address = target ?? runningDashboards()[0]?.url;
  if (address === undefined)
    throw new UsageError('no run of yours has a dashboard; start one with apple-gfx run --dashboard, or name a recording or an address');
  const { stream, token } = partsOf(address);
  return new DashboardSource(address, token, stream).connect();
}
