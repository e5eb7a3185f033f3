/**
 * A QMP server for one device: what manages a QEMU can look at it, reset it, take its picture and end it, over a Unix socket.
 *
 * Invariant: nobody but this user can connect, and the path is there as long as the server is. What clients do can neither stop the device, unless they
 * ask for that, nor another client. Resets that the embedder asks for itself are not told of.
 */
import { EventEmitter } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { object } from '../../base/arguments.js';
import { AppleGfxError, ArgumentError, ListenError } from '../../base/errors.js';
import { QMP_MAX_CLIENTS } from '../../base/limits.js';
import type { Device } from '../../device.js';
import { QmpClient } from './client.js';
import type { Commands } from './command.js';
import { deviceCommands, type QmpMachine } from './commands.js';
import { type QmpEvent, type ShutdownCause, timed } from './protocol.js';
import { listenAt } from '../socket-path.js';

export type { QmpMachine } from './commands.js';
export type { ShutdownCause } from './protocol.js';

/** Options of serveQmp(). */
export interface QmpOptions {
  /** Where the socket is made: at most 107 bytes. A socket that a dead server has left there is replaced. */
  readonly path: string;
  /** The guest's side, if the embedder lets clients stop it: `stop`, `cont`, and what a reset has to do besides. Default: none. */
  readonly machine?: QmpMachine;
  /** What `quit` does, after it was answered and everybody was told. Default: closes the device. */
  readonly onQuit?: () => void;
}

/** What a QmpServer tells. */
export interface QmpEvents {
  /** A client was sent away, and why. */
  refused: [reason: string];
}

/** A running server; made by serveQmp(). */
export class QmpServer extends EventEmitter<QmpEvents> {
  private readonly clients = new Map<Socket, QmpClient>();
  private readonly server: Server;
  private readonly commands: Commands;
  private hasShutDown = false;
  private readonly onClosed = (reason: Error | null): void => {
    void this.close(reason === null ? 'none' : 'host-error');
  };

  /** Use serveQmp(). */
  constructor(
    private readonly device: Device,
    private readonly options: QmpOptions,
  ) {
    super();
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.onSocket(socket));
    this.commands = deviceCommands({
      ...{ device, machine: options.machine ?? null },
      tell: (event) => this.tell(event),
      // The answer goes first.
      quit: () => void setImmediate(() => this.quit()),
    });
  }

  /** Where clients connect to. */
  get path(): string {
    return this.options.path;
  }

  /** How many clients there are. */
  get clientCount(): number {
    return this.clients.size;
  }

  /** Begins to listen. Rejects with ArgumentError if the path can't be had, and with what the system says if it can't listen. */
  async listen(): Promise<void> {
    await listenAt(this.server, this.path);
    this.device.once('closed', this.onClosed);
    // A device that closed meanwhile has told nobody.
    if (this.device.lifeCycle === 'closed') await this.close();
  }

  /** Tells clients that the machine ends, and why; sends them away, stops listening and removes the path. Idempotent. */
  async close(cause: ShutdownCause = 'none'): Promise<void> {
    this.shutDown(cause);
    this.device.off('closed', this.onClosed);
    for (const client of this.clients.values()) client.close();
    // It takes the path away, too.
    await new Promise<void>((resolve) => (this.server.listening ? this.server.close(() => resolve()) : resolve()));
  }

  private onSocket(socket: Socket): void {
    // What goes wrong with a connection ends it, and nothing else.
    socket.on('error', () => undefined);
    if (this.clients.size >= QMP_MAX_CLIENTS || this.hasShutDown) {
      socket.destroy();
      this.emit('refused', this.hasShutDown ? 'the device has ended' : `there are ${QMP_MAX_CLIENTS} clients already`);
      return;
    }
    socket.once('close', () => this.clients.delete(socket));
    this.clients.set(socket, new QmpClient(socket, this.commands));
  }

  private tell(event: QmpEvent): void {
    const message = timed(event, 1000 * (performance.timeOrigin + performance.now()));
    for (const client of this.clients.values()) client.tell(message);
  }

  private shutDown(reason: ShutdownCause): void {
    if (this.hasShutDown) return;
    this.hasShutDown = true;
    this.tell({ event: 'SHUTDOWN', data: { guest: reason === 'guest-shutdown', reason } });
  }

  private quit(): void {
    this.shutDown('host-qmp-quit');
    if (this.options.onQuit) this.options.onQuit();
    else this.device.close().catch(() => undefined);
  }
}

/**
 * Starts a QMP server for a device; it ends with the device. Rejects with ArgumentError for a wrong option or a path that can't be had, and with
 * ListenError if it can't listen.
 */
export async function serveQmp(device: Device, options: QmpOptions): Promise<QmpServer> {
  if (!(device instanceof EventEmitter)) throw new ArgumentError(`device is ${String(device)}, expected what createDevice() made`);
  const { path, machine, onQuit } = object('options', options);
  if (typeof path !== 'string') throw new ArgumentError(`path is ${String(path)}, expected the path of a file`);
  if (onQuit !== undefined && typeof onQuit !== 'function') throw new ArgumentError(`onQuit is ${String(onQuit)}, expected a function`);
  if (machine !== undefined) object('machine', machine);
  const server = new QmpServer(device, options);
  await server.listen().catch((error: unknown) => {
    throw error instanceof AppleGfxError ? error : new ListenError(error);
  });
  return server;
}
