/**
 * A qtest server for one device: a test is its guest, over a Unix socket, by QEMU's qtest protocol.
 *
 * Invariant: nobody but this user can connect, and the path is there as long as the server is. One client at a time, as QEMU has it; the next one is served
 * when that has gone and nothing that it asked for goes on. The device is not reset in between. What clients do can neither stop the device nor another client.
 */
import { EventEmitter } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { ArgumentError } from '../../base/errors.js';
import { QTEST_MAX_WAITING } from '../../base/limits.js';
import type { Device } from '../../device.js';
import { listenAt } from '../socket-path.js';
import { QtestClient } from './client.js';

/** Options of serveQtest(). */
export interface QtestOptions {
  /** Where the socket is made: at most 107 bytes. A socket that a dead server has left there is replaced. */
  readonly path: string;
  /** Told each line that goes over the socket, as QEMU's -qtest-log writes it. Default: nobody. */
  readonly log?: (line: string) => void;
}

/** What a QtestServer tells. */
export interface QtestEvents {
  /** A client was sent away, and why. */
  refused: [reason: string];
}

/** A running server; made by serveQtest(). */
export class QtestServer extends EventEmitter<QtestEvents> {
  private readonly server: Server;
  private readonly waiting: Socket[] = [];
  private client: QtestClient | null = null;
  private hasClosed = false;
  private readonly onClosed = (): void => void this.close();

  /** Use serveQtest(). */
  constructor(
    private readonly device: Device,
    private readonly options: QtestOptions,
  ) {
    super();
    // Who has to wait is not read from.
    this.server = createServer({ allowHalfOpen: true, pauseOnConnect: true }, (socket) => this.onSocket(socket));
  }

  /** Where clients connect to. */
  get path(): string {
    return this.options.path;
  }

  /** How many clients there are: the one that is served, and those that wait for their turn. */
  get clientCount(): number {
    return this.waiting.length + (this.client === null ? 0 : 1);
  }

  /** Begins to listen. Rejects with ArgumentError if the path can't be had, and with what the system says if it can't listen. */
  async listen(): Promise<void> {
    await listenAt(this.server, this.path);
    this.device.once('closed', this.onClosed);
    // A device that closed meanwhile has told nobody.
    if (this.device.lifeCycle === 'closed') await this.close();
  }

  /** Sends clients away, stops listening and removes the path. Idempotent. */
  async close(): Promise<void> {
    this.hasClosed = true;
    this.device.off('closed', this.onClosed);
    this.client?.sendAway();
    for (const socket of this.waiting.splice(0)) socket.destroy();
    // It takes the path away, too.
    await new Promise<void>((resolve) => (this.server.listening ? this.server.close(() => resolve()) : resolve()));
  }

  private onSocket(socket: Socket): void {
    // What goes wrong with a connection ends it, and nothing else.
    socket.on('error', () => undefined);
    if (this.hasClosed || this.waiting.length >= QTEST_MAX_WAITING) {
      socket.destroy();
      this.emit('refused', this.hasClosed ? 'the device has ended' : `${QTEST_MAX_WAITING} clients wait already`);
      return;
    }
    this.waiting.push(socket);
    void this.serveNext();
  }

  private async serveNext(): Promise<void> {
    if (this.client !== null) return;
    const socket = this.waiting.shift();
    if (socket === undefined) return;
    this.client = new QtestClient(socket, this.device, this.options.log);
    socket.resume();
    await this.client.gone();
    this.client = null;
    void this.serveNext();
  }
}

/**
 * Starts a qtest server for a device, best one made with `clock: 'virtual'`; it ends with the device. Rejects with ArgumentError for a path that can't be
 * had, and with what the system says if it can't listen.
 */
export async function serveQtest(device: Device, options: QtestOptions): Promise<QtestServer> {
  if (typeof options.path !== 'string') throw new ArgumentError(`path is ${String(options.path)}, expected the path of a file`);
  const server = new QtestServer(device, options);
  await server.listen();
  return server;
}
