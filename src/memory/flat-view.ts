/**
 * What is seen at each guest-physical address, once overlaps are resolved: a sorted list of ranges.
 *
 * Immutable: a change of the map makes a new one, so that whoever looks something up in an old one sees a map that was
 * true. Look-ups take O(log n). It counts no references.
 */
import type { MemoryRegion } from './region.js';

/** Where a guest-physical address leads: a region, the offset in it, and how many bytes of it follow. */
export interface Translation {
  readonly region: MemoryRegion;
  readonly offset: number;
  readonly contiguous: number;
}

/** [gpa, end) shows `region` from `offset` on. */
export interface FlatRange {
  readonly gpa: number;
  readonly end: number;
  readonly region: MemoryRegion;
  readonly offset: number;
}

const endOf = (region: MemoryRegion): number => region.gpa + region.length;

/** The region seen at an address: the highest priority, then the last added. */
function seenAt(regions: readonly MemoryRegion[], gpa: number): MemoryRegion | undefined {
  let seen: MemoryRegion | undefined;
  for (const region of regions) {
    if (gpa >= region.gpa && gpa < endOf(region) && (seen === undefined || region.priority >= seen.priority)) seen = region;
  }
  return seen;
}

/** Between two neighbouring edges the same region is seen everywhere. */
function flatten(regions: readonly MemoryRegion[]): FlatRange[] {
  const edges = [...new Set(regions.flatMap((region) => [region.gpa, endOf(region)]))].sort((a, b) => a - b);
  const ranges: FlatRange[] = [];
  edges.forEach((gpa, index) => {
    const end = edges[index + 1];
    const region = seenAt(regions, gpa);
    if (end === undefined || region === undefined) return;
    const last = ranges.at(-1);
    if (last?.region === region && last.end === gpa) ranges[ranges.length - 1] = { ...last, end };
    else ranges.push({ gpa, end, region, offset: gpa - region.gpa });
  });
  return ranges;
}

export class FlatView {
  /** Sorted by address. */
  readonly ranges: readonly FlatRange[];

  /** Regions in the order in which they were added. */
  constructor(regions: readonly MemoryRegion[]) {
    this.ranges = flatten(regions);
  }

  /** What is seen at an address, or null where nothing is. */
  translate(gpa: number): Translation | null {
    let low = 0;
    let high = this.ranges.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ranges[middle]?.end ?? 0) <= gpa) low = middle + 1;
      else high = middle;
    }
    const range = this.ranges[low];
    // Also not for what is no number.
    if (!range || !(gpa >= range.gpa)) return null;
    return { region: range.region, offset: range.offset + gpa - range.gpa, contiguous: range.end - gpa };
  }
}
