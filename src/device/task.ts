/**
 * PVG's tasks and the upcalls about their memory (device.md 4.1 to 4.3).
 *
 * Invariant: a task holds one reference on each memory region it has mapped anything of, until it is destroyed. Every
 * mapping job is answered exactly once, when its machine says so.
 */
import { assert } from '../base/errors.js';
import { MAP_MAX_PIECES } from '../base/limits.js';
import type { PvgRecord } from '../bridge/records.js';
import type { AddressSpace } from '../memory/address-space.js';
import type { BackedRegion } from '../memory/region.js';
import { MachineDriver } from '../runtime/machine-driver.js';
import type { DevicePort } from './effects.js';
import { mappingJobMachine } from './mapping-job.machine.js';

interface Task {
  readonly range: number;
  readonly address: number;
  readonly length: number;
  readonly regions: Set<BackedRegion>;
}

const driver = new MachineDriver(mappingJobMachine);

export class Tasks {
  /** Owned by the BQL actor. */
  private readonly tasks = new Map<number, Task>();

  constructor(
    private readonly space: AddressSpace,
    private readonly port: DevicePort,
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
      this.port.trace('apple_gfx_destroy_task', { task: task.range, regions: task.regions.size });
      for (const region of task.regions) this.space.release(region);
      this.tasks.delete(task.range);
      this.port.perform({ do: 'releaseRange', range: task.range });
    }
    this.port.perform({ do: 'answerUpcall', id: upcall.id, ok: task !== undefined, value: 0 });
  }

  map(upcall: PvgRecord): void {
    const [range = 0, start = 0, readOnly = 0, count = 0] = upcall.words;
    const task = this.tasks.get(range);
    this.port.trace('apple_gfx_map_memory', { task: range, count, offset: start, readOnly });
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
    this.port.trace('apple_gfx_unmap_memory', { task: range, offset, length });
    this.run(upcall.id, [() => task !== undefined && fits(task, offset, length) && this.port.unmapRange(range, offset, length) === 0]);
  }

  /** device.md 4.2, for what is RAM; a range that meets a register window is refused in v5, which forbids re-entrant accesses. */
  readMemory(upcall: PvgRecord): void {
    const [gpa = 0, length = 0] = upcall.words;
    const work: (() => boolean)[] = [];
    let done = 0;
    while (done < length) {
      const found = this.space.translate(gpa + done);
      const at = done;
      if (!found || found.region.kind === 'mmio') {
        if (found) this.refuseReentrant(found.region.name, gpa + done);
        work.push(() => false);
        break;
      }
      const region = found.region;
      const size = Math.min(length - done, found.contiguous);
      work.push(() => this.port.supplyFromRam(upcall.id, at, region.ram, region.ramOffset + found.offset, size));
      done += size;
    }
    this.run(upcall.id, work);
  }

  /** QEMU's memory core warns of an access to a device that is inside one already, and answers an error (device.md 2). */
  private refuseReentrant(window: string, gpa: number): void {
    const text = `readMemory met the ${window} window at 0x${gpa.toString(16)}: refused, the device is inside an access`;
    this.port.perform({ do: 'logGuestError', text });
  }

  /** Drives one mapping job through its machine; each piece is carried out when the machine asks for the next. */
  private run(id: number, work: readonly (() => boolean)[]): void {
    let snapshot = driver.initial();
    let next = 0;
    let event: Parameters<typeof driver.step>[1] | null = { type: 'bh.ran' };
    while (event) {
      const step: ReturnType<typeof driver.step> = driver.step(snapshot, event);
      snapshot = step.snapshot;
      event = null;
      for (const effect of step.effects) {
        if (effect.type === 'mapNextRange') {
          const piece = work[next++];
          event = piece ? { type: piece() ? 'range.mapped' : 'range.failed' } : { type: 'ranges.ended' };
        } else {
          assert(effect.type === 'answerTrue' || effect.type === 'answerFalse', `mappingJob has no effect ${effect.type}`);
          this.port.perform({ do: 'answerUpcall', id, ok: effect.type === 'answerTrue', value: 0 });
        }
      }
    }
  }

  private mapPiece(task: Task, piece: { index: number; gpa: number; length: number; target: number; readOnly: boolean }): boolean {
    this.port.trace('apple_gfx_map_memory_range', piece);
    const found = this.space.lookup(piece.gpa, piece.length, !piece.readOnly);
    if (!found || !fits(task, piece.target, piece.length)) return false;
    const { region, offset } = found;
    const status = this.port.mapRange(task.range, piece.target, region.ram, region.ramOffset + offset, piece.length, piece.readOnly);
    this.port.trace('apple_gfx_remap', { status, source: region.hostAddress + offset, target: task.address + piece.target });
    if (status !== 0) return false;
    if (!task.regions.has(region)) this.space.acquire(region);
    task.regions.add(region);
    return true;
  }
}

function fits(task: Task, offset: number, length: number): boolean {
  return length > 0 && offset + length <= task.length;
}
