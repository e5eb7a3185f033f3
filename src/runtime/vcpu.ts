/**
 * A guest processor's view of the device, from any thread: synchronous register accesses, RAM, interrupts.
 *
 * Invariant: one access at a time per attachment; its answer arrives in a mailbox of its own, so a late answer to an
 * access that was given up can't be taken for another's (the token tells).
 */
import { ArgumentError, DeviceClosedError } from '../base/errors.js';
import { REPLY_MAILBOX_CAPACITY, SPIN_MICROSECONDS } from '../base/limits.js';
import { checkedHandle, loadBridge, type PvgBridge, ramView } from '../bridge/native.js';
import { Mailboxes } from './mailbox.js';
import { InterruptLines } from './shared.js';

/** The kinds of record that a vCPU posts and takes, handed in so that this file knows no actor. */
export interface VcpuAttachment {
  readonly group: number;
  readonly bqlMailbox: number;
  readonly accessKind: number;
  readonly ram: number;
  readonly ramBase: number;
  readonly ramBytes: number;
  readonly pageShift: 12 | 14;
  readonly interrupts: SharedArrayBuffer;
}

export class Vcpu {
  readonly ram: Uint8Array;
  readonly ramBase: number;
  readonly pageShift: 12 | 14;
  readonly interrupts: InterruptLines;
  private readonly bridge: PvgBridge;
  private readonly mailboxes: Mailboxes;
  private readonly replies: number;
  private token = 0;

  /** Attaches the calling thread. The attachment comes from Device.attachment and may cross threads. */
  constructor(private readonly attachment: VcpuAttachment) {
    this.bridge = loadBridge();
    this.mailboxes = new Mailboxes(this.bridge);
    this.replies = checkedHandle(
      this.bridge,
      'attach a vCPU',
      this.bridge.pvg_mailbox_create(attachment.group, REPLY_MAILBOX_CAPACITY, SPIN_MICROSECONDS),
    );
    this.ram = ramView(this.bridge, attachment.ram, 0, attachment.ramBytes);
    this.ramBase = attachment.ramBase;
    this.pageShift = attachment.pageShift;
    this.interrupts = new InterruptLines(attachment.interrupts);
  }

  /** Reads a 32-bit register of the gfx window; blocks until PVG has answered. Throws DeviceClosedError. */
  read32(offset: number): number {
    return this.access(0, 4, offset, 0, 0).low;
  }

  /** Writes a 32-bit register; blocks until PVG has processed it. Throws DeviceClosedError. */
  write32(offset: number, value: number): void {
    this.access(1, 4, offset, value >>> 0, 0);
  }

  /** Reads 8 bytes: two registers, the low one first. */
  read64(offset: number): bigint {
    const { low, high } = this.access(0, 8, offset, 0, 0);
    return (BigInt(high) << 32n) | BigInt(low);
  }

  /** Writes 8 bytes: two registers, the low one first, nothing else of the guest's in between. */
  write64(offset: number, value: bigint): void {
    this.access(1, 8, offset, Number(value & 0xffff_ffffn), Number((value >> 32n) & 0xffff_ffffn));
  }

  /** Gives the reply mailbox back; an access that is blocked in it on another thread throws DeviceClosedError. */
  detach(): void {
    this.bridge.pvg_mailbox_destroy(this.replies);
  }

  private access(operation: 0 | 1, size: 4 | 8, offset: number, low: number, high: number): { low: number; high: number } {
    if (!Number.isSafeInteger(offset) || offset < 0) throw new ArgumentError(`register offset ${offset} is not a non-negative integer`);
    const { bqlMailbox, accessKind } = this.attachment;
    this.token = (this.token + 1) >>> 0;
    const words = [operation, 0, size, offset, low, this.replies];
    this.mailboxes.postOrThrow(bqlMailbox, { kind: accessKind, id: this.token, words, reserved: high });
    for (;;) {
      const records = this.mailboxes.take(this.replies, -1, 1);
      if (records === null) throw new DeviceClosedError();
      const reply = records[0];
      if (reply && reply.id === this.token) return { low: reply.words[0] ?? 0, high: reply.words[1] ?? 0 };
    }
  }
}
