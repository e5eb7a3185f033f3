/**
 * The dashboard's server: the page, and one WebSocket for each page that watches.
 *
 * Invariant: on loopback unless told otherwise. Nothing of the run leaves it to who doesn't know the token; nothing is changed unless `control`. What
 * clients do can stop neither the run nor one another: there is a bound on how many there are, what they send, and what is kept for them.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { integer, text } from '../../base/arguments.js';
import { ListenError } from '../../base/errors.js';
import { DASHBOARD_MAX_CONNECTIONS, DASHBOARD_MAX_MESSAGE_BYTES, DASHBOARD_MAX_VIEWERS } from '../../base/limits.js';
import { PAGE_FOLDER } from '../page-folder.js';
import { isOurHost, isOurOrigin, isToken, makeToken, safetyHeaders } from './access.js';
import { type Method, type MethodOptions, MethodRegistry } from './methods.js';
import { type PageFiles, readPage, servePage } from './page-files.js';
import { parseMessage } from './page-message.js';
import { BAD_MESSAGE, ENDED, TOO_MANY, WRONG_TOKEN } from './protocol.js';
import type { StreamSource } from './source.js';
import { Viewer, type ViewerStatistics } from './viewer.js';

const THUMBNAIL_MS = 250;

/** What is shown to whom. */
export interface DashboardOptions {
  readonly source: StreamSource;
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** TCP port; 0: one that is free. Default 0. */
  readonly port?: number;
  /** What viewers have to know. Default: a random one. */
  readonly token?: string;
  /** Whether methods may be called that change something. Default false. */
  readonly control?: boolean;
  /** How often a page whose views show no pictures gets one to look back at, in milliseconds. Default 250. */
  readonly thumbnailMs?: number;
  /** What else it can do. */
  readonly modules?: readonly DashboardModule[];
}

/** Registers methods, topics and sockets. What it returns is called when the dashboard is closed. */
export type DashboardModule = (registry: DashboardRegistry) => undefined | (() => void);

export interface SocketOptions {
  /** Origins of pages that may connect, besides our own. */
  readonly origins?: readonly string[];
  /** Whether it has to say the token, as `?token=`. Default true. */
  readonly needsToken?: boolean;
}

/** What a module can register with. */
export interface DashboardRegistry {
  readonly source: StreamSource;
  readonly isControl: boolean;
  method(name: string, run: Method, options?: MethodOptions): void;
  /** Declares a topic that pages may listen to. */
  topic(name: string): void;
  /** Sends an event to all who listen. */
  publish(topic: string, value: unknown): void;
  /** Whether anybody listens. */
  hasListeners(topic: string): boolean;
  /** Serves WebSockets on a path of its own, as `/inspect`. Host and Origin are checked; they count as viewers. */
  socket(path: string, serve: (socket: WebSocket, request: IncomingMessage) => void, options?: SocketOptions): void;
}

interface SocketRoute extends Required<SocketOptions> {
  serve(socket: WebSocket, request: IncomingMessage): void;
}

/** How long a page may take to say its token, in milliseconds. */
const ADMISSION_MS = 5000;
/** How often pages are asked whether they are there, in milliseconds. */
const PING_MS = 30_000;
/** How long a page may take to say goodbye, in milliseconds. */
const GOODBYE_MS = 300;

/** A running dashboard; made by serveDashboard(). */
export class Dashboard implements DashboardRegistry {
  readonly source: StreamSource;
  private readonly token: string;
  private readonly thumbnailMs: number;
  private readonly host: string;
  private readonly registry: MethodRegistry;
  private readonly routes = new Map<string, SocketRoute>();
  private readonly sockets: WebSocketServer;
  private readonly http: Server;
  private readonly viewers = new Map<WebSocket, Viewer>();
  private readonly unlisten: () => void;
  private readonly closers: (() => void)[] = [];
  private readonly answered = new WeakSet<WebSocket>();
  private readonly pinger: NodeJS.Timeout;

  constructor(
    private readonly files: PageFiles,
    { source, host = '127.0.0.1', token = makeToken(), control = false, thumbnailMs = THUMBNAIL_MS, modules = [] }: DashboardOptions,
  ) {
    this.source = source;
    this.host = host;
    this.token = token;
    this.thumbnailMs = thumbnailMs;
    this.registry = new MethodRegistry(control);
    this.sockets = new WebSocketServer({ noServer: true, maxPayload: DASHBOARD_MAX_MESSAGE_BYTES, perMessageDeflate: false });
    this.http = createServer({ requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 16_384 }, (request, response) => {
      const { host: said, origin } = request.headers;
      const reason = this.reasonAgainst(request);
      if (reason !== null || !isOurOrigin(origin, said)) return void response.writeHead(403).end(`${reason ?? 'a foreign Origin'}\n`);
      for (const [name, value] of Object.entries(safetyHeaders(said ?? ''))) response.setHeader(name, value);
      servePage(this.files, request, response);
    });
    this.http.maxConnections = DASHBOARD_MAX_CONNECTIONS;
    this.http.on('upgrade', (request, socket, head) => this.onUpgrade(request, socket, head));
    this.routes.set('/stream', { origins: [], needsToken: false, serve: (socket) => this.admit(socket) });
    this.unlisten = source.onChange(() => {
      for (const viewer of this.viewers.values()) viewer.pump();
    });
    this.pinger = setInterval(() => this.ping(), PING_MS);
    this.pinger.unref();
    for (const module of modules) {
      const close = module(this);
      if (close !== undefined) this.closers.push(close);
    }
  }

  get isControl(): boolean {
    return this.registry.isControl;
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  /** What to open in a browser; the token is behind `#`, which no server and no other page is told. */
  get url(): string {
    const name = this.host === '0.0.0.0' || this.host === '::' ? '127.0.0.1' : this.host;
    return `http://${name.includes(':') ? `[${name}]` : name}:${this.port}/#token=${this.token}`;
  }

  /** What each viewer has had. */
  get statistics(): readonly ViewerStatistics[] {
    return [...this.viewers.values()].map((viewer) => viewer.statistics);
  }

  method(name: string, run: Method, options?: MethodOptions): void {
    this.registry.method(name, run, options);
  }

  topic(name: string): void {
    this.registry.topic(name);
  }

  publish(topic: string, value: unknown): void {
    for (const viewer of this.viewers.values()) viewer.publish(topic, value);
  }

  hasListeners(topic: string): boolean {
    return [...this.viewers.values()].some((viewer) => viewer.listensTo(topic));
  }

  socket(path: string, serve: SocketRoute['serve'], { origins = [], needsToken = true }: SocketOptions = {}): void {
    this.routes.set(path, { origins, needsToken, serve });
  }

  /** Begins to listen. Rejects with what the system says if it can't. */
  async listen(port: number): Promise<void> {
    this.http.listen({ host: this.host, port });
    await once(this.http, 'listening');
  }

  /** Sends everybody away and stops listening. */
  async close(): Promise<void> {
    clearInterval(this.pinger);
    this.unlisten();
    for (const close of this.closers.splice(0)) close();
    const { clients } = this.sockets;
    for (const socket of clients) socket.close(ENDED, 'the run has ended');
    const closed = new Promise<void>((resolve) => (this.http.listening ? this.http.close(() => resolve()) : resolve()));
    const late = setTimeout(() => {
      for (const socket of clients) socket.terminate();
    }, GOODBYE_MS);
    this.http.closeIdleConnections();
    await Promise.all([...clients].map((socket) => once(socket, 'close')));
    clearTimeout(late);
    this.http.closeAllConnections();
    this.sockets.close();
    await closed;
  }

  /** Why a request is not for us; null if it may be. */
  private reasonAgainst({ headers: { host } }: IncomingMessage): string | null {
    return isOurHost(host, this.host) ? null : 'a foreign Host: expected an address, or localhost';
  }

  private onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { host, origin } = request.headers;
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const route = this.routes.get(path);
    const refuse = (status: number): void => {
      socket.on('error', () => undefined);
      socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    };
    if (route === undefined) return refuse(404);
    if (this.reasonAgainst(request) !== null || !isOurOrigin(origin, host, route.origins)) return refuse(403);
    if (route.needsToken && !isToken(this.token, new URLSearchParams(query).get('token') ?? '')) return refuse(401);
    if (this.sockets.clients.size >= DASHBOARD_MAX_VIEWERS) return refuse(503);
    this.sockets.handleUpgrade(request, socket, head, (webSocket) => {
      // What goes wrong with it ends it, which is all that there is to say.
      webSocket.on('error', () => webSocket.terminate());
      webSocket.on('pong', () => this.answered.add(webSocket));
      this.answered.add(webSocket);
      route.serve(webSocket, request);
    });
  }

  /** Waits for the token, then lets it watch. */
  private admit(socket: WebSocket): void {
    const late = setTimeout(() => socket.close(WRONG_TOKEN, 'it did not say its token in time'), ADMISSION_MS);
    socket.once('close', () => clearTimeout(late));
    socket.once('message', (data, isBinary) => {
      clearTimeout(late);
      const message = isBinary ? 'a binary message' : parseMessage(String(data));
      if (typeof message === 'string') return socket.close(BAD_MESSAGE, message);
      if (message.type !== 'hello') return socket.close(BAD_MESSAGE, 'expected hello first');
      if (!isToken(this.token, message.token)) return socket.close(WRONG_TOKEN, 'wrong token');
      this.watch(socket);
    });
  }

  private watch(socket: WebSocket): void {
    if (this.viewers.size >= DASHBOARD_MAX_VIEWERS) return socket.close(TOO_MANY, 'there are too many viewers');
    const viewer = new Viewer(socket, { source: this.source, registry: this.registry, thumbnailMs: this.thumbnailMs });
    this.viewers.set(socket, viewer);
    if (this.viewers.size === 1) this.source.watched?.(true);
    socket.on('message', (data, isBinary) => {
      if (isBinary) socket.close(BAD_MESSAGE, 'a binary message: expected JSON');
      else viewer.receive(String(data));
    });
    socket.once('close', () => {
      viewer.close();
      this.viewers.delete(socket);
      if (this.viewers.size === 0) this.source.watched?.(false);
    });
  }

  private ping(): void {
    for (const socket of this.sockets.clients) {
      if (!this.answered.delete(socket)) socket.terminate();
      else socket.ping();
    }
  }
}

/** Starts a dashboard. Rejects with ArgumentError for a wrong option, or a page that isn't built, and with ListenError if it can't listen. */
export async function serveDashboard(options: DashboardOptions): Promise<Dashboard> {
  const { host, token, port = 0, thumbnailMs = THUMBNAIL_MS } = options;
  for (const [name, value] of Object.entries({ host, token })) if (value !== undefined) text(name, value);
  integer('port', port, 0, 65_535);
  integer('thumbnailMs', thumbnailMs, 0, 2 ** 31 - 1);
  const dashboard = new Dashboard(await readPage(PAGE_FOLDER), options);
  try {
    await dashboard.listen(port);
  } catch (error) {
    await dashboard.close();
    throw new ListenError(error);
  }
  return dashboard;
}
