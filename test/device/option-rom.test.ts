import { expect, it } from 'vitest';
import { ArgumentError } from '../../src/base/errors.js';
import { padOptionRom } from '../../src/device/option-rom.js';

const MIB = 2 ** 20;

it.each([
  [1, 2048],
  [2047, 2048],
  [2048, 2048],
  [2049, 4096],
  [65_536, 65_536],
  [65_537, 131_072],
  [16 * MIB - 1, 16 * MIB],
  [16 * MIB, 16 * MIB],
])('an option ROM of %i bytes becomes one of %i, the rest zeros', (bytes, length) => {
  const rom = new Uint8Array(bytes).fill(0xaa);
  const padded = padOptionRom(rom);
  expect(padded.length).toBe(length);
  expect(Buffer.compare(padded.subarray(0, bytes), rom)).toBe(0);
  expect(Buffer.compare(padded.subarray(bytes), new Uint8Array(length - bytes))).toBe(0);
});

it('the padded ROM is a copy', () => {
  const rom = new Uint8Array(2048);
  const padded = padOptionRom(rom);
  rom[0] = 1;
  expect(padded[0]).toBe(0);
});

it.each([[0], [16 * MIB + 1]])('an option ROM of %i bytes is refused', (bytes) => {
  expect(() => padOptionRom(new Uint8Array(bytes))).toThrow(ArgumentError);
  expect(() => padOptionRom(new Uint8Array(bytes))).toThrow(`optionRom has ${bytes} bytes, expected 1..16777216`);
});
