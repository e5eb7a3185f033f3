/**
 * The BQL actor: the device's state, and who may touch it now (threading.md 1).
 *
 * receive() files a message; step() carries one decision of the lock's machine out. Invariant: nothing blocks here and
 * nothing is decided beside the machine; what waits is in the two queues, in the order that revision v5 gives them:
 * bottom halves last in first out per polled batch, lock sections in order of arrival.
 */
import { assert } from '../../src/base/errors.js';
import { MAX_NESTED_WAITS } from '../../src/base/limits.js';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { setGlyph } from '../../src/device/cursor.js';
import type { DevicePort } from '../../src/device/effects.js';
import { Frames } from '../../src/device/frames.js';
import { isValidAccess, MmioJob } from '../../src/device/mmio.js';
import { Tasks } from '../../src/device/task.js';
import { AddressSpace } from '../../src/memory/address-space.js';
import type { MemoryRegion } from '../../src/memory/region.js';
import { MachineDriver, type MachineEffect } from '../../src/runtime/machine-driver.js';
import { Message } from '../messages.js';
import { lockMachine } from './lock.machine.js';

const driver = new MachineDriver(lockMachine);
type Event = Parameters<typeof driver.step>[1];

/** How a message gets onto the actor: as a bottom half, a lock section, or at once (it only changes a condition). */
function classOf(kind: number): 'bh' | 'lock' | 'condition' {
  switch (kind) {
    case Upcall.createTask:
    case Upcall.destroyTask:
    case Upcall.mapMemory:
    case Upcall.unmapMemory:
    case Upcall.readMemory:
    case Upcall.raiseInterrupt:
      return 'bh';
    case Message.jobDone:
      return 'condition';
    default:
      return 'lock';
  }
}

export class BqlBehaviour {
  private lock = driver.initial();
  /** Bottom halves queued since the last poll, and the rest of the batch that is being run. */
  private queued: PvgRecord[] = [];
  private batch: PvgRecord[] = [];
  private readonly sections: PvgRecord[] = [];
  /** Accesses in progress, by job; and results that came but that no wait has looked at yet. */
  private readonly jobs = new Map<number, MmioJob>();
  private readonly results = new Map<number, { readonly ok: boolean; readonly value: number }>();
  private nextJob = 1;
  readonly tasks: Tasks;
  readonly frames: Frames;

  readonly space: AddressSpace;

  /** `regions` is the memory map to begin with. */
  constructor(
    regions: readonly MemoryRegion[],
    private readonly port: DevicePort,
  ) {
    this.space = new AddressSpace(regions, (region) => {
      if (region.kind !== 'mmio') port.perform({ do: 'releaseRam', ram: region.ram });
    });
    this.tasks = new Tasks(this.space, port);
    this.frames = new Frames(port);
  }

  /** Somebody holds the lock, running or waiting. */
  get held(): boolean {
    return this.lock.value !== 'free';
  }

  /** What waits and what is waited for, for people and tests. */
  get waiting(): { readonly bottomHalves: readonly number[]; readonly sections: readonly number[]; readonly nestedWaits: number } {
    const kinds = (records: readonly PvgRecord[]): number[] => records.map((record) => record.kind);
    return {
      bottomHalves: kinds([...this.batch, ...this.queued]),
      sections: kinds(this.sections),
      nestedWaits: this.lock.context.waits.length,
    };
  }

  /** Files one message. */
  receive(record: PvgRecord): void {
    switch (classOf(record.kind)) {
      case 'bh':
        this.queued.push(record);
        return this.onQueued(record);
      case 'lock':
        this.sections.push(record);
        return this.onQueued(record);
      case 'condition':
        this.results.set(record.id, { ok: record.words[0] === 1, value: record.words[1] ?? 0 });
    }
  }

  /** Carries out the next thing that the lock's machine allows; false if there is none. */
  step(): boolean {
    if (this.batch.length === 0 && this.queued.length > 0) {
      this.batch = this.queued.reverse();
      this.queued = [];
    }
    if (this.batch.length > 0) return this.send({ type: 'bh.offered' });
    const waitedFor = this.lock.context.waits.at(-1);
    if (waitedFor !== undefined && this.results.has(waitedFor)) return this.send({ type: 'condition.held' });
    return this.sections.length > 0 && this.send({ type: 'lock.offered' });
  }

  /** Trace lines that come when PVG asks, before the work runs (device.md 8). */
  private onQueued(record: PvgRecord): void {
    const [first = 0, second = 0, third = 0] = record.words;
    switch (record.kind) {
      case Upcall.raiseInterrupt:
        return this.port.trace('apple_gfx_raise_irq', { vector: first });
      case Upcall.readMemory:
        return this.port.trace('apple_gfx_read_memory', { gpa: first, length: second, destination: third });
      case Upcall.modeChange:
        return this.port.trace('apple_gfx_mode_change', { width: second, height: third });
    }
  }

  private send(event: Event): boolean {
    const step = driver.step(this.lock, event);
    this.lock = step.snapshot;
    for (const effect of step.effects) this.carryOut(effect);
    return step.effects.length > 0;
  }

  private carryOut(effect: MachineEffect): void {
    switch (effect.type) {
      case 'runBh': {
        const record = this.batch.shift();
        assert(record !== undefined, 'a bottom half was granted and there is none');
        this.runBh(record);
        this.send({ type: 'handler.ended' });
        return;
      }
      case 'runSection': {
        const record = this.sections.shift();
        assert(record !== undefined, 'the lock was granted and nobody waits for it');
        if (!this.runSection(record)) this.send({ type: 'handler.ended' });
        return;
      }
      case 'resumeHandler':
        return this.resume((effect.params as { readonly job: number }).job);
      default:
        assert(false, `lock has no effect ${effect.type}`);
    }
  }

  private runBh(record: PvgRecord): void {
    switch (record.kind) {
      case Upcall.createTask:
        return this.tasks.create(record);
      case Upcall.destroyTask:
        return this.tasks.destroy(record);
      case Upcall.mapMemory:
        return this.tasks.map(record);
      case Upcall.unmapMemory:
        return this.tasks.unmap(record);
      case Upcall.readMemory:
        return this.tasks.readMemory(record);
      case Upcall.raiseInterrupt:
        return this.port.perform({ do: 'raiseInterrupt', vector: record.words[0] ?? 0 });
      default:
        assert(false, `no bottom half of kind ${record.kind}`);
    }
  }

  /** Runs a section; true if it now waits for a job. */
  private runSection(record: PvgRecord): boolean {
    switch (record.kind) {
      case Message.access:
        return this.beginAccess(record);
      case Message.displaySection:
        this.displayEvent(record);
        return false;
      case Upcall.modeChange: {
        const [, width = 0, height = 0] = record.words;
        this.frames.setMode(width, height);
        if (record.id !== 0) this.port.perform({ do: 'answerUpcall', id: record.id, ok: true, value: 0 });
        return false;
      }
      case Message.noteSurface:
        this.frames.noteSurface(record.id);
        return false;
      case Message.frameRefused:
        this.frames.refused(record.id);
        return false;
      case Message.frameCompleted:
        this.frames.completed(record.id, record.words[0] === 1, record.words[1] ?? 0);
        return false;
      case Message.updateRequested:
        this.frames.updateRequested();
        return false;
      case Message.regionAdded:
        this.addRegion(record);
        return this.replyTo(record, 1);
      case Message.regionRemoved:
        return this.replyTo(record, this.space.remove(record.reserved) ? 1 : 0);
      default:
        this.port.perform({ do: 'logGuestError', text: `no section of kind 0x${record.kind.toString(16)}` });
        return false;
    }
  }

  private addRegion(record: PvgRecord): void {
    const [rom = 0, gpa = 0, length = 0, ram = 0, priority = 0] = record.words;
    const kind = rom === 1 ? 'rom' : 'ram';
    const hostAddress = this.port.ramAddress(ram);
    this.space.add({
      kind,
      id: record.reserved,
      name: `${kind} ${record.reserved}`,
      gpa,
      length,
      priority,
      ram,
      ramOffset: 0,
      hostAddress,
    });
  }

  /** Answers the supervisor; false, since nothing is waited for. */
  private replyTo(record: PvgRecord, value: number): false {
    this.port.perform({ do: 'replyToGuest', token: record.id, mailbox: 0, value, high: 0 });
    return false;
  }

  private displayEvent(record: PvgRecord): void {
    switch (record.reserved) {
      case Upcall.newFrame:
        this.port.trace('apple_gfx_new_frame', undefined as never);
        return this.frames.newFrame();
      case Upcall.cursorGlyph:
        return setGlyph(record, this.port);
      case Upcall.cursorShow:
        this.port.trace('apple_gfx_cursor_show', { show: record.words[1] ?? 0 });
        return this.port.perform({ do: 'showCursor', show: record.words[1] === 1 });
      case Upcall.cursorMove:
        this.port.trace('apple_gfx_cursor_move', undefined as never);
        return this.port.perform({ do: 'moveCursor' });
      default:
        return this.port.perform({ do: 'logGuestError', text: `no display event of kind ${record.reserved}` });
    }
  }

  private beginAccess(record: PvgRecord): boolean {
    const [operation = 0, window = 0, size = 0, offset = 0, value = 0, mailbox = 0] = record.words;
    const access = { token: record.id, mailbox, write: operation === 1, window, size, offset, value, high: record.reserved };
    const job = new MmioJob(this.nextJob++, access, this.port);
    if (!isValidAccess(access) || this.lock.context.waits.length >= MAX_NESTED_WAITS) {
      job.refuse();
      return false;
    }
    this.jobs.set(job.id, job);
    job.grant();
    return this.awaitJob(job);
  }

  private awaitJob(job: MmioJob): boolean {
    if (job.inPvg) this.send({ type: 'wait.began', job: job.id });
    else this.jobs.delete(job.id);
    return job.inPvg;
  }

  private resume(id: number): void {
    const result = this.results.get(id);
    const job = this.jobs.get(id);
    assert(result !== undefined && job !== undefined, 'a wait ended without a result');
    this.results.delete(id);
    job.bridgeDone(result.ok, result.value);
    if (!this.awaitJob(job)) this.send({ type: 'handler.ended' });
  }
}
