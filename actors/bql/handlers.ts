/**
 * What the BQL actor does for each message once its turn has come: the device's parts, put together.
 *
 * Invariant: a handler runs to its end, or says what it waits for. When it may run is the behaviour's affair (behaviour.ts).
 */
import { MAX_NESTED_WAITS } from '../../src/base/limits.js';
import { Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { Display } from '../../src/device/display.js';
import { DmaRead, type PieceRead, type RegisterRead, type RegisterReader } from '../../src/device/dma.js';
import type { DevicePort } from '../../src/device/effects.js';
import { Iosfc } from '../../src/device/iosfc.js';
import type { Frames } from '../../src/device/frames.js';
import { type Continuation, entryOf, isValidAccess, JobNumbers, type JobResult, MmioJob } from '../../src/device/mmio.js';
import { Tasks } from '../../src/device/task.js';
import { AddressSpace } from '../../src/memory/address-space.js';
import type { RegionReferences } from '../../src/memory/references.js';
import type { MemoryRegion, MmioRegion } from '../../src/memory/region.js';
import type { Revision } from '../../src/revisions/revision.js';
import { Message, Operation } from '../messages.js';
import { regionOf } from '../region-message.js';
import { AccessInside, type Blocking, DeviceRead, FrameInside } from './continuations.js';

/** What the device is made of. */
export interface DeviceParts {
  readonly revision: Revision;
  readonly regions: readonly MemoryRegion[];
  readonly references: RegionReferences;
  /** How many displays there are. */
  readonly displays: number;
  readonly port: DevicePort;
}

/** The rest of a handler that waits for a job. */
export interface Waiting {
  readonly job: number;
  readonly continuation: Continuation;
}

/** How a handler ended: done, waiting for a job, inside PVG, or with the lock given to another thread. */
export type Outcome = 'done' | 'lent' | Waiting | Blocking;

export class BqlHandlers implements RegisterReader {
  readonly space: AddressSpace;
  readonly tasks: Tasks;
  readonly iosfc: Iosfc;
  readonly displays: readonly Display[];
  private readonly revision: Revision;
  private readonly port: DevicePort;
  /** Accesses that somebody carries into PVG without a nested wait, by job. */
  private readonly outside = new Map<number, MmioJob>();
  /** Bytes of each register window, by its number. */
  private readonly windows: number[] = [];
  /** Jobs that the embedder answers. */
  private readonly deviceReads = new Set<number>();
  private readonly jobs = new JobNumbers();
  /** Accesses that the lock's holder waits for. */
  private readonly inside = { count: 0 };
  /** Whose update has just been asked for. */
  private rendering: Frames | null = null;

  constructor(parts: DeviceParts) {
    const { revision, regions, references, displays, port } = parts;
    this.revision = revision;
    this.port = port;
    for (const region of regions) if (region.kind === 'mmio') this.windows[region.window] = region.length;
    this.space = new AddressSpace(regions, references, (region) => port.perform({ do: 'releaseRam', ram: region.ram }));
    this.tasks = new Tasks(this.space, port, revision);
    this.iosfc = new Iosfc(this.space, port, revision.iosfcReferences);
    this.displays = Array.from({ length: displays }, (_, number) => new Display(number, port, revision));
  }

  /** Whether a result of that job belongs to an access that nobody waits for, and takes it over. */
  takesPosted(job: number, result: JobResult): boolean {
    const access = this.outside.size > 0 ? this.outside.get(job) : undefined;
    if (!access) return false;
    this.outside.delete(job);
    const next = access.resume(result);
    if (next !== null) this.outside.set(next, access);
    return true;
  }

  /** Whether a job is a read of another device's registers, which the embedder answers. */
  isDeviceRead(job: number): boolean {
    return this.deviceReads.size > 0 && this.deviceReads.has(job);
  }

  /** Runs a bottom half, a section or what takes no lock. `cause`: the job inside which it runs, `depth`: open nested waits. */
  run(record: PvgRecord, cause: number, depth: number): Outcome {
    switch (record.kind) {
      case Message.access:
        return this.beginAccess(record, cause);
      case Message.accessReturned:
        this.takesPosted(record.id, resultOf(record));
        return 'done';
      case Message.takeBql:
        this.port.perform({ do: 'lendBql', display: record.id });
        return 'lent';
      case Upcall.readMemory:
        return this.readMemory(record, cause, depth);
      default:
        if (!this.memory(record) && !this.picture(record)) this.refuse(record);
        return this.rendering ? this.takeRendering() : 'done';
    }
  }

  /** Tasks, mappings, interrupts and the memory map; false if the message is none of theirs. */
  private memory(record: PvgRecord): boolean {
    switch (record.kind) {
      case Upcall.createTask:
        this.tasks.create(record);
        return true;
      case Upcall.destroyTask:
        this.tasks.destroy(record);
        return true;
      case Upcall.mapMemory:
        this.tasks.map(record);
        return true;
      case Upcall.unmapMemory:
        this.tasks.unmap(record);
        return true;
      case Upcall.iosfcMap:
        this.iosfc.map(record);
        return true;
      case Upcall.iosfcUnmap:
        this.iosfc.unmap(record);
        return true;
      case Upcall.raiseInterrupt:
        this.port.perform({ do: 'raiseInterrupt', line: 'gfx', vector: record.words[0] ?? 0 });
        return true;
      case Upcall.iosfcInterrupt:
        this.port.perform({ do: 'raiseInterrupt', line: 'iosfc', vector: record.words[0] ?? 0 });
        return true;
      case Message.regionAdded:
        this.space.add(regionOf(record, (ram) => this.port.ramAddress(ram)));
        this.publish();
        this.reply(record, 1);
        return true;
      case Message.regionRemoved: {
        const removed = this.space.remove(record.reserved);
        this.publish();
        this.reply(record, removed ? 1 : 0);
        return true;
      }
      case Message.regionForgotten:
        this.tasks.forget(record.reserved);
        this.reply(record, 1);
        return true;
      default:
        return false;
    }
  }

  /** Shows the memory map as it is now to who looks things up on threads of PVG's. */
  publish(): void {
    this.port.perform({ do: 'publishMap', map: this.space.snapshot });
  }

  /** Frames, modes, cursor and the console; false if the message is none of theirs. */
  private picture(record: PvgRecord): boolean {
    const { kind, id, reserved, words } = record;
    const [first = 0, second = 0, third = 0, fourth = 0] = words;
    const onPort = kind === Message.noteSurface || kind === Message.frameRefused || kind === Message.frameCompleted;
    const display = this.displays[onPort ? reserved : first];
    if (!display) return false;
    switch (kind) {
      case Message.displaySection:
        display.event(reserved, record);
        return true;
      case Upcall.newFrame:
      case Upcall.cursorGlyph:
      case Upcall.cursorShow:
      case Upcall.cursorMove:
      case Upcall.modeChange:
        display.event(kind, record);
        return true;
      case Upcall.frameCompleted:
        display.frames.completed(second, third === 0, fourth);
        return true;
      case Message.noteSurface:
        display.frames.noteSurface(id);
        return true;
      case Message.frameRefused:
        display.frames.refused(id);
        return true;
      case Message.frameCompleted:
        display.frames.completed(id, first === 1, second);
        return true;
      case Message.updateRequested:
        display.frames.updateRequested();
        this.rendering = display.frames;
        return true;
      default:
        return false;
    }
  }

  private refuse(record: PvgRecord): void {
    this.port.perform({ do: 'logGuestError', text: `there is nobody for a message of kind 0x${record.kind.toString(16)}` });
    if (record.id !== 0 && record.kind <= Upcall.iosfcInterrupt) {
      this.port.perform({ do: 'answerUpcall', id: record.id, ok: false, value: 0 });
    }
  }

  /** Answers the supervisor. */
  private reply(record: PvgRecord, value: number): void {
    this.port.perform({ do: 'replyToGuest', token: record.id, mailbox: 0, value, high: 0, ok: true });
  }

  /** What the display that was asked for an update has to render before the handler goes on. */
  private takeRendering(): Outcome {
    const frame = this.rendering?.renderedInside ?? null;
    const frames = this.rendering;
    this.rendering = null;
    return frames === null || frame === null ? 'done' : new FrameInside(frames, frame);
  }

  private beginAccess(record: PvgRecord, cause: number): Outcome {
    const { words } = record;
    const write = words[0] === Operation.write;
    const window = words[1] ?? 0;
    const size = words[2] ?? 0;
    const offset = words[3] ?? 0;
    const entry = entryOf(this.revision, window, write);
    const job = new MmioJob(
      {
        do: 'submitJob',
        job: 0,
        entry,
        caller: words[5] ?? 0,
        nested: cause !== 0,
        operation: write ? Operation.write : Operation.read,
        window,
        size,
        offset,
        value: words[4] ?? 0,
        high: record.reserved,
        receiver: null,
        token: record.id,
        jobs: this.jobs,
        cause,
        inside: entry === 'nestedWait' ? this.inside : null,
      },
      this.port,
    );
    if (!isValidAccess(size, offset, this.windows[window] ?? 0)) {
      job.refuse();
      return 'done';
    }
    const awaited = job.grant();
    if (awaited === null) return 'done';
    if (entry === 'nestedWait') return { job: awaited, continuation: job };
    if (entry === 'holdingBql') return new AccessInside(job);
    this.outside.set(awaited, job);
    return 'done';
  }

  private readMemory(record: PvgRecord, cause: number, depth: number): Outcome {
    const dma = new DmaRead(record, this.space, this.port, {
      ...{ reader: this, cause, depth },
      tellsFailure: this.revision.readMemoryFails,
    });
    const job = dma.begin();
    return job === null ? 'done' : { job, continuation: dma };
  }

  /** A piece of another device's that serves such: it is put where the upcall wants it before the job is done. */
  readPiece({ found, length, upcall, at, depth }: PieceRead): Waiting | null {
    if (depth >= MAX_NESTED_WAITS) return null;
    const job = this.jobs.next();
    this.deviceReads.add(job);
    this.port.perform({ do: 'readDevicePiece', job, region: found.region.id, offset: found.offset, length, upcall, at });
    return { job, continuation: new DeviceRead(job, this.deviceReads, null) };
  }

  /** A register that PVG reads as memory: an access of ours, inside whatever is in progress, or one of another device's. */
  readRegister({ found, offset, receiver, cause, depth }: RegisterRead): Waiting | null {
    const { region } = found;
    if (depth >= MAX_NESTED_WAITS) return null;
    if (region.kind === 'device') {
      const job = this.jobs.next();
      this.deviceReads.add(job);
      this.port.perform({ do: 'readDevice', job, region: region.id, offset });
      return { job, continuation: new DeviceRead(job, this.deviceReads, receiver) };
    }
    if (!this.revision.reentrantAccesses && this.inside.count > 0) {
      // QEMU's memory core warns of an access to a device that is inside one already, and answers an error (device.md 2).
      const text = `readMemory met the ${region.name} window at 0x${(region.gpa + offset).toString(16)}: refused, the device is inside an access`;
      this.port.perform({ do: 'logGuestError', text });
      return null;
    }
    const { jobs, inside } = this;
    const register = { operation: Operation.read, window: (region as MmioRegion).window, size: 4, offset, value: 0, high: 0 };
    const origin = { entry: 'nestedWait', caller: 0, nested: cause !== 0, receiver, token: 0, jobs, cause, inside } as const;
    const job = new MmioJob({ do: 'submitJob', job: 0, ...origin, ...register }, this.port);
    const awaited = job.grant();
    return awaited === null ? null : { job: awaited, continuation: job };
  }
}

/** What jobDone and accessReturned say. */
export function resultOf(record: PvgRecord): JobResult {
  const { words } = record;
  return { ok: words[0] === 1, value: words[1] ?? 0, high: words[2] ?? 0 };
}
