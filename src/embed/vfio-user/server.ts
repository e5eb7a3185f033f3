/**
 * A vfio-user server for one device: QEMU and other virtual machine monitors use it as a PCI device of theirs, over a Unix socket.
 *
 * Invariants: nobody but this user can connect, and the path is there as long as the server is. What a client does can neither end the device nor keep
 * the next client away; when it goes, its memory and its interrupts go with it, and the device's state stays. The protocol runs on a thread of its own
 * (actors/vfio-user); this is its end on the thread that made the device.
 */
import { EventEmitter } from 'node:events';
import { rmSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { AppleGfxError, ArgumentError, describeError } from '../../base/errors.js';
import { THREAD_YOUNG_MIB } from '../../base/limits.js';
import { checked, loadBridge, type PvgBridge } from '../../bridge/native.js';
import type { Device } from '../../device.js';
import { threadFile } from '../../runtime/thread-file.js';
import { claimPath } from '../qmp/socket-path.js';
import type { VfioUserOrder, VfioUserReport, VfioUserRequest, VfioUserThreadData } from './messages.js';
import { ClientMemory } from './client-memory.js';
import { Errno } from './protocol.js';

/** Options of serveVfioUser(): where clients come from. */
export type VfioUserOptions =
  | {
      /** Where the socket is made: at most 107 bytes. A socket that a dead server has left there is replaced. */
      readonly path: string;
    }
  | {
      /** A Unix stream socket's descriptor, which becomes the server's: one that listens, or one client's, with which the server ends. */
      readonly fd: number;
    };

/** What a VfioUserServer tells. */
export interface VfioUserEvents {
  /** A client has connected. */
  client: [];
  /** The client has gone, and why. */
  left: [reason: string];
  /** A request of the client's was answered with an error, and why. */
  refused: [reason: string];
  /** The server has ended: null if close() was called or its one client has gone, else why. */
  closed: [Error | null];
}

/** A running server; made by serveVfioUser(). */
export class VfioUserServer extends EventEmitter<VfioUserEvents> {
  private readonly bridge: PvgBridge = loadBridge();
  private readonly answered = new Int32Array(new SharedArrayBuffer(4));
  private readonly memory: ClientMemory;
  private readonly wake: number;
  private readonly worker: Worker;
  private readonly exited: Promise<void>;
  private hasExited = false;
  private failure: Error | null = null;
  private readonly onDeviceClosed = (): void => void this.close();

  /** Use serveVfioUser(). */
  constructor(
    private readonly device: Device,
    socket: number,
    private readonly path: string | null,
  ) {
    super();
    const listens = checked(this.bridge, 'serve vfio-user', this.bridge.pvg_socket_listens(socket)) === 1;
    const { pci } = device;
    if (pci === null) throw new ArgumentError('the device is of the variant "mmio", only "pci" can be served');
    this.memory = new ClientMemory(device);
    this.wake = checked(this.bridge, 'make an event descriptor', this.bridge.pvg_event_create());
    const workerData: VfioUserThreadData = {
      ...{ socket, listens, wake: this.wake, attachment: device.attachment, pci, rom: device.optionRom },
      maxMappings: ClientMemory.maximum,
      answered: this.answered.buffer as SharedArrayBuffer,
    };
    this.worker = new Worker(threadFile('vfio-user'), {
      ...{ workerData, name: 'apple-gfx vfio-user', resourceLimits: { maxYoungGenerationSizeMb: THREAD_YOUNG_MIB } },
    });
    this.worker.on('message', (report: VfioUserReport) => this.onReport(report));
    this.worker.once('error', (error) => {
      this.failure = error instanceof Error ? error : new AppleGfxError('ERR_VFIO_USER', describeError(error));
    });
    this.exited = new Promise((resolve) => this.worker.once('exit', () => resolve(this.onExit(listens ? socket : null))));
    device.once('closed', this.onDeviceClosed);
  }

  /** Ends the server: its client is let go and the path taken away. The device goes on. Idempotent. */
  async close(): Promise<void> {
    this.tell({ order: 'close' });
    if (!this.hasExited) this.bridge.pvg_event_signal(this.wake);
    await this.exited;
  }

  /** As close(), for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private tell(order: VfioUserOrder): void {
    this.worker.postMessage(order);
    Atomics.add(this.answered, 0, 1);
    Atomics.notify(this.answered, 0);
  }

  private onReport(report: VfioUserReport): void {
    switch (report.report) {
      case 'ask':
        return void this.answer(report.request);
      case 'client':
        this.emit('client');
        return;
      case 'left':
        this.emit('left', report.reason);
        return;
      case 'refused':
        this.emit('refused', report.reason);
    }
  }

  /** Every request is answered, so that the thread never waits for nothing. */
  private async answer(request: VfioUserRequest): Promise<void> {
    try {
      this.tell({ order: 'answer', value: await this.carryOut(request), errno: 0, text: '' });
    } catch (error) {
      const refused = request.do === 'map' && this.device.lifeCycle === 'running';
      this.tell({ order: 'answer', value: 0, errno: refused ? Errno.EINVAL : Errno.EIO, text: describeError(error) });
    }
  }

  private async carryOut(request: VfioUserRequest): Promise<number> {
    switch (request.do) {
      case 'map':
        return this.memory.map(request.mapping, request.descriptor);
      case 'unmap':
        await this.memory.unmap(request.names);
        return 0;
      case 'reset':
        await this.device.reset();
        return 0;
    }
  }

  private onExit(listener: number | null): void {
    this.hasExited = true;
    this.device.off('closed', this.onDeviceClosed);
    if (listener !== null) this.bridge.pvg_descriptor_close(listener);
    this.bridge.pvg_descriptor_close(this.wake);
    if (this.path !== null) rmSync(this.path, { force: true });
    this.emit('closed', this.failure);
  }
}

/**
 * Serves a device of the pci variant to a VMM, one client after the other. The device is best made with `ramBytes: 0`, since its guest's memory is the
 * client's. Rejects with ArgumentError if the path can't be had or the device is of the other variant, with BridgeError for what the system says.
 */
export async function serveVfioUser(device: Device, options: VfioUserOptions): Promise<VfioUserServer> {
  if ('fd' in options) return new VfioUserServer(device, options.fd, null);
  const { path } = options;
  await claimPath(path);
  const bridge = loadBridge();
  const socket = checked(bridge, `listen at ${path}`, bridge.pvg_socket_listen(path));
  try {
    return new VfioUserServer(device, socket, path);
  } catch (error) {
    bridge.pvg_descriptor_close(socket);
    rmSync(path, { force: true });
    throw error;
  }
}
