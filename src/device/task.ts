/**
 * PVG's tasks and the upcalls about their memory (device.md 4.1).
 *
 * Invariant: a task holds one reference on each memory region it has mapped anything of, until it is destroyed; in the revisions
 * without references it holds none. Every mapping job is answered exactly once, when its machine says so.
 */
import { MAP_MAX_PIECES } from '../base/limits.js';
import type { PvgRecord } from '../bridge/records.js';
import type { AddressSpace } from '../memory/address-space.js';
import type { BackedRegion } from '../memory/region.js';
import type { Revision } from '../revisions/revision.js';
import type { DevicePort } from './effects.js';
import { MappingJob } from './mapping-job.js';

interface Task {
  readonly range: number;
  readonly address: number;
  readonly length: number;
  readonly regions: Set<BackedRegion>;
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

  map(upcall: PvgRecord): void {
    const [range = 0, start = 0, readOnly = 0, count = 0] = upcall.words;
    if (count === 0 && !this.policies.emptyMapsAreJobs) {
      return this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: true, value: 0 });
    }
    const task = this.tasks.get(range);
    this.port.trace('apple_gfx_map_memory', { task: task?.address ?? 0, count, offset: start, readOnly });
    const pieces = count > 0 && count <= MAP_MAX_PIECES ? this.port.mapPieces(upcall.id, count) : [];
    let target = start;
    const work = pieces.map(([gpa, length], index) => () => {
      const ok = task !== undefined && this.mapPiece(task, { index, gpa, length, target, readOnly: readOnly !== 0 });
      target += length;
      return ok;
    });
    if (count > MAP_MAX_PIECES || pieces.length < count) work.push(() => false);
    this.run(upcall.id, work);
  }

  unmap(upcall: PvgRecord): void {
    const [range = 0, offset = 0, length = 0] = upcall.words;
    const task = this.tasks.get(range);
    this.port.trace('apple_gfx_unmap_memory', { task: task?.address ?? 0, offset, length });
    this.run(upcall.id, [() => task !== undefined && fits(task, offset, length) && this.port.unmapRange(range, offset, length) === 0]);
  }

  private run(id: number, work: readonly (() => boolean)[]): void {
    const job = new MappingJob((ok) => this.port.perform({ do: 'answerUpcall', id, ok, value: 0 }));
    job.begin();
    for (const piece of work) job.report(piece() ? 'mapped' : 'failed');
    job.report('ended');
  }

  private mapPiece(task: Task, piece: { index: number; gpa: number; length: number; target: number; readOnly: boolean }): boolean {
    this.port.trace('apple_gfx_map_memory_range', piece);
    const found = this.space.lookup(piece.gpa, piece.length, !piece.readOnly);
    if (!found || !fits(task, piece.target, piece.length)) return false;
    const { region, offset } = found;
    const status = this.port.mapRange(task.range, piece.target, region.ram, region.ramOffset + offset, piece.length, piece.readOnly);
    this.port.trace('apple_gfx_remap', { status, source: region.hostAddress + offset, target: task.address + piece.target });
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
