/**
 * Register accesses: validity, splitting, and the job behind each (device.md 2).
 *
 * Invariant: an access is answered exactly once, when its machine says so. The machine holds the state; this file
 * holds the facts of the access and translates between machine, messages and effects. Who carries an access into PVG is the
 * revision's affair.
 */
import { assert } from '../base/errors.js';
import { PvgWindow } from '../bridge/pvg.js';
import type { AccessEntry, Revision } from '../revisions/revision.js';
import { compileMachine, type EventOf, type RunOf, type MachineEffect } from '../runtime/machine-run.js';
import { TRACE_IDS } from '../trace/events.js';
import type { AccessJob, DevicePort } from './effects.js';
import { noteMove, noteStart } from './machine-trace.js';
import { mmioJobMachine } from './mmio-job.machine.js';

/** How PVG ended a job; `value` and `high` are the halves of what was read. */
export interface JobResult {
  readonly ok: boolean;
  readonly value: number;
  readonly high: number;
}

/** What waits for jobs, one after the other. */
export interface Continuation {
  /** The job's result; returns the next job to wait for, or null when there is none. */
  resume(result: JobResult): number | null;
}

const table = compileMachine(mmioJobMachine);

/** Whether an access has a size that windows know, is aligned to it, and lies whole in a window of that many bytes. */
export function isValidAccess(size: number, offset: number, windowBytes: number): boolean {
  return (size === 4 || size === 8) && offset >= 0 && offset % size === 0 && offset + size <= windowBytes;
}

/** Who enters PVG with such an access. */
export function entryOf(revision: Revision, window: number, write: boolean): AccessEntry {
  if (window === PvgWindow.iosfc) return write ? revision.iosfcWrite : revision.iosfcRead;
  return write ? revision.gfxWrite : revision.gfxRead;
}

/** Who gets the value of an access that is not a guest's; told once, if PVG has carried it out. */
export interface AccessReceiver {
  received(value: number): void;
}

/** The largest job number, a positive int32 as the board has it; then they begin again. */
const MAX_JOB = 2 ** 31 - 1;

/** Numbers of jobs. Owned by the BQL actor. */
export class JobNumbers {
  private last = 0;

  /** Never 0, which stands for no job. */
  next(): number {
    this.last = (this.last % MAX_JOB) + 1;
    return this.last;
  }
}

/**
 * One access: what PVG is to be asked, and what is to be known of where it comes from. Flat, and itself what is submitted if it is no larger than
 * a register, since one is made for each access.
 */
export interface GuestAccess extends AccessJob {
  readonly do: 'submitJob';
  /** 0 until it is submitted. */
  job: number;
  /** Gets what was read; null for a guest's access, whose answer is an effect with this token. */
  readonly receiver: AccessReceiver | null;
  readonly token: number;
  /** Gives each half a job number of its own. */
  readonly jobs: JobNumbers;
  /** The job inside which the access came about, 0 if none; for traces. */
  readonly cause: number;
  /** Counts the accesses that the lock's holder waits for, this one among them until it has ended; null if nobody waits so. */
  readonly inside: { count: number } | null;
}

const COUNT_ACCESS = { do: 'count', what: 'accesses' } as const;
const COMPLETED = table.event('bridge.completed');
const FAILED = table.event('bridge.failed');
const GRANTED = table.event('lock.granted');
/** What a run is started with: of one, as the machine copies it. */
const INPUT = { halves: 1, posted: false };

/** One guest access in progress. */
export class MmioJob implements Continuation {
  private readonly run: RunOf<typeof table>;
  private readonly instance: number;
  private readonly halves: number;
  /** What was read so far. */
  private low = 0;
  private high = 0;
  /** What PVG has, or had last. */
  private current: GuestAccess | null = null;

  constructor(
    private readonly access: GuestAccess,
    private readonly port: DevicePort,
  ) {
    this.halves = access.window === PvgWindow.gfx && access.size === 8 ? 2 : 1;
    INPUT.halves = this.halves;
    INPUT.posted = access.entry === 'posted';
    this.run = table.start(INPUT);
    this.instance = port.newInstance();
    noteStart(port, 'mmioJob', this.instance, this.run);
  }

  /** The lock is there; returns the job to wait for, or null if there is none. */
  grant(): number | null {
    const { inside } = this.access;
    if (inside !== null) inside.count++;
    this.send(GRANTED);
    return this.awaited;
  }

  refuse(): void {
    this.send({ type: 'access.refused' });
  }

  resume({ ok, value, high }: JobResult): number | null {
    if (this.port.tracing) this.port.note(TRACE_IDS.agfx_job_completed, this.submitted.job, ok ? 1 : 0);
    if (ok) {
      if (this.half === 0) this.low = value;
      else this.high = value;
      if (this.halves === 1) this.high = high;
      if (this.port.tracing) this.traceAccess(value, high);
    }
    this.send(ok ? COMPLETED : FAILED);
    const next = this.awaited;
    const { inside } = this.access;
    if (next === null && inside !== null) inside.count--;
    return next;
  }

  /** The part of the access that PVG has, or that its entry takes there. */
  get submitted(): AccessJob {
    assert(this.current !== null, 'an access was looked at before it was granted');
    return this.current;
  }

  private get awaited(): number | null {
    return this.run.value === 'running' || this.run.value === 'posted' ? this.submitted.job : null;
  }

  /** Which half PVG has: 0 the low one. */
  private get half(): number {
    return this.halves - this.run.context.halves;
  }

  private traceAccess(value: number, high: number): void {
    const part = this.submitted;
    const iosfc = part.window === PvgWindow.iosfc;
    if (part.operation === 1) {
      const event = iosfc ? TRACE_IDS.apple_gfx_mmio_iosfc_write : TRACE_IDS.apple_gfx_write;
      return this.port.note(event, part.offset, part.value, part.high);
    }
    this.port.note(iosfc ? TRACE_IDS.apple_gfx_mmio_iosfc_read : TRACE_IDS.apple_gfx_read, part.offset, value, high);
  }

  private send(event: EventOf<typeof table>): void {
    const effects = this.run.send(event);
    if (this.port.tracesMachines) noteMove(this.port, 'mmioJob', this.instance, this.run, event.type);
    for (let index = 0; index < effects.length; index++) this.carryOut((effects[index] as MachineEffect).type);
  }

  private carryOut(effect: string): void {
    switch (effect) {
      case 'submitToPvg':
      case 'submitNextHalf':
        return this.submit();
      case 'replyToGuest':
        return this.reply(this.low, this.high, true);
      case 'replyRefused':
        return this.reply(0, 0, false);
      default:
        assert(false, `mmioJob has no effect ${effect}`);
    }
  }

  private reply(value: number, high: number, ok: boolean): void {
    const { receiver, token, caller: mailbox } = this.access;
    if (receiver === null) this.port.perform({ do: 'replyToGuest', token, mailbox, value, high, ok });
    else if (ok) receiver.received(value);
  }

  private submit(): void {
    const { access } = this;
    const part = this.halves === 1 ? access : halfOf(access, this.half);
    part.job = access.jobs.next();
    if (this.port.tracing) this.port.note(TRACE_IDS.agfx_job_submitted, part.job, access.cause);
    this.port.perform(COUNT_ACCESS);
    this.current = part;
    // The lock's holder enters PVG itself; everybody else is told.
    if (access.entry !== 'holdingBql') this.port.perform(part);
  }
}

/** One register of two, 0 the low one. */
function halfOf(access: GuestAccess, half: number): GuestAccess {
  return { ...access, size: 4, offset: access.offset + 4 * half, value: half === 0 ? access.value : access.high, high: 0 };
}
