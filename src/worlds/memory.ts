/**
 * Guest memory without contents: what is there, and what is mapped where. It stands in for native/guest_memory.c.
 *
 * Invariant: whoever looks at memory that is not there any more is told to be wrong.
 */
import { PvgStatus } from '../bridge/pvg.js';
import { PAGE } from './pvg-steps.js';
import { TOO_LONG } from './shortages.js';

const RAM_SPACING = 2 ** 32;
const RANGE_BASE = 2 ** 44;

export class ModelMemory {
  /** RAMs that are there. */
  private readonly rams = new Set<number>();
  /** Which RAM each page of a range shows, by page; of ranges that are there. */
  private readonly ranges = new Map<number, Map<number, number>>();
  private nextRam = 1;
  private nextRange = 1;

  constructor(private readonly fail: (property: string, text: string) => void) {}

  get rangeCount(): number {
    return this.ranges.size;
  }

  get ramCount(): number {
    return this.rams.size;
  }

  createRam(): number {
    const ram = this.nextRam++;
    this.rams.add(ram);
    return ram;
  }

  destroyRam(ram: number): void {
    if (!this.rams.delete(ram)) this.fail('P7', `RAM ${ram} is given back twice`);
  }

  ramAddress(ram: number): number {
    return ram * RAM_SPACING;
  }

  createRange(length: number): { range: number; address: number } | null {
    if (!(length > 0) || length >= TOO_LONG) return null;
    const range = this.nextRange++;
    this.ranges.set(range, new Map());
    return { range, address: RANGE_BASE + range * RAM_SPACING };
  }

  destroyRange(range: number): void {
    if (!this.ranges.delete(range)) this.fail('P7', `range ${range} is given back twice`);
  }

  map(range: number, offset: number, ram: number, ramOffset: number): number {
    const pages = this.ranges.get(range);
    if (pages === undefined) {
      this.fail('P8', `something is mapped into range ${range}, which is gone`);
      return PvgStatus.handle;
    }
    if (ramOffset % PAGE !== 0) return PvgStatus.argument;
    pages.set(offset / PAGE, ram);
    return PvgStatus.ok;
  }

  unmap(range: number, offset: number): number {
    const pages = this.ranges.get(range);
    if (pages === undefined) return PvgStatus.handle;
    pages.delete(offset / PAGE);
    return PvgStatus.ok;
  }

  /** PVG looks at a page of a range. */
  use(range: number, page: number): void {
    const pages = this.ranges.get(range);
    if (pages === undefined) return this.fail('P8', `PVG looks at range ${range}, which is gone`);
    const ram = pages.get(page);
    if (ram !== undefined && !this.rams.has(ram)) this.fail('P8', `PVG looks at page ${page} of range ${range}, whose RAM ${ram} is gone`);
  }

  /** PVG looks at a host address. */
  useAddress(address: number): void {
    const ram = Math.floor(address / RAM_SPACING);
    if (address !== 0 && !this.rams.has(ram)) this.fail('P8', `PVG looks at 0x${address.toString(16)}, where RAM ${ram} was`);
  }
}
