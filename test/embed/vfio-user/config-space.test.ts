/**
 * The configuration space as firmware and lspci see it, and what of it can be written.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PciDescription } from '../../../src/device/pci.js';
import { CONFIG_BYTES, ConfigSpace, msiVectors } from '../../../src/embed/vfio-user/config-space.js';

const pci = (vectors = 32, romBytes = 65_536): PciDescription => ({
  ...{ vendor: 0x106b, device: 0xeeee, classCode: 0x0380, bar0Bytes: 0x4000, romBytes },
  msi: { vectors, is64Bit: true, masksVectors: false },
});

const read = (space: ConfigSpace, offset: number, bytes: 1 | 2 | 4 = 4): number => {
  const target = new Uint8Array(4);
  space.read(offset, target.subarray(0, bytes));
  return new DataView(target.buffer).getUint32(0, true);
};
const write = (space: ConfigSpace, offset: number, value: number, bytes: 1 | 2 | 4 = 4): void => {
  const source = new Uint8Array(4);
  new DataView(source.buffer).setUint32(0, value >>> 0, true);
  space.write(offset, source.subarray(0, bytes));
};
const whole = (space: ConfigSpace): Uint8Array => {
  const bytes = new Uint8Array(CONFIG_BYTES);
  space.read(0, bytes);
  return bytes;
};

/** Bits that may be written, as the specifications have it for this device, by their offset. */
function writable(romBytes: number): Uint8Array {
  const masks = new Uint8Array(CONFIG_BYTES);
  const view = new DataView(masks.buffer);
  view.setUint16(0x04, 0x0547, true);
  view.setUint8(0x0c, 0xff);
  view.setUint32(0x10, 0xffff_c000, true);
  if (romBytes > 0) view.setUint32(0x30, 2 ** 32 - Math.max(romBytes, 2048) + 1, true);
  view.setUint8(0x3c, 0xff);
  const capabilities = walk(new ConfigSpace(pci(32, romBytes)));
  view.setUint16((capabilities.get(0x10) ?? 0) + 8, 0x7fff, true);
  const msi = capabilities.get(0x05) ?? 0;
  view.setUint16(msi + 2, 0x71, true);
  view.setUint32(msi + 4, 0xffff_fffc, true);
  view.setUint32(msi + 8, 0xffff_ffff, true);
  view.setUint16(msi + 12, 0xffff, true);
  return masks;
}

/** Where each capability is, as lspci finds it. */
function walk(space: ConfigSpace): Map<number, number> {
  const found = new Map<number, number>();
  if ((read(space, 0x06, 2) & 0x10) === 0) return found;
  for (let at = read(space, 0x34, 1) & ~3, left = 48; at >= 0x40 && left > 0; at = read(space, at + 1, 1) & ~3, left--) {
    expect(found.has(read(space, at, 1))).toBe(false);
    found.set(read(space, at, 1), at);
  }
  return found;
}

describe('what is there', () => {
  it('is a display controller of Apple’s with two capabilities', () => {
    const space = new ConfigSpace(pci());
    expect([read(space, 0), read(space, 8), read(space, 0x2c), read(space, 0x0e, 1)]).toEqual([0xeeee_106b, 0x0380_0000, 0xeeee_106b, 0]);
    const capabilities = walk(space);
    expect([...capabilities.keys()].sort()).toEqual([0x05, 0x10].sort());
    const pcie = capabilities.get(0x10) ?? 0;
    // Version 2, an endpoint.
    expect(read(space, pcie + 2, 2)).toBe(2);
    // There are no extended ones.
    expect(read(space, 0x100)).toBe(0);
  });

  it.each([
    [1, 0],
    [2, 1],
    [3, 2],
    [5, 3],
    [16, 4],
    [32, 5],
    [64, 5],
  ])('for %i vectors is an MSI capability of 2^%i, with 64 bits and no masks', (vectors, log) => {
    const space = new ConfigSpace(pci(vectors));
    expect(msiVectors(pci(vectors))).toBe(2 ** log);
    expect(read(space, (walk(space).get(5) ?? 0) + 2, 2)).toBe(0x80 | (log << 1));
  });

  it('is ones behind the end, also across it', () => {
    const space = new ConfigSpace(pci());
    expect(read(space, CONFIG_BYTES)).toBe(0xffff_ffff);
    expect(read(space, CONFIG_BYTES - 2)).toBe(0xffff_0000);
    expect(read(space, 2 ** 63)).toBe(0xffff_ffff);
  });
});

describe('sizes', () => {
  it.each([
    [65_536, 0xffff_0001],
    [2048, 0xffff_f801],
    [512, 0xffff_f801],
    [16 * 2 ** 20, 0xff00_0001],
    [0, 0],
  ])('are found by ones: of BAR 0, of no other BAR, and of a ROM of %i bytes', (romBytes, rom) => {
    const space = new ConfigSpace(pci(32, romBytes));
    for (let at = 0x10; at <= 0x30; at += 4) write(space, at, 0xffff_ffff);
    const bars = [0x10, 0x14, 0x18, 0x1c, 0x20, 0x24, 0x28, 0x30].map((at) => read(space, at));
    expect(bars).toEqual([0xffff_c000, 0, 0, 0, 0, 0, 0, rom]);
  });
});

describe('writes', () => {
  it.each([65_536, 512, 0])('of any size at any offset change those bits and nothing else (ROM of %i bytes)', (romBytes) => {
    const masks = writable(romBytes);
    const piece = fc.record({
      // Most of the space is empty.
      offset: fc.oneof(fc.nat({ max: 0xa0 }), fc.nat({ max: CONFIG_BYTES + 8 })),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 80 }),
    });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const space = new ConfigSpace(pci(32, romBytes));
        const initial = whole(space);
        const model = initial.slice();
        for (const { offset, bytes } of pieces) {
          space.write(offset, bytes);
          for (const [index, value] of bytes.entries()) {
            const mask = masks[offset + index] ?? 0;
            if (mask !== 0) model[offset + index] = ((model[offset + index] ?? 0) & ~mask) | (value & mask);
          }
        }
        expect(Buffer.compare(whole(space), model)).toBe(0);
        space.reset();
        expect(Buffer.compare(whole(space), initial)).toBe(0);
      }),
    );
  });
});
