/**
 * `--dashboard` and `apple-gfx open`: the command prints where the page is, the page shows the device, and may change it only with `--control`.
 */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDashboard } from '../../src/cli/dashboard.js';
import { decodeFrame } from '../../src/trace/recording/decoder.js';
import { ChunkKind } from '../../src/trace/recording/format.js';
import { TraceStore } from '../../src/trace/recording/trace-store.js';
import { ENDED } from '../../src/visualiser/server/protocol.js';
import { TestClient } from '../visualiser/server/client.js';

interface Command {
  readonly process: ChildProcessWithoutNullStreams;
  readonly output: () => string;
  /** Where the page is. */
  url(): Promise<string>;
  readonly ended: Promise<number | null>;
}

let commands: Command[] = [];
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
});
afterEach(async () => {
  for (const { process, ended } of commands) {
    process.kill('SIGKILL');
    await ended;
  }
  commands = [];
  rmSync(folder, { recursive: true });
});

function start(...args: string[]): Command {
  const child = spawn(process.execPath, ['dist/bundles/cli/main.cjs', ...args]);
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (text += String(part)));
  const command: Command = {
    process: child,
    output: () => text,
    url: async () => {
      await expect.poll(() => text, { timeout: 20_000 }).toMatch(/http:\S+/);
      return /http:\S+/.exec(text)?.[0] ?? '';
    },
    ended: once(child, 'exit').then(([code]) => code as number | null),
  };
  commands.push(command);
  return command;
}

const storeOf = (client: TestClient): TraceStore => {
  const store = new TraceStore();
  for (const chunk of client.chunks) store.apply(chunk);
  return store;
};

describe('run --dashboard', () => {
  it('runs until it is interrupted, and shows events and pictures as they come', async () => {
    const command = start('run', '--mode', '640x480@60', '--dashboard');
    const client = await TestClient.connect(await command.url());
    await client.until(() => client.kinds().filter((kind) => kind === ChunkKind.frame).length >= 3);
    await client.until(() => storeOf(client).threads.some((log) => log.thread.actor === 'bql' && log.length > 0));
    const store = storeOf(client);
    expect(store.header).toMatchObject({ revision: 'hardened', displays: 1 });
    expect(store.header?.machines.every(({ definition }) => definition !== null)).toBe(true);
    const pictures = client.chunks.filter(({ kind }) => kind === ChunkKind.frame).map(({ payload }) => decodeFrame(payload));
    expect(pictures[0]).toMatchObject({ isWhole: true, width: 640, height: 480 });
    expect(await client.request(1, 'guest.pause')).toMatchObject({ error: expect.stringContaining('--control') });
    command.process.kill('SIGINT');
    expect((await client.closed).code).toBe(ENDED);
    expect(await command.ended).toBe(130);
    expect(command.output().match(/http:/g)?.length).toBe(1);
  });

  it('ends after its frames where it was told how many, and records beside', async () => {
    const file = join(folder, 'run.agfxrec');
    const command = start('run', '--frames', '30', '--mode', '640x480@60', '--dashboard', '--record', file);
    expect(await command.ended).toBe(0);
    const opened = start('open', file);
    const client = await TestClient.connect(await opened.url());
    await client.until(() => client.messages.some(({ type }) => type === 'complete'));
    const store = storeOf(client);
    expect(store.end?.reason).toBe('the run has ended');
    expect(store.frames.length).toBeGreaterThan(0);
    opened.process.kill('SIGTERM');
    expect(await opened.ended).toBe(0);
  });

  it('lets the guest be paused, let go on and reset with --control', async () => {
    const command = start('run', '--mode', '640x480@60', '--dashboard', '--control');
    const client = await TestClient.connect(await command.url());
    const presents = (): number =>
      Math.max(0, ...client.chunks.filter(({ kind }) => kind === ChunkKind.frame).map(({ payload }) => decodeFrame(payload).present));
    await client.until(() => presents() > 5);
    expect(await client.request(1, 'guest.pause')).toMatchObject({ result: null });
    const samples = (): number => client.kinds().filter((kind) => kind === ChunkKind.samples).length;
    // What was drawn before it stood still has come by then.
    const later = samples() + 10;
    await client.until(() => samples() >= later);
    const still = presents();
    await client.until(() => samples() >= later + 10);
    expect(presents()).toBe(still);
    expect(await client.request(2, 'guest.continue')).toMatchObject({ result: null });
    await client.until(() => presents() > still);
    expect(await client.request(3, 'guest.reset')).toMatchObject({ result: null });
  });

  it('goes on showing a device that deadlocked, until it is interrupted', async () => {
    const command = start('run', '--revision', 'sync', '--dashboard');
    await expect.poll(command.output, { timeout: 20_000 }).toContain('the dashboard shows it until you interrupt');
    const client = await TestClient.connect(await command.url());
    await client.until(() => client.messages.some(({ type }) => type === 'complete'));
    expect(storeOf(client).notes.map(({ kind }) => kind)).toContain('deadlock');
    command.process.kill('SIGINT');
    expect(await command.ended).toBe(3);
  });
});

describe('open', () => {
  it('shows a log of QEMU’s with what it says of the machines, and says what doesn’t fit them', async () => {
    const file = join(folder, 'qemu.log');
    const lines = [
      'apple_gfx_common_init device: apple-gfx-mmio; MMIO size: 16384 bytes',
      'apple_gfx_create_task vm_size=0x10000 base_addr=0x7f0000000000',
      'apple_gfx_destroy_task task=0x5, task->mapped_regions->len=0',
      'apple_gfx_map_memory task=0x9 range_count=0x1 virtual_offset=0x0 read_only=1',
      'apple_gfx_read offset=0x1034 res=0x1',
      'apple_gfx_unmap_memory task=0x7000 virtual_offset=0x0 length=0x4000',
    ];
    writeFileSync(file, lines.map((line, index) => `17@1700000000.00000${index}:${line}\n`).join(''));
    const opened = start('open', file);
    const client = await TestClient.connect(await opened.url());
    await client.until(() => client.messages.some(({ type }) => type === 'complete'));
    const store = storeOf(client);
    expect(store.threads.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThanOrEqual(3);
    expect(store.header?.machines.find(({ name }) => name === 'mmioJob')?.definition).not.toBeNull();
    expect(opened.output()).toMatch(/qemu\.log: 2 things do not fit/);
  });
});

describe('wrong usage', () => {
  it.each([
    [['run', '--dashboard=nowhere'], /expected HOST:PORT/],
    [['run', '--dashboard=127.0.0.1:70000'], /expected HOST:PORT/],
    [['run', '--control'], /--control says what a dashboard may do: expected --dashboard as well/],
    [['run', '--frames', '1', '--dashboard=192.0.2.1:0'], /dashboard: .*EADDRNOTAVAIL/],
    [['open', '/nowhere/at/all'], /There is no such file/],
  ])('%j is told what was expected', async (args, message) => {
    const command = start(...args);
    expect(await command.ended).toBe(2);
    expect(command.output()).toMatch(message);
  });

  it('a file that is neither recording nor log is named with what it is', async () => {
    const file = join(folder, 'none');
    writeFileSync(file, 'something else');
    const command = start('open', file);
    expect(await command.ended).toBe(1);
    expect(command.output()).toMatch(
      /none is a text without such events in its beginning, expected a recording \(run --record\) or a log with apple_gfx_\* events/,
    );
  });

  it('addresses are taken apart', () => {
    expect(parseDashboard('127.0.0.1:8080')).toEqual({ host: '127.0.0.1', port: 8080 });
    expect(parseDashboard('[::1]:0')).toEqual({ host: '::1', port: 0 });
    expect(parseDashboard(':9000')).toEqual({ host: '127.0.0.1', port: 9000 });
  });
});
