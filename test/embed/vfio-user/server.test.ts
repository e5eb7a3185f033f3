/**
 * The vfio-user server over its socket: what a client sees, in what order, and what becomes of it when the client goes.
 */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { createDevice, type Device } from '../../../dist/src/index.js';
import { serveVfioUser, type VfioUserServer } from '../../../dist/src/embed/vfio-user/server.js';
import { Client, joined, message, words } from './client.js';

const bridge = loadBridge();
const VERSION_REGISTER = 0x1034;
const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-vfio-'));
const path = join(folder, 'gfx.sock');
let device: Device;
let server: VfioUserServer;
let client: Client;

beforeEach(async () => {
  device = await createDevice({ variant: 'pci', ramBytes: 0, optionRom: Uint8Array.of(0x55, 0xaa, 1, 2, 3) });
  server = await serveVfioUser(device, { path });
  client = Client.connect(path);
});

afterEach(async () => {
  client.close();
  await server.close();
  await device.close();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const descriptors = (): number => readdirSync('/proc/self/fd').length;

describe('what a client is told', () => {
  it('is the version and capabilities, in no more bytes than QEMU has room for', async () => {
    const { errno, payload } = await client.hello();
    expect(errno).toBe(0);
    const text = new TextDecoder().decode(new Uint8Array(payload.buffer, 4));
    expect(payload.getUint32(0, true)).toBe(0);
    expect(text.endsWith('\0')).toBe(true);
    expect(JSON.parse(text.slice(0, -1))).toEqual({
      capabilities: {
        ...{ max_msg_fds: 16, max_data_xfer_size: 1_048_576, max_dma_maps: expect.any(Number), pgsizes: 4096 },
        ...{ write_multiple: true, migration: { pgsize: 4096 } },
      },
    });
    expect(16 + payload.byteLength).toBeLessThanOrEqual(214);
  });

  it('is a PCI device that can be reset, its regions and its interrupts', async () => {
    await client.hello();
    const info = await client.ask(4, words(16, 0, 0, 0));
    expect([0, 4, 8, 12].map((at) => info.payload.getUint32(at, true))).toEqual([16, 3, 9, 5]);
    const regions: [number, bigint][] = [];
    for (let index = 0; index < 9; index++) {
      const { payload } = await client.ask(5, words(32, 0, index, 0, 0n, 0n));
      expect(payload.getUint32(8, true)).toBe(index);
      regions.push([payload.getUint32(4, true), payload.getBigUint64(16, true)]);
    }
    const none = [0, 0n];
    expect(regions).toEqual([[3, 0x4000n], none, none, none, none, none, [1, 2048n], [3, 4096n], none]);
    const irqs: [number, number][] = [];
    for (let index = 0; index < 5; index++) {
      const { payload } = await client.ask(7, words(16, 0, index, 0));
      irqs.push([payload.getUint32(4, true), payload.getUint32(12, true)]);
    }
    expect(irqs).toEqual([
      [0, 0],
      [9, 32],
      [0, 0],
      [1, 1],
      [1, 1],
    ]);
    expect((await client.ask(5, words(32, 0, 9, 0, 0n, 0n))).errno).toBe(22);
    expect((await client.ask(7, words(16, 0, 5, 0))).errno).toBe(22);
  });

  it('is the ROM, padded, with ones behind its end', async () => {
    await client.hello();
    expect([...(await client.read(6, 0, 8))]).toEqual([0x55, 0xaa, 1, 2, 3, 0, 0, 0]);
    expect([...(await client.read(6, 2046, 4))]).toEqual([0, 0, 0xff, 0xff]);
    expect(await client.write(6, 0, Uint8Array.of(1))).toBe(0);
    expect([...(await client.read(6, 0, 1))]).toEqual([0x55]);
  });
});

describe('registers', () => {
  it('are read and written as the device has them', async () => {
    await client.hello();
    expect(await client.read32(0, VERSION_REGISTER)).toBe(0x0001_0001);
    expect(await client.write32(0, 0x1208, 1)).toBe(0);
    expect(await client.read32(0, 0x1208)).toBe(1);
    // Two registers at once, the low one first.
    const pair = await client.read(0, 0x1200, 8);
    expect([...pair.subarray(0, 4)]).toEqual([...(await client.read(0, 0x1200, 4))]);
    expect([...pair.subarray(4)]).toEqual([...(await client.read(0, 0x1204, 4))]);
  });

  it('are refused in other sizes and places, as hardware would', async () => {
    await client.hello();
    expect([...(await client.read(0, VERSION_REGISTER, 1))]).toEqual([0]);
    expect([...(await client.read(0, VERSION_REGISTER + 2, 4))]).toEqual([0, 0, 0, 0]);
    expect(await client.write(0, 0x1208, Uint8Array.of(1))).toBe(0);
    expect(await client.read32(0, 0x1208)).toBe(0);
    expect(await client.read32(0, 0x4000)).toBe(0xffff_ffff);
    expect((await client.ask(9, words(0n, 1, 4))).errno).toBe(22);
  });

  it('are written without an answer where none is wanted, one after the other, and many at once', async () => {
    await client.hello();
    const write = (value: number): Uint8Array => joined(words(0x1208n, 0, 4), words(value));
    for (const value of [2, 1]) client.send(message(10, write(value), { flags: 1 << 4 }));
    expect(await client.read32(0, 0x1208)).toBe(1);
    const two = [2, 0].map((value) => joined(words(0x1208n, 0, 4), words(value, 0)));
    expect((await client.ask(15, joined(words(2n), ...two))).errno).toBe(0);
    expect(await client.read32(0, 0x1208)).toBe(0);
    // None of them is carried out if one of them can't be.
    const wrong = joined(words(0x1208n, 8, 4), words(2, 0));
    expect((await client.ask(15, joined(words(2n), two[0] ?? new Uint8Array(), wrong))).errno).toBe(22);
    expect(await client.read32(0, 0x1208)).toBe(0);
  });
});

describe('interrupts', () => {
  it('are signalled on the descriptors of their vectors, while they have some', async () => {
    await client.hello();
    const events = [bridge.pvg_event_create(), bridge.pvg_event_create()];
    expect((await client.ask(8, words(28, 0x24, 1, 0, 2), events)).errno).toBe(0);
    expect([device.interrupts.msiEnabled, device.interrupts.msiVectors]).toEqual([true, 2]);
    expect((await client.ask(8, words(20, 0x21, 1, 1, 1))).errno).toBe(0);
    const signals = events.map((fd) => {
      // The system says how often it was signalled and not looked at.
      const [, count = ''] = /eventfd-count:\s+(\w+)/.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8')) ?? [];
      return Number.parseInt(count, 16);
    });
    expect(signals).toEqual([0, 1]);
    expect((await client.ask(8, words(20, 0x21, 1, 0, 0))).errno).toBe(0);
    expect(device.interrupts.msiEnabled).toBe(false);
    for (const fd of events) bridge.pvg_descriptor_close(fd);
  });
});

describe('clients', () => {
  it('come one after the other, and leave nothing behind', async () => {
    await client.hello();
    await client.read32(0, VERSION_REGISTER);
    const before = descriptors();
    for (let count = 0; count < 20; count++) {
      client.close();
      client = Client.connect(path);
      const event = bridge.pvg_event_create();
      await client.hello();
      expect((await client.ask(8, words(24, 0x24, 1, 0, 1), [event])).errno).toBe(0);
      expect(device.interrupts.msiEnabled).toBe(true);
      bridge.pvg_descriptor_close(event);
    }
    client.close();
    client = Client.connect(path);
    await client.hello();
    expect(device.interrupts.msiEnabled).toBe(false);
    expect(descriptors()).toBe(before);
  });

  it('are only this user, and the path goes with the server', async () => {
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await server.close();
    expect(existsSync(path)).toBe(false);
  });
});
