/**
 * Interrupts: what a raise becomes (device.md 1 and 4.4).
 *
 * The mmio variant pulses a line of the window whatever the vector; the pci variant sends the MSI of that vector, if the guest has
 * enabled it at the time.
 */
import type { Revision } from '../revisions/revision.js';

/** What the guest can be interrupted by. */
export interface InterruptMode {
  readonly variant: 'mmio' | 'pci';
  readonly msiEnabled: boolean;
  /** Vectors that the guest has enabled, from 0. */
  readonly msiVectors: number;
  /** Vectors that the device has. */
  readonly vectors: number;
}

/** A line or vector to raise; or nothing, because the guest has switched interrupts off, or not enabled that vector. */
export type Delivery = { readonly line: number } | 'off' | 'notEnabled';

export function deliveryOf(
  raise: { readonly line: 'gfx' | 'iosfc'; readonly vector: number },
  mode: InterruptMode,
  { checksVectors }: Pick<Revision, 'checksVectors'>,
): Delivery {
  if (mode.variant === 'mmio') return { line: raise.line === 'gfx' ? 0 : 1 };
  if (!mode.msiEnabled) return 'off';
  if (checksVectors && raise.vector >= Math.min(mode.msiVectors, mode.vectors)) return 'notEnabled';
  return { line: raise.vector };
}
