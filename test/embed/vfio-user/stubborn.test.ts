/**
 * Clients that do nothing wrong but never end: they are let go where others would wait for ever, and never keep the server from ending.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { Client, joined, message, words } from './client.js';
import { bePolite } from './polite-client.js';
import { Served } from './served.js';
import { memory, resize } from './system.js';

const bridge = loadBridge();
const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-stubborn-'));
let count = 0;
let path: string;
let served: Served;

beforeEach(async () => {
  path = join(folder, `${++count}.sock`);
  served = await Served.start(['--socket-path', path, '--vsync', 'off']);
});

afterEach(async () => {
  expect(await served.end()).toBe(0);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

const postedWrite = message(10, joined(words(0x1208n, 0, 4), words(1)), { flags: 1 << 4 });

it('one that says nothing, or begins VERSION and no more, is let go while another waits', async () => {
  const silent = Client.connect(path);
  silent.send(message(1, words(0)).subarray(0, 18));
  await bePolite(path, served);
  expect(served.said).toContain('the peer sent nothing for');
  // One that has begun may be silent, and another one waits.
  silent.close();
});

it('one that takes no answers is given up, and what it is owed is bounded', async () => {
  const client = Client.connect(path);
  await client.hello();
  const before = served.holdings.residentMiB;
  const read = message(9, words(0n, 7, 1_048_576));
  while (bridge.pvg_socket_send(client.socket, -1, read, read.length, null, 0, 100) > 0);
  expect(served.holdings.residentMiB).toBeLessThan(before + 64);
  await bePolite(path, served);
  expect(served.said).toContain('the peer took nothing for 5000 ms');
  client.close();
});

it('one that always has another request, wants no answers, or takes none, does not keep the server from ending', async () => {
  const client = Client.connect(path);
  await client.hello();
  const flood = joined(...Array.from({ length: 500 }, () => postedWrite));
  served.kill('SIGTERM');
  while (!served.ended && bridge.pvg_socket_send(client.socket, -1, flood, flood.length, null, 0, 5) !== 0) {
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect((await served.exited)[0]).toBe(0);
  client.close();
  served = await Served.start(['--socket-path', path, '--vsync', 'off']);
  const deaf = Client.connect(path);
  await deaf.hello();
  const read = message(9, words(0n, 7, 1_048_576));
  for (let sent = 0; sent < 8; sent++) deaf.send(read);
  expect(await served.end()).toBe(0);
  expect(served.said).not.toContain('took nothing');
  expect(served.said).toContain('the server is closing');
  deaf.close();
});

it('one that is refused everything is told of as often as that is of use', async () => {
  const client = Client.connect(path);
  await client.hello();
  for (let sent = 0; sent < 2000; sent++) client.send(message(9, words(0n, 1, 4), { flags: 1 << 4 }));
  expect(await client.read32(0, 0x1034)).toBe(0x0001_0001);
  client.close();
  await bePolite(path, served);
  expect(served.said.split('refused: ').length - 1).toBe(20);
});

it('one that stops the device and takes away the memory that it would go on with leaves a new device', async () => {
  const client = Client.connect(path);
  await client.hello();
  const ram = memory(0x4000, { sealable: false }) ?? -1;
  expect((await client.ask(2, words(32, 3, 0n, 0x8000_0000n, 0x4000n), [ram])).errno).toBe(0);
  expect((await client.ask(16, words(16, 0x2_0002, 1, 0xffff_ffff))).errno).toBe(0);
  expect(await client.read32(0, 0x1034)).toBe(0xffff_ffff);
  resize(ram, 0);
  client.close();
  await bePolite(path, served);
  bridge.pvg_descriptor_close(ram);
});

it('one whose VERSION is nested as deep as it can be is refused', async () => {
  const client = Client.connect(path);
  const depth = 500_000;
  const text = `{"capabilities":{"max_msg_fds":${'['.repeat(depth)}${']'.repeat(depth)}}}\0`;
  expect((await client.ask(1, joined(words(0), new TextEncoder().encode(text)))).errno).toBe(22);
  expect((await client.hello()).errno).toBe(0);
  client.close();
});
