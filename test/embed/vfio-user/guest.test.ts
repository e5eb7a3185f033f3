/**
 * A whole guest over vfio-user: pictures, interrupts and memory as on the device itself; moved from one server to another; and a client that goes while it draws.
 */
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { serveVfioUser, type VfioUserServer } from '../../../dist/src/embed/vfio-user/server.js';
import { createDevice, type Device, type DeviceOptions } from '../../../dist/src/index.js';
import { STATE_OFFSET } from '../../../src/guest/placement.js';
import { renderFrame } from '../../reference/renderer.js';

const bridge = loadBridge();
const BYTES = 32 * 2 ** 20;
const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-vfio-'));
const group = bridge.pvg_group_create();
let ram = 0;
const options: DeviceOptions = { variant: 'pci', ramBytes: 0, modes: [{ width: 640, height: 480, rateHz: 60 }], vsync: false };
const program = { frames: 30 };

beforeAll(() => {
  ram = bridge.pvg_ram_create(group, BYTES);
});
afterAll(() => {
  bridge.pvg_group_destroy(group);
  rmSync(folder, { recursive: true, force: true });
});

interface Served {
  readonly server: VfioUserServer;
  readonly path: string;
  readonly refused: string[];
  end(): Promise<void>;
}

let servers = 0;

async function serve(): Promise<Served> {
  const path = join(folder, `gfx${++servers}.sock`);
  const makeDevice = (given: Pick<DeviceOptions, 'memory' | 'restore'>): Promise<Device> =>
    createDevice(given.restore ? { vsync: false, ...given } : { ...options, ...given });
  const device = await makeDevice({});
  const server = await serveVfioUser(device, { path, makeDevice });
  const refused: string[] = [];
  server.on('refused', (reason) => refused.push(reason));
  const end = async (): Promise<void> => {
    const { device: last } = server;
    await server.close();
    await last?.close();
  };
  return { server, path, refused, end };
}

/** Pages that changed, as numbers; pages that could have been written, as bits, and what was told of them when they were asked for again. */
interface DirtyLog {
  readonly changed: readonly number[];
  readonly dirty: Uint8Array;
  readonly again: Uint8Array;
}

interface Guest {
  readonly total: Promise<number>;
  readonly log: Promise<DirtyLog>;
  kill(): Promise<void>;
}

function startGuest(data: object): Guest {
  let socket = -1;
  let tellLog: (log: DirtyLog) => void = () => undefined;
  const log = new Promise<DirtyLog>((resolve) => {
    tellLog = resolve;
  });
  const worker = new Worker(new URL('./guest-thread.mjs', import.meta.url), { workerData: { ram, bytes: BYTES, program, ...data } });
  const total = new Promise<number>((resolve, reject) => {
    worker.on('message', (message: { framesTotal: number } | { socket: number } | DirtyLog) => {
      if ('socket' in message) socket = message.socket;
      else if ('changed' in message) tellLog(message);
      else resolve(message.framesTotal);
    });
    worker.once('error', reject);
  });
  return {
    total,
    log,
    // Of a thread that ends descriptors stay; of a process that is killed none do.
    kill: async () => {
      await worker.terminate();
      bridge.pvg_descriptor_close(socket);
    },
  };
}

async function expectPicture(device: Device | null, frame: number): Promise<void> {
  if (!device) throw new TypeError('there is no device');
  for (let tries = 0; !device.upToDate && tries < 1000; tries++) {
    await device.update();
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  const shot = await device.screendump();
  const expected = renderFrame(frame, 640, 480, 0);
  expect(shot?.pixels.length).toBe(expected.length);
  expect(shot?.pixels.findIndex((pixel, index) => pixel !== expected[index])).toBe(-1);
}

const mapsOfRam = (): number =>
  readFileSync('/proc/self/maps', 'utf8')
    .split('\n')
    .filter((line) => line.includes('memfd:pvg-ram')).length;

describe('a guest behind vfio-user', () => {
  it('draws what a guest on the device draws, and its memory goes when it goes', async () => {
    const before = mapsOfRam();
    const { server, path, refused, end } = await serve();
    const left = new Promise((resolve) => server.once('left', resolve));
    expect(await startGuest({ path }).total).toBe(30);
    await left;
    await expectPicture(server.device, 30);
    expect(refused).toEqual([]);
    expect(mapsOfRam()).toBe(before);
    // The next one begins anew.
    expect(await startGuest({ path, program: { frames: 7 } }).total).toBe(7);
    await expectPicture(server.device, 7);
    await end();
  });

  it('goes on where it was when its device is stopped and goes on, and on another server', async () => {
    const first = await serve();
    const second = await serve();
    const devices: boolean[] = [];
    first.server.on('device', (device) => devices.push(device !== null));
    expect(await startGuest({ path: first.path, moves: ['here', second.path, first.path] }).total).toBe(4 * 30);
    await expectPicture(first.server.device, 4 * 30);
    expect([first.refused, second.refused]).toEqual([[], []]);
    expect(devices.slice(0, 3)).toEqual([false, true, false]);
    await first.end();
    await second.end();
  });

  it('has what its device could have written told, up to the end', async () => {
    const { path, refused, end } = await serve();
    const guest = startGuest({ path, log: true });
    const { changed, dirty, again } = await guest.log;
    const isDirty = (page: number): boolean => ((dirty[page >> 3] ?? 0) & (1 << (page & 7))) !== 0;
    expect(changed.length).toBeGreaterThan(20);
    // The guest has a page of its own that no task knows.
    expect(changed.filter((page) => !isDirty(page))).toEqual([STATE_OFFSET / 4096]);
    // Most of memory no task had anything to do with.
    expect(dirty.reduce((sum, byte) => sum + byte.toString(2).replaceAll('0', '').length, 0)).toBeLessThan(BYTES / 4096 / 2);
    expect(again.some((byte) => byte !== 0)).toBe(false);
    expect(await guest.total).toBe(30);
    expect(refused).toEqual([]);
    await end();
  });

  it('that is killed while it draws leaves the server to the next one', async () => {
    const { server, path, end } = await serve();
    for (let round = 0; round < 5; round++) {
      const left = new Promise((resolve) => server.once('left', resolve));
      const guest = startGuest({ path, program: { frames: 100_000 } });
      guest.total.catch(() => undefined);
      const presented = server.device?.statistics.framesPresented ?? 0;
      while ((server.device?.statistics.framesPresented ?? 0) < presented + 5) await new Promise((resolve) => setTimeout(resolve, 5));
      await guest.kill();
      await left;
    }
    expect(await startGuest({ path, program: { frames: 7 } }).total).toBe(7);
    await expectPicture(server.device, 7);
    await end();
  });
});
