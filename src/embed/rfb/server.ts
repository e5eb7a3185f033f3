/**
 * A VNC server for one display: listens, lets viewers in, tells them when something has changed.
 *
 * Invariant: on loopback unless told otherwise. What viewers do can neither stop the device nor another viewer: there is a bound on how many
 * there are, how long they take to be let in, and what is kept for them.
 */
import { EventEmitter, once } from 'node:events';
import { createServer as createHttpServer, type Server as HttpServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer, isIP, type Server, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { integer, list, object, text } from '../../base/arguments.js';
import { ArgumentError, ListenError } from '../../base/errors.js';
import { VNC_MAX_VIEWERS } from '../../base/limits.js';
import type { DeviceDisplay } from '../../display.js';
import { type Incoming, overTcp, overWebSocket } from './connection.js';
import { Guesses } from './guesses.js';
import type { ShownCursor } from './picture.js';
import { type Screen, Viewer } from './viewer.js';

/** Where a VNC server listens, and whom it lets in. */
export interface VncOptions {
  /** Address to listen on. Default `127.0.0.1`. */
  readonly host?: string;
  /** TCP port, 0: one that is free. Default 5900. */
  readonly port?: number;
  /** TCP port for WebSockets, as pages in browsers need them; 0: one that is free. Default: none. */
  readonly webSocketPort?: number;
  /** Origins of pages that may look, besides those of this machine: `https://example.org`. Default none. */
  readonly origins?: readonly string[];
  /** What viewers have to know; at most 8 bytes of it count. It encrypts nothing. Default: nothing. */
  readonly password?: string;
  /** What the picture is called. Default `apple-gfx`. */
  readonly name?: string;
}

/** What a VNC server tells. */
export interface VncEvents {
  /** A viewer was let in. */
  viewer: [peer: string];
  /** A viewer was sent away, and why. */
  refused: [peer: string, reason: string];
  /** A viewer has gone. */
  left: [peer: string];
}

/** How long a viewer may take until it is let in, in milliseconds. */
const ADMISSION_MS = 20_000;
/** How often it looks whether the cursor has moved, in milliseconds, which nothing tells of. */
const CURSOR_MS = 16;
/** Bytes of a WebSocket message: viewers send little. */
const MAX_MESSAGE_BYTES = 1 << 20;
const MAX_PORT = 65_535;

/** A running server; made by serveVnc(). */
export class VncServer extends EventEmitter<VncEvents> {
  private readonly viewers = new Map<Viewer, Incoming>();
  private readonly connections = new Set<Incoming>();
  private readonly tcp: Server;
  private readonly http: HttpServer | null;
  private readonly webSockets: WebSocketServer | null;
  private readonly screen: Screen;
  private readonly guesses = new Guesses();
  private ticker: NodeJS.Timeout | null = null;
  private readonly onChange = (): void => {
    for (const viewer of this.viewers.keys()) viewer.update();
  };

  constructor(
    private readonly display: DeviceDisplay,
    private readonly options: VncOptions,
  ) {
    super();
    this.screen = screenOf(display, options.name ?? 'apple-gfx');
    this.tcp = createServer((socket) => this.onSocket(socket));
    const usesWebSockets = options.webSocketPort !== undefined;
    this.webSockets = usesWebSockets
      ? new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false })
      : null;
    this.http = usesWebSockets ? createHttpServer((_, response) => response.writeHead(426, { upgrade: 'websocket' }).end()) : null;
    if (this.http !== null) this.http.maxConnections = 2 * VNC_MAX_VIEWERS;
    this.http?.on('upgrade', (request, socket, head) => this.onUpgrade(request, socket, head));
    display.on('update', this.onChange);
    display.on('surface', this.onChange);
    display.on('cursor', this.onChange);
  }

  /** Where viewers connect to. */
  get address(): AddressInfo {
    return this.tcp.address() as AddressInfo;
  }

  /** Where pages connect to; null if they can't. */
  get webSocketAddress(): AddressInfo | null {
    return this.http === null ? null : (this.http.address() as AddressInfo);
  }

  /** How many viewers there are. */
  get viewerCount(): number {
    return this.viewers.size;
  }

  /** Begins to listen. Rejects with what the system says if it can't. */
  async listen(): Promise<void> {
    const { host = '127.0.0.1', port = 5900, webSocketPort } = this.options;
    const begin = async (server: Server, at: number): Promise<void> => {
      server.listen({ host, port: at });
      await once(server, 'listening');
    };
    await begin(this.tcp, port);
    if (this.http === null || webSocketPort === undefined) return;
    await begin(this.http, webSocketPort).catch((error: unknown) => {
      this.tcp.close();
      throw error;
    });
  }

  /** Sends everybody away and stops listening. */
  async close(): Promise<void> {
    const { display, tcp, http } = this;
    display.off('update', this.onChange);
    display.off('surface', this.onChange);
    display.off('cursor', this.onChange);
    for (const connection of this.connections) connection.destroy();
    const closed = [tcp, http].map(
      (server) => new Promise<void>((resolve) => (server?.listening ? server.close(() => resolve()) : resolve())),
    );
    this.webSockets?.close();
    await Promise.all(closed);
  }

  private onSocket(socket: Socket): void {
    const { remoteAddress = 'nobody' } = socket;
    const reason = this.reasonAgainst(remoteAddress);
    if (reason !== null) {
      this.emit('refused', remoteAddress, reason);
      socket.destroy();
      return;
    }
    this.serve(overTcp(socket), remoteAddress);
  }

  private onUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const { remoteAddress = 'nobody', remotePort = 0 } = request.socket;
    const peer = `${remoteAddress}:${remotePort}`;
    const { origin } = request.headers;
    const full = this.reasonAgainst(remoteAddress);
    // A page of anybody's can connect to this machine, and a browser tells whose it is.
    const foreign = origin !== undefined && !this.isAllowed(origin) ? `its page is of ${origin}` : null;
    const reason = full ?? foreign;
    if (reason !== null) {
      this.emit('refused', peer, reason);
      socket.end(`HTTP/1.1 ${full !== null ? '503 Service Unavailable' : '403 Forbidden'}\r\nconnection: close\r\n\r\n`);
      return;
    }
    this.webSockets?.handleUpgrade(request, socket, head, (webSocket: WebSocket) => {
      this.serve(overWebSocket(webSocket, peer), remoteAddress);
    });
  }

  /** Why nobody of that address may come in now; null if it may. */
  private reasonAgainst(address: string): string | null {
    if (this.connections.size >= VNC_MAX_VIEWERS) return `there are ${VNC_MAX_VIEWERS} viewers already`;
    const wait = this.guesses.waitOf(address);
    return wait > 0 ? `it gave wrong passwords, and may try again in ${Math.ceil(wait / 1000)} s` : null;
  }

  private isAllowed(origin: string): boolean {
    if (this.options.origins?.includes(origin)) return true;
    const host = URL.canParse(origin) ? new URL(origin).hostname : '';
    return host === 'localhost' || host === '[::1]' || (isIP(host) === 4 && host.startsWith('127.'));
  }

  private serve(connection: Incoming, address: string): void {
    const { screen, options, guesses } = this;
    const { peer } = connection;
    this.connections.add(connection);
    const late = setTimeout(() => {
      this.emit('refused', peer, `it was not let in within ${ADMISSION_MS / 1000} seconds`);
      connection.destroy();
    }, ADMISSION_MS);
    let isIn = false;
    const viewer = new Viewer({
      ...{ screen, connection, password: options.password ?? null },
      onAdmitted: () => {
        clearTimeout(late);
        isIn = true;
        guesses.noteRight(address);
        this.admit(viewer, connection);
      },
      onWrongPassword: () => guesses.noteWrong(address),
      onRefused: (reason) => {
        this.emit('refused', peer, reason);
      },
    });
    connection.onBytes((bytes) => viewer.receive(bytes));
    connection.onEnd(() => {
      clearTimeout(late);
      this.connections.delete(connection);
      viewer.close();
      if (isIn) this.leave(viewer, peer);
    });
  }

  private admit(viewer: Viewer, connection: Incoming): void {
    this.viewers.set(viewer, connection);
    // It is told when the picture has come; an end of the device that rejects it ends the viewers too.
    this.display.attachViewer().catch(() => undefined);
    this.ticker ??= setInterval(this.onChange, CURSOR_MS);
    this.emit('viewer', connection.peer);
  }

  private leave(viewer: Viewer, peer: string): void {
    this.viewers.delete(viewer);
    this.display.detachViewer();
    if (this.viewers.size === 0 && this.ticker !== null) {
      clearInterval(this.ticker);
      this.ticker = null;
    }
    this.emit('left', peer);
  }
}

/** Starts a VNC server for a display. Rejects with ArgumentError for a wrong option, and with ListenError if it can't listen. */
export async function serveVnc(display: DeviceDisplay, options: VncOptions = {}): Promise<VncServer> {
  if (!(display instanceof EventEmitter)) throw new ArgumentError(`display is ${String(display)}, expected one of Device.displays`);
  const { host, password, name, origins } = object('options', options);
  for (const [option, value] of Object.entries({ host, password, name })) if (value !== undefined) text(option, value);
  for (const [index, origin] of list('origins', origins ?? []).entries()) text(`origins[${index}]`, origin);
  integer('port', options.port ?? 0, 0, MAX_PORT);
  integer('webSocketPort', options.webSocketPort ?? 0, 0, MAX_PORT);
  if (password === '') throw new ArgumentError('password is empty, expected at least one character, or none');
  const server = new VncServer(display, options);
  try {
    await server.listen();
  } catch (error) {
    await server.close();
    throw new ListenError(error);
  }
  return server;
}

function screenOf(display: DeviceDisplay, name: string): Screen {
  let last: ShownCursor | null = null;
  return {
    name,
    get surface() {
      return display.surface;
    },
    get shownCursor() {
      const position = display.cursor.position;
      const image = display.cursorImage;
      if (position === null || image === null) return null;
      if (last?.image !== image || last.x !== position.x || last.y !== position.y) last = { image, ...position };
      return last;
    },
  };
}
