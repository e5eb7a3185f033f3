/**
 * Guest memory that the embedder gives, in each form: the guest draws from it, others see what is written, and what can't be used is refused by name.
 */
import { closeSync, ftruncateSync, openSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ArgumentError, type Device, type GuestMemoryOptions, Vcpu } from '../../dist/src/index.js';
import { loadBridge } from '../../dist/src/bridge/native.js';
import * as L from '../../src/guest/layout.js';
import { bareDevice, contentOf, Files, fill, GUEST_BYTES, guestIn, MIB } from './given-guest.js';
import { type RawGuest, until } from './raw-guest.js';

const files = new Files();
afterAll(() => files.close());

/** Of WebAssembly, which is no part of the language's own types. */
interface EngineMemory {
  readonly buffer: SharedArrayBuffer;
  grow(pages: number): number;
}
interface Engine {
  readonly Memory: new (options: { readonly initial: number; readonly maximum: number; readonly shared: true }) => EngineMemory;
}
const { Memory } = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly;

const bridge = loadBridge();
const PAGE = 4096;
const HIGH = 0x1_0000_0000;
const COLOUR = 0xff_12_34_56;
const devices: Device[] = [];
afterEach(async () => {
  for (const device of devices.splice(0)) await device.close();
});

async function made(memory: readonly GuestMemoryOptions[]): Promise<Device> {
  const device = await bareDevice({ memory });
  devices.push(device);
  return device;
}

/** A guest that has started in the device's first memory. */
async function started(device: Device, offset = 0): Promise<RawGuest> {
  const guest = guestIn(device, device.memory[0] ?? expect.unreachable(), offset);
  await guest.start();
  return guest;
}

/** Has a guest draw, and expects its picture. */
async function draws(device: Device, guest: RawGuest, colour = COLOUR): Promise<void> {
  await guest.presentColour(colour, 1);
  await until(() => device.upToDate && device.surface?.snapshot()?.pixels[0] === colour);
  expect(await guest.fault()).toBe(0);
}

describe('a device without RAM of its own', () => {
  it('has none to show, on any thread', async () => {
    const device = await made([]);
    expect(device.memory).toEqual([]);
    expect(device.ram()).toHaveLength(0);
    expect(device.attachment.ramBytes).toBe(0);
    expect(() => device.ram(0, PAGE)).toThrow(/no such RAM/);
    const vcpu = new Vcpu(device.attachment);
    expect(vcpu.ram).toHaveLength(0);
    expect(vcpu.read32(L.REG_VERSION)).toBe(L.VERSION_VALUE);
    vcpu.detach();
  });
});

describe('memory that is given', () => {
  it('as a descriptor is drawn from, and the caller’s own may be closed', async () => {
    const fd = files.make(PAGE + GUEST_BYTES);
    const own = openSync(`/proc/self/fd/${fd}`, 'r+');
    const device = await made([{ gpa: 0, bytes: GUEST_BYTES, source: { fd: own, offset: PAGE } }]);
    closeSync(own);
    await draws(device, await started(device));
    const { bytes } = device.memory[0] ?? expect.unreachable();
    bytes[3 * MIB + 7] = 0x5a;
    expect(contentOf(fd, PAGE + 3 * MIB + 7, 1)).toEqual(Uint8Array.of(0x5a));
    await device.close();
    expect(contentOf(fd, PAGE + 3 * MIB + 7, 1)).toEqual(Uint8Array.of(0x5a));
  });

  it('as a descriptor to two devices is drawn from by both', async () => {
    const fd = files.make(2 * GUEST_BYTES);
    const memory = [{ gpa: 0, bytes: 2 * GUEST_BYTES, source: { fd } }];
    const [one, other] = [await made(memory), await made(memory)];
    const guests = [await started(one), await started(other, GUEST_BYTES)] as const;
    await Promise.all([draws(one, guests[0]), draws(other, guests[1], 0xff_65_43_21)]);
    const [view, same] = [one.memory[0]?.bytes, other.memory[0]?.bytes];
    if (!view || !same) return expect.unreachable();
    view[100] = 9;
    expect(same[100]).toBe(9);
    await one.close();
    await draws(other, guests[1], 0xff_00_00_01);
  });

  it('as an address in this process is drawn from, and stays as it is', async () => {
    const group = bridge.pvg_group_create();
    const ram = bridge.pvg_ram_create(group, GUEST_BYTES);
    const address = BigInt(bridge.pvg_ram_address(ram));
    const device = await made([{ gpa: 0, bytes: GUEST_BYTES, source: { address } }]);
    await draws(device, await started(device));
    const [memory] = device.memory;
    if (!memory) return expect.unreachable();
    memory.bytes[5] = 0x77;
    await memory.remove({ revoke: true });
    expect(memory.bytes[5]).toBe(0);
    const again = await made([{ gpa: 0, bytes: PAGE, source: { address } }]);
    expect(again.memory[0]?.bytes[5]).toBe(0x77);
    bridge.pvg_group_destroy(group);
    expect(again.memory[0]?.bytes[5]).toBe(0x77);
  });

  it('as a WebAssembly memory’s buffer is drawn from while its code goes on, by two devices', async () => {
    const engine = new Memory({ initial: (2 * GUEST_BYTES) / 65_536, maximum: 65_536, shared: true });
    const { buffer } = engine;
    const words = new Uint32Array(buffer);
    words[1000] = 0xcafe;
    const one = await made([{ gpa: 0, bytes: GUEST_BYTES, source: { buffer } }]);
    const other = await made([{ gpa: 0, bytes: GUEST_BYTES, source: { buffer, offset: GUEST_BYTES } }]);
    expect(words[1000]).toBe(0xcafe);
    await draws(one, await started(one));
    await draws(other, await started(other), 0xff_00_ff_00);
    expect(one.memory[0]?.bytes[4001]).toBe(0xca);
    words[(GUEST_BYTES + 4000) / 4] = 0xbeef;
    expect(other.memory[0]?.bytes[4001]).toBe(0xbe);
    engine.grow(1);
    const tail = { gpa: HIGH, bytes: 65_536, source: { buffer: engine.buffer, offset: 2 * GUEST_BYTES } } as const;
    await one.addMemory(tail);
    await one.memory[1]?.remove({ revoke: true });
    await one.close();
    await other.close();
    expect(words[1000]).toBe(0xcafe);
  });

  it('as a ROM need only be readable, and is never written', async () => {
    const fd = files.make(2 * PAGE, 'r');
    const device = await made([{ gpa: 0, bytes: GUEST_BYTES }]);
    await expect(device.addMemory({ gpa: HIGH, bytes: PAGE, source: { fd } })).rejects.toThrow(
      /reading only: what can't be written is a rom/,
    );
    const rom = await device.addMemory({ gpa: HIGH, bytes: PAGE, kind: 'rom', source: { fd, offset: PAGE } });
    rom.bytes[0] = 1;
    expect(contentOf(fd, PAGE, 1)).toEqual(Uint8Array.of(0));
    const guest = guestIn(device, device.memory[0] ?? expect.unreachable());
    await guest.start();
    for (const readOnly of [1, 0]) {
      guest.control(L.OP_MAP, 0, 1, readOnly, 0x18_0000, 0, 1, 0, 0, 1, PAGE, 0);
      await guest.kick();
      expect(await guest.fault()).toBe(readOnly === 1 ? 0 : (L.FAULT_MEMORY << 16) | L.OP_MAP);
    }
  });

  it('is listed in order while it is on the map', async () => {
    const fd = files.make(4 * PAGE);
    const device = await made([
      { gpa: HIGH, bytes: PAGE, source: { fd } },
      { gpa: 0, bytes: 2 * PAGE, kind: 'rom', priority: 3, source: { fd, offset: PAGE } },
    ]);
    const more = await device.addMemory({ gpa: PAGE, bytes: PAGE });
    const list = (): unknown[] => device.memory.map(({ gpa, byteLength, kind, priority }) => [gpa, byteLength, kind, priority]);
    expect(list()).toEqual([
      [HIGH, PAGE, 'ram', 0],
      [0, 2 * PAGE, 'rom', 3],
      [PAGE, PAGE, 'ram', 0],
    ]);
    await device.memory[0]?.remove();
    await more.remove();
    expect(list()).toEqual([[0, 2 * PAGE, 'rom', 3]]);
  });

  it('of which a file is cut short under the device reads as zeros, and nothing ends', async () => {
    const fd = files.make(GUEST_BYTES);
    const device = await made([{ gpa: 0, bytes: GUEST_BYTES, source: { fd } }]);
    const guest = await started(device);
    await draws(device, guest);
    ftruncateSync(fd, 0);
    // PVG's threads look at their rings first, and then this one at all of it.
    await device.mmioWrite(L.REG_CHILD_DOORBELL, 1);
    await guest.kick();
    const { bytes } = device.memory[0] ?? expect.unreachable();
    expect(bytes.every((byte) => byte === 0)).toBe(true);
    await guest.presentColour(1, 2);
    await guest.kick();
    expect(await device.mmioRead(L.REG_VERSION)).toBe(L.VERSION_VALUE);
    expect((await device.save()).length).toBeGreaterThan(0);
  });

  it('may be larger than a view, which is refused then', async () => {
    const fd = files.make(6 * 2 ** 30);
    const device = await made([{ gpa: 0, bytes: 6 * 2 ** 30, source: { fd } }]);
    expect(() => device.memory[0]?.bytes).toThrow(/a view has at most/);
    await expect(device.addMemory({ gpa: 2 ** 41, bytes: 2 ** 40 })).resolves.toMatchObject({ byteLength: 2 ** 40 });
  });

  it('is taken by the thousand, by ranges that a mapping behind a virtual IOMMU has, and its places are used again', async () => {
    const fd = files.make(4 * PAGE);
    const device = await made([{ gpa: 0, bytes: GUEST_BYTES }]);
    const count = 1022;
    const add = (at: number) => device.addMemory({ gpa: HIGH + 2 * at * PAGE, bytes: PAGE, source: { fd, offset: (at % 4) * PAGE } });
    const pieces = await Promise.all(Array.from({ length: count }, (_, at) => add(at)));
    await expect(add(count)).rejects.toThrow(/at most 1024 memory regions/);
    await Promise.all(pieces.map((piece) => piece.remove({ revoke: true })));
    for (let at = 0; at < 20; at++) await add(at);
    await draws(device, await started(device));
  });
});

describe('what can’t be guest memory is refused', () => {
  const fd = files.make(2 * PAGE);
  let device: Device;
  beforeAll(async () => {
    device = await bareDevice();
  });
  afterAll(() => device.close());

  const wrong = (options: unknown): Promise<string> =>
    device.addMemory({ gpa: 0, bytes: PAGE, ...(options as object) }).then(
      () => 'nothing',
      (error: unknown) => (error instanceof ArgumentError ? error.message : `another error: ${String(error)}`),
    );

  it.each([
    [
      'a file that is too short',
      { bytes: 3 * PAGE, source: { fd } },
      /descriptor \d+ has 0x2000 bytes, and 0x3000 at offset 0x0 are wanted/,
    ],
    ['an offset behind its end', { source: { fd, offset: 2 * PAGE } }, /has 0x2000 bytes/],
    ['a negative offset', { source: { fd, offset: -PAGE } }, /source.offset is -4096/],
    ['an offset inside a page', { source: { fd, offset: 100 } }, /source.offset is 100, expected a multiple of 4096/],
    ['an offset beyond numbers', { source: { fd, offset: 2 ** 60 } }, /source.offset is/],
    ['a huge offset', { source: { fd, offset: 2 ** 52 } }, /has 0x2000 bytes/],
    ['a huge length', { bytes: 2 ** 50, source: { fd } }, /bytes is 1125899906842624/],
    ['a terabyte of a small file', { bytes: 2 ** 40, source: { fd } }, /has 0x2000 bytes/],
    ['an address beyond numbers', { gpa: 2 ** 53 }, /gpa is/],
    ['an address inside a page', { gpa: 2048 }, /multiples of 4096/],
    ['a descriptor that is none', { source: { fd: -1 } }, /source.fd is -1/],
    ['half a descriptor', { source: { fd: 1.5 } }, /source.fd is 1.5/],
    ['a descriptor that isn’t open', { source: { fd: 99_999 } }, /descriptor 99999: Bad file descriptor/],
    ['text for a descriptor', { source: { fd: '3' } }, /source.fd is 3/],
    ['no form at all', { source: {} }, /source has none of fd, address and buffer, expected one/],
    ['two forms', { source: { fd, address: 1n } }, /source has fd and address of fd, address and buffer/],
    ['a number for a source', { source: 5 }, /source is no object/],
    ['no source but null', { source: null }, /source is no object/],
    ['the address 0', { source: { address: 0n } }, /source.address is 0/],
    ['a number for an address', { source: { address: 4096 } }, /source.address is 4096, expected a bigint/],
    ['an address where nothing is', { source: { address: 0x5000n } }, /nothing is mapped at 0x5000/],
    ['an address that is no address', { source: { address: 2n ** 63n } }, /source.address is/],
    ['an address inside a page', { source: { address: 0x5001n } }, /expected a bigint, a multiple of 4096/],
    ['an ordinary SharedArrayBuffer', { source: { buffer: new SharedArrayBuffer(2 * PAGE) } }, /use the buffer of a WebAssembly.Memory/],
    ['one that is too short', { source: { buffer: new SharedArrayBuffer(100) } }, /source.buffer has 100 bytes, and 4096 at offset 0/],
    ['an ArrayBuffer', { source: { buffer: new ArrayBuffer(PAGE) } }, /source.buffer is no SharedArrayBuffer/],
    ['a kind that isn’t', { kind: 'tape' }, /kind is "tape"/],
  ])('%s', async (_what, options, message) => {
    expect(await wrong(options)).toMatch(message);
  });

  it('by createDevice() too, with its place', async () => {
    const memory = [
      { gpa: 0, bytes: PAGE },
      { gpa: PAGE, bytes: 3 * PAGE, source: { fd } },
    ];
    await expect(bareDevice({ memory })).rejects.toThrow(/^memory\[1\]: guest memory of 12288 bytes at 0x1000: descriptor \d+ has 0x2000/);
  });

  it('a directory and a pipe', async () => {
    const folder = openSync(files.path, 'r');
    expect(await wrong({ source: { fd: folder }, kind: 'rom' })).toMatch(/is a directory, expected a memfd or a file/);
    closeSync(folder);
    expect(await wrong({ source: { fd: openSync('/dev/zero', 'r') }, kind: 'rom' })).toMatch(/is a character device/);
  });

  it('private memory of this process', async () => {
    const address = BigInt(bridge.pvg_memory_address(new Uint8Array(new SharedArrayBuffer(64 * PAGE))) as number);
    expect(await wrong({ source: { address: (address / 4096n) * 4096n + 4096n } })).toMatch(/a private mapping is at/);
  });

  it('and leaves no device, no descriptor and no slot', async () => {
    for (let times = 0; times < 5000; times++) {
      await expect(device.addMemory({ gpa: 0, bytes: 3 * PAGE, source: { fd } })).rejects.toThrow(ArgumentError);
    }
    fill(fd, 2 * PAGE, 3);
    expect((await device.addMemory({ gpa: 0, bytes: 2 * PAGE, source: { fd } })).bytes[PAGE]).toBe(3);
  });
});
