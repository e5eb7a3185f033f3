/**
 * Interrupts (device.md 4.4 and 4.5).
 */
import { describe, expect, it } from 'vitest';
import type { Conformance } from './rig.js';

export function describeInterrupts({ open }: Conformance): void {
  describe('an interrupt', () => {
    it('is a pulse each time, there when the access in which it was raised is complete', async () => {
      const rig = await open();
      for (const count of [1, 2, 3]) {
        await rig.run({ do: 'raiseInterrupt', vector: 0 });
        expect(rig.interrupts(0)).toBe(count);
      }
      expect(rig.interrupts(1)).toBe(0);
      const raised = (): readonly string[] => rig.lines.filter((line) => line.startsWith('apple_gfx_raise_irq'));
      await rig.until('they are traced', () => raised().length === 3);
      expect(new Set(raised())).toEqual(new Set(['apple_gfx_raise_irq vector=0x0']));
    });

    it('of the IOSurface mapper has a line of its own', async () => {
      const rig = await open();
      await rig.run({ do: 'iosfcInterrupt', vector: 0 });
      const [gfx, iosfc] = [rig.interrupts(0), rig.interrupts(1)];
      await rig.run({ do: 'iosfcInterrupt', vector: 0 });
      expect([rig.interrupts(0) - gfx, rig.interrupts(1) - iosfc]).toEqual([0, 1]);
      await rig.until('it is traced', () => rig.lines.includes('apple_gfx_iosfc_raise_irq vector=0x0'));
    });

    it('of a pci device is dropped unless MSI is enabled', async () => {
      const rig = await open({ variant: 'pci' });
      await rig.run({ do: 'raiseInterrupt', vector: 0 });
      expect([rig.interrupts(0), rig.statistics.interrupts]).toEqual([0, 0]);
      rig.setMsiEnabled(true);
      await rig.run({ do: 'raiseInterrupt', vector: 0 });
      expect([rig.interrupts(0), rig.statistics.interrupts]).toEqual([1, 1]);
      rig.setMsiEnabled(false);
      await rig.run({ do: 'raiseInterrupt', vector: 0 });
      expect([rig.interrupts(0), rig.statistics.interrupts]).toEqual([1, 1]);
    });
  });
}
