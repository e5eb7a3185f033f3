/**
 * The map of guest-physical addresses to memory regions, and its look-ups.
 *
 * Invariant: regions do not overlap; the map does not change while a device runs on it. What is not here yet: ROM,
 * priorities and aliases, which come with the whole device.
 */
import { ArgumentError } from '../base/errors.js';
import { MAX_REGIONS } from '../base/limits.js';
import type { WindowId } from '../bridge/pvg.js';

/** RAM `ram` (a bridge handle) from `ramOffset` on, at [gpa, gpa + length). */
export interface RamRegion {
  readonly kind: 'ram';
  readonly name: string;
  readonly gpa: number;
  readonly length: number;
  readonly ram: number;
  readonly ramOffset: number;
  /** Host address of the region's first byte, for traces. */
  readonly hostAddress: number;
}

/** A register window of the device itself. */
export interface MmioRegion {
  readonly kind: 'mmio';
  readonly name: string;
  readonly gpa: number;
  readonly length: number;
  readonly window: WindowId;
}

export type MemoryRegion = RamRegion | MmioRegion;

/** Where a guest-physical address leads: a region, the offset in it, and how many bytes of it follow. */
export interface Translation {
  readonly region: MemoryRegion;
  readonly offset: number;
  readonly contiguous: number;
}

export class AddressSpace {
  private readonly regions: readonly MemoryRegion[];

  /** Throws ArgumentError if two regions overlap, one is empty, or there are too many. */
  constructor(regions: readonly MemoryRegion[]) {
    if (regions.length > MAX_REGIONS) throw new ArgumentError(`${regions.length} memory regions, at most ${MAX_REGIONS} are possible`);
    const sorted = [...regions].sort((a, b) => a.gpa - b.gpa);
    let end = 0;
    for (const region of sorted) {
      if (!(region.length > 0) || !Number.isSafeInteger(region.gpa + region.length)) {
        throw new ArgumentError(`memory region ${region.name} has length ${region.length} at 0x${region.gpa.toString(16)}`);
      }
      if (region.gpa < end)
        throw new ArgumentError(`memory region ${region.name} at 0x${region.gpa.toString(16)} overlaps the one below it`);
      end = region.gpa + region.length;
    }
    this.regions = sorted;
  }

  /** The region a guest-physical address lies in, or null. */
  translate(gpa: number): Translation | null {
    for (const region of this.regions) {
      if (gpa >= region.gpa && gpa < region.gpa + region.length) {
        return { region, offset: gpa - region.gpa, contiguous: region.gpa + region.length - gpa };
      }
    }
    return null;
  }

  /** As translate(), but only if the whole of [gpa, gpa + length) is RAM of one region (device.md 4.3); else null. */
  ramRange(gpa: number, length: number): { readonly region: RamRegion; readonly offset: number } | null {
    const found = this.translate(gpa);
    if (found?.region.kind !== 'ram' || !(length > 0) || found.contiguous < length) return null;
    return { region: found.region, offset: found.offset };
  }
}
