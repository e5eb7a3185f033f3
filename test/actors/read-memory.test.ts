/**
 * readMemory, piece by piece (device.md 4.2): RAM, registers of the device's own and of other devices, and holes.
 */
import { describe, expect, it } from 'vitest';
import { Message } from '../../actors/messages.js';
import { DMA_MAX_PIECE_BYTES, DMA_MAX_REGISTER_BYTES } from '../../src/base/limits.js';
import { DmaRead, type RegisterReader } from '../../src/device/dma.js';
import { AddressSpace } from '../../src/memory/address-space.js';
import { FakePort } from '../device/fake-port.js';
import { access, BqlScene, claimedReferences, GFX, interrupt, OTHER_DEVICE, RAM, readMemory, record, UPPER_RAM } from './bql-scene.js';

/** A window of 16 registers between two pieces of RAM. */
const WINDOW = { ...GFX, length: 0x40 };
const BEHIND = { ...UPPER_RAM, gpa: WINDOW.gpa + WINDOW.length };

/** The answer of register number n is made of bytes 4n, 4n + 1, … so that each byte says where it came from. */
const register = (offset: number): number => [3, 2, 1, 0].reduce((word, at) => word * 256 + ((offset + at) & 0xff), 0);

/** Lets PVG answer every register access that is waited for, also those that come about meanwhile. */
function answerRegisters(scene: BqlScene): void {
  for (const effect of scene.port.effects) {
    if (effect.do === 'submitJob') scene.finish({ job: effect.job, value: register(effect.offset) });
  }
}

const deviceAnswer = (job: number, value: number, ok = 1) => record(Message.jobDone, { id: job, words: [ok, value] });

describe('of RAM', () => {
  it('is supplied at once, from the RAM behind the region, where the region begins in it', () => {
    const scene = new BqlScene('hardened');
    scene.run(readMemory(5, UPPER_RAM.gpa + 3, 0x21));
    expect(scene.port.suppliedFromRam).toEqual([{ offset: 0, ram: UPPER_RAM.ram, ramOffset: 0x803, length: 0x21 }]);
    expect(scene.answers).toEqual([[5, true]]);
    expect(scene.port.trail).toEqual(['apple_gfx_read_memory phys_addr=0x11004003 length=0x21 dest=0xdddd0000']);
  });

  it('is traced when PVG asks, though it is queued', () => {
    const scene = new BqlScene('async-write');
    scene.run(access({ token: 1 }));
    scene.bql.receive(readMemory(5, RAM.gpa, 4));
    expect(scene.port.lines.at(-1)).toBe('apple_gfx_read_memory');
    expect(scene.answers).toEqual([]);
  });

  it('of no bytes succeeds', () => {
    const scene = new BqlScene('hardened');
    scene.run(readMemory(5, RAM.gpa, 0));
    expect(scene.answers).toEqual([[5, true]]);
  });

  it('that can’t be supplied fails', () => {
    const scene = new BqlScene('hardened');
    scene.port.suppliesRam = false;
    scene.run(readMemory(5, RAM.gpa, 4));
    expect(scene.answers).toEqual([[5, false]]);
  });
});

describe('of registers', () => {
  it.each([
    ['RAM, the window and RAM', RAM.gpa + RAM.length - 8, 8 + WINDOW.length + 16],
    ['from the middle of one word to the middle of another', WINDOW.gpa + 0x11, 0x10],
    ['one byte', WINDOW.gpa + 0x13, 1],
    ['the last byte of a word and the first of the next', WINDOW.gpa + 0x13, 2],
    ['an unaligned piece of RAM and the window’s first bytes', RAM.gpa + RAM.length - 5, 8],
    ['the window’s last bytes and RAM', BEHIND.gpa - 3, 6],
  ])('%s', (_what, gpa, length) => {
    const scene = new BqlScene('hardened', { regions: [RAM, WINDOW, BEHIND] });
    scene.run(readMemory(5, gpa, length));
    answerRegisters(scene);
    expect(scene.answers).toEqual([[5, true]]);
    // Every byte is there once, and those of the window are what the registers hold.
    const bytes: (number | string | undefined)[] = new Array(length).fill(undefined);
    for (const { offset, ram, ramOffset, length: size } of scene.port.suppliedFromRam) {
      for (let at = 0; at < size; at++) bytes[offset + at] = `${ram}:${ramOffset + at}`;
    }
    for (const { offset, bytes: values } of scene.port.supplied) bytes.splice(offset, values.length, ...values);
    const expected = Array.from({ length }, (_, at) => {
      const address = gpa + at;
      if (address < WINDOW.gpa) return `${RAM.ram}:${address - RAM.gpa}`;
      if (address < BEHIND.gpa) return (address - WINDOW.gpa) & 0xff;
      return `${BEHIND.ram}:${address - BEHIND.gpa + BEHIND.ramOffset}`;
    });
    expect(bytes).toEqual(expected);
    const sizes = scene.port.of('submitJob').map(({ offset, size }) => [offset % 4, size]);
    expect(sizes).toEqual(sizes.map(() => [0, 4]));
  });

  it('is no trace line of its own kind: each register is an access', () => {
    const scene = new BqlScene('hardened');
    scene.run(readMemory(5, GFX.gpa + 0x1034, 4));
    scene.finish({ value: 0x21 });
    expect(scene.port.trail.filter((line) => line.startsWith('apple_'))).toEqual([
      'apple_gfx_read_memory phys_addr=0x11001034 length=0x4 dest=0xdddd0000',
      'apple_gfx_read offset=0x1034 res=0x21',
    ]);
  });

  it('fails as a whole when PVG refuses one, and reads no more', () => {
    const scene = new BqlScene('hardened');
    scene.run(readMemory(5, GFX.gpa, 12));
    scene.finish({ value: 1 });
    scene.finish({ ok: false });
    expect(scene.answers).toEqual([[5, false]]);
    expect(scene.port.of('submitJob')).toHaveLength(2);
    expect(scene.bql.held).toBe(false);
  });

  it.each([
    [DMA_MAX_REGISTER_BYTES, true],
    [DMA_MAX_REGISTER_BYTES + 1, false],
  ])('of %i bytes in one call: %s', (length, expected) => {
    const port = new FakePort();
    const window = { ...GFX, length: 2 * DMA_MAX_REGISTER_BYTES };
    const space = new AddressSpace([window], claimedReferences());
    let accesses = 0;
    const readRegister = () => ({ job: ++accesses, continuation: { resume: () => null } });
    const reader: RegisterReader = { readRegister, readPiece: () => null };
    const read = new DmaRead(readMemory(5, window.gpa, length), space, port, { reader, tellsFailure: true });
    for (let job = read.begin(); job !== null; ) job = read.resume({ ok: true, value: 0, high: 0 });
    expect(accesses).toBe(DMA_MAX_REGISTER_BYTES / 4);
    expect(port.of('answerUpcall')).toEqual([{ do: 'answerUpcall', id: 5, ok: expected, value: 0 }]);
  });
});

describe('of another device’s registers', () => {
  it('asks the embedder, and lets bottom halves run while it answers', () => {
    const scene = new BqlScene('hardened');
    scene.run(readMemory(5, OTHER_DEVICE.gpa + 0x11, 5));
    expect(scene.port.of('readDevice')).toEqual([{ do: 'readDevice', job: 1, region: OTHER_DEVICE.id, offset: 0x10 }]);
    expect(scene.bql.device.isDeviceRead(1)).toBe(true);
    scene.run(interrupt(3));
    expect(scene.vectors).toEqual([3]);
    scene.run(deviceAnswer(1, register(0x10)));
    expect(scene.bql.device.isDeviceRead(1)).toBe(false);
    expect(scene.port.of('readDevice')[1]).toMatchObject({ job: 2, offset: 0x14 });
    scene.run(deviceAnswer(2, register(0x14)));
    expect(scene.port.supplied).toEqual([
      { offset: 0, bytes: [0x11, 0x12, 0x13] },
      { offset: 3, bytes: [0x14, 0x15] },
    ]);
    expect(scene.answers).toEqual([[5, true]]);
    expect(scene.port.of('submitJob')).toEqual([]);
  });

  it('fails when the embedder does, supplying nothing and asking no more', () => {
    const scene = new BqlScene('v5');
    scene.run(readMemory(5, OTHER_DEVICE.gpa, 8));
    scene.run(deviceAnswer(1, 77, 0));
    expect(scene.answers).toEqual([[5, false]]);
    expect(scene.port.supplied).toEqual([]);
    expect(scene.port.of('readDevice')).toHaveLength(1);
  });

  it('is no re-entrancy: it works inside an access in every revision with bottom halves', () => {
    for (const revision of ['shared-cond', 'v5', 'bh', 'hardened'] as const) {
      const scene = new BqlScene(revision);
      scene.run(access({ token: 1 }));
      scene.run(readMemory(5, OTHER_DEVICE.gpa, 4));
      scene.run(deviceAnswer(scene.port.of('readDevice')[0]?.job ?? 0, 1));
      expect(scene.answers).toEqual([[5, true]]);
      expect(scene.bql.waiting.nestedWaits).toBe(1);
    }
  });

  it('asks a device that serves whole pieces for at most 1 MiB at once, and has it supply them', () => {
    const port = new FakePort();
    const device = { ...OTHER_DEVICE, wholePieces: true, length: 4 * DMA_MAX_PIECE_BYTES };
    const space = new AddressSpace([device], claimedReferences());
    const asked: [number, number, number][] = [];
    const readPiece: RegisterReader['readPiece'] = ({ found, length, upcall, at }) => {
      expect(upcall).toBe(5);
      asked.push([found.offset, length, at]);
      return { job: asked.length, continuation: { resume: () => null } };
    };
    const reader: RegisterReader = { readPiece, readRegister: () => null };
    const read = new DmaRead(readMemory(5, device.gpa + 3, 2 * DMA_MAX_PIECE_BYTES + 10), space, port, { reader, tellsFailure: true });
    for (let job = read.begin(); job !== null; ) job = read.resume({ ok: true, value: 0, high: 0 });
    expect(asked).toEqual([
      [3, DMA_MAX_PIECE_BYTES, 0],
      [3 + DMA_MAX_PIECE_BYTES, DMA_MAX_PIECE_BYTES, DMA_MAX_PIECE_BYTES],
      [3 + 2 * DMA_MAX_PIECE_BYTES, 10, 2 * DMA_MAX_PIECE_BYTES],
    ]);
    expect(port.of('answerUpcall')).toEqual([{ do: 'answerUpcall', id: 5, ok: true, value: 0 }]);
    expect(port.supplied).toEqual([]);
  });
});

describe('of what is not there', () => {
  it.each([
    ['a hole', 0x9_0000_0000, 4],
    ['RAM that ends in a hole', OTHER_DEVICE.gpa - 4, 4 + OTHER_DEVICE.length + 1],
    ['an address beyond numbers', Number.POSITIVE_INFINITY, 4],
    ['a length beyond numbers', UPPER_RAM.gpa, Number.POSITIVE_INFINITY],
  ])('%s fails', (_what, gpa, length) => {
    const scene = new BqlScene('hardened');
    scene.run(readMemory(5, gpa, length));
    for (let done = 0; done < scene.port.of('readDevice').length; done++) {
      scene.run(deviceAnswer(scene.port.of('readDevice')[done]?.job ?? 0, 0));
    }
    expect(scene.answers).toEqual([[5, false]]);
    expect(scene.bql.held).toBe(false);
  });

  it('in shared-cond PVG is told that it succeeded all the same', () => {
    const scene = new BqlScene('shared-cond');
    scene.run(readMemory(5, 0x9_0000_0000, 4));
    scene.run(readMemory(6, GFX.gpa, 4));
    scene.finish({ ok: false });
    expect(scene.answers).toEqual([
      [5, true],
      [6, true],
    ]);
  });
});
