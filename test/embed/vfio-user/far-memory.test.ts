/**
 * Memory of a client's that comes without a descriptor: the device reads it by messages over the second socket, and only there.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadBridge, ramView } from '../../../dist/src/bridge/native.js';
import { serveVfioUser, type VfioUserServer } from '../../../dist/src/embed/vfio-user/server.js';
import { createDevice, type Device } from '../../../dist/src/index.js';
import * as L from '../../../src/guest/layout.js';
import { GuestMemory } from '../../../src/guest/memory.js';
import { putPackets } from '../../../src/guest/ring.js';
import { Client, joined, message, words } from './client.js';

const bridge = loadBridge();
const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-vfio-'));
const path = join(folder, 'gfx.sock');
const BYTES = 0x20_0000;
const RING = 0x10_0000;
const SHARED = 0x18_0000;
const FAR = 0x8000_0000n;
const SIDE = 8;
const GLYPH_BYTES = 4 * SIDE * SIDE;

let device: Device;
let server: VfioUserServer;
let client: Client;
let group = 0;
let ram = 0;
let refused: string[] = [];

beforeEach(async () => {
  group = bridge.pvg_group_create();
  ram = bridge.pvg_ram_create(group, BYTES);
  device = await createDevice({ variant: 'pci', ramBytes: 0, modes: [{ width: 640, height: 480, rateHz: 60 }], vsync: false });
  server = await serveVfioUser(device, { path });
  refused = [];
  server.on('refused', (reason) => refused.push(reason));
  client = Client.connect(path);
});

afterEach(async () => {
  client.close();
  await server.close();
  await device.close();
  bridge.pvg_group_destroy(group);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Answers questions for memory at FAR, whose bytes are their own addresses; `most`: the most at once. */
function answerFar(fd: number, most: number, asked: [bigint, number][]): Socket {
  const twin = new Socket({ fd });
  twin.on('data', (bytes) => {
    for (let from = 0; from < bytes.length; from += 32) {
      const view = new DataView(bytes.buffer, bytes.byteOffset + from, 32);
      const [id, address, count] = [view.getUint16(0, true), view.getBigUint64(16, true), Number(view.getBigUint64(24, true))];
      asked.push([address, count]);
      const given = Math.min(count, most);
      const content = Uint8Array.from({ length: given }, (_, index) => Number(address - FAR) + index);
      twin.write(message(11, joined(words(address, BigInt(given)), content), { id, flags: 1 }));
    }
  });
  return twin;
}

/** Brings the device up and has it read a glyph at FAR; what its fault register says then. */
async function drawGlyph(): Promise<number> {
  const none = (): number => 0;
  const memory = new GuestMemory({
    ...{ ram: ramView(bridge, ram, 0, BYTES), ramBase: 0, pageShift: 12, hasIosfc: false },
    ...{ read: none, write: none, readIosfc: none, writeIosfc: none, waitForInterrupt: none },
  });
  expect((await client.ask(2, words(32, 3, 0n, 0n, BigInt(BYTES)), [bridge.pvg_ram_fd(ram)])).errno).toBe(0);
  expect((await client.ask(2, words(32, 1, 0n, FAR, 0x1000n))).errno).toBe(0);
  await client.write32(0, L.REG_FIFO_BASE_PFN, RING / 4096);
  await client.write32(0, L.REG_FIFO_OFFSET, 0);
  await client.write32(0, L.REG_FIFO_LENGTH, 0x1_0000);
  await client.write32(0, L.REG_SHARED_PFN, SHARED / 4096);
  await client.write32(0, L.REG_START, 1);
  const body = [0, SIDE, SIDE, 4 * SIDE, 32, 0, 0, 0, Number(FAR), 0, GLYPH_BYTES];
  const written = putPackets(memory, { data: RING, length: 0x1_0000, written: 0 }, [{ opcode: L.OP_CURSOR_GLYPH, stamp: 0, body }]);
  await client.write32(0, L.REG_FIFO_WRITTEN, written);
  await client.write32(0, L.REG_MAIN_KICK, 1);
  return client.read32(0, L.REG_FAULT);
}

describe('memory without a descriptor', () => {
  it('is read over the second socket, inside an access, in as many pieces as the client gives', async () => {
    const { payload, descriptors } = await client.hello({ twin_socket: { supported: true }, max_data_xfer_size: 100 });
    const text = new TextDecoder().decode(new Uint8Array(payload.buffer, 4, payload.byteLength - 5));
    expect(JSON.parse(text)).toMatchObject({ capabilities: { twin_socket: { supported: true, fd_index: 0 } } });
    expect(descriptors).toHaveLength(1);
    const asked: [bigint, number][] = [];
    const twin = answerFar(descriptors[0] ?? -1, 60, asked);
    expect(await drawGlyph()).toBe(0);
    expect(asked.slice(0, 3)).toEqual([
      [FAR, 100],
      [FAR + 60n, 100],
      [FAR + 120n, 100],
    ]);
    expect(asked.at(-1)).toEqual([FAR + 240n, 16]);
    while (!device.cursorImage) await new Promise(setImmediate);
    // R, G, B, A in memory are ARGB words in the image.
    expect(device.cursorImage.pixels[1]).toBe(0x0704_0506);
    expect(device.cursorImage.pixels.at(-1)).toBe(0xfffc_fdfe);
    twin.destroy();
    expect(refused).toEqual([]);
  });

  it('can not be had without a second socket', async () => {
    await client.hello();
    expect(await drawGlyph()).not.toBe(0);
    expect(device.cursorImage).toBe(null);
    expect(refused).toEqual([expect.stringContaining('without a descriptor')]);
  });

  it.each([
    ['an error', (id: number) => message(11, new Uint8Array(), { id, flags: 0x21, errno: 14 }), 0],
    ['more than was asked for', (id: number) => message(11, joined(words(FAR, 300n), new Uint8Array(300)), { id, flags: 1 }), 1],
    ['nothing', (id: number) => message(11, words(FAR, 0n), { id, flags: 1 }), 1],
    ['what nobody asked for', (id: number) => message(11, words(FAR, 1n, 0), { id: id + 1, flags: 1 }), 1],
    ['a request', (id: number) => message(13, new Uint8Array(), { id }), 1],
    ['no message', () => new Uint8Array(64).fill(0xff), 1],
  ])('fails where the client answers with %s, and the client is served on', async (_, answer, reasons) => {
    const { descriptors } = await client.hello({ twin_socket: { supported: true } });
    const twin = new Socket({ fd: descriptors[0] ?? -1 });
    twin.on('data', (bytes) => twin.write(answer(bytes.readUInt16LE(0))));
    twin.on('error', () => undefined);
    expect(await drawGlyph()).not.toBe(0);
    expect(refused).toHaveLength(reasons);
    expect(await client.read32(0, L.REG_VERSION)).toBe(L.VERSION_VALUE);
    twin.destroy();
  });

  it('fails where the client gives it byte by byte, too slowly, and is not asked again', async () => {
    const { descriptors } = await client.hello({ twin_socket: { supported: true }, max_data_xfer_size: 1 });
    const asked: bigint[] = [];
    const twin = new Socket({ fd: descriptors[0] ?? -1 });
    twin.on('error', () => undefined);
    twin.on('data', (bytes) => {
      const address = bytes.readBigUInt64LE(16);
      asked.push(address);
      const answer = message(11, joined(words(address, 1n), Uint8Array.of(0)), { id: bytes.readUInt16LE(0), flags: 1 });
      setTimeout(() => twin.write(answer), 50);
    });
    expect(await drawGlyph()).not.toBe(0);
    expect(asked.length).toBeGreaterThan(1);
    expect(asked.length).toBeLessThan(GLYPH_BYTES);
    expect(refused).toEqual([expect.stringContaining('not answered')]);
    expect(await client.read32(0, L.REG_VERSION)).toBe(L.VERSION_VALUE);
    twin.destroy();
  });

  it('fails where the client has closed its second socket', async () => {
    const { descriptors } = await client.hello({ twin_socket: { supported: true } });
    bridge.pvg_descriptor_close(descriptors[0] ?? -1);
    expect(await drawGlyph()).not.toBe(0);
  });
});
