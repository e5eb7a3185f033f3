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

/** A region among those that cover an address: of two the one of higher priority is seen, then the one added last. */
interface Cover {
  readonly region: MemoryRegion;
  readonly added: number;
}

const above = (a: Cover, b: Cover): number => a.region.priority - b.region.priority || a.added - b.added;

/** Puts a region among those that cover the address now, which are in the order of above(). */
function cover(covers: Cover[], next: Cover): void {
  let at = covers.length;
  while (at > 0 && above(covers[at - 1] as Cover, next) > 0) at--;
  covers.splice(at, 0, next);
}

/** Between two neighbouring edges the same region is seen everywhere: goes through the edges, and notes which regions cover what is between them. */
function flatten(regions: readonly MemoryRegion[]): FlatRange[] {
  const starts = regions.map((region, added) => ({ region, added })).sort((a, b) => a.region.gpa - b.region.gpa);
  const edges = [...new Set(regions.flatMap((region) => [region.gpa, endOf(region)]))].sort((a, b) => a - b);
  const ranges: FlatRange[] = [];
  let covers: Cover[] = [];
  let started = 0;
  edges.forEach((gpa, index) => {
    const end = edges[index + 1];
    if (covers.some(({ region }) => endOf(region) <= gpa)) covers = covers.filter(({ region }) => endOf(region) > gpa);
    for (let next = starts[started]; next !== undefined && next.region.gpa === gpa; next = starts[++started]) cover(covers, next);
    const region = covers.at(-1)?.region;
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
