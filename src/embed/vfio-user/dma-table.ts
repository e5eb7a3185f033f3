/**
 * Which guest memory a client has mapped: checks its requests, and carries them out on the device.
 *
 * Invariants: mappings don't overlap. A mapping is in the table exactly as long as the device has it; one that was unmapped is of no more use to
 * anybody when unmap() returns. Addresses are bigints, since a client may name all 64 bits.
 */
import { DmaMapFlag, DmaUnmapFlag, Errno, PAGE_BYTES, RequestError } from './protocol.js';

/** A piece of guest memory. */
export interface DmaMapping {
  readonly address: bigint;
  readonly bytes: bigint;
  readonly readable: boolean;
  readonly writable: boolean;
  /** Where it begins in its descriptor. */
  readonly offset: bigint;
}

/** Where mappings go. Each call returns when it is done. */
export interface DmaTarget {
  /** `descriptor` stays the caller's; null: the memory is reached by messages. Returns what names the mapping. Throws RequestError. */
  map(mapping: DmaMapping, descriptor: number | null): number;
  /** Ends every use of them. */
  unmap(names: readonly number[]): void;
}

interface Entry extends DmaMapping {
  readonly name: number;
}

const PAGE_MASK = BigInt(PAGE_BYTES - 1);
/** What the device's own map of addresses can hold. */
const MAX_ADDRESS = 2n ** 52n;
const MAX_OFFSET = 2n ** 62n;
const ALL = 2n ** 64n;

const MAP_BYTES = 32;
const UNMAP_BYTES = 24;

function invalid(what: string): RequestError {
  return new RequestError(Errno.EINVAL, what);
}

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** Whether [address, address + bytes) is whole pages below a limit. */
function isPiece(address: bigint, bytes: bigint, limit: bigint): boolean {
  return bytes > 0n && (address & PAGE_MASK) === 0n && (bytes & PAGE_MASK) === 0n && address + bytes <= limit;
}

export class DmaTable {
  /** By address. */
  private entries: Entry[] = [];

  constructor(
    private readonly target: DmaTarget,
    /** The most mappings there may be. */
    private readonly maximum: number,
  ) {}

  get size(): number {
    return this.entries.length;
  }

  /** What is mapped, by address. */
  get mappings(): readonly DmaMapping[] {
    return this.entries;
  }

  /** DMA_MAP. Throws RequestError. */
  map(payload: DataView, descriptors: readonly number[]): void {
    if (payload.byteLength < MAP_BYTES) throw invalid(`DMA_MAP has ${payload.byteLength} bytes, expected ${MAP_BYTES}`);
    const flags = payload.getUint32(4, true);
    const offset = payload.getBigUint64(8, true);
    const address = payload.getBigUint64(16, true);
    const bytes = payload.getBigUint64(24, true);
    const where = `DMA_MAP of ${hex(bytes)} bytes at ${hex(address)}`;
    if (descriptors.length > 1) throw invalid(`${where} came with ${descriptors.length} descriptors, expected one at most`);
    if ((flags & ~DmaMapFlag.all) !== 0)
      throw invalid(`${where} has flags 0x${flags.toString(16)}, expected some of 0x${DmaMapFlag.all.toString(16)}`);
    if (!isPiece(address, bytes, MAX_ADDRESS))
      throw invalid(`${where}: expected whole pages of ${PAGE_BYTES} bytes below ${hex(MAX_ADDRESS)}`);
    const [descriptor = null] = descriptors;
    if ((flags & (DmaMapFlag.mmap | DmaMapFlag.file)) !== 0 && descriptor === null)
      throw invalid(`${where} is of a file and came without its descriptor`);
    if (descriptor !== null && ((offset & PAGE_MASK) !== 0n || offset + bytes > MAX_OFFSET)) {
      throw invalid(`${where} begins at ${hex(offset)} of its file, expected a multiple of ${PAGE_BYTES}`);
    }
    const end = address + bytes;
    const met = this.entries.find((entry) => entry.address < end && address < entry.address + entry.bytes);
    if (met) throw new RequestError(Errno.EEXIST, `${where} overlaps ${hex(met.bytes)} bytes at ${hex(met.address)}`);
    if (this.entries.length >= this.maximum)
      throw new RequestError(Errno.ENOSPC, `${where} is one too many, at most ${this.maximum} are possible`);
    const readable = (flags & DmaMapFlag.read) !== 0;
    const writable = (flags & DmaMapFlag.write) !== 0;
    const mapping: DmaMapping = { address, bytes, readable, writable, offset: descriptor === null ? 0n : offset };
    const name = this.target.map(mapping, descriptor);
    const place = this.entries.findIndex((entry) => entry.address > address);
    this.entries.splice(place < 0 ? this.entries.length : place, 0, { ...mapping, name });
  }

  /**
   * DMA_UNMAP: of every mapping in the range, which need not be one mapping's, nor be mapped at all: a VMM behind a virtual IOMMU unmaps all of
   * its address space. Returns how many bytes were mapped there. Throws RequestError, also if the range has a part of a mapping only.
   */
  unmap(payload: DataView): bigint {
    if (payload.byteLength < UNMAP_BYTES) throw invalid(`DMA_UNMAP has ${payload.byteLength} bytes, expected ${UNMAP_BYTES}`);
    const flags = payload.getUint32(4, true);
    const address = payload.getBigUint64(8, true);
    const bytes = payload.getBigUint64(16, true);
    const where = `DMA_UNMAP of ${hex(bytes)} bytes at ${hex(address)}`;
    if ((flags & ~DmaUnmapFlag.all) !== 0)
      throw invalid(`${where} has flags 0x${flags.toString(16)}, expected 0 or 0x${DmaUnmapFlag.all.toString(16)}`);
    const all = (flags & DmaUnmapFlag.all) !== 0;
    if (all && (address !== 0n || bytes !== 0n)) throw invalid(`${where} is said to be of everything, expected address and size 0`);
    if (!all && !isPiece(address, bytes, ALL)) {
      // The last page of all can't be counted in 64 bits; a VMM leaves its last byte out.
      const isWhole = bytes > 0n && (address & PAGE_MASK) === 0n && address + bytes === ALL - 1n;
      if (!isWhole) throw invalid(`${where}: expected whole pages of ${PAGE_BYTES} bytes`);
    }
    const end = all ? ALL : address + bytes;
    const inside = this.entries.filter((entry) => entry.address < end && address < entry.address + entry.bytes);
    const cut = inside.find((entry) => entry.address < address || entry.address + entry.bytes > end);
    if (cut) throw invalid(`${where} has only a part of the ${hex(cut.bytes)} bytes that were mapped at ${hex(cut.address)}`);
    this.drop(inside);
    return inside.reduce((sum, entry) => sum + entry.bytes, 0n);
  }

  /** Unmaps everything. */
  clear(): void {
    this.drop(this.entries);
  }

  private drop(entries: readonly Entry[]): void {
    if (entries.length === 0) return;
    this.entries = this.entries.filter((entry) => !entries.includes(entry));
    this.target.unmap(entries.map(({ name }) => name));
  }
}
