/**
 * Register accesses: validity, splitting, and the job behind each (device.md 2).
 *
 * Invariant: an access is answered exactly once, when its machine says so. The machine holds the state; this file
 * holds the facts of the access and translates between machine, messages and effects.
 */
import { assert } from '../base/errors.js';
import { PvgWindow } from '../bridge/pvg.js';
import { MachineDriver } from '../runtime/machine-driver.js';
import type { DevicePort } from './effects.js';
import { mmioJobMachine } from './mmio-job.machine.js';

export interface GuestAccess {
  /** Names the access to its caller. */
  readonly token: number;
  /** The caller's reply mailbox; 0: by the control port. */
  readonly mailbox: number;
  readonly write: boolean;
  readonly window: number;
  readonly size: number;
  readonly offset: number;
  readonly value: number;
  /** The high half of an 8-byte write. */
  readonly high: number;
}

const driver = new MachineDriver(mmioJobMachine);
type Snapshot = ReturnType<typeof driver.initial>;
type Event = Parameters<typeof driver.step>[1];

/** Whether an access has a size and an offset that the windows know. */
export function isValidAccess(access: { readonly size: number; readonly offset: number }): boolean {
  return (access.size === 4 || access.size === 8) && access.offset >= 0 && access.offset % access.size === 0;
}

/** One guest access in progress. */
export class MmioJob {
  private snapshot: Snapshot;
  private readonly halves: number;
  private readonly values: [number, number] = [0, 0];

  constructor(
    readonly id: number,
    private readonly access: GuestAccess,
    private readonly port: DevicePort,
  ) {
    this.halves = access.window === PvgWindow.gfx && access.size === 8 ? 2 : 1;
    this.snapshot = driver.initial({ halves: this.halves });
  }

  /** The guest has its answer. */
  get ended(): boolean {
    return this.snapshot.status === 'done';
  }

  /** Nobody has to be waited for: the machine is neither queued nor ended. */
  get inPvg(): boolean {
    return this.snapshot.matches('running');
  }

  grant(): void {
    this.send({ type: 'lock.granted' });
  }

  refuse(): void {
    this.send({ type: 'access.refused' });
  }

  bridgeDone(ok: boolean, value: number): void {
    if (!ok) return this.send({ type: 'bridge.failed' });
    this.values[this.half === 0 ? 0 : 1] = value;
    const args = { offset: this.access.offset + 4 * this.half, value: this.access.write ? this.halfValue() : value };
    this.port.trace(this.access.write ? 'apple_gfx_write' : 'apple_gfx_read', args);
    this.send({ type: 'bridge.completed' });
  }

  /** Which half PVG has: 0 the low one. */
  private get half(): number {
    return this.halves - this.snapshot.context.halves;
  }

  private halfValue(): number {
    return this.half === 0 ? this.access.value : this.access.high;
  }

  private send(event: Event): void {
    const step = driver.step(this.snapshot, event);
    this.snapshot = step.snapshot;
    for (const effect of step.effects) this.carryOut(effect.type);
  }

  private carryOut(effect: string): void {
    switch (effect) {
      case 'submitToPvg':
      case 'submitNextHalf':
        return this.submit();
      case 'replyToGuest':
        return this.reply(this.values[0], this.values[1]);
      case 'replyRefused':
        return this.reply(0, 0);
      default:
        assert(false, `mmioJob has no effect ${effect}`);
    }
  }

  private submit(): void {
    this.port.perform({ do: 'count', what: 'accesses' });
    this.port.perform({
      do: 'submitJob',
      job: this.id,
      operation: this.access.write ? 1 : 0,
      window: this.access.window,
      size: 4,
      offset: this.access.offset + 4 * this.half,
      value: this.halfValue(),
    });
  }

  private reply(value: number, high: number): void {
    this.port.perform({ do: 'replyToGuest', token: this.access.token, mailbox: this.access.mailbox, value, high });
  }
}
