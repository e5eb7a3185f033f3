/**
 * The QMP server on a real device: what its commands tell, who is told of what, the path, and clients that mean no good.
 */
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDevice, type Device } from '../../../dist/src/index.js';
import { type QmpServer, serveQmp } from '../../../dist/src/embed/qmp/server.js';
import { QMP_MAX_CLIENTS } from '../../../src/base/limits.js';
import { Board } from '../../../src/runtime/board.js';
import { Surface } from '../../../src/runtime/surface.js';
import { TestClient } from './client.js';

let folder: string;
let path: string;
let device: Device;
let server: QmpServer;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'qmp-'));
  path = join(folder, 'socket');
  device = await createDevice({ variant: 'pci', ramBytes: 2 ** 20, displays: 2, trace: ['apple_gfx_read'], pollMicroseconds: 0 });
  server = await serveQmp(device, { path });
});
afterEach(async () => {
  await server.close();
  await device.close();
  rmSync(folder, { recursive: true });
});

/** A picture on a display, as the device's actors would report it. */
function show(number: number, width: number, height: number, colour: number): void {
  const surface = new Surface(width, height);
  device.displays[number]?.onReport({ report: 'surface', display: number, width, height, memory: surface.memory });
  const sequence = surface.beginWrite();
  surface.pixels.fill((0xff00_0000 | colour) >>> 0);
  surface.tiles.fill(sequence);
  surface.endWrite(1);
}

it('greets with its version, and tells of itself', async () => {
  const { client, greeting } = await TestClient.dial(path);
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(greeting?.QMP).toEqual({
    version: { qemu: { major: 0, minor: 1, micro: 0 }, package: `apple-gfx ${version}` },
    capabilities: [],
  });
  await client.execute('qmp_capabilities');
  expect((await client.execute('query-version')).return).toEqual(greeting?.QMP?.version);
  expect((await client.execute('query-status')).return).toEqual({ status: 'running', running: true });
  const commands = (await client.execute('query-commands')).return as { name: string }[];
  // Nobody here has the guest, so nobody can stop it.
  expect(commands.map(({ name }) => name)).not.toContain('stop');
  for (const { name } of commands) {
    if (name === 'quit') continue;
    expect((await client.execute(name)).error?.desc ?? '').not.toContain('has not been found');
  }
});

it('answers pieces, several commands at once, nonsense and a client that has hung up already, in order', async () => {
  const client = await TestClient.ready(path);
  for (const byte of Buffer.from('{"execute":"query-status","id":"ü"}')) client.send(Uint8Array.of(byte));
  expect(await client.answer()).toMatchObject({ return: { running: true }, id: 'ü' });
  client.send('{"execute":"x-agfx-query-queues","id":1}{"execute":"query-status","id":2}\nnonsense\n{"execute":"query-status","id":3}');
  client.socket.end();
  expect((await client.answer()).id).toBe(1);
  expect((await client.answer()).id).toBe(2);
  expect((await client.answer()).error).toEqual({ class: 'GenericError', desc: 'JSON parse error, expected an object' });
  expect((await client.answer()).id).toBe(3);
  expect(await client.next()).toBeNull();
});

it('takes the picture of each display, and writes nothing but where it is told', async () => {
  const client = await TestClient.ready(path);
  const dump = (given: object): ReturnType<TestClient['execute']> => client.execute('screendump', given);
  expect((await dump({ filename: join(folder, 'none.png'), format: 'png' })).error?.desc).toBe('display 0 has shown nothing yet');
  show(0, 40, 20, 0x12_3456);
  show(1, 20, 10, 0x65_4321);
  expect(await dump({ filename: join(folder, 'a.png'), format: 'png' })).toEqual({ return: {} });
  const { width, height, data } = PNG.sync.read(readFileSync(join(folder, 'a.png')));
  expect([width, height, [...data.subarray(-4)]]).toEqual([40, 20, [0x12, 0x34, 0x56, 255]]);
  writeFileSync(join(folder, 'b.ppm'), 'what was there before');
  expect(await dump({ filename: join(folder, 'b.ppm'), head: 1 })).toEqual({ return: {} });
  const ppm = readFileSync(join(folder, 'b.ppm'));
  expect(ppm.subarray(0, 13).toString()).toBe('P6\n20 10\n255\n');
  expect(ppm.subarray(13)).toEqual(Buffer.alloc(3 * 200, Buffer.from([0x65, 0x43, 0x21])));
  symlinkSync('b.ppm', join(folder, 'link'));
  expect((await dump({ filename: folder })).error?.desc).toContain('is no regular file');
  expect((await dump({ filename: join(folder, 'link') })).error?.desc).toContain('is no regular file');
  expect((await dump({ filename: '' })).error?.desc).toBe("Parameter 'filename' is empty");
  expect((await dump({ filename: join(folder, 'no', 'folder') })).error?.desc).toContain('ENOENT');
  expect((await dump({ filename: join(folder, 'x'), format: 'gif' })).error?.desc).toBe("Parameter 'format' does not accept value 'gif'");
  expect((await dump({ filename: join(folder, 'x'), head: 2 })).error?.desc).toBe("Parameter 'head' is 2, expected 0..1");
  expect(readdirSync(folder).sort()).toEqual(['a.png', 'b.ppm', 'link', 'socket']);
});

it('tells of threads, memory, interrupts and trace events as they are', async () => {
  const client = await TestClient.ready(path);
  const human = async (line: string): Promise<unknown> => (await client.execute('human-monitor-command', { 'command-line': line })).return;
  await device.addMemory({ gpa: 0x1_0000_0000, bytes: 0x8000, kind: 'rom' });
  expect(await human('info mtree')).toContain('  0000000100000000-0000000100007fff (prio 0, rom): rom ');
  expect(await human('info qtree')).toMatch(/^dev: apple-gfx-pci\r\n.*pci id 106b:eeee/s);
  expect(await human('info irq')).toBe('IRQ statistics for apple-gfx-pci:\r\n');
  device.interrupts.raise(5);
  device.interrupts.raise(5);
  expect(await human('info irq')).toContain(' 5: 2\r\n');
  expect(await human('info trace-events apple_gfx_re?d')).toBe('apple_gfx_read : state 1\r\n');
  expect(await human('info trace-events apple_gfx_write')).toBe('apple_gfx_write : state 0\r\n');
  expect(await human('quux 1')).toBe("unknown command: 'quux'\r\n");
  expect((await client.execute('trace-event-get-state', { name: 'nothing_*' })).return).toEqual([]);
  expect((await client.execute('trace-event-get-state', { name: 'apple_gfx_r*d' })).return).toEqual([
    { name: 'apple_gfx_read', state: 'enabled' },
  ]);
  expect((await client.execute('trace-event-get-state', { name: 'nothing' })).error?.desc).toBe('unknown event "nothing"');
  const { actors } = (await client.execute('x-agfx-query-actors')).return as { actors: { name: string; thread?: number }[] };
  expect(actors.map(({ name }) => name)).toEqual(['bql', 'render-queue', 'background-worker', 'background-worker', 'creator']);
  expect(new Set(actors.map(({ thread }) => thread)).size).toBe(actors.length);
  expect((await client.execute('x-agfx-query-jobs')).return).toEqual([]);
  expect((await client.execute('x-agfx-query-queues')).return).toMatchObject({ bql: { held: false, 'bottom-halves': [] } });
});

it('switches trace events while the device runs, by QMP and by the monitor for people', async () => {
  const client = await TestClient.ready(path);
  const lines: string[] = [];
  device.on('trace', (line) => lines.push(line.split(' ')[0] ?? ''));
  const set = async (given: object): Promise<unknown> => {
    const { error, ...answer } = await client.execute('trace-event-set-state', given);
    return error?.desc ?? answer.return;
  };
  const human = async (line: string): Promise<unknown> => (await client.execute('human-monitor-command', { 'command-line': line })).return;
  /** The lines of a read, a write and whatever the threads say of them. */
  const linesOfAccesses = async (): Promise<readonly string[]> => {
    lines.length = 0;
    await device.mmioWrite(0x1004, 1);
    await device.mmioRead(0x1004);
    // Reports of the actors' come before the answer to a later question.
    await device.internals.inspect('bql');
    return [...lines];
  };
  expect(await linesOfAccesses()).toEqual(['apple_gfx_read']);
  expect(await set({ name: 'apple_gfx_write', enable: true })).toEqual({});
  expect(await linesOfAccesses()).toEqual(['apple_gfx_write', 'apple_gfx_read']);
  expect(await set({ name: 'apple_gfx_*', enable: false, 'ignore-unavailable': true, vcpu: 0 })).toEqual({});
  expect(await linesOfAccesses()).toEqual([]);
  expect(await human('trace-event agfx_job_submitted on')).toBe('');
  expect(await linesOfAccesses()).toEqual(['agfx_job_submitted', 'agfx_job_submitted']);
  expect(await human('info trace-events agfx_job_s*')).toBe('agfx_job_submitted : state 1\r\n');
  expect(await human('trace-event agfx_* off')).toBe('');
  expect(await linesOfAccesses()).toEqual([]);
  expect(await set({ name: 'nothing', enable: true })).toBe('unknown event "nothing"');
  expect(await set({ name: 'nothing*', enable: true })).toEqual({});
  expect(await set({ name: 'apple_gfx_read' })).toBe("Parameter 'enable' is missing");
  expect(await set({ name: 'apple_gfx_read', enable: 'on' })).toBe("Invalid parameter type for 'enable', expected: boolean");
  expect(await human('trace-event nothing on')).toBe('Error: unknown event "nothing"\r\n');
  expect(await human('trace-event apple_gfx_read maybe')).toBe("Expected 'on' or 'off'\r\n");
  expect(await human('trace-event')).toBe('trace-event: string expected\r\n');
  expect(await human('info sync-profile')).toMatch(/^Type .*\r\n-+\r\nBQL actor +\d+\.\d{5} +10 +\d+\.\d\d\r\nWait times are not counted/);
});

it('jobs are those that threads carry, and the one that the BQL waits for, whoever carries it', async () => {
  const client = await TestClient.ready(path);
  const jobs = async (): Promise<unknown> => (await client.execute('x-agfx-query-jobs')).return;
  // As the device's threads write it.
  const board = new Board(device.internals.wiring.board);
  const { thread } = board.bql;
  const line = board.claimWorker(4711) ?? 0;
  board.set(line, 12);
  expect(await jobs()).toEqual([{ job: 12, thread: 4711, 'waited-for': false }]);
  board.setBql(thread, 'waiting', 12);
  expect(await jobs()).toEqual([{ job: 12, thread: 4711, 'waited-for': true }]);
  board.leave(line);
  expect(await jobs()).toEqual([{ job: 12, 'waited-for': true }]);
  board.setBql(thread, 'free', 0);
  expect(await jobs()).toEqual([]);
});

it('a reset is told to everybody who has negotiated, and to nobody else', async () => {
  const client = await TestClient.ready(path);
  const other = await TestClient.ready(path);
  const { client: deaf } = await TestClient.dial(path);
  const reset = vi.spyOn(device, 'reset');
  expect(await client.execute('system_reset')).toEqual({ return: {} });
  expect(reset).toHaveBeenCalledOnce();
  expect(client.events).toEqual([await other.next()]);
  expect(client.events[0]).toMatchObject({ event: 'RESET', data: { guest: false, reason: 'host-qmp-system-reset' } });
  expect(Math.abs((client.events[0]?.timestamp?.seconds ?? 0) - Date.now() / 1000)).toBeLessThan(60);
  await deaf.execute('qmp_capabilities');
  expect(deaf.events).toEqual([]);
});

it('quit is answered, told, and closes the device; the path goes with it', async () => {
  const client = await TestClient.ready(path);
  const other = await TestClient.ready(path);
  const closed = once(device, 'closed');
  expect(await client.execute('quit')).toEqual({ return: {} });
  expect(await other.next()).toMatchObject({ event: 'SHUTDOWN', data: { guest: false, reason: 'host-qmp-quit' } });
  await closed;
  expect(await other.next()).toBeNull();
  expect(existsSync(path)).toBe(false);
});

it('a device that dies is told of, once', async () => {
  const client = await TestClient.ready(path);
  device.internals.crash('bql');
  expect(await client.next()).toMatchObject({ event: 'SHUTDOWN', data: { guest: false, reason: 'host-error' } });
  expect(await client.next()).toBeNull();
});

it('the socket is the user’s own; a second server, files and long paths are refused, what a dead server left is replaced', async () => {
  expect(statSync(path).mode & 0o777).toBe(0o600);
  await expect(serveQmp(device, { path })).rejects.toThrow(`path ${path} is the socket of a server that runs`);
  const file = join(folder, 'file');
  writeFileSync(file, 'mine');
  await expect(serveQmp(device, { path: file })).rejects.toThrow(`path ${file} exists and is no socket`);
  expect(readFileSync(file, 'utf8')).toBe('mine');
  await expect(serveQmp(device, { path: join(folder, 'x'.repeat(108 - folder.length - 1)) })).rejects.toThrow('has 108 bytes');
  await expect(serveQmp(device, { path: '' })).rejects.toThrow('expected the path of a file');
  await expect(serveQmp(device, { path: join(folder, 'no', 'folder') })).rejects.toThrow();
  const longest = join(folder, 'x'.repeat(107 - folder.length - 1));
  const second = await serveQmp(device, { path: longest });
  expect((await TestClient.dial(longest)).greeting?.QMP).toBeDefined();
  await second.close();
  // What a process that was killed leaves: a socket file that nobody listens on.
  const left = join(folder, 'left');
  const dead = createServer().listen(`${left}.moved`);
  await once(dead, 'listening');
  renameSync(`${left}.moved`, left);
  await new Promise((resolve) => dead.close(resolve));
  expect(existsSync(left)).toBe(true);
  const third = await serveQmp(device, { path: left });
  expect((await TestClient.dial(left)).greeting?.QMP).toBeDefined();
  await third.close();
  expect(existsSync(left)).toBe(false);
});

it('there is room for so many clients, and again once one has left', async () => {
  const clients = await Promise.all(Array.from({ length: QMP_MAX_CLIENTS }, () => TestClient.ready(path)));
  const refused = once(server, 'refused');
  expect((await TestClient.dial(path)).greeting).toBeNull();
  expect(await refused).toEqual([`there are ${QMP_MAX_CLIENTS} clients already`]);
  clients[0]?.socket.destroy();
  while (server.clientCount === QMP_MAX_CLIENTS) await new Promise(setImmediate);
  expect((await TestClient.dial(path)).greeting?.QMP).toBeDefined();
});

it('who asks and reads nothing is read from no more, and others are served', async () => {
  const greedy = connect(path);
  greedy.on('error', () => undefined);
  await once(greedy, 'connect');
  const many = '{"execute":"query-commands"}\n'.repeat(2000);
  greedy.write('{"execute":"qmp_capabilities"}\n');
  for (let index = 0; index < 200; index++) greedy.write(many);
  const client = await TestClient.ready(path);
  for (let index = 0; index < 50; index++) expect((await client.execute('query-status')).return).toMatchObject({ running: true });
  // Most of it stays where it is: neither read, nor answered.
  expect(greedy.writableLength).toBeGreaterThan(many.length * 100);
  greedy.destroy();
});
