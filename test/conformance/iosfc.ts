/**
 * The IOSurface mapper (device.md 4.5).
 */
import { describe, expect, it } from 'vitest';
import type { Conformance, Rig } from './rig.js';

const HIGH = 0x1_0000_0000;
const BYTES = 0x1_0000;

export function describeIosfc({ open, revision }: Conformance): void {
  const { iosfcReferences } = revision;
  /** References on a region in which there are so many mappings. */
  const referencesFor = (mappings: number): number =>
    iosfcReferences === 'none' ? 0 : iosfcReferences === 'perRegion' ? Math.min(1, mappings) : mappings;
  /** The revisions whose mapping line says whether it succeeded. */
  const tracesSuccess = iosfcReferences === 'none' || iosfcReferences === 'perRegion';

  const map = (rig: Rig, surface: number, gpa: number, length = 0x100, readOnly = false) =>
    rig.run({ do: 'iosfcMap', surface, gpa, length, readOnly });
  const unmap = (rig: Rig, surface: number) => rig.run({ do: 'iosfcUnmap', surface });

  describe('the IOSurface mapper', () => {
    it("gives PVG the guest's memory itself, at any address", async () => {
      const rig = await open();
      const memory = await rig.addMemory({ gpa: HIGH, bytes: BYTES });
      memory.poke(0x104, 0x1234_5678);
      expect(await map(rig, 1, HIGH + 0x104)).toEqual({ ok: true });
      expect(await rig.lookSurface(1)).toBe(0x1234_5678);
      const traced = `apple_gfx_iosfc_map_memory phys=0x${(HIGH + 0x104).toString(16)} len=0x100 ro=0`;
      await rig.until('it is traced', () => rig.lines.some((line) => line.startsWith(traced)));
      const line = rig.lines.find((each) => each.startsWith(traced)) ?? '';
      expect(line).toMatch(/-> \*va=0x[1-9a-f]/);
      expect(/success = 1/.test(line)).toBe(tracesSuccess);
      expect(await unmap(rig, 1)).toEqual({ ok: true });
    });

    it(`holds references (${iosfcReferences}) from the mapping to its unmapping`, async () => {
      const rig = await open();
      const memory = await rig.addMemory({ gpa: HIGH, bytes: BYTES });
      const counts: number[] = [];
      const count = async (): Promise<unknown> => counts.push(await rig.references(memory.id));
      for (const surface of [1, 2, 3]) {
        expect(await map(rig, surface, HIGH + 0x1000 * surface)).toEqual({ ok: true });
        await count();
      }
      for (const surface of [2, 1, 3]) {
        expect(await unmap(rig, surface)).toEqual({ ok: true });
        await count();
      }
      expect(counts).toEqual([1, 2, 3, 2, 1, 0].map(referencesFor));
    });

    it('maps the same memory twice, and each is undone on its own', async () => {
      const rig = await open();
      const memory = await rig.addMemory({ gpa: HIGH, bytes: BYTES });
      await map(rig, 1, HIGH);
      await map(rig, 2, HIGH);
      expect(await rig.references(memory.id)).toBe(referencesFor(2));
      expect(await unmap(rig, 1)).toEqual({ ok: true });
      expect(await rig.references(memory.id)).toBe(referencesFor(1));
      expect(await unmap(rig, 2)).toEqual({ ok: true });
      expect(await rig.references(memory.id)).toBe(0);
      expect(await unmap(rig, 2)).toEqual({ ok: false });
    });

    it.each([
      ['where nothing is', (): number => 0x7_0000_0000],
      ['of registers', (rig: Rig): number => rig.windowBase],
      ['that ends behind its region', (): number => HIGH + BYTES - 0x80],
    ])('refuses memory %s', async (_what, gpaOf) => {
      const rig = await open();
      const memory = await rig.addMemory({ gpa: HIGH, bytes: BYTES });
      expect(await map(rig, 1, gpaOf(rig))).toEqual({ ok: false });
      expect(await rig.references(memory.id)).toBe(0);
      await rig.until('it is traced', () => rig.lines.some((line) => /^apple_gfx_iosfc_map_memory .*\*va=0x0/.test(line)));
    });

    it('maps ROM for reading only', async () => {
      const rig = await open();
      const rom = await rig.addMemory({ gpa: HIGH, bytes: BYTES, kind: 'rom' });
      rom.poke(0, 77);
      expect(await map(rig, 1, HIGH)).toEqual({ ok: false });
      expect(await map(rig, 1, HIGH, 0x100, true)).toEqual({ ok: true });
      expect(await rig.lookSurface(1)).toBe(77);
    });

    it(`${iosfcReferences === 'none' ? 'undoes a mapping in' : 'keeps'} memory that was removed meanwhile`, async () => {
      const rig = await open();
      const memory = await rig.addMemory({ gpa: HIGH, bytes: BYTES });
      memory.poke(0, 0x4444);
      await map(rig, 1, HIGH);
      await memory.remove();
      // Without references of the device's it is PVG's own affair whether the memory is still there.
      if (iosfcReferences !== 'none') expect(memory.peek(0)).toBe(0x4444);
      expect(await map(rig, 2, HIGH)).toEqual({ ok: false });
      expect(await unmap(rig, 1)).toEqual({ ok: true });
      await rig.until('the memory is given back', () => memory.peek(0) === 0);
    });
  });
}
