/**
 * A BQL actor without threads: its behaviour in a revision, a memory map, and the messages that reach it.
 *
 * The tests play everybody else: vCPUs, PVG's threads, the background queue, the console. Nothing here decides anything.
 */
import { BqlBehaviour, type LockState } from '../../actors/bql/behaviour.js';
import { Message, Operation } from '../../actors/messages.js';
import { PvgWindow, Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { RegionReferences } from '../../src/memory/references.js';
import type { BackedRegion, DeviceRegion, MemoryRegion, MmioRegion } from '../../src/memory/region.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { FakePort } from '../device/fake-port.js';

export const RAM: BackedRegion = {
  kind: 'ram',
  id: 1,
  name: 'ram',
  priority: 0,
  gpa: 0x1000_0000,
  length: 0x100_0000,
  ram: 9,
  ramOffset: 0,
  hostAddress: 0x5000_0000,
  slot: 1,
};
/** Directly behind RAM. */
export const GFX: MmioRegion = {
  kind: 'mmio',
  id: 2,
  name: 'gfx',
  priority: 1,
  gpa: RAM.gpa + RAM.length,
  length: 0x4000,
  window: PvgWindow.gfx,
};
/** Directly behind the window. */
export const UPPER_RAM: BackedRegion = {
  ...RAM,
  id: 3,
  name: 'upper ram',
  gpa: GFX.gpa + GFX.length,
  length: 0x4000,
  ram: 10,
  ramOffset: 0x800,
  hostAddress: 0x5800_0000,
  slot: 2,
};
/** Directly behind that. */
export const OTHER_DEVICE: DeviceRegion = {
  kind: 'device',
  wholePieces: false,
  id: 4,
  name: 'other device',
  priority: 0,
  gpa: UPPER_RAM.gpa + UPPER_RAM.length,
  length: 0x1000,
};
export const IOSFC: MmioRegion = {
  kind: 'mmio',
  id: 5,
  name: 'iosfc',
  priority: 1,
  gpa: 0x3000_0000,
  length: 0x1_0000,
  window: PvgWindow.iosfc,
};

/** References with a slot for RAM and one for UPPER_RAM. */
export function claimedReferences(): RegionReferences {
  const references = new RegionReferences();
  references.claim();
  references.claim();
  return references;
}

export const record = (kind: number, fields: Partial<PvgRecord> = {}): PvgRecord => ({
  kind,
  id: 0,
  words: [],
  thread: 0,
  reserved: 0,
  ...fields,
});

export interface AccessFields {
  readonly token: number;
  readonly write?: boolean;
  readonly window?: number;
  readonly size?: number;
  readonly offset?: number;
  readonly value?: number;
  readonly high?: number;
  /** The vCPU's reply mailbox; 0: an access of the supervisor's. */
  readonly mailbox?: number;
}

export function access({ token, write = true, window = PvgWindow.gfx, size = 4, offset = 0x1000, ...rest }: AccessFields): PvgRecord {
  const { value = 5, high = 0, mailbox = 77 } = rest;
  const words = [write ? Operation.write : Operation.read, window, size, offset, write ? value : 0, mailbox];
  return record(Message.access, { id: token, words, reserved: high });
}

export const readMemory = (id: number, gpa: number, length: number): PvgRecord =>
  record(Upcall.readMemory, { id, words: [gpa, length, 0xdddd_0000] });

export const interrupt = (vector: number): PvgRecord => record(Upcall.raiseInterrupt, { words: [vector] });

export interface SceneOptions {
  /** Default: RAM, the gfx window, more RAM and another device, one behind the other, and the iosfc window. */
  readonly regions?: readonly MemoryRegion[];
  readonly displays?: number;
  readonly traces?: boolean;
}

export class BqlScene {
  readonly port = new FakePort();
  readonly references = claimedReferences();
  /** What others were told of the lock, in order. */
  readonly locks: { readonly state: LockState; readonly job: number }[] = [];
  readonly bql: BqlBehaviour;

  constructor(
    revision: RevisionName,
    { regions = [RAM, GFX, UPPER_RAM, OTHER_DEVICE, IOSFC], displays = 1, traces = false }: SceneOptions = {},
  ) {
    const { port, references } = this;
    const onLock = (state: LockState, job: number): void => void this.locks.push({ state, job });
    this.bql = new BqlBehaviour({ revision: REVISIONS[revision], regions, references, displays, port, tracesActors: traces, onLock });
  }

  /** Files the messages, then does all that can be done. */
  run(...records: PvgRecord[]): void {
    for (const each of records) this.bql.receive(each);
    this.bql.run((call) => this.port.block(call));
  }

  /** Number of the job that was submitted last. */
  get job(): number {
    return this.port.of('submitJob').at(-1)?.job ?? 0;
  }

  /** PVG is done with a job, the last one if none is given. */
  finish({ job = this.job, value = 0, high = 0, ok = true }: { job?: number; value?: number; high?: number; ok?: boolean } = {}): void {
    this.run(record(Message.jobDone, { id: job, words: [ok ? 1 : 0, value, high] }));
  }

  /** A thread that carried a job into PVG itself takes the lock again. */
  giveBack({ job = this.job, value = 0, high = 0, ok = true }: { job?: number; value?: number; high?: number; ok?: boolean } = {}): void {
    this.run(record(Message.accessReturned, { id: job, words: [ok ? 1 : 0, value, high] }));
  }

  /** Tokens of the accesses answered so far, in order. */
  get answered(): number[] {
    return this.port.of('replyToGuest').map(({ token }) => token);
  }

  /** Answers to upcalls so far, in order, as [id, ok]. */
  get answers(): [number, boolean][] {
    return this.port.of('answerUpcall').map(({ id, ok }) => [id, ok]);
  }

  /** Vectors of the interrupts raised so far, in order. */
  get vectors(): number[] {
    return this.port.of('raiseInterrupt').map(({ vector }) => vector);
  }
}
