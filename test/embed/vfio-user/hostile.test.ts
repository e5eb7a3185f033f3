/**
 * Clients that do whatever a client can do wrong, against `apple-gfx serve` as a process of its own: it goes on, holds no more than before, and serves
 * the next client. Each connection has a seed of its own. The whole is run with VFIO_USER_MESSAGES=100000, one connection again with
 * VFIO_USER_SEED=seed VFIO_USER_MESSAGES=1.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_BACKGROUND_WORKERS } from '../../../dist/src/base/limits.js';
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { Client, joined, message, words } from './client.js';
import { HostileClient } from './hostile-client.js';
import { bePolite } from './polite-client.js';
import { type Holdings, Served } from './served.js';
import { memory } from './system.js';

const MESSAGES = Number(process.env.VFIO_USER_MESSAGES ?? 3000);
const SEED = Number(process.env.VFIO_USER_SEED ?? 1);
/** Messages between two looks at what the server holds. */
const BETWEEN_LOOKS = 500;
/**
 * What may come besides: JavaScript's heaps grow before they are looked through, and each device that a client has stopped and started leaves what
 * koffi has for calls of its threads: three mappings for each thread that has loaded a library (3 MiB of addresses, hardly touched), also in a thread that does nothing else.
 */
const SLACK_MIB = 300 + MESSAGES / 200;
const SLACK_MAPPINGS = 400 + MESSAGES / 25;

const bridge = loadBridge();
const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-hostile-'));
const path = join(folder, 'gfx.sock');
let served: Served;
let before: Holdings;

beforeAll(async () => {
  served = await Served.start(['--socket-path', path, '--vsync', 'off']);
  await bePolite(path, served);
  before = await bePolite(path, served);
});

afterAll(async () => {
  await served.end();
  rmSync(folder, { recursive: true, force: true });
});

/** The next client is served, and the server holds what it held. */
async function expectUnharmed(): Promise<void> {
  if (served.ended) throw new TypeError(`the server has ended with ${served.ended.join(', ')}`);
  const now = await bePolite(path, served);
  expect({ descriptors: now.descriptors, memory: now.memory }).toEqual({ descriptors: before.descriptors, memory: before.memory });
  expect(now.loops).toBeLessThanOrEqual(before.loops + MAX_BACKGROUND_WORKERS);
  expect(now.mappings).toBeLessThan(before.mappings + SLACK_MAPPINGS);
  expect(now.residentMiB).toBeLessThan(before.residentMiB + SLACK_MIB);
}

describe('whatever clients send', () => {
  it(`${MESSAGES} messages from seed ${SEED} on, the next client is served and nothing is left of them`, {
    timeout: 3_600_000,
  }, async () => {
    let recent: { readonly seed: number; readonly record: readonly string[] }[] = [];
    let sent = 0;
    let looked = 0;
    try {
      for (let seed = SEED; sent < MESSAGES; seed++) {
        const client = new HostileClient(path, seed);
        recent.push({ seed, record: client.record });
        sent += client.run();
        if (sent < MESSAGES && sent - looked < BETWEEN_LOOKS) continue;
        looked = sent;
        await expectUnharmed();
        recent = [];
      }
    } catch (error) {
      const clients = recent.map(({ seed, record }) => `VFIO_USER_SEED=${seed} VFIO_USER_MESSAGES=1\n  ${record.join('\n  ')}`);
      throw new Error(`after ${sent} messages, one of these clients:\n${clients.join('\n')}\n${served.said.slice(-4000)}`, {
        cause: error,
      });
    }
  });
});

describe('wherever clients go', () => {
  const text = new TextEncoder().encode('{"capabilities":{"max_msg_fds":8}}\0');
  const hello = message(1, joined(words(0), text));
  const messages: readonly (readonly [string, Uint8Array, 'memory' | 'event' | null])[] = [
    ['VERSION', hello, null],
    ['DMA_MAP', message(2, words(32, 3, 0n, 0x8000_0000n, 0x4000n)), 'memory'],
    ['DMA_UNMAP', message(3, words(24, 2, 0n, 0n)), null],
    ['GET_INFO', message(4, words(16, 0, 0, 0)), null],
    ['GET_REGION_INFO', message(5, words(32, 0, 7, 0, 0n, 0n)), null],
    ['GET_REGION_IO_FDS', message(6, words(16, 0, 0, 0)), null],
    ['GET_IRQ_INFO', message(7, words(16, 0, 1, 0)), null],
    ['SET_IRQS', message(8, words(20, 0x24, 1, 0, 1)), 'event'],
    ['REGION_READ', message(9, words(0x1034n, 0, 4)), null],
    ['REGION_WRITE', message(10, joined(words(0x1208n, 0, 4), words(1))), null],
    ['RESET', message(13), null],
    ['REGION_WRITE_MULTI', message(15, joined(words(1n), words(0x1208n, 0, 4), words(0, 0))), null],
    ['DEVICE_FEATURE', message(16, words(16, 0x1_0002, 0n)), null],
    ['MIG_DATA_READ', message(17, words(8, 64)), null],
  ];

  it.each(messages)('at every byte of %s, nothing is left', async (name, bytes, kind) => {
    const ram = memory(0x4000) ?? -1;
    const event = bridge.pvg_event_create();
    const descriptors = kind === null ? [] : [kind === 'memory' ? ram : event];
    for (let cut = 0; cut <= bytes.length; cut++) {
      const client = Client.connect(path);
      if (name !== 'VERSION') client.send(hello);
      if (cut > 0) client.send(bytes.subarray(0, cut), descriptors);
      client.close();
    }
    await expectUnharmed();
    bridge.pvg_descriptor_close(ram);
    bridge.pvg_descriptor_close(event);
  });
});
