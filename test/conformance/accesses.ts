/**
 * Register accesses (device.md 2).
 */
import { describe, expect, it } from 'vitest';
import * as L from '../../src/guest/layout.js';
import type { Conformance } from './rig.js';

const GFX = { window: 0, size: 4 } as const;
const IOSFC = { window: 1, size: 8 } as const;

export function describeAccesses({ open }: Conformance): void {
  describe('an access', () => {
    it('that reads gets what was written, and both are traced when they are complete', async () => {
      const rig = await open();
      await rig.access({ ...GFX, write: true, offset: L.REG_SHARED_PFN, value: 0x1234_5678 });
      const { value } = await rig.access({ ...GFX, write: false, offset: L.REG_SHARED_PFN });
      expect(value).toBe(0x1234_5678);
      const expected = ['apple_gfx_write offset=0x101c val=0x12345678', 'apple_gfx_read offset=0x101c res=0x12345678'];
      await rig.until('both are traced', () => rig.lines.includes(expected[1] ?? ''));
      expect(rig.lines.filter((line) => line.includes('offset=0x101c')).slice(-2)).toEqual(expected);
    });

    it('of 8 bytes of the gfx window is two of 4, low address first', async () => {
      const rig = await open();
      const before = rig.statistics.mmioAccesses;
      await rig.access({ ...GFX, size: 8, write: true, offset: L.REG_FIFO_OFFSET, value: 0x11, high: 0x22 });
      expect(await rig.access({ ...GFX, size: 8, write: false, offset: L.REG_FIFO_OFFSET })).toMatchObject({ value: 0x11, high: 0x22 });
      expect(rig.statistics.mmioAccesses).toBe(before + 4);
      const last = (): readonly string[] => rig.lines.filter((line) => /offset=0x100[04] /.test(line)).slice(-4);
      await rig.until('all are traced', () => last()[3] === 'apple_gfx_read offset=0x1004 res=0x22');
      expect(last()).toEqual([
        'apple_gfx_write offset=0x1000 val=0x11',
        'apple_gfx_write offset=0x1004 val=0x22',
        'apple_gfx_read offset=0x1000 res=0x11',
        'apple_gfx_read offset=0x1004 res=0x22',
      ]);
    });

    it('of 8 bytes of the iosfc window is one, with all 64 bits', async () => {
      const rig = await open();
      const before = rig.statistics.mmioAccesses;
      await rig.access({ ...IOSFC, write: true, offset: L.IOSFC_TABLE, value: 0x10, high: 0x7 });
      expect(await rig.access({ ...IOSFC, write: false, offset: L.IOSFC_TABLE })).toMatchObject({ value: 0x10, high: 7 });
      expect(rig.statistics.mmioAccesses).toBe(before + 2);
      await rig.until('both are traced', () => rig.lines.includes('apple_gfx_mmio_iosfc_read offset=0x1010 res=0x700000010'));
      expect(rig.lines).toContain('apple_gfx_mmio_iosfc_write offset=0x1010 val=0x700000010');
    });

    it('of 4 bytes of the iosfc window reads the low half', async () => {
      const rig = await open();
      await rig.access({ ...IOSFC, write: true, offset: L.IOSFC_TABLE, value: 0x10, high: 0x7 });
      expect(await rig.access({ ...IOSFC, size: 4, write: false, offset: L.IOSFC_TABLE })).toMatchObject({ value: 0x10, high: 0 });
    });

    it.each([
      ['2 bytes', 2, L.REG_SHARED_PFN],
      ['16 bytes', 16, 0x1000],
      ['4 bytes at an odd address', 4, L.REG_SHARED_PFN + 2],
      ['8 bytes at half of one', 8, L.REG_SHARED_PFN],
    ])('of %s is refused: it reads 0, writes nothing, and reaches neither PVG nor the trace', async (_what, size, offset) => {
      const rig = await open();
      await rig.access({ ...GFX, write: true, offset: L.REG_SHARED_PFN, value: 0x55 });
      const before = rig.statistics.mmioAccesses;
      // Of other actors lines may still be on their way.
      const traced = (): readonly string[] => rig.lines.filter((line) => /^apple_gfx_(read|write) /.test(line));
      const lines = traced().length;
      await rig.access({ window: 0, size, write: true, offset, value: 0x66, high: 0x66 });
      expect(await rig.access({ window: 0, size, write: false, offset })).toMatchObject({ value: 0, high: 0 });
      expect(rig.statistics.mmioAccesses).toBe(before);
      expect(await rig.access({ ...GFX, write: false, offset: L.REG_SHARED_PFN })).toMatchObject({ value: 0x55 });
      await rig.until('the last one is traced', () => traced().length > lines);
      expect(traced().slice(lines)).toEqual(['apple_gfx_read offset=0x101c res=0x55']);
    });

    it('of a window that the variant does not have reads 0', async () => {
      const rig = await open({ variant: 'pci' });
      expect(await rig.access({ ...IOSFC, write: false, offset: L.IOSFC_TABLE })).toMatchObject({ value: 0, high: 0 });
    });
  });
}
