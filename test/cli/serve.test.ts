/**
 * `serve`: where it can't serve it says why, and it ends as services do.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { loadBridge } from '../../dist/src/bridge/native.js';
import { Client } from '../embed/vfio-user/client.js';
import { bePolite } from '../embed/vfio-user/polite-client.js';
import { Served } from '../embed/vfio-user/served.js';

const bridge = loadBridge();
const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-serve-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (...args: string[]): [number | null, string] => {
  const { status, stderr } = spawnSync(process.execPath, ['dist/src/cli/main.js', 'serve', ...args], { encoding: 'utf8', timeout: 30_000 });
  return [status, stderr];
};

it('is refused without a place, with two, and in a place that can not be had', () => {
  const file = join(folder, 'file');
  writeFileSync(file, 'keep');
  for (const [args, text] of [
    [[], 'either --socket-path or --fd'],
    [['--socket-path', join(folder, 'a'), '--fd', '3'], 'either --socket-path or --fd'],
    [['--socket-path', file], file],
    [['--socket-path', join(folder, 'none', 'a')], 'none'],
    [['--fd', '0'], '3 or more'],
    [['--socket-path', join(folder, 'a'), '--romfile', join(folder, 'no.rom')], 'no.rom'],
  ] as const) {
    const [status, said] = run(...args);
    expect([status, said]).toEqual([2, expect.stringContaining(text)]);
  }
  expect(existsSync(file)).toBe(true);
});

it('replaces a dead server’s socket, not a living one’s, and takes its own away on SIGTERM', async () => {
  const path = join(folder, 'b.sock');
  const dead = bridge.pvg_socket_listen(path);
  bridge.pvg_descriptor_close(dead);
  const served = await Served.start(['--socket-path', path]);
  expect(run('--socket-path', path)).toEqual([2, expect.stringContaining('server that runs')]);
  await bePolite(path, served);
  expect(await served.end()).toBe(0);
  expect(existsSync(path)).toBe(false);
});

it('on a connected socket serves that client, and ends with it', async () => {
  const pair = new Int32Array(2);
  bridge.pvg_socket_pair(pair);
  const [ours = -1, theirs = -1] = pair;
  const served = await Served.start(['--fd', '3'], [theirs]);
  bridge.pvg_descriptor_close(theirs);
  const client = new Client(ours);
  await client.hello();
  expect(await client.read32(0, 0x1034)).toBe(0x0001_0001);
  client.close();
  expect((await served.exited)[0]).toBe(0);
});
