/**
 * readMemory: PVG reads guest-physical memory, of RAM and of registers (device.md 4.2).
 */
import { describe, expect, it } from 'vitest';
import * as L from '../../src/guest/layout.js';
import { among, questionsOf } from './questions.js';
import { type Conformance, RAM_BYTES, SCRATCH } from './rig.js';

const HIGH = 0x1_0000_0000;
const OTHER_DEVICE = 0x2000_0000;
const bytesOf = (...words: number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);

export function describeReads({ open, revision, memory }: Conformance): void {
  const asks = memory === 'tasks';
  /** A PVG that asks nobody knows itself that a read fails. */
  const tellsFailure = revision.readMemoryFails || !asks;
  const fails = tellsFailure ? 'fails' : 'tells of no failure';
  /** What PVG is told of a read that fails, and what it has read then. */
  const failed = (length: number) => (tellsFailure ? { ok: false } : { ok: true, bytes: new Uint8Array(length) });
  /** What PVG reads of what was added after it was made. */
  const later = (...bytes: readonly number[]) => (asks ? { ok: true, bytes: Uint8Array.from(bytes) } : { ok: false });

  describe('readMemory', () => {
    it(`gives the bytes of RAM, from and to any address, ${asks ? 'which is traced' : 'and asks nobody'}`, async () => {
      const rig = await open();
      rig.poke(SCRATCH.start, 0x04_03_02_01, 0x08_07_06_05, 0x0c_0b_0a_09);
      const result = await rig.run({ do: 'readMemory', gpa: rig.gpa(SCRATCH.start + 3), length: 8 });
      expect(result).toEqual({ ok: true, bytes: Uint8Array.of(4, 5, 6, 7, 8, 9, 10, 11) });
      const read = new RegExp(`^apple_gfx_read_memory phys_addr=0x${rig.gpa(SCRATCH.start + 3).toString(16)} length=0x8 dest=0x`);
      expect(await questionsOf(rig)).toEqual(among(memory, read));
    });

    it(`${asks ? 'goes on from one region to the next' : 'ends with the RAM, whatever was added behind it'}`, async () => {
      const rig = await open();
      const below = await rig.addMemory({ gpa: HIGH, bytes: 0x4000 });
      const above = await rig.addMemory({ gpa: HIGH + 0x4000, bytes: 0x4000, kind: 'rom' });
      const behind = await rig.addMemory({ gpa: rig.gpa(RAM_BYTES), bytes: 0x4000 });
      below.poke(0x3ffc, 1);
      above.poke(0, 2);
      rig.poke(RAM_BYTES - 8, 3, 4);
      behind.poke(0, 5);
      const read = (gpa: number, length = 8) => rig.run({ do: 'readMemory', gpa, length });
      expect(await read(rig.gpa(RAM_BYTES - 8))).toEqual({ ok: true, bytes: bytesOf(3, 4) });
      expect(await read(HIGH + 0x3ffc)).toEqual(later(...bytesOf(1, 2)));
      expect(await read(rig.gpa(RAM_BYTES - 4))).toEqual(later(...bytesOf(4, 5)));
      expect(await read(behind.gpa, 4)).toEqual(later(...bytesOf(5)));
    });

    it(`${fails} where nothing is`, async () => {
      const rig = await open();
      expect(await rig.run({ do: 'readMemory', gpa: 0x7_0000_0000, length: 16 })).toEqual(failed(16));
    });

    it(`${fails} if memory ends in the middle`, async () => {
      const rig = await open();
      const added = await rig.addMemory({ gpa: HIGH, bytes: 0x4000 });
      added.poke(0x3ffc, 5);
      for (const gpa of [HIGH + 0x3ffc, rig.gpa(RAM_BYTES - 4)]) {
        const { ok } = await rig.run({ do: 'readMemory', gpa, length: 16 });
        expect(ok).toBe(!tellsFailure);
      }
    });

    it(`${asks ? "has another device's registers read, 4 bytes at a time" : "fails for another device's registers, which aren't read"}`, async () => {
      const rig = await open();
      const offsets: number[] = [];
      const read = (offset: number): number => {
        offsets.push(offset);
        return 0x1000 + offset;
      };
      await rig.addDevice({ gpa: OTHER_DEVICE, bytes: 0x4000, read });
      const result = await rig.run({ do: 'readMemory', gpa: OTHER_DEVICE + 8, length: 12 });
      expect(result).toEqual(later(...bytesOf(0x1008, 0x100c, 0x1010)));
      expect(offsets).toEqual(asks ? [8, 12, 16] : []);
    });

    it(`${asks ? 'gives' : 'fails for'} parts of registers where it begins or ends inside one`, async () => {
      const rig = await open();
      const offsets: number[] = [];
      const read = (offset: number): number => {
        offsets.push(offset);
        return 0x13_12_11_10 + offset;
      };
      await rig.addDevice({ gpa: OTHER_DEVICE, bytes: 0x4000, read });
      expect(await rig.run({ do: 'readMemory', gpa: OTHER_DEVICE + 3, length: 4 })).toEqual(later(0x13, 0x14, 0x11, 0x12));
      expect(offsets).toEqual(asks ? [0, 4] : []);
    });

    it(`${fails} if the other device ${asks ? 'does' : 'would'}`, async () => {
      const rig = await open();
      const offsets: number[] = [];
      const read = (offset: number): null => {
        offsets.push(offset);
        return null;
      };
      await rig.addDevice({ gpa: OTHER_DEVICE, bytes: 0x4000, read });
      expect(await rig.run({ do: 'readMemory', gpa: OTHER_DEVICE, length: 4 })).toEqual(failed(4));
      expect(offsets).toEqual(asks ? [0] : []);
    });

    const reentrant = asks && revision.reentrantAccesses;
    const own = reentrant ? 'reads them' : asks ? 'is refused, and logged' : 'fails, and reaches no register';
    it(`of the device's own registers, inside an access, ${own}`, async () => {
      const rig = await open();
      const reads = (): readonly string[] => rig.lines.filter((line) => line.startsWith('apple_gfx_read offset=0x1034 '));
      // By then the guest's own reads are traced.
      await questionsOf(rig);
      const before = reads().length;
      const result = await rig.run({ do: 'readMemory', gpa: rig.windowBase + L.REG_VERSION, length: 4 });
      expect(result).toEqual(reentrant ? { ok: true, bytes: bytesOf(L.VERSION_VALUE) } : failed(4));
      const isRefusal = (text: string): boolean => /gfx window at 0x[0-9a-f]+: refused/.test(text);
      if (asks && !reentrant) await rig.until('it is logged', () => rig.guestErrors.some(isRefusal));
      await questionsOf(rig);
      expect(reads().length - before).toBe(reentrant ? 1 : 0);
      expect(rig.guestErrors.filter(isRefusal)).toHaveLength(asks && !reentrant ? 1 : 0);
    });
  });
}
