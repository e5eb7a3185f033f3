/**
 * The map of guest-physical addresses to memory regions, which may change while the device runs, and the references on its regions.
 *
 * Invariant: a region that was removed is never found again; what was mapped of it stays until its last reference is given back.
 * Whoever looks addresses up without the map's owner does so in what the owner has published of it; the references are shared by all.
 */
import { ArgumentError } from '../base/errors.js';
import { MAX_REGIONS } from '../base/limits.js';
import { type FlatRange, FlatView, type Translation } from './flat-view.js';
import { HostView } from './host-view.js';
import type { RegionReferences } from './references.js';
import { type BackedRegion, isBacked, type MemoryRegion } from './region.js';

/** The map as it is now, for those who look things up elsewhere. */
export interface MapSnapshot {
  readonly ranges: readonly FlatRange[];
  readonly regions: readonly MemoryRegion[];
  /** Not on the map any more, but something may still be mapped. */
  readonly removed: readonly BackedRegion[];
}

/** A region as people see it. */
export interface ListedRegion extends Pick<MemoryRegion, 'name' | 'id' | 'kind' | 'gpa' | 'length' | 'priority'> {
  readonly references: number;
}

/** What is seen at an address of memory. */
export type BackedTranslation = Translation & { readonly region: BackedRegion };

export class AddressSpace {
  private readonly regions = new Map<number, MemoryRegion>();
  /** Removed regions of which something may still be mapped; one that has no reference left is never looked at. */
  private removed: BackedRegion[] = [];
  private view = new FlatView([]);
  private hosts = new HostView([]);
  private removedHosts = new HostView([]);

  /** Throws ArgumentError as add() does. `onGone` is told of each removed region whose last reference this map gave back. */
  constructor(
    regions: readonly MemoryRegion[],
    private readonly references: RegionReferences,
    private readonly onGone: (region: BackedRegion) => void = () => undefined,
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
    // Whoever had its slot is gone for good, though the slot will look held again.
    if (isBacked(region)) this.removed = this.removed.filter(({ slot }) => slot !== region.slot);
    this.changed();
  }

  /** Takes a region off this map; false if there is none of that id. Its references are the caller's affair. */
  remove(id: number): boolean {
    const region = this.regions.get(id);
    if (!region) return false;
    this.regions.delete(id);
    // Nobody finds those that were removed before, so what has no reference gets none.
    this.removed = this.removed.filter(({ slot }) => this.references.count(slot) > 0);
    if (isBacked(region)) this.removed.push(region);
    this.changed();
    return true;
  }

  /** What is seen at an address, or null. */
  translate(gpa: number): Translation | null {
    return this.view.translate(gpa);
  }

  /** Memory that can be mapped: all of [gpa, gpa + length) in one region that has host memory, and may be written if `write` (device.md 4.3). */
  lookup(gpa: number, length: number, write: boolean): BackedTranslation | null {
    const found = this.view.translate(gpa);
    if (!found || !isBacked(found.region) || !(length > 0) || found.contiguous < length) return null;
    if (found.region.kind === 'deviceRam' || (write && found.region.kind === 'rom')) return null;
    return found as BackedTranslation;
  }

  /** The region whose host memory holds an address, on the map or removed but still mapped by something; null if there is none. */
  findHostAddress(address: number): BackedRegion | null {
    const removed = this.removedHosts.find(address);
    return this.hosts.find(address) ?? (removed && this.references.isHeld(removed.slot) ? removed : null);
  }

  get snapshot(): MapSnapshot {
    return { ranges: this.view.ranges, regions: [...this.regions.values()], removed: this.removed };
  }

  acquire(region: BackedRegion): void {
    this.references.acquire(region.slot);
  }

  release(region: BackedRegion): void {
    if (this.references.release(region.slot)) this.onGone(region);
  }

  /** Gives back a reference that may be somebody else's; false if nobody has one. */
  tryRelease(region: BackedRegion): boolean {
    const outcome = this.references.tryRelease(region.slot);
    if (outcome === 'gone') this.onGone(region);
    return outcome !== 'none';
  }

  referencesOf(region: MemoryRegion): number {
    return isBacked(region) ? this.references.count(region.slot) : 0;
  }

  /** Every region on the map with its references, for people and tests. */
  list(): readonly ListedRegion[] {
    return [...this.regions.values()].map((region) => {
      const { name, id, kind, gpa, length, priority } = region;
      return { name, id, kind, gpa, length, priority, references: this.referencesOf(region) };
    });
  }

  private changed(): void {
    const regions = [...this.regions.values()];
    this.view = new FlatView(regions);
    this.hosts = new HostView(regions.filter(isBacked));
    this.removedHosts = new HostView(this.removed);
  }
}
