/**
 * Access sizes (device.md 2): 8 bytes are two registers, the low one first; what is not valid is refused.
 */
import { expect, it } from 'vitest';
import { createDevice, Vcpu } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';
import { until } from './raw-guest.js';

it('carries 8 bytes out as two halves, low one first, and refuses what is not aligned', async () => {
  const device = await createDevice({ trace: ['apple_gfx_read', 'apple_gfx_write'] });
  try {
    const log: string[] = [];
    device.on('trace', (line) => log.push(line));
    const vcpu = new Vcpu(device.attachment);
    vcpu.write64(L.REG_FIFO_OFFSET, 0x2_0000_0000_4000n);
    expect(vcpu.read32(L.REG_FIFO_OFFSET)).toBe(0x4000);
    expect(vcpu.read32(L.REG_FIFO_LENGTH)).toBe(0x2_0000);
    expect(vcpu.read64(L.REG_FIFO_OFFSET)).toBe(0x2_0000_0000_4000n);
    // Refused: no value, no effect, and no trace.
    vcpu.write64(L.REG_FIFO_LENGTH, 7n);
    vcpu.write32(L.REG_FIFO_LENGTH + 2, 7);
    expect(vcpu.read64(L.REG_FIFO_LENGTH)).toBe(0n);
    expect(vcpu.read32(L.REG_FIFO_LENGTH + 1)).toBe(0);
    expect(vcpu.read32(L.REG_FIFO_LENGTH)).toBe(0x2_0000);
    await until(() => log.length >= 7);
    expect(log).toEqual([
      'apple_gfx_write offset=0x1000 val=0x4000',
      'apple_gfx_write offset=0x1004 val=0x20000',
      'apple_gfx_read offset=0x1000 res=0x4000',
      'apple_gfx_read offset=0x1004 res=0x20000',
      'apple_gfx_read offset=0x1000 res=0x4000',
      'apple_gfx_read offset=0x1004 res=0x20000',
      'apple_gfx_read offset=0x1004 res=0x20000',
    ]);
    expect(device.statistics.mmioAccesses).toBe(7);
  } finally {
    await device.close();
  }
});
