/**
 * PVG's tasks and the upcalls about their memory (device.md 4.1).
 *
 * Invariant: a task holds one reference on each memory region it has mapped anything of, until it is destroyed or the region is revoked; in the revisions
 * without references it holds none. Every mapping job is answered exactly once, when its machine says so.
 */
import { MAP_MAX_PIECES } from '../base/limits.js';
import type { PvgRecord } from '../bridge/records.js';
import type { AddressSpace } from '../memory/address-space.js';
import type { BackedRegion } from '../memory/region.js';
import type { Revision } from '../revisions/revision.js';
import { TRACE_IDS } from '../trace/events.js';
import type { DevicePort } from './effects.js';
import { MappingJob } from './mapping-job.js';

interface Task {
  readonly range: number;
  readonly address: number;
  readonly length: number;
  readonly regions: Set<BackedRegion>;
}

/** One mapMemory call. */
interface MapCall {
  readonly id: number;
  readonly count: number;
  readonly start: number;
  readonly readOnly: boolean;
}

export class Tasks {
  /** By range. Owned by the actor that serves tasks. */
  private readonly tasks = new Map<number, Task>();

  constructor(
    private readonly space: AddressSpace,
    private readonly port: DevicePort,
    private readonly policies: Pick<Revision, 'taskReferences' | 'emptyMapsAreJobs'>,
  ) {}

  get count(): number {
    return this.tasks.size;
  }

  create(upcall: PvgRecord): void {
    const length = upcall.words[0] ?? 0;
    const made = this.port.createRange(length);
    if (made) this.tasks.set(made.range, { range: made.range, address: made.address, length, regions: new Set() });
    this.port.trace('apple_gfx_create_task', { length, base: made?.address ?? 0 });
    this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: made !== null, value: made?.range ?? 0 });
  }

  destroy(upcall: PvgRecord): void {
    const task = this.tasks.get(upcall.words[0] ?? 0);
    if (task) {
      this.port.trace('apple_gfx_destroy_task', { task: task.address, regions: task.regions.size });
      for (const region of task.regions) this.space.release(region);
      this.tasks.delete(task.range);
      this.port.perform({ do: 'releaseRange', range: task.range });
    }
    this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: task !== undefined, value: 0 });
  }

  /** Gives back the references that tasks have on a region whose memory was taken from them. */
  forget(id: number): void {
    for (const { regions } of this.tasks.values()) {
      for (const region of regions) {
        if (region.id !== id) continue;
        regions.delete(region);
        this.space.release(region);
      }
    }
  }

  map(upcall: PvgRecord): void {
    const { id, words } = upcall;
    const count = words[3] ?? 0;
    if (count === 0 && !this.policies.emptyMapsAreJobs) {
      return this.port.perform({ do: 'answerUpcall', id, ok: true, value: 0 });
    }
    const task = this.tasks.get(words[0] ?? 0);
    const start = words[1] ?? 0;
    const readOnly = (words[2] ?? 0) !== 0;
    if (this.port.tracing) this.port.note(TRACE_IDS.apple_gfx_map_memory, task?.address ?? 0, count, start, words[2] ?? 0);
    const job = this.beginJob(id);
    // The first piece comes with the record.
    if (count === 1 && (words[5] ?? 0) > 0) this.report(job, this.mapPiece(task, start, words[4] ?? 0, words[5] ?? 0, readOnly, 0));
    else this.mapPieces(task, job, { id, count, start, readOnly });
    job.report('ended');
  }

  unmap(upcall: PvgRecord): void {
    const { id, words } = upcall;
    const range = words[0] ?? 0;
    const offset = words[1] ?? 0;
    const length = words[2] ?? 0;
    const task = this.tasks.get(range);
    if (this.port.tracing) this.port.note(TRACE_IDS.apple_gfx_unmap_memory, task?.address ?? 0, offset, length);
    const job = this.beginJob(id);
    this.report(job, task !== undefined && fits(task, offset, length) && this.port.unmapRange(range, offset, length) === 0);
    job.report('ended');
  }

  private beginJob(id: number): MappingJob {
    const job = new MappingJob(this.port, id);
    job.begin();
    return job;
  }

  private report(job: MappingJob, ok: boolean): void {
    job.report(ok ? 'mapped' : 'failed');
  }

  private mapPieces(task: Task | undefined, job: MappingJob, { id, count, start, readOnly }: MapCall): void {
    const pieces = count <= MAP_MAX_PIECES ? this.port.mapPieces(id, count) : [];
    const got = pieces.length / 2;
    let target = start;
    for (let index = 0; index < got; index++) {
      const [gpa, length] = [pieces[2 * index] ?? 0, pieces[2 * index + 1] ?? 0];
      this.report(job, this.mapPiece(task, target, gpa, length, readOnly, index));
      target += length;
    }
    if (got < count) this.report(job, false);
  }

  /** Maps guest memory at an offset of the task; `index`: which piece of the call it is. Not an object, since there is one for each map. */
  private mapPiece(task: Task | undefined, target: number, gpa: number, length: number, readOnly: boolean, index: number): boolean {
    if (task === undefined) return false;
    if (this.port.tracing) this.port.note(TRACE_IDS.apple_gfx_map_memory_range, index, gpa, length);
    const found = this.space.lookup(gpa, length, !readOnly);
    if (!found || !fits(task, target, length)) return false;
    const { region, offset } = found;
    const status = this.port.mapRange(task.range, target, region.ram, region.ramOffset + offset, length, readOnly);
    if (this.port.tracing) this.port.note(TRACE_IDS.apple_gfx_remap, status, region.hostAddress + offset, task.address + target);
    if (status !== 0) return false;
    if (this.policies.taskReferences && !task.regions.has(region)) {
      this.space.acquire(region);
      task.regions.add(region);
    }
    return true;
  }
}

function fits(task: Task, offset: number, length: number): boolean {
  return length > 0 && offset + length <= task.length;
}
