/**
 * What the pci variant is to its bus: what a VMM puts into the configuration space (device.md 1).
 *
 * What it does not do: PCI. The embedder has the bus; it decodes the BAR, carries the guest's accesses here, and tells
 * InterruptLines.setMsiEnabled() what the guest makes of the MSI capability.
 */
import { PvgWindow } from '../bridge/pvg.js';
import type { MemoryRegion } from '../memory/region.js';

/** What a VMM puts into the device's configuration space. */
export interface PciDescription {
  /** Apple's. */
  readonly vendor: 0x106b;
  /** The paravirtual GPU. */
  readonly device: 0xeeee;
  /** Base class and subclass: a display controller of another kind than VGA, XGA or 3D. */
  readonly classCode: 0x0380;
  /** The gfx registers: memory behind BAR 0, a power of two of bytes. */
  readonly bar0Bytes: number;
  /** The MSI capability: how many vectors there are, with addresses of 64 bits and without masks. */
  readonly msi: { readonly vectors: number; readonly is64Bit: true; readonly masksVectors: false };
  /** Bytes of the expansion ROM, a power of two; 0: none. */
  readonly romBytes: number;
}

/** Null in the mmio variant, which is on no PCI bus. */
export function describePci(
  { variant, vectors, regions }: { readonly variant: 'mmio' | 'pci'; readonly vectors: number; readonly regions: readonly MemoryRegion[] },
  optionRom: Uint8Array | null,
): PciDescription | null {
  const gfx = regions.find((region) => region.kind === 'mmio' && region.window === PvgWindow.gfx);
  if (variant !== 'pci' || !gfx) return null;
  // A BAR decodes a power of two.
  const bar0Bytes = 2 ** Math.ceil(Math.log2(gfx.length));
  const msi = { vectors, is64Bit: true, masksVectors: false } as const;
  return { vendor: 0x106b, device: 0xeeee, classCode: 0x0380, bar0Bytes, msi, romBytes: optionRom?.length ?? 0 };
}
