/**
 * The map of guest-physical addresses to memory regions, which may change while the device runs, and the references on its regions.
 *
 * Invariant: a region that was removed is never found again, and is reported as dropped once, when nobody holds a
 * reference on it any more; until then what was mapped of it stays. Owned by the BQL actor.
 */
import { ArgumentError, assert } from '../base/errors.js';
import { MAX_REGIONS } from '../base/limits.js';
import { FlatView, type Translation } from './flat-view.js';
import type { BackedRegion, MemoryRegion } from './region.js';

export class AddressSpace {
  private readonly regions = new Map<number, MemoryRegion>();
  private readonly references = new Map<MemoryRegion, number>();
  private view = new FlatView([]);

  /** Throws ArgumentError as add() does. `onDropped` is told of each removed region once it has no references. */
  constructor(
    regions: readonly MemoryRegion[],
    private readonly onDropped: (region: MemoryRegion) => void = () => undefined,
  ) {
    for (const region of regions) this.add(region);
  }

  /** Throws ArgumentError if the region is empty or leaves the numbers that are exact, its id is taken, or there are too many. */
  add(region: MemoryRegion): void {
    const where = `memory region ${region.name} of ${region.length} bytes at 0x${region.gpa.toString(16)}`;
    if (!(region.length > 0) || !(region.gpa >= 0) || !Number.isSafeInteger(region.gpa + region.length)) {
      throw new ArgumentError(`${where} is empty or out of bounds`);
    }
    if (this.regions.has(region.id)) throw new ArgumentError(`${where} has the id ${region.id} of another one`);
    if (this.regions.size >= MAX_REGIONS) throw new ArgumentError(`${where} is one too many, at most ${MAX_REGIONS} are possible`);
    this.regions.set(region.id, region);
    this.view = new FlatView([...this.regions.values()]);
  }

  /** Takes a region off the map; false if there is none of that id. */
  remove(id: number): boolean {
    const region = this.regions.get(id);
    if (!region) return false;
    this.regions.delete(id);
    this.view = new FlatView([...this.regions.values()]);
    if (!this.references.has(region)) this.onDropped(region);
    return true;
  }

  /** What is seen at an address, or null. */
  translate(gpa: number): Translation | null {
    return this.view.translate(gpa);
  }

  /** Memory that can be mapped: all of [gpa, gpa + length) in one region that has host memory, and may be written if `write` (device.md 4.3). */
  lookup(gpa: number, length: number, write: boolean): { readonly region: BackedRegion; readonly offset: number } | null {
    const found = this.view.translate(gpa);
    if (!found || found.region.kind === 'mmio' || !(length > 0) || found.contiguous < length) return null;
    if (write && found.region.kind === 'rom') return null;
    return { region: found.region, offset: found.offset };
  }

  acquire(region: MemoryRegion): void {
    this.references.set(region, this.referencesOf(region) + 1);
  }

  release(region: MemoryRegion): void {
    const left = this.referencesOf(region) - 1;
    assert(left >= 0, `a reference on ${region.name} was given back that nobody has`);
    if (left > 0) {
      this.references.set(region, left);
      return;
    }
    this.references.delete(region);
    if (this.regions.get(region.id) !== region) this.onDropped(region);
  }

  referencesOf(region: MemoryRegion): number {
    return this.references.get(region) ?? 0;
  }

  /** Every region on the map with its references, for people and tests. */
  list(): readonly { readonly name: string; readonly id: number; readonly references: number }[] {
    return [...this.regions.values()].map((region) => ({ name: region.name, id: region.id, references: this.referencesOf(region) }));
  }
}
