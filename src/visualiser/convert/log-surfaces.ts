/**
 * IOSurface mappings, as the events of a log tell of them.
 *
 * Invariant: an unmap fits if a mapping gave that address, or, where regions are counted (up to v5), if the address lies in a region that is mapped
 * as often as the line says.
 */
import type { Complain } from './check-parts.js';

type Values = Readonly<Record<string, number>>;
const hex = (value = 0): string => `0x${value.toString(16)}`;
const MAPPED = ['apple_gfx_iosfc_map_memory'] as const;

interface Region {
  readonly start: number;
  readonly end: number;
  count: number;
}

export class LogSurfaces {
  /** How often each address is mapped. */
  private readonly mapped = new Map<number, number>();
  private regions: Region[] = [];

  constructor(private readonly complain: Complain) {}

  /** Comes before the mapping that is its first. */
  region({ start = 0, end = 0 }: Values): void {
    if (end <= start) this.complain(`a region ends at ${hex(end)} and begins at ${hex(start)}`, []);
    this.regions.push({ start, end, count: 0 });
  }

  map({ address = 0, ok }: Values): void {
    if (ok !== undefined && (ok !== 0) !== (address !== 0))
      this.complain(ok === 0 ? `a mapping failed, and gave ${hex(address)}` : 'a mapping succeeded, and gave no address', []);
    if (address === 0) return;
    this.mapped.set(address, (this.mapped.get(address) ?? 0) + 1);
    const region = this.regionOf(address);
    if (region !== undefined) region.count++;
  }

  unmap({ address = 0, count }: Values): void {
    if (count !== undefined) return this.unmapRegion(address, count);
    const times = this.mapped.get(address) ?? 0;
    if (times === 0) return this.complain(`unmaps ${hex(address)}, which no mapping gave, or which is unmapped already`, MAPPED);
    if (times === 1) this.mapped.delete(address);
    else this.mapped.set(address, times - 1);
  }

  private unmapRegion(address: number, count: number): void {
    const region = this.regionOf(address);
    if (region === undefined) return this.complain(`unmaps ${hex(address)}, which lies in no region that is mapped`, MAPPED);
    if (region.count !== count)
      this.complain(`says that ${count} mappings are in the region of ${hex(address)}, and ${region.count} are`, MAPPED);
    region.count = Math.max(0, count - 1);
    if (region.count === 0) this.regions = this.regions.filter((each) => each !== region);
  }

  private regionOf(address: number): Region | undefined {
    return this.regions.find(({ start, end }) => address >= start && address < end);
  }
}
