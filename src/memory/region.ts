/**
 * The kinds of guest-physical memory: RAM, ROM, and register windows.
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

/** Bytes `ramOffset` and up of RAM `ram` (a bridge handle). A `rom` is RAM that the guest can't write. */
export interface BackedRegion extends Placed {
  readonly kind: 'ram' | 'rom';
  readonly ram: number;
  readonly ramOffset: number;
  /** Host address of the region's first byte, for traces. */
  readonly hostAddress: number;
}

/** A register window of the device itself. */
export interface MmioRegion extends Placed {
  readonly kind: 'mmio';
  readonly window: WindowId;
}

export type MemoryRegion = BackedRegion | MmioRegion;
