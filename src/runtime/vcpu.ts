/**
 * A guest processor's view of the device, from any thread: synchronous register accesses, RAM, interrupts.
 *
 * Invariant: one access at a time per attachment; its answer arrives in a mailbox of its own, so a late answer to an
 * access that was given up can't be taken for another's (the token tells).
 */
import { registerWord, registerWords } from '../base/arguments.js';
import { ArgumentError, DeadlockError, DeviceClosedError } from '../base/errors.js';
import { REPLY_MAILBOX_CAPACITY } from '../base/limits.js';
import { checkedHandle, loadBridge, type PvgBridge, ramView } from '../bridge/native.js';
import { PvgCause, PvgWindow } from '../bridge/pvg.js';
import { TraceSwitches } from '../trace/switches.js';
import { Board, VCPU_CODES } from './board.js';
import { Mailboxes } from './mailbox.js';
import { carryIntoPvg, type PvgAccess } from './pvg-access.js';
import { Counters, InterruptLines } from './shared.js';

/** The kinds of record that a vCPU posts and takes, handed in so that this file knows no actor. */
export interface VcpuAttachment {
  /** The bridge's handle of the device's group. */
  readonly group: number;
  /** The bridge's handle of PVG's device. */
  readonly device: number;
  /** The bridge's handle of the mailbox that accesses go to. */
  readonly bqlMailbox: number;
  /** The kinds of record that it posts and takes. */
  readonly kinds: { readonly access: number; readonly enterPvg: number; readonly accessReturned: number };
  /** Where threads say what they wait for. */
  readonly board: SharedArrayBuffer;
  /** Whether there is an iosfc window. */
  readonly iosfc: boolean;
  /** The bridge's handle of the device's own guest RAM, 0 if it has none. */
  readonly ram: number;
  /** Guest-physical address of RAM. */
  readonly ramBase: number;
  /** Bytes of RAM. */
  readonly ramBytes: number;
  /** Base-2 logarithm of a guest page's bytes. */
  readonly pageShift: 12 | 14;
  /** Memory of the interrupt lines. */
  readonly interrupts: SharedArrayBuffer;
  /** How long an answer may be polled for. */
  readonly pollMicroseconds: number;
  /** Bytes of the gfx and the iosfc window; 0: there is none. */
  readonly windowBytes: readonly [gfx: number, iosfc: number];
  /** Memory of the device's counters. */
  readonly counters: SharedArrayBuffer;
  /** Memory of the switches of trace events. */
  readonly traceSwitches: SharedArrayBuffer;
  /** Whether the device was made with `traceDetail`. */
  readonly traceDetail: boolean;
}

/** What a vCPU may be told. */
export interface VcpuOptions {
  /**
   * True: accesses are carried into PVG by the calling thread alone, without the BQL: for a guest whose VMM is another process and has a lock of its own.
   * An access is a few microseconds shorter then; PVG sees this thread's accesses in their order as ever, what PVG asks meanwhile the BQL actor answers as ever,
   * and `traceHistory()` hasn't the accesses. While any trace event is on, or with `traceDetail`, they are made with the BQL, so that they are traced. Default false.
   */
  readonly unlocked?: boolean;
}

/** Which register of what size, and what is done to it. */
interface Register {
  readonly operation: 0 | 1;
  readonly window: number;
  readonly size: 4 | 8;
}

const READ = 0;
const WRITE = 1;
const GFX_READ: Register = { operation: READ, window: PvgWindow.gfx, size: 4 };
const GFX_WRITE: Register = { operation: WRITE, window: PvgWindow.gfx, size: 4 };
const GFX_READ_64: Register = { operation: READ, window: PvgWindow.gfx, size: 8 };
const GFX_WRITE_64: Register = { operation: WRITE, window: PvgWindow.gfx, size: 8 };
const IOSFC_READ: Register = { operation: READ, window: PvgWindow.iosfc, size: 8 };
const IOSFC_WRITE: Register = { operation: WRITE, window: PvgWindow.iosfc, size: 8 };
const IOSFC_READ_32: Register = { operation: READ, window: PvgWindow.iosfc, size: 4 };
const IOSFC_WRITE_32: Register = { operation: WRITE, window: PvgWindow.iosfc, size: 4 };

/** A guest's processor as the device sees it: accesses that wait for their end, on whichever thread made it. Used by that thread alone. */
export class Vcpu {
  /** The device's own guest RAM, shared with PVG; empty if it has none. */
  readonly ram: Uint8Array;
  /** Guest-physical address of RAM. */
  readonly ramBase: number;
  /** Base-2 logarithm of a guest page's bytes. */
  readonly pageShift: 12 | 14;
  /** The device's interrupt lines. */
  readonly interrupts: InterruptLines;
  private readonly bridge: PvgBridge;
  private readonly mailboxes: Mailboxes;
  private readonly replies: number;
  private readonly board: Board;
  /** Its line on the board, null if there was none left. */
  private readonly line: number | null;
  private readonly counters: Counters;
  private readonly unlocked: boolean;
  private readonly switches: TraceSwitches;
  private token = 0;
  /** What the last access has read: its halves, of 32 bits each. */
  private low = 0;
  private high = 0;

  /** Attaches the calling thread. The attachment comes from Device.attachment and may cross threads. */
  constructor(
    private readonly attachment: VcpuAttachment,
    { unlocked = false }: VcpuOptions = {},
  ) {
    if (typeof attachment?.group !== 'number' || !(attachment.board instanceof SharedArrayBuffer))
      throw new ArgumentError(`attachment is ${String(attachment)}, expected what Device.attachment gives`);
    this.unlocked = unlocked;
    this.switches = new TraceSwitches(attachment.traceSwitches);
    this.counters = new Counters(attachment.counters);
    this.bridge = loadBridge();
    this.mailboxes = new Mailboxes(this.bridge);
    this.replies = checkedHandle(
      this.bridge,
      'attach a vCPU',
      this.bridge.pvg_mailbox_create(attachment.group, REPLY_MAILBOX_CAPACITY, attachment.pollMicroseconds),
    );
    this.ram = attachment.ramBytes === 0 ? new Uint8Array(0) : ramView(this.bridge, attachment.ram, 0, attachment.ramBytes);
    this.ramBase = attachment.ramBase;
    this.pageShift = attachment.pageShift;
    this.interrupts = new InterruptLines(attachment.interrupts);
    this.board = new Board(attachment.board);
    this.line = this.board.claimVcpu(this.bridge.pvg_thread_id());
  }

  /** Reads a 32-bit register of the gfx window; blocks until PVG has answered. Throws DeviceClosedError. */
  read32(offset: number): number {
    this.access(GFX_READ, offset, 0, 0);
    return this.low;
  }

  /** Writes a 32-bit register; blocks until PVG has processed it. Throws DeviceClosedError. */
  write32(offset: number, value: number): void {
    this.access(GFX_WRITE, offset, registerWord(value), 0);
  }

  /** Reads 8 bytes: two registers, the low one first. */
  read64(offset: number): bigint {
    this.access(GFX_READ_64, offset, 0, 0);
    return this.wide;
  }

  /** Writes 8 bytes: two registers, the low one first, nothing else of the guest's in between. */
  write64(offset: number, value: bigint): void {
    const { low, high } = registerWords(value);
    this.access(GFX_WRITE_64, offset, low, high);
  }

  /** Whether the device has an iosfc window (mmio variant). */
  get hasIosfc(): boolean {
    return this.attachment.iosfc;
  }

  /** Reads a 64-bit register of the iosfc window; 0 without one. */
  readIosfc64(offset: number): bigint {
    this.access(IOSFC_READ, offset, 0, 0);
    return this.wide;
  }

  /** Writes a 64-bit register of the iosfc window. */
  writeIosfc64(offset: number, value: bigint): void {
    const { low, high } = registerWords(value);
    this.access(IOSFC_WRITE, offset, low, high);
  }

  /** Reads 4 bytes of the iosfc window. */
  readIosfc32(offset: number): number {
    this.access(IOSFC_READ_32, offset, 0, 0);
    return this.low;
  }

  /** Writes 4 bytes of the iosfc window. */
  writeIosfc32(offset: number, value: number): void {
    this.access(IOSFC_WRITE_32, offset, registerWord(value), 0);
  }

  /** Gives the reply mailbox back; an access that is blocked in it on another thread throws DeviceClosedError. */
  detach(): void {
    if (this.line !== null) this.board.leave(this.line);
    this.bridge.pvg_mailbox_destroy(this.replies);
  }

  private get wide(): bigint {
    return (BigInt(this.high) << 32n) | BigInt(this.low);
  }

  /** Makes an access, and waits for its end: `low` and `high` are what is written, and then what was read. */
  private access({ operation, window, size }: Register, offset: number, low: number, high: number): void {
    if (!Number.isSafeInteger(offset) || offset < 0)
      throw new ArgumentError(`register offset ${String(offset)} is not a non-negative integer`);
    if (this.unlocked && !this.attachment.traceDetail && !this.switches.any)
      return this.enterUnlocked({ operation, window, size, offset, value: low, high });
    const { mailboxes, attachment } = this;
    this.token = (this.token + 1) >>> 0;
    const request = mailboxes.begin();
    request.putHead(0, attachment.kinds.access, this.token, high);
    request.putWords(0, operation, window, size, offset, low, this.replies);
    this.note(VCPU_CODES.waitingForAnswer);
    mailboxes.leave(attachment.bqlMailbox);
    while (!this.takeAnswer());
    this.note(VCPU_CODES.idle);
  }

  /** Takes one message; whether it was the answer. */
  private takeAnswer(): boolean {
    const { mailboxes } = this;
    const count = mailboxes.takeRaw(this.replies, -1, 1);
    if (count < 0) throw this.closed();
    if (count === 0) return false;
    const { taken } = mailboxes;
    if (taken.kindAt(0) === this.attachment.kinds.enterPvg) {
      this.enterPvg();
      return false;
    }
    this.low = taken.lowAt(0, 0);
    this.high = taken.lowAt(0, 1);
    return taken.idAt(0) === this.token;
  }

  /** Of the gfx window's 8 bytes the two registers are two accesses, as the BQL actor makes them; between them another thread's may come. */
  private enterUnlocked(access: PvgAccess): void {
    const { window, size, offset, high } = access;
    this.low = 0;
    this.high = 0;
    if (offset % size !== 0 || offset + size > (this.attachment.windowBytes[window] ?? 0)) return;
    this.note(VCPU_CODES.inPvg);
    if (window === PvgWindow.gfx && size === 8) {
      this.low = this.carry({ ...access, size: 4, high: 0 }).value;
      this.high = this.carry({ ...access, size: 4, offset: offset + 4, value: high, high: 0 }).value;
    } else {
      const result = this.carry(access);
      this.low = result.value;
      this.high = result.high;
    }
    this.note(VCPU_CODES.idle);
  }

  private carry(access: PvgAccess): ReturnType<typeof carryIntoPvg> {
    const { group, device } = this.attachment;
    this.counters.add('accesses');
    const result = carryIntoPvg(this.bridge, device, access);
    if (!result.ok && this.bridge.pvg_group_cause(group) !== PvgCause.none) throw this.closed();
    return result;
  }

  /** The BQL was dropped: this thread carries the access that it was sent into PVG itself, and then takes the lock again. */
  private enterPvg(): void {
    const { mailboxes, attachment } = this;
    const answer = mailboxes.begin();
    this.note(VCPU_CODES.inPvg);
    this.bridge.pvg_mmio_carry(attachment.device);
    this.note(VCPU_CODES.waitingForAnswer);
    answer.putHead(0, attachment.kinds.accessReturned, mailboxes.taken.idAt(0), 0);
    mailboxes.leave(attachment.bqlMailbox);
  }

  private note(state: number): void {
    if (this.line !== null) this.board.set(this.line, state);
  }

  /** Why nothing is answered any more. */
  private closed(): DeviceClosedError {
    this.note(VCPU_CODES.idle);
    const deadlocked = this.bridge.pvg_group_cause(this.attachment.group) === PvgCause.deadlock;
    return deadlocked ? new DeadlockError(this.board.deadlock ?? 'deadlock') : new DeviceClosedError();
  }
}
