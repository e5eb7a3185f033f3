/**
 * `serve --dashboard`: the page shows what a VMM's guest does with the device, may not touch the guest, and stays where it is when the device is another.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { loadBridge } from '../../dist/src/bridge/native.js';
import { RecordingChecks } from '../../src/trace/recording/checks.js';
import { decodeFrame } from '../../src/trace/recording/decoder.js';
import { FileDecoder } from '../../src/trace/recording/file-decoder.js';
import { ChunkKind } from '../../src/trace/recording/format.js';
import { TraceStore } from '../../src/trace/recording/trace-store.js';
import { ENDED, WRONG_TOKEN } from '../../src/visualiser/server/protocol.js';
import { Client, words } from '../embed/vfio-user/client.js';
import { Served } from '../embed/vfio-user/served.js';
import { TestClient } from '../visualiser/server/client.js';

const BYTES = 32 * 2 ** 20;
/** A vfio-user message that reads or sets what the device does; the states that it can be set to. */
const FEATURE = 16;
const [SET_STATE, STOPPED, RUNNING] = [0x2_0002, 1, 2];
const bridge = loadBridge();
const group = bridge.pvg_group_create();
const folder = mkdtempSync(join(tmpdir(), 'serve-dashboard-'));
let ram = 0;
let path = '';
let served: Served;
beforeAll(() => {
  ram = bridge.pvg_ram_create(group, BYTES);
});
afterEach(() => served.end());
afterAll(() => {
  bridge.pvg_group_destroy(group);
  rmSync(folder, { recursive: true, force: true });
});

/** Starts it, and gives the page's address. */
async function serve(...args: string[]): Promise<string> {
  path = join(folder, `${performance.now()}.sock`);
  served = await Served.start(['--socket-path', path, '--mode', '640x480@60', '--vsync', 'off', '--dashboard', ...args]);
  return /http:\S+/.exec(served.said)?.[0] ?? '';
}

/** A VMM whose guest draws frames. */
function drawFrames(frames: number): Promise<unknown> {
  const workerData = { path, ram, bytes: BYTES, program: { frames } };
  const worker = new Worker(new URL('../embed/vfio-user/guest-thread.mjs', import.meta.url), { workerData });
  return new Promise((resolve, reject) => {
    worker.once('exit', resolve);
    worker.once('error', reject);
  });
}

const storeOf = (client: TestClient): TraceStore => {
  const [store, checks] = [new TraceStore(), new RecordingChecks()];
  for (const chunk of client.chunks) store.apply(checks.pass(chunk));
  return store;
};

const countOf = (store: TraceStore, name: string): number => {
  let count = 0;
  for (const log of store.threads)
    for (let index = log.first; index < log.end; index++) if (log.event(index) === store.eventNumber(name)) count++;
  return count;
};

it('shows a guest’s events and pictures to who knows the token, lets nobody touch the guest, and records beside', async () => {
  const file = join(folder, 'served.agfxrec');
  const url = await serve('--record', file);
  const stranger = await TestClient.connect(url, { token: 'wrong' });
  expect((await stranger.closed).code).toBe(WRONG_TOKEN);
  const client = await TestClient.connect(url);
  await client.until(() => client.messages.length > 0);
  expect(client.messages[0]).toMatchObject({ type: 'welcome', isLive: true, isControl: false, title: 'apple-gfx serve' });
  await drawFrames(20);
  await client.until(() => countOf(storeOf(client), 'apple_gfx_new_frame') > 0);
  await client.until(() => client.kinds().includes(ChunkKind.frame));
  const store = storeOf(client);
  expect(store.header).toMatchObject({ variant: 'pci', displays: 1, revision: 'hardened' });
  expect(store.frames[0]).toMatchObject({ width: 640, height: 480, isWhole: true });
  const [picture] = client.chunks.filter(({ kind }) => kind === ChunkKind.frame);
  expect(picture && decodeFrame(picture.payload).deflated.length).toBeGreaterThan(100);
  // The guest is the VMM's, whether this page may control or not.
  expect(await client.request(1, 'guest.pause')).toMatchObject({ error: 'there is no method "guest.pause"' });
  expect(served.said.match(/http:/g)?.length).toBe(1);
  expect(await served.end()).toBe(0);
  expect((await client.closed).code).toBe(ENDED);
  const [recorded, checks] = [new TraceStore(), new RecordingChecks()];
  for (const chunk of new FileDecoder().push(readFileSync(file))) recorded.apply(checks.pass(chunk));
  expect(countOf(recorded, 'apple_gfx_new_frame')).toBeGreaterThan(0);
  expect(recorded.end?.reason).toBe('the device has ended');
});

it('stays at its address, for the same token, when a VMM leaves a new device behind', async () => {
  const url = await serve('--control');
  const before = await TestClient.connect(url);
  await before.until(() => before.kinds().includes(ChunkKind.header));
  const vmm = Client.connect(path);
  await vmm.hello();
  for (const state of [STOPPED, RUNNING]) expect((await vmm.ask(FEATURE, words(16, SET_STATE, state, 0xffff_ffff))).errno).toBe(0);
  expect((await before.closed).code).toBe(ENDED);
  // Between the two nobody listens.
  await expect
    .poll(
      () =>
        fetch(url).then(
          ({ status }) => status,
          () => 0,
        ),
      { timeout: 10_000 },
    )
    .toBe(200);
  const after = await TestClient.connect(url);
  await after.until(() => after.messages.length > 0);
  expect(after.messages[0]).toMatchObject({ type: 'welcome', isControl: true });
  expect(await after.request(1, 'guest.reset')).toMatchObject({ error: 'there is no method "guest.reset"' });
  expect(await vmm.read32(0, 0x1034)).toBe(0x0001_0001);
  await after.until(() => countOf(storeOf(after), 'apple_gfx_read') > 0);
  vmm.close();
  expect(served.said.match(/http:/g)?.length).toBe(1);
});

it('shows a VMM’s viewer that stalls nothing more, and serves the VMM all the same', async () => {
  const url = await serve();
  const stalled = await TestClient.connect(url, { givesCredit: false });
  await stalled.until(() => stalled.kinds().includes(ChunkKind.header));
  stalled.socket.pause();
  await drawFrames(60);
  const other = await TestClient.connect(url);
  await other.until(() => countOf(storeOf(other), 'apple_gfx_new_frame') > 0);
  stalled.socket.terminate();
  expect(await served.end()).toBe(0);
});
