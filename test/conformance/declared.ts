/**
 * Guest memory for a PVG that was told where the RAM is: what the tests it leaves out are about doesn't happen.
 */
import { describe, expect, it } from 'vitest';
import { type Conformance, RAM_BYTES, RAM_REGION, SCRATCH } from './rig.js';

const TASK = 2;
const QUESTION = /^apple_gfx_(create_task|destroy_task|map_memory|map_memory_range|remap|unmap_memory|read_memory) /;

export function describeDeclared({ open }: Conformance): void {
  describe('guest memory that was declared', () => {
    it('is mapped, read and unmapped for the guest without a question, a reference or a job', async () => {
      const rig = await open();
      const { page } = rig;
      const gpa = rig.gpa(SCRATCH.start);
      rig.poke(SCRATCH.start, 0x55_66_77_88);
      const before = await rig.references(RAM_REGION);
      expect(await rig.run({ do: 'createTask', task: TASK, length: 3 * page })).toEqual({ ok: true });
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces: [{ gpa, length: page }] })).toEqual({ ok: true });
      expect(await rig.look(TASK, 0)).toBe(0x55_66_77_88);
      expect(await rig.references(RAM_REGION)).toBe(before);
      expect(await rig.run({ do: 'unmap', task: TASK, offset: 0, length: page })).toEqual({ ok: true });
      expect(await rig.look(TASK, 0)).toBe(0);
      expect(await rig.run({ do: 'destroyTask', task: TASK })).toEqual({ ok: true });
      // What comes later is traced later, so by then lines of what was before would be there.
      await rig.run({ do: 'raiseInterrupt', vector: 0 });
      await rig.until('the interrupt is traced', () => rig.lines.some((line) => line.startsWith('apple_gfx_raise_irq')));
      expect(rig.lines.filter((line) => QUESTION.test(line))).toEqual([]);
    });

    it('is all there is: what was added later can’t be mapped', async () => {
      const rig = await open();
      const { page } = rig;
      const memory = await rig.addMemory({ gpa: 0x1_0000_0000, bytes: 0x4000 });
      await rig.run({ do: 'createTask', task: TASK, length: 3 * page });
      expect(await rig.run({ do: 'map', task: TASK, offset: 0, pieces: [{ gpa: memory.gpa, length: page }] })).toEqual({ ok: false });
      expect(await rig.references(memory.id)).toBe(0);
    });

    it('has reads that fail told as such, whatever the revision says to PVG', async () => {
      const rig = await open();
      expect(await rig.run({ do: 'readMemory', gpa: 0x7_0000_0000, length: 16 })).toEqual({ ok: false });
      expect(await rig.run({ do: 'readMemory', gpa: rig.gpa(RAM_BYTES - 4), length: 8 })).toEqual({ ok: false });
      expect(rig.lines.filter((line) => QUESTION.test(line))).toEqual([]);
    });
  });
}
