/**
 * What a raised interrupt becomes (device.md 1 and 4.4).
 */
import { describe, expect, it } from 'vitest';
import { deliveryOf, type InterruptMode } from '../../src/device/interrupt.js';
import { REVISIONS } from '../../src/revisions/revisions.js';

const MMIO: InterruptMode = { variant: 'mmio', msiEnabled: false, msiVectors: 0, vectors: 1 };
const PCI: InterruptMode = { variant: 'pci', msiEnabled: true, msiVectors: 4, vectors: 32 };
const { hardened, v5 } = REVISIONS;

describe('the mmio variant', () => {
  it.each([0, 1, 63, 2 ** 40])('pulses the line of the window, whatever the vector (%i)', (vector) => {
    expect(deliveryOf({ line: 'gfx', vector }, MMIO, hardened)).toEqual({ line: 0 });
    expect(deliveryOf({ line: 'iosfc', vector }, MMIO, v5)).toEqual({ line: 1 });
  });
});

describe('the pci variant', () => {
  it('sends the message of the vector, if MSI is enabled then', () => {
    expect(deliveryOf({ line: 'gfx', vector: 3 }, PCI, hardened)).toEqual({ line: 3 });
    expect(deliveryOf({ line: 'gfx', vector: 3 }, { ...PCI, msiEnabled: false }, hardened)).toBe('off');
  });

  it.each([4, 31, 32, Number.POSITIVE_INFINITY])('drops a vector that the guest has not enabled in ours (%d)', (vector) => {
    expect(deliveryOf({ line: 'gfx', vector }, PCI, hardened)).toBe('notEnabled');
    expect(deliveryOf({ line: 'gfx', vector }, PCI, v5)).toEqual({ line: vector });
  });

  it('drops a vector that the device does not have, however many the guest enabled', () => {
    expect(deliveryOf({ line: 'gfx', vector: 2 }, { ...PCI, vectors: 2 }, hardened)).toBe('notEnabled');
  });
});
