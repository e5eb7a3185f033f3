/**
 * The BQL actor: who may touch the device's state now (threading.md 1).
 *
 * receive() files a message; step() carries one decision of the lock's machine out. Invariant: nothing blocks here and
 * nothing is decided beside the machine; what waits is in the two queues, in the order that the revision gives them. What a
 * message does once its turn has come stands in handlers.ts.
 */
import { assert } from '../../src/base/errors.js';
import { Fifo } from '../../src/base/fifo.js';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import type { Display } from '../../src/device/display.js';
import type { DevicePort } from '../../src/device/effects.js';
import type { Continuation, JobResult } from '../../src/device/mmio.js';
import { noteMove, noteStart } from '../../src/device/machine-trace.js';
import type { Revision } from '../../src/revisions/revision.js';
import { compileMachine, type EventOf, type MachineEffect } from '../../src/runtime/machine-run.js';
import { TRACE_IDS } from '../../src/trace/events.js';
import { Message } from '../messages.js';
import { classOf } from './classes.js';
import type { Blocking } from './continuations.js';
import { BqlHandlers, type DeviceParts, type Outcome, resultOf } from './handlers.js';
import { lockMachine } from './lock.machine.js';

const table = compileMachine(lockMachine);

const EVENTS = {
  bhOffered: table.event('bh.offered'),
  lockOffered: table.event('lock.offered'),
  conditionHeld: table.event('condition.held'),
  handlerEnded: table.event('handler.ended'),
  waitBegan: table.event('wait.began', { job: 0 }),
};

/** What others may know of the lock. */
export type LockState = 'free' | 'running' | 'waiting' | 'lent';

export interface BqlOptions extends DeviceParts {
  /** Whether the actors' own trace events are wanted. */
  readonly tracesActors?: boolean;
  /** Told after each change; `job`: what the innermost wait waits for, 0 if there is none, below 0 if the embedder answers it. */
  readonly onLock?: (state: LockState, job: number) => void;
  /** Told of each message that is done with, once; nobody looks at it any more. */
  readonly onDone?: (record: PvgRecord) => void;
}

/** A handler that waits for a job: a bottom half or a section. */
interface OpenWait {
  readonly job: number;
  readonly continuation: Continuation;
  readonly record: PvgRecord;
  readonly isBottomHalf: boolean;
  /** The job's result once it has come but no wait has looked at it yet. */
  result: JobResult | null;
  /** The wait that goes on when this one has ended. */
  readonly outer: OpenWait | null;
}

/** A handler inside PVG, and what it called. */
interface Inside {
  readonly record: PvgRecord;
  readonly isBottomHalf: boolean;
  call: Blocking;
}

export class BqlBehaviour {
  private readonly lock = table.start();
  /** Bottom halves queued since the last poll, and the rest of the batch that is being run. */
  private queued = new Fifo<PvgRecord>();
  private batch = new Fifo<PvgRecord>();
  private readonly sections = new Fifo<PvgRecord>();
  /** What waits, as in the lock's machine. */
  private innermost: OpenWait | null = null;
  private readonly revision: Revision;
  private readonly port: DevicePort;
  private traces: boolean;
  private readonly onLock: BqlOptions['onLock'];
  private readonly onDone: ((record: PvgRecord) => void) | undefined;
  readonly device: BqlHandlers;
  private inside: Inside | null = null;

  constructor(options: BqlOptions) {
    this.revision = options.revision;
    this.port = options.port;
    this.traces = options.tracesActors ?? false;
    this.onLock = options.onLock;
    this.onDone = options.onDone;
    this.device = new BqlHandlers(options);
    noteStart(options.port, 'lock', 0, this.lock);
  }

  /** Whether any of the actors' own trace events is wanted. */
  set tracesActors(on: boolean) {
    this.traces = on;
  }

  /** Somebody holds the lock, running or waiting. */
  get held(): boolean {
    return this.lock.value !== 'free';
  }

  /** What waits and what is waited for, for people and tests. */
  get waiting(): { readonly bottomHalves: readonly number[]; readonly sections: readonly number[]; readonly nestedWaits: number } {
    const kinds = (records: readonly PvgRecord[]): number[] => records.map((record) => record.kind);
    return {
      bottomHalves: kinds([...this.batch.items, ...this.queued.items]),
      sections: kinds(this.sections.items),
      nestedWaits: this.depth,
    };
  }

  /** Files one message. */
  receive(record: PvgRecord): void {
    this.arrived(record);
    switch (classOf(this.revision, record)) {
      case 'bh':
        if (this.traces) this.noteMessage(TRACE_IDS.agfx_bh_scheduled, record);
        this.queued.push(record);
        return;
      case 'section':
        if (this.traces) this.noteMessage(TRACE_IDS.agfx_bql_requested, record);
        this.sections.push(record);
        return;
      case 'unlocked':
        assert(this.device.run(record, this.cause, this.depth) === 'done', 'what takes no lock waits for nothing');
        return;
      case 'condition':
        if (record.kind === Message.returnBql) this.takeBack();
        else this.jobDone(record.id, resultOf(record));
        this.onDone?.(record);
    }
  }

  /** How many sections wait for the lock, if it would be granted to one of them now: it is free and no bottom half is left. */
  get grantable(): number {
    return this.held || this.batch.length > 0 || this.queued.length > 0 ? 0 : this.sections.length;
  }

  /** How many sections wait for the lock, and how many handlers wait with it. */
  get wanted(): number {
    return this.sections.length;
  }

  /** The job of the innermost wait, 0 if there is none. */
  get waitsForJob(): number {
    return this.cause;
  }

  get nestedWaits(): number {
    return this.depth;
  }

  /** Has the section at a place, counted from 0, be the next that gets the lock. Where the lock is not fair, whoever schedules may do so. */
  prefer(place: number): void {
    const { items } = this.sections;
    const section = items[place];
    assert(section !== undefined, `there is no section ${place}`);
    this.sections.fill([section, ...items.filter((_, other) => other !== place)]);
  }

  /** Does all that can be done now. `block` makes a call into PVG on the lock holder's thread, tells it what it gave, and returns the next. */
  run(block: (call: Blocking) => Blocking | null): void {
    for (;;) {
      while (this.step());
      if (this.inside === null) return;
      this.unblock(block(this.inside.call));
    }
  }

  /** The call into PVG that the lock's holder makes itself. Until unblock() is told the next, step() has nothing to do. */
  get blocking(): Blocking | null {
    return this.inside?.call ?? null;
  }

  /** The call has returned, and was told what it gave; `next`: what it said comes then. */
  unblock(next: Blocking | null): void {
    const { inside } = this;
    assert(inside !== null, 'nothing was inside PVG');
    if (next !== null) {
      inside.call = next;
      return;
    }
    this.inside = null;
    this.end(inside.record, inside.isBottomHalf);
  }

  /** Carries out the next thing that the lock's machine allows; false if there is none, or the lock's holder is inside PVG. */
  step(): boolean {
    if (this.batch.length === 0 && this.queued.length > 0) {
      const { batch, queued } = this;
      if (this.revision.bottomHalves === 'lastFirst' && queued.length > 1) queued.fill([...queued.items].reverse());
      this.batch = queued;
      this.queued = batch;
    }
    if (this.batch.length > 0 && this.send(EVENTS.bhOffered)) return true;
    const wait = this.innermost;
    if (wait !== null && wait.result !== null) return this.send(EVENTS.conditionHeld);
    return this.sections.length > 0 && this.send(EVENTS.lockOffered);
  }

  /** A display by its number; asserts that there is one. */
  display(number: number): Display {
    const display = this.device.displays[number];
    assert(display !== undefined, `there is no display ${number}`);
    return display;
  }

  /** The job inside which something happens now, 0 if it is inside none. */
  private get cause(): number {
    return this.lock.context.wait?.job ?? 0;
  }

  private get depth(): number {
    return this.lock.context.wait?.depth ?? 0;
  }

  private noteMessage(event: number, record: PvgRecord): void {
    this.port.note(event, record.kind, record.id, this.cause);
  }

  /** Trace lines that come when PVG asks, before the work runs (device.md 8). */
  private arrived(record: PvgRecord): void {
    if (!this.port.tracing) return;
    const { kind, words } = record;
    switch (kind) {
      case Upcall.raiseInterrupt:
        return this.port.trace('apple_gfx_raise_irq', { vector: words[0] ?? 0 });
      case Upcall.iosfcInterrupt:
        return this.port.trace('apple_gfx_iosfc_raise_irq', { vector: words[0] ?? 0 });
      case Upcall.readMemory:
        return this.port.trace('apple_gfx_read_memory', { gpa: words[0] ?? 0, length: words[1] ?? 0, destination: words[2] ?? 0 });
      case Upcall.iosfcUnmap:
        return this.port.trace('apple_gfx_iosfc_unmap_memory', { words });
      case Message.displaySection:
        return this.device.displays[words[0] ?? 0]?.arrived(record.reserved, record);
      default:
        if (kind <= Upcall.frameCompleted) this.device.displays[words[0] ?? 0]?.arrived(kind, record);
    }
  }

  private send(event: EventOf<typeof table>): boolean {
    const { state, context } = this.lock;
    const effects = this.lock.send(event);
    const changed = this.lock.state !== state || this.lock.context !== context;
    if (this.port.tracesMachines && (changed || effects.length > 0)) noteMove(this.port, 'lock', 0, this.lock, event.type);
    if (changed) this.tellLock();
    for (let index = 0; index < effects.length; index++) this.carryOut(effects[index] as MachineEffect);
    return effects.length > 0;
  }

  private tellLock(): void {
    const { cause } = this;
    this.onLock?.(this.lock.value, this.device.isDeviceRead(cause) ? -cause : cause);
  }

  private carryOut(effect: MachineEffect): void {
    switch (effect.type) {
      case 'runBh': {
        const record = this.batch.shift();
        assert(record !== null, 'a bottom half was granted and there is none');
        if (this.traces) this.noteMessage(TRACE_IDS.agfx_bh_began, record);
        this.settle(record, true, this.device.run(record, this.cause, this.depth));
        return;
      }
      case 'runSection': {
        const record = this.sections.shift();
        assert(record !== null, 'the lock was granted and nobody waits for it');
        if (this.traces) this.noteMessage(TRACE_IDS.agfx_bql_taken, record);
        this.settle(record, false, this.device.run(record, this.cause, this.depth));
        return;
      }
      case 'resumeHandler':
        return this.resume();
      default:
        assert(false, `lock has no effect ${effect.type}`);
    }
  }

  /** Most handlers are done at once, and then nothing is made for them. */
  private settle(record: PvgRecord, isBottomHalf: boolean, outcome: Outcome): void {
    if (outcome === 'done') this.end(record, isBottomHalf);
    else if (outcome === 'lent') this.send({ type: 'lock.lent' });
    else if ('do' in outcome) this.inside = { record, isBottomHalf, call: outcome };
    else this.beginWait(outcome.job, outcome.continuation, record, isBottomHalf);
  }

  private end(record: PvgRecord, isBottomHalf: boolean): void {
    this.send(EVENTS.handlerEnded);
    if (this.traces) this.traceEnd(record, isBottomHalf);
    this.onDone?.(record);
  }

  private traceEnd(record: PvgRecord, isBottomHalf: boolean): void {
    if (isBottomHalf) this.noteMessage(TRACE_IDS.agfx_bh_ended, record);
    else this.port.note(TRACE_IDS.agfx_bql_released);
  }

  private takeBack(): void {
    const { held } = this;
    this.send({ type: 'lock.returned' });
    if (this.traces && held && !this.held) this.port.note(TRACE_IDS.agfx_bql_released);
  }

  /** A job's result, for whichever wait is open for it; there is none for a job that nobody waits for. */
  private jobDone(job: number, result: JobResult): void {
    if (this.device.takesPosted(job, result)) return;
    for (let wait = this.innermost; wait !== null; wait = wait.outer) {
      if (wait.job !== job) continue;
      wait.result = result;
      return;
    }
  }

  private beginWait(job: number, continuation: Continuation, record: PvgRecord, isBottomHalf: boolean): void {
    this.innermost = { job, continuation, record, isBottomHalf, result: null, outer: this.innermost };
    EVENTS.waitBegan.job = job;
    this.send(EVENTS.waitBegan);
    if (this.traces) this.port.note(TRACE_IDS.agfx_bql_wait_began, job, this.depth);
  }

  private resume(): void {
    const wait = this.innermost;
    assert(wait !== null && wait.result !== null, 'a wait ended without a result');
    this.innermost = wait.outer;
    assert((wait.outer?.job ?? 0) === this.cause, 'the waits are those of the lock');
    if (this.traces) this.port.note(TRACE_IDS.agfx_bql_wait_ended, wait.job, this.depth + 1);
    const next = wait.continuation.resume(wait.result);
    if (next === null) this.end(wait.record, wait.isBottomHalf);
    else this.beginWait(next, wait.continuation, wait.record, wait.isBottomHalf);
  }
}
