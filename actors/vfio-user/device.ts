/**
 * The device as a client's session sees it, on the server's thread: registers by a vCPU's mailbox, interrupts by their descriptors, and what changes
 * the device as a whole by asking the thread that made it.
 *
 * Invariant: each call returns when what it does is done. Throws DeviceClosedError once the device or the server ends.
 */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads';
import { BridgeError, DeviceClosedError } from '../../src/base/errors.js';
import { loadBridge, type PvgBridge } from '../../src/bridge/native.js';
import type { PciDescription } from '../../src/device/pci.js';
import type { DmaMapping } from '../../src/embed/vfio-user/dma-table.js';
import type {
  VfioUserAnswer,
  VfioUserOrder,
  VfioUserReport,
  VfioUserRequest,
  VfioUserThreadData,
} from '../../src/embed/vfio-user/messages.js';
import { Errno, RequestError } from '../../src/embed/vfio-user/protocol.js';
import type { SessionDevice } from '../../src/embed/vfio-user/session.js';
import { InterruptSignals } from '../../src/runtime/interrupt-signals.js';
import { Vcpu, type VcpuAttachment } from '../../src/runtime/vcpu.js';

export class ThreadDevice implements SessionDevice {
  readonly pci: PciDescription;
  readonly rom: Uint8Array | null;
  readonly maxMappings: number;
  /** The server is to end. */
  closing = false;
  private readonly bridge: PvgBridge = loadBridge();
  readonly canMigrate: boolean;
  private readonly unlocked: boolean;
  /** null while the device is stopped. */
  private vcpu: Vcpu | null = null;
  private signals: InterruptSignals | null = null;
  /** Descriptors of vectors, of this thread's own, for the next device too. */
  private readonly vectors = new Map<number, number>();
  private enabledVectors = 0;
  private hasTwin = false;
  private readonly answered: Int32Array;
  /** What `answered` was when everything that this thread was told had been looked at. */
  private seen = 0;

  constructor(
    private readonly port: MessagePort,
    data: VfioUserThreadData,
  ) {
    this.pci = data.pci;
    this.rom = data.rom;
    this.maxMappings = data.maxMappings;
    this.canMigrate = data.canMigrate;
    this.unlocked = data.unlocked;
    this.attach(data.attachment);
    this.answered = new Int32Array(data.answered);
  }

  tell(report: VfioUserReport): void {
    this.port.postMessage(report);
  }

  /** Looks at what this thread was told while it did something else; whether it is to end. */
  look(): boolean {
    if (Atomics.load(this.answered, 0) !== this.seen) this.next();
    return this.closing;
  }

  readRegisters(offset: number, target: DataView): void {
    const { vcpu } = this;
    const { byteLength } = target;
    if (vcpu && byteLength === 4 && offset % 4 === 0) target.setUint32(0, vcpu.read32(offset), true);
    else if (vcpu && byteLength === 8 && offset % 8 === 0) target.setBigUint64(0, vcpu.read64(offset), true);
    else for (let at = 0; at < byteLength; at++) target.setUint8(at, vcpu ? 0 : 0xff);
  }

  writeRegisters(offset: number, source: DataView): void {
    if (source.byteLength === 4 && offset % 4 === 0) this.vcpu?.write32(offset, source.getUint32(0, true));
    else if (source.byteLength === 8 && offset % 8 === 0) this.vcpu?.write64(offset, source.getBigUint64(0, true));
  }

  map(mapping: DmaMapping, descriptor: number | null): number {
    return this.ask({ do: 'map', mapping, descriptor }).value;
  }

  unmap(names: readonly number[]): void {
    this.ask({ do: 'unmap', names });
  }

  reset(): void {
    this.ask({ do: 'reset' });
  }

  isEvent(descriptor: number): boolean {
    return this.bridge.pvg_event_is(descriptor) === 1;
  }

  setVector(vector: number, descriptor: number | null): void {
    const own = descriptor === null ? null : this.bridge.pvg_descriptor_duplicate(descriptor);
    if (own !== null && own < 0) throw new RequestError(Errno.ENOMEM, this.bridge.pvg_last_error());
    try {
      this.signal(vector, own);
    } catch (error) {
      if (own !== null) this.bridge.pvg_descriptor_close(own);
      throw error;
    }
    const before = this.vectors.get(vector);
    if (own === null) this.vectors.delete(vector);
    else this.vectors.set(vector, own);
    if (before !== undefined) this.bridge.pvg_descriptor_close(before);
  }

  enableMsi(vectors: number): void {
    this.enabledVectors = vectors;
    this.vcpu?.interrupts.setMsiEnabled(vectors > 0, vectors);
  }

  trigger(vector: number): void {
    this.signals?.raise(vector);
  }

  openTwin(maxDataBytes: number): number | null {
    const ends = new Int32Array(2);
    if (this.bridge.pvg_socket_pair(ends) < 0) return null;
    const [ours = -1, theirs = -1] = ends;
    this.tell({ report: 'twin', socket: ours, maxDataBytes });
    this.hasTwin = true;
    return theirs;
  }

  /** The client has gone, and is asked for memory no more. */
  closeTwin(): void {
    if (this.hasTwin) this.ask({ do: 'closeTwin' });
    this.hasTwin = false;
  }

  stop(): Uint8Array {
    return this.bytesOf({ do: 'stop' });
  }

  run(state: Uint8Array | null): void {
    this.ask({ do: 'run', state });
  }

  setLogging(on: boolean): void {
    this.ask({ do: 'log', on });
  }

  takeDirtyPages(address: bigint, bytes: bigint, pageBytes: number): Uint8Array {
    return this.bytesOf({ do: 'dirty', address, bytes, pageBytes });
  }

  /** Gives the vCPU's mailbox back, and the descriptors. */
  detach(): void {
    this.attach(null);
    for (const own of this.vectors.values()) this.bridge.pvg_descriptor_close(own);
    this.vectors.clear();
  }

  private attach(attachment: VcpuAttachment | null): void {
    this.vcpu?.detach();
    this.vcpu = attachment && new Vcpu(attachment, { unlocked: this.unlocked });
    this.signals = attachment && new InterruptSignals(attachment);
    for (const [vector, own] of this.vectors) this.signalAnew(vector, own);
    if (this.vectors.size > 0) this.enableMsi(this.enabledVectors);
  }

  /** On another device. If the system has no room for it, the vector has none. */
  private signalAnew(vector: number, own: number): void {
    try {
      this.signal(vector, own);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
    }
  }

  private signal(vector: number, descriptor: number | null): void {
    try {
      this.signals?.set(vector, descriptor);
    } catch (error) {
      if (!(error instanceof BridgeError)) throw error;
      // A device that has ended signals nothing.
      if (descriptor === null) return;
      throw new RequestError(Errno.ENOMEM, error.message);
    }
  }

  private bytesOf(request: VfioUserRequest): Uint8Array {
    return this.ask(request).bytes ?? new Uint8Array();
  }

  /** Asks the device's own thread, and waits for the answer. */
  private ask(request: VfioUserRequest): VfioUserAnswer {
    this.tell({ report: 'ask', request });
    for (;;) {
      const answer = this.next();
      if (answer) {
        if (answer.errno === Errno.EIO) throw new DeviceClosedError(answer.text);
        if (answer.errno !== 0) throw new RequestError(answer.errno, answer.text);
        return answer;
      }
      Atomics.wait(this.answered, 0, this.seen);
    }
  }

  /** Takes every order off the port; the answer that is among them, null if there is none. */
  private next(): VfioUserAnswer | null {
    let answer: VfioUserAnswer | null = null;
    // Before the port is looked at: what is told after that changes it again.
    this.seen = Atomics.load(this.answered, 0);
    for (;;) {
      const received = receiveMessageOnPort(this.port) as { readonly message: VfioUserOrder } | undefined;
      if (received === undefined) return answer;
      const { message } = received;
      if (message.order === 'answer') answer = message;
      else if (message.order === 'device') this.attach(message.attachment);
      else this.closing = true;
    }
  }
}
