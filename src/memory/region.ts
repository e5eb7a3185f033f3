/**
 * The kinds of guest-physical memory: RAM, ROM, the device's register windows, and other devices' registers.
 *
 * Plain data that may cross threads; a region is known by its id. Where two overlap the one of higher priority is seen, of
 * equal ones the one that was added last.
 */
import type { WindowId } from '../bridge/pvg.js';

interface Placed {
  /** Unique in its address space. */
  readonly id: number;
  /** For people. */
  readonly name: string;
  /** Guest-physical address of the first byte. */
  readonly gpa: number;
  /** In bytes. */
  readonly length: number;
  readonly priority: number;
}

/**
 * Bytes `ramOffset` and up of RAM `ram` (a bridge handle). A `rom` is RAM that the guest can't write, a `deviceRam` is another device's, which
 * is read like RAM but never mapped.
 */
export interface BackedRegion extends Placed {
  readonly kind: 'ram' | 'rom' | 'deviceRam';
  readonly ram: number;
  readonly ramOffset: number;
  /** Host address of the region's first byte. */
  readonly hostAddress: number;
  /** Where its references are counted (src/memory/references.ts). */
  readonly slot: number;
}

/** A register window of the device itself. */
export interface MmioRegion extends Placed {
  readonly kind: 'mmio';
  readonly window: WindowId;
}

/** Registers of another device of the embedder's, which answers reads of them. */
export interface DeviceRegion extends Placed {
  readonly kind: 'device';
  /** It serves pieces of any length at once, rather than registers of 4 bytes. */
  readonly wholePieces: boolean;
}

export type MemoryRegion = BackedRegion | MmioRegion | DeviceRegion;

/** Whether a region has host memory behind it. */
export function isBacked(region: MemoryRegion): region is BackedRegion {
  return region.kind === 'ram' || region.kind === 'rom' || region.kind === 'deviceRam';
}
