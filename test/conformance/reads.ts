/**
 * readMemory: PVG reads guest-physical memory, of RAM and of registers (device.md 4.2).
 */
import { describe, expect, it } from 'vitest';
import * as L from '../../src/guest/layout.js';
import { type Conformance, SCRATCH } from './rig.js';

const HIGH = 0x1_0000_0000;
const OTHER_DEVICE = 0x2000_0000;
const bytesOf = (...words: number[]): Uint8Array => new Uint8Array(Uint32Array.from(words).buffer);

export function describeReads({ open, revision }: Conformance): void {
  /** What PVG is told of a read that fails, and what it has read then. */
  const failed = (length: number) => (revision.readMemoryFails ? { ok: false } : { ok: true, bytes: new Uint8Array(length) });

  describe('readMemory', () => {
    it('gives the bytes of RAM, from and to any address', async () => {
      const rig = await open();
      rig.poke(SCRATCH.start, 0x04_03_02_01, 0x08_07_06_05, 0x0c_0b_0a_09);
      const result = await rig.run({ do: 'readMemory', gpa: rig.gpa(SCRATCH.start + 3), length: 8 });
      expect(result).toEqual({ ok: true, bytes: Uint8Array.of(4, 5, 6, 7, 8, 9, 10, 11) });
      const read = new RegExp(`^apple_gfx_read_memory phys_addr=0x${rig.gpa(SCRATCH.start + 3).toString(16)} length=0x8 dest=0x`);
      await rig.until('it is traced', () => rig.lines.some((line) => read.test(line)));
    });

    it('goes on from one region to the next', async () => {
      const rig = await open();
      const below = await rig.addMemory({ gpa: HIGH, bytes: 0x4000 });
      const above = await rig.addMemory({ gpa: HIGH + 0x4000, bytes: 0x4000, kind: 'rom' });
      below.poke(0x3ffc, 1);
      above.poke(0, 2);
      expect(await rig.run({ do: 'readMemory', gpa: HIGH + 0x3ffc, length: 8 })).toEqual({ ok: true, bytes: bytesOf(1, 2) });
    });

    it(`${revision.readMemoryFails ? 'fails' : 'tells of no failure'} where nothing is`, async () => {
      const rig = await open();
      expect(await rig.run({ do: 'readMemory', gpa: 0x7_0000_0000, length: 16 })).toEqual(failed(16));
    });

    it(`${revision.readMemoryFails ? 'fails' : 'tells of no failure'} if memory ends in the middle`, async () => {
      const rig = await open();
      const memory = await rig.addMemory({ gpa: HIGH, bytes: 0x4000 });
      memory.poke(0x3ffc, 5);
      const { ok } = await rig.run({ do: 'readMemory', gpa: HIGH + 0x3ffc, length: 16 });
      expect(ok).toBe(!revision.readMemoryFails);
    });

    it("has another device's registers read, 4 bytes at a time", async () => {
      const rig = await open();
      const offsets: number[] = [];
      const read = (offset: number): number => {
        offsets.push(offset);
        return 0x1000 + offset;
      };
      await rig.addDevice({ gpa: OTHER_DEVICE, bytes: 0x4000, read });
      expect(await rig.run({ do: 'readMemory', gpa: OTHER_DEVICE + 8, length: 12 })).toEqual({
        ok: true,
        bytes: bytesOf(0x1008, 0x100c, 0x1010),
      });
      expect(offsets).toEqual([8, 12, 16]);
    });

    it('gives parts of registers where it begins or ends inside one', async () => {
      const rig = await open();
      await rig.addDevice({ gpa: OTHER_DEVICE, bytes: 0x4000, read: (offset) => 0x13_12_11_10 + offset });
      expect(await rig.run({ do: 'readMemory', gpa: OTHER_DEVICE + 3, length: 4 })).toEqual({
        ok: true,
        bytes: Uint8Array.of(0x13, 0x14, 0x11, 0x12),
      });
    });

    it(`${revision.readMemoryFails ? 'fails' : 'tells of no failure'} if the other device does`, async () => {
      const rig = await open();
      await rig.addDevice({ gpa: OTHER_DEVICE, bytes: 0x4000, read: () => null });
      expect(await rig.run({ do: 'readMemory', gpa: OTHER_DEVICE, length: 4 })).toEqual(failed(4));
    });

    const { reentrantAccesses } = revision;
    it(`of the device's own registers, inside an access, ${reentrantAccesses ? 'reads them' : 'is refused, and logged'}`, async () => {
      const rig = await open();
      const result = await rig.run({ do: 'readMemory', gpa: rig.windowBase + L.REG_VERSION, length: 4 });
      expect(result).toEqual(reentrantAccesses ? { ok: true, bytes: bytesOf(L.VERSION_VALUE) } : failed(4));
      if (reentrantAccesses) return;
      await rig.until('it is logged', () => rig.guestErrors.some((text) => /gfx window at 0x[0-9a-f]+: refused/.test(text)));
    });
  });
}
