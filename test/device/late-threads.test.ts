/**
 * A device whose watchdog and second worker come late (makeDevice) misses nothing but them: it serves the guest, tells what PVG's own threads
 * noted though nobody was there to take it, and finds a deadlock once they have come.
 */
import { readdirSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { startSession } from '../../dist/src/cli/session.js';
import { makeDevice } from '../../dist/src/create-device.js';
import { DeadlockError, type Device, type DeviceOptions } from '../../dist/src/index.js';
import { Board } from '../../dist/src/runtime/board.js';
import * as L from '../../src/guest/layout.js';
import { RawMapper } from './raw-mapper.js';

let device: Device;
afterEach(() => device.close());

const make = (options: DeviceOptions): Promise<Device> =>
  makeDevice({ vsync: false, ramBytes: 2 ** 24, ...options }, { lateThreads: true });

const PLACES = { ring: 0x10000, capacity: 8, table: 0x20000 };
const ENTRY = { opcode: L.IOSFC_OP_MAP, surface: 3, gpa: 0, length: 0x4000, flags: 0 };

it('serves the guest, and tells at its end what PVG’s threads noted', async () => {
  device = await make({ trace: ['apple_gfx_iosfc_map_memory'] });
  const lines: string[] = [];
  device.on('trace', (line) => lines.push(line));
  const mapper = new RawMapper(device, PLACES);
  await mapper.start();
  expect(await mapper.request([{ ...ENTRY, gpa: 0x4004_0000 }])).toEqual([true]);
  await device.close();
  // The ring, the table and the surface.
  expect(lines.map((line) => /^apple_gfx_iosfc_map_memory phys=(\w+) /.exec(line)?.[1])).toEqual([
    '0x40010000',
    '0x40020000',
    '0x40040000',
  ]);
});

it('finds a deadlock when they have come', async () => {
  device = await make({ revision: 'sync' });
  const mapper = new RawMapper(device, PLACES);
  await mapper.start();
  // The doorbell enters PVG with the BQL, for which the mapping that it asks for waits.
  const stuck = mapper.request([{ ...ENTRY, gpa: 0x4004_0000 }]);
  device.internals.startLateThreads();
  await expect(stuck).rejects.toThrow(DeadlockError);
});

it('come by themselves to a session', async () => {
  const session = await startSession({ device: { vsync: false }, mode: null, frames: undefined });
  ({ device } = session);
  const board = new Board(device.attachment.board);
  await expect.poll(() => board.workers.length, { timeout: 10_000 }).toBe(2);
  await session.finish();
});

it('starts none of them once it is closed', async () => {
  device = await make({});
  await device.close();
  const threads = (): number => readdirSync('/proc/self/task').length;
  const before = threads();
  device.internals.startLateThreads();
  expect(threads()).toBeLessThanOrEqual(before);
});
