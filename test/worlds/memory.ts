/**
 * Guest memory as arrays: RAM, and tasks' ranges as page tables. It stands in for native/guest_memory.c, and says what pvg_bridge.h says.
 *
 * Invariant: a page that a range maps stays what it is when its RAM is destroyed, until it is unmapped; whoever looks at the RAM then
 * sees zeros.
 */
import { PvgStatus } from '../../src/bridge/pvg.js';

export const PAGE = 4096;
const FIRST_RAM_ADDRESS = 0x7f00_0000_0000;
const FIRST_RANGE_ADDRESS = 0x7a00_0000_0000;
const GAP = 2 ** 36;

interface Ram {
  readonly bytes: Uint8Array;
  readonly address: number;
  alive: boolean;
}

/** A mapped page. */
interface Page {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly readOnly: boolean;
}

interface Range {
  readonly length: number;
  readonly address: number;
  readonly pages: Map<number, Page>;
}

export class ModelMemory {
  private readonly rams = new Map<number, Ram>();
  private readonly ranges = new Map<number, Range>();
  private handles = 0;
  /** Ranges that can still be made. */
  rangesLeft = Number.POSITIVE_INFINITY;

  createRam(length: number): number {
    const ram = ++this.handles;
    this.rams.set(ram, { bytes: new Uint8Array(length), address: FIRST_RAM_ADDRESS + ram * GAP, alive: true });
    return ram;
  }

  ramAddress(ram: number): number {
    return this.rams.get(ram)?.address ?? 0;
  }

  /** A RAM's bytes; zeros that nobody else sees once it is destroyed. */
  ram(ram: number): Uint8Array {
    const known = this.rams.get(ram);
    return known?.alive ? known.bytes : new Uint8Array(known?.bytes.length ?? 0);
  }

  destroyRam(ram: number): void {
    const known = this.rams.get(ram);
    if (known) known.alive = false;
  }

  createRange(length: number): number {
    if (!fitsPages(0, length) || this.rangesLeft <= 0) return 0;
    this.rangesLeft--;
    const range = ++this.handles;
    this.ranges.set(range, { length, address: FIRST_RANGE_ADDRESS + range * GAP, pages: new Map() });
    return range;
  }

  rangeAddress(range: number): number {
    return this.ranges.get(range)?.address ?? 0;
  }

  destroyRange(range: number): void {
    this.ranges.delete(range);
    this.rangesLeft++;
  }

  /** Ranges that exist. */
  get rangeCount(): number {
    return this.ranges.size;
  }

  map(range: number, offset: number, ram: number, ramOffset: number, length: number, readOnly: boolean): number {
    const target = this.ranges.get(range);
    const source = this.rams.get(ram);
    if (!target || !source?.alive) return PvgStatus.handle;
    if (!inside(offset, length, target.length) || !inside(ramOffset, length, source.bytes.length)) return PvgStatus.bounds;
    for (let at = 0; at < length; at += PAGE) target.pages.set(offset + at, { bytes: source.bytes, at: ramOffset + at, readOnly });
    return PvgStatus.ok;
  }

  unmap(range: number, offset: number, length: number): number {
    const target = this.ranges.get(range);
    if (!target) return PvgStatus.handle;
    if (!inside(offset, length, target.length)) return PvgStatus.bounds;
    for (let at = 0; at < length; at += PAGE) target.pages.delete(offset + at);
    return PvgStatus.ok;
  }

  /** The word that is seen at an offset of a range; null if there is no such range. */
  look(range: number, offset: number): number | null {
    const target = this.ranges.get(range);
    if (!target || offset + 4 > target.length) return null;
    const page = target.pages.get(offset - (offset % PAGE));
    if (!page) return 0;
    return new DataView(page.bytes.buffer, page.bytes.byteOffset).getUint32(page.at + (offset % PAGE), true);
  }

  /** Whether a page of a range is protected. */
  isReadOnly(range: number, offset: number): boolean {
    return this.ranges.get(range)?.pages.get(offset)?.readOnly ?? false;
  }

  /** The word at a host address that PVG was given; null if no RAM is there. */
  lookAtHost(address: number): number | null {
    for (const { bytes, address: base, alive } of this.rams.values()) {
      if (alive && address >= base && address + 4 <= base + bytes.length) {
        return new DataView(bytes.buffer, bytes.byteOffset).getUint32(address - base, true);
      }
    }
    return null;
  }
}

function fitsPages(offset: number, length: number): boolean {
  return Number.isSafeInteger(offset + length) && length > 0 && offset >= 0 && offset % PAGE === 0 && length % PAGE === 0;
}

function inside(offset: number, length: number, whole: number): boolean {
  return fitsPages(offset, length) && offset + length <= whole;
}
