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
import { AppleGfxError, ArgumentError, describeError, DeviceClosedError } from '../../base/errors.js';
import { THREAD_YOUNG_MIB } from '../../base/limits.js';
import { checked, loadBridge, type PvgBridge } from '../../bridge/native.js';
import type { Device } from '../../device.js';
import type { DeviceOptions } from '../../device/options.js';
import { DEFAULT_REVISION } from '../../revisions/revisions.js';
import { threadFile } from '../../runtime/thread-file.js';
import { claimPath } from '../socket-path.js';
import type { VfioUserOrder, VfioUserReport, VfioUserRequest, VfioUserThreadData } from './messages.js';
import { ClientMemory } from './client-memory.js';
import { Errno } from './protocol.js';
import { TwinChannel } from './twin-channel.js';

/** Where clients come from. */
export type VfioUserPlace =
  | {
      /** Where the socket is made: at most 107 bytes. A socket that a dead server has left there is replaced. */
      readonly path: string;
    }
  | {
      /** A Unix stream socket's descriptor, which becomes the server's: one that listens, or one client's, with which the server ends. */
      readonly fd: number;
    };

/** Options of serveVfioUser(). */
export type VfioUserOptions = VfioUserPlace & {
  /**
   * Makes a device as the first one was made, but for what it is given. A device whose VMM moves it to another host or back is ended, and goes on as one that
   * this makes. Default: the device can't be moved.
   */
  readonly makeDevice?: (options: Pick<DeviceOptions, 'memory' | 'restore'>) => Promise<Device>;
};

/**
 * How often a device may be stopped and go on as another one. Each thread that has loaded a library leaves three mappings behind (koffi's memory for calls), and the
 * system allows a process some 65 000: a client that stops its device again and again would use them all up.
 */
const MAX_DEVICES_MADE = 1000;

/** What a VfioUserServer tells. */
export interface VfioUserEvents {
  /** A client has connected. */
  client: [];
  /** The client has gone, and why. */
  left: [reason: string];
  /** A request of the client's was answered with an error, and why. */
  refused: [reason: string];
  /** Another device is served from now on, since the one before was moved or brought back; null: none, until the VMM wants it to go on. */
  device: [Device | null];
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
  private current: Device | null;
  /** Devices made for one that was stopped. */
  private made = 0;
  private readonly makeDevice: VfioUserOptions['makeDevice'];
  private readonly path: string | null;
  private readonly onDeviceClosed = (reason: Error | null): void => {
    this.failure ??= reason;
    void this.close();
  };

  /** Use serveVfioUser(). */
  constructor(device: Device, socket: number, options: VfioUserOptions) {
    super();
    this.current = device;
    this.makeDevice = options.makeDevice;
    this.path = 'path' in options ? options.path : null;
    const listens = checked(this.bridge, 'serve vfio-user', this.bridge.pvg_socket_listens(socket)) === 1;
    const { pci } = device;
    if (pci === null) throw new ArgumentError('the device is of the variant "mmio", only "pci" can be served');
    this.memory = new ClientMemory(this.bridge, device, (reason) => this.emit('refused', reason));
    this.wake = checked(this.bridge, 'make an event descriptor', this.bridge.pvg_event_create());
    const workerData: VfioUserThreadData = {
      ...{ socket, listens, wake: this.wake, attachment: device.attachment, pci, rom: device.optionRom },
      maxMappings: ClientMemory.maximum,
      canMigrate: this.makeDevice !== undefined,
      // The older revisions are about who holds the lock.
      unlocked: device.revision.name === DEFAULT_REVISION,
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

  /** The device that is served; null while its VMM has it stopped. */
  get device(): Device | null {
    return this.current;
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
      case 'twin':
        void this.memory.setTwin(new TwinChannel(report.socket, report.maxDataBytes, (reason) => this.emit('refused', reason)));
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
    const answer = { order: 'answer', value: 0, bytes: null, errno: 0, text: '' } as const;
    try {
      const done = await this.carryOut(request);
      this.tell(typeof done === 'number' ? { ...answer, value: done } : { ...answer, bytes: done });
    } catch (error) {
      // A device that is closed under a request is the end of the server.
      const isOver = error instanceof DeviceClosedError || request.do === 'unmap' || request.do === 'closeTwin';
      this.tell({ ...answer, errno: isOver ? Errno.EIO : Errno.EINVAL, text: `${request.do}: ${describeError(error)}` });
    }
  }

  private async carryOut(request: VfioUserRequest): Promise<number | Uint8Array | null> {
    switch (request.do) {
      case 'map':
        return this.memory.map(request.mapping, request.descriptor);
      case 'unmap':
        await this.memory.unmap(request.names);
        return null;
      case 'closeTwin':
        await this.memory.setTwin(null);
        return null;
      case 'reset':
        await this.current?.reset();
        return null;
      case 'stop':
        return this.stopDevice();
      case 'run':
        await this.runDevice(request.state);
        return null;
      case 'log':
        this.memory.setLogging(request.on);
        return null;
      case 'dirty':
        return this.memory.takeDirtyPages(request.address, request.bytes, request.pageBytes);
    }
  }

  /** Ends the device and gives its state. */
  private async stopDevice(): Promise<Uint8Array> {
    const device = this.current;
    if (device === null) throw new AppleGfxError('ERR_VFIO_USER', 'there is no device');
    if (this.made >= MAX_DEVICES_MADE)
      throw new AppleGfxError(
        'ERR_VFIO_USER',
        `this server has made ${this.made} devices, and each leaves something behind: start another one`,
      );
    device.off('closed', this.onDeviceClosed);
    try {
      const state = await device.save({ memory: false, beforeClose: () => this.memory.noteDirtyPages() });
      this.replace(null);
      return state;
    } catch (error) {
      // One that can't be saved goes on, if it still can.
      if (device.lifeCycle === 'running') device.once('closed', this.onDeviceClosed);
      else this.replace(null);
      throw error;
    }
  }

  /** Makes a device that goes on from a state, or a new one. */
  private async runDevice(state: Uint8Array | null): Promise<void> {
    const { makeDevice } = this;
    if (makeDevice === undefined) throw new AppleGfxError('ERR_VFIO_USER', 'no device can be made');
    this.made++;
    const device = await makeDevice({ memory: this.memory.options, ...(state && { restore: state }) });
    // Nobody may wait for it any more.
    if (this.hasExited) return device.close();
    device.once('closed', this.onDeviceClosed);
    await this.memory.attach(device);
    this.replace(device);
  }

  private replace(device: Device | null): void {
    this.current = device;
    if (device === null) this.memory.detach();
    this.tell({ order: 'device', attachment: device?.attachment ?? null });
    this.emit('device', device);
  }

  private onExit(listener: number | null): void {
    this.hasExited = true;
    this.current?.off('closed', this.onDeviceClosed);
    this.memory.close();
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
  if ('fd' in options) return new VfioUserServer(device, options.fd, options);
  const { path } = options;
  await claimPath(path);
  const bridge = loadBridge();
  const socket = checked(bridge, `listen at ${path}`, bridge.pvg_socket_listen(path));
  try {
    return new VfioUserServer(device, socket, options);
  } catch (error) {
    bridge.pvg_descriptor_close(socket);
    rmSync(path, { force: true });
    throw error;
  }
}
