/**
 * Event descriptors that a device's interrupts are signalled on, for whoever waits for interrupts in another process.
 *
 * Invariant: a descriptor is duplicated, and signalled by the BQL actor itself, so nobody has to wait for this thread. One of them on one thread at a time.
 */
import { checked, loadBridge, type PvgBridge } from '../bridge/native.js';
import { InterruptLines } from './shared.js';
import type { VcpuAttachment } from './vcpu.js';

/** Descriptors of one device's interrupt lines or MSI vectors. */
export class InterruptSignals {
  private readonly bridge: PvgBridge = loadBridge();
  private readonly lines: InterruptLines;
  private readonly vectors = new Set<number>();

  /** The attachment comes from Device.attachment. */
  constructor(private readonly attachment: Pick<VcpuAttachment, 'group' | 'interrupts'>) {
    this.lines = new InterruptLines(attachment.interrupts);
  }

  /**
   * Signals a line or vector on an event descriptor (eventfd) from now on, which stays the caller's, or on none. Throws BridgeError if it is
   * no event descriptor.
   */
  set(vector: number, descriptor: number | null): void {
    checked(this.bridge, `signal vector ${vector}`, this.bridge.pvg_signal_set(this.attachment.group, vector, descriptor ?? -1));
    if (descriptor === null) this.vectors.delete(vector);
    else this.vectors.add(vector);
    this.lines.setSignalled(this.vectors.size > 0);
  }

  /** Signals a vector as if the device had raised it. */
  raise(vector: number): void {
    this.bridge.pvg_signal_raise(this.attachment.group, vector);
  }
}
