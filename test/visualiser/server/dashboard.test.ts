/**
 * The dashboard's server, by clients that are not browsers: who is let in, what is served, what each is sent.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import {
  DASHBOARD_MAX_MESSAGE_BYTES,
  DASHBOARD_MAX_QUEUED,
  DASHBOARD_MAX_QUEUED_BYTES,
  DASHBOARD_MAX_VIEWERS,
} from '../../../src/base/limits.js';
import { ChunkKind, type RecordedNote } from '../../../src/trace/recording/format.js';
import { decodeFrame, decodeJson } from '../../../src/trace/recording/decoder.js';
import { encodeNote } from '../../../src/trace/recording/encoder.js';
import { type Dashboard, type DashboardOptions, serveDashboard } from '../../../dist/src/visualiser/server/dashboard.js';
import { openFileSource } from '../../../dist/src/visualiser/server/file-source.js';
import { BAD_MESSAGE, ENDED, FIRST_CREDIT, WRONG_TOKEN } from '../../../src/visualiser/server/protocol.js';
import { FakeRun, fileBytes, pieces } from '../../page/recordings.js';
import { ask, openSocket, TestClient } from './client.js';

const note = (number: number, size = 0): Uint8Array => encodeNote({ nanoseconds: number, kind: 'trace', text: 'x'.repeat(size) });

let dashboard: Dashboard;
const open: TestClient[] = [];
afterEach(async () => {
  await dashboard.close();
  for (const client of open.splice(0)) client.socket.terminate();
});

async function serve(options: Partial<DashboardOptions> = {}): Promise<FakeRun> {
  const source = new FakeRun();
  dashboard = await serveDashboard({ source, ...options });
  return (options.source as FakeRun | undefined) ?? source;
}

async function viewer(options?: Parameters<typeof TestClient.connect>[1]): Promise<TestClient> {
  const client = await TestClient.connect(dashboard.url, options);
  open.push(client);
  return client;
}

const get = (path: string, options?: Parameters<typeof ask>[2]): ReturnType<typeof ask> => ask(dashboard.port, path, options);

const refusal = async (options: object, path?: string): Promise<string> =>
  openSocket(dashboard.url, options, path).then(
    (socket) => {
      socket.terminate();
      return 'let in';
    },
    (error: Error) => error.message,
  );

describe('who is let in', () => {
  it('is who says the token first, and nobody else', async () => {
    await serve();
    const wrong = await viewer({ token: 'x'.repeat(32) });
    expect((await wrong.closed).code).toBe(WRONG_TOKEN);
    const none = await viewer({ token: '' });
    expect((await none.closed).code).toBe(WRONG_TOKEN);
    const early = await openSocket(dashboard.url);
    early.send(JSON.stringify({ type: 'request', id: 1, method: 'anything' }));
    expect((await once(early, 'close'))[0]).toBe(BAD_MESSAGE);
    expect([wrong, none].map(({ messages, bytes }) => [messages.length, bytes])).toEqual([
      [0, 0],
      [0, 0],
    ]);
    const right = await viewer();
    await right.until(() => right.messages.length > 0);
    expect(right.messages[0]).toEqual({ type: 'welcome', isControl: false, isLive: true, title: 'a run', methods: [] });
  });

  it('is no page of a foreign origin, and nobody by a name that is not ours', async () => {
    await serve();
    const { port } = dashboard;
    expect(await refusal({ origin: 'https://example.org' })).toMatch(/403/);
    expect(await refusal({ origin: `http://127.0.0.1:${port + 1}` })).toMatch(/403/);
    expect(await refusal({ origin: 'null' })).toMatch(/403/);
    expect(await refusal({ headers: { host: `rebound.example:${port}` }, origin: `http://rebound.example:${port}` })).toMatch(/403/);
    expect(await refusal({ origin: `http://127.0.0.1:${port}` })).toBe('let in');
    expect(await refusal({ headers: { host: `localhost:${port}` }, origin: `http://localhost:${port}` })).toBe('let in');
    expect((await get('/', { headers: { host: 'rebound.example' } })).status).toBe(403);
    expect((await get('/', { headers: { origin: 'https://example.org' } })).status).toBe(403);
    expect((await get('/', { headers: { host: `[::1]:${port}` } })).status).toBe(200);
  });

  it('is on a module’s own socket who says the token in the address', async () => {
    await serve({
      modules: [
        (registry) => {
          registry.socket('/inspect', (socket) => socket.send('hello'), { origins: ['http://localhost:5173'] });
          return undefined;
        },
      ],
    });
    const token = /token=(.*)/.exec(dashboard.url)?.[1] ?? '';
    expect(await refusal({}, 'inspect')).toMatch(/401/);
    expect(await refusal({ origin: 'http://localhost:5174' }, `inspect?token=${token}`)).toMatch(/403/);
    expect(await refusal({ origin: 'http://localhost:5173' }, `inspect?token=${token}`)).toBe('let in');
    expect(await refusal({}, 'elsewhere')).toMatch(/404/);
  });

  it(`are ${DASHBOARD_MAX_VIEWERS} at most`, async () => {
    await serve();
    const clients = await Promise.all(Array.from({ length: DASHBOARD_MAX_VIEWERS }, () => viewer()));
    expect(await refusal({})).toMatch(/503/);
    clients[0]?.socket.terminate();
    await expect.poll(() => refusal({})).toBe('let in');
  });
});

describe('what is served', () => {
  it('is the page, compressed for who takes that, with a policy that lets nothing else in', async () => {
    await serve();
    const page = await get('/');
    expect(page).toMatchObject({
      status: 200,
      headers: { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' },
    });
    expect(page.body).toContain('<div id="app">');
    const policy = String(page.headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'");
    expect(policy).not.toMatch(/unsafe|\*|https:/);
    expect(page.headers['referrer-policy']).toBe('no-referrer');
    const script = await get('/app.js', { headers: { 'accept-encoding': 'gzip, br' } });
    expect(script.headers['content-encoding']).toBe('gzip');
    expect(script.body.length).toBe(Number(script.headers['content-length']));
    expect((await get('/app.css', { method: 'HEAD' })).body).toBe('');
  });

  it('is nothing else, whatever path is asked for', async () => {
    await serve();
    const hostile = [
      '/../package.json',
      '/..%2fpackage.json',
      '/app.js/../../package.json',
      '//etc/passwd',
      '/app.js.gz',
      '/index.html/',
      '/%00',
      'http://x/',
    ];
    for (const path of hostile) expect([path, (await get(path)).status]).toEqual([path, 404]);
    expect((await get('/', { method: 'POST' })).status).toBe(405);
    expect((await get('/', { method: 'PUT' })).status).toBe(405);
  });

  it('is nothing for what is no HTTP, or an endless head', async () => {
    await serve();
    for (const text of ['\0\0\0\0\r\n\r\n', `GET / HTTP/1.1\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`]) {
      const socket = connect(dashboard.port, '127.0.0.1');
      socket.write(text);
      const [answer] = await once(socket, 'data');
      expect(String(answer)).toMatch(/^HTTP\/1.1 4\d\d/);
      socket.destroy();
    }
    expect((await get('/')).status).toBe(200);
  });
});

describe('what a page sends', () => {
  it('is refused by closing if it is none of the messages there are, or too long', async () => {
    await serve();
    const bad = [
      'no json',
      '[]',
      '{"type":"else"}',
      '{"type":"credit","bytes":-1}',
      '{"type":"request","id":1}',
      '{"type":"hello","token":"x"}',
    ];
    for (const text of bad) {
      const client = await viewer();
      client.socket.send(text);
      expect([text, (await client.closed).code]).toEqual([text, BAD_MESSAGE]);
    }
    const binary = await viewer();
    await binary.until(() => binary.messages.length > 0);
    binary.socket.send(Buffer.of(1, 2, 3));
    expect((await binary.closed).code).toBe(BAD_MESSAGE);
    const long = await viewer();
    long.socket.send('x'.repeat(DASHBOARD_MAX_MESSAGE_BYTES + 1));
    expect((await long.closed).code).toBe(1009);
    const after = await viewer();
    await after.until(() => after.messages.length > 0);
  });

  it('is answered, and what changes something only for control', async () => {
    const modules: DashboardOptions['modules'] = [
      (registry) => {
        registry.method('add', ({ a, b }) => Number(a) + Number(b));
        registry.method('fail', () => Promise.reject(new RangeError('out of range')));
        registry.method('stop', () => 'stopped', { control: true });
        return undefined;
      },
    ];
    await serve({ modules });
    const reader = await viewer();
    expect(await reader.request(1, 'add', { a: 2, b: 3 })).toMatchObject({ result: 5 });
    expect(await reader.request(2, 'fail')).toMatchObject({ error: 'out of range' });
    expect(await reader.request(3, 'stop')).toMatchObject({ error: expect.stringContaining('--control') });
    expect(await reader.request(4, 'nothing')).toMatchObject({ error: 'there is no method "nothing"' });
    expect(await reader.request(5, 'add', [1])).toMatchObject({ error: expect.stringContaining('expected an object') });
    expect(reader.messages[0]).toMatchObject({ methods: ['add', 'fail'] });
    await dashboard.close();
    await serve({ modules, control: true });
    const controller = await viewer();
    expect(await controller.request(1, 'stop')).toMatchObject({ result: 'stopped' });
  });

  it('is who listens to a topic, and who has left is told to the method', async () => {
    let left = false;
    await serve({
      modules: [
        (registry) => {
          registry.topic('news');
          registry.method('wait', (_, { signal, tell }) => {
            tell('own', 1);
            signal.addEventListener('abort', () => {
              left = true;
            });
          });
          return undefined;
        },
      ],
    });
    const client = await viewer();
    expect(await client.request(1, 'subscribe', { topic: 'nothing' })).toMatchObject({ error: 'there is no topic "nothing"' });
    expect(dashboard.hasListeners('news')).toBe(false);
    await client.request(2, 'subscribe', { topic: 'news' });
    expect(dashboard.hasListeners('news')).toBe(true);
    dashboard.publish('news', { of: 'today' });
    await client.request(3, 'wait');
    expect(client.messages.filter(({ type }) => type === 'event')).toEqual([
      { type: 'event', topic: 'news', value: { of: 'today' } },
      { type: 'event', topic: 'own', value: 1 },
    ]);
    await client.request(4, 'unsubscribe', { topic: 'news' });
    expect(dashboard.hasListeners('news')).toBe(false);
    client.socket.terminate();
    await expect.poll(() => left).toBe(true);
  });
});

describe('what a page is sent', () => {
  it('is header and threads, what is kept, the latest picture, and then what comes', async () => {
    const run = await serve();
    run.add(note(1));
    run.add(note(2));
    run.showFrame(3);
    const late = await viewer();
    await late.until(() => late.chunks.length >= 5);
    expect(late.kinds().toSorted()).toEqual([ChunkKind.header, ChunkKind.thread, ChunkKind.frame, ChunkKind.note, ChunkKind.note]);
    expect(late.kinds().slice(0, 2)).toEqual([ChunkKind.header, ChunkKind.thread]);
    const whole = late.chunks.find(({ kind }) => kind === ChunkKind.frame);
    expect(whole && decodeFrame(whole.payload)).toMatchObject({ present: 4, isWhole: true });
    run.add(note(3));
    run.showFrame(4);
    await late.until(() => late.chunks.length >= 7);
    const next = late.chunks.filter(({ kind }) => kind === ChunkKind.frame)[1];
    expect(next && decodeFrame(next.payload)).toMatchObject({ present: 5, isWhole: false });
    run.finish();
    await late.until(() => late.messages.some(({ type }) => type === 'complete'));
  });

  it('is a picture for each that it has dealt with, the latest then', async () => {
    const run = await serve();
    const slow = await viewer({ givesCredit: false });
    run.showFrame(0);
    await slow.until(() => slow.kinds().includes(ChunkKind.frame));
    for (let number = 1; number < 50; number++) run.showFrame(number);
    await slow.request(1, 'nothing');
    expect(run.framesMade).toBe(1);
    slow.send({ type: 'credit', bytes: slow.bytes });
    await slow.until(() => slow.kinds().filter((kind) => kind === ChunkKind.frame).length === 2);
    expect(decodeFrame(slow.chunks.at(-1)?.payload ?? new Uint8Array())).toMatchObject({ present: 50 });
    expect(run.framesMade).toBe(2);
  });

  it('is few pictures for who shows none, and the latest as soon as it does', async () => {
    const run = await serve({ thumbnailMs: 1e6 });
    const idle = await viewer({ watches: false });
    run.showFrame(0);
    await idle.until(() => idle.kinds().includes(ChunkKind.frame));
    for (let number = 1; number < 50; number++) run.showFrame(number);
    await idle.request(1, 'nothing');
    expect(run.framesMade).toBe(1);
    idle.send({ type: 'watch', pictures: true });
    await idle.until(() => idle.kinds().filter((kind) => kind === ChunkKind.frame).length === 2);
    expect(decodeFrame(idle.chunks.at(-1)?.payload ?? new Uint8Array())).toMatchObject({ present: 50 });
  });

  it('is in time the latest for who shows none, though nothing more happens', async () => {
    const run = await serve({ thumbnailMs: 30 });
    const idle = await viewer({ watches: false });
    run.showFrame(0);
    await idle.until(() => idle.kinds().includes(ChunkKind.frame));
    run.showFrame(1);
    await idle.until(() => idle.kinds().filter((kind) => kind === ChunkKind.frame).length === 2);
    expect(decodeFrame(idle.chunks.at(-1)?.payload ?? new Uint8Array())).toMatchObject({ present: 2 });
  });

  it('stops when it stalls, which costs nothing and concerns nobody else; afterwards it is told what it missed', async () => {
    const run = await serve({ source: new FakeRun(100) });
    const stalled = await viewer({ givesCredit: false });
    const other = await viewer();
    await Promise.all([stalled, other].map((client) => client.until(() => client.chunks.length === 2)));
    const size = 64 * 1024;
    const count = (4 * FIRST_CREDIT) / size;
    for (let number = 0; number < count; number++) {
      run.add(note(number, size));
      await other.until(() => other.chunks.length === 3 + number);
    }
    expect(dashboard.statistics.map(({ heldBytes }) => heldBytes)).toEqual([0, 0]);
    expect(stalled.bytes).toBeLessThan(FIRST_CREDIT + 2 * size);
    expect(other.bytes).toBeGreaterThan(4 * FIRST_CREDIT);
    const missed = count - (stalled.chunks.length - 2) - 100;
    expect(missed).toBeGreaterThan(0);
    stalled.send({ type: 'credit', bytes: stalled.bytes });
    const skippedNote = (): unknown => {
      const chunk = stalled.chunks.find(({ kind, payload }) => kind === ChunkKind.note && payload.length < size);
      return chunk && (decodeJson(chunk.payload) as RecordedNote).text;
    };
    await stalled.until(() => skippedNote() !== undefined);
    expect(skippedNote()).toBe(`${missed} pieces were not sent to this page, which did not keep up`);
    expect(dashboard.statistics.map(({ skippedPieces }) => skippedPieces)).toEqual([missed, 0]);
  });

  it('is bounded for who reads nothing at all, however much it asks for and is told', async () => {
    await serve({
      modules: [
        (registry) => {
          registry.topic('news');
          registry.method('much', () => 'y'.repeat(100_000));
          return undefined;
        },
      ],
    });
    const deaf = await viewer();
    const other = await viewer();
    for (const client of [deaf, other]) await client.request(1, 'subscribe', { topic: 'news' });
    deaf.socket.pause();
    for (let id = 2; id < 500; id++) {
      deaf.send({ type: 'request', id, method: 'much' });
      // One after the other, so that each is carried out.
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    for (let number = 0; number < 500; number++) {
      dashboard.publish('news', 'z'.repeat(10_000));
      await new Promise(setImmediate);
    }
    await expect.poll(() => dashboard.statistics[0]?.droppedEvents).toBeGreaterThan(100);
    expect(dashboard.statistics[0]?.heldBytes).toBeLessThan(2 * DASHBOARD_MAX_QUEUED_BYTES + DASHBOARD_MAX_QUEUED * 10_000);
    expect(dashboard.statistics[1]).toMatchObject({ droppedEvents: 0 });
    await other.until(() => other.messages.filter(({ type }) => type === 'event').length === 500);
    deaf.socket.resume();
    await deaf.until(() => deaf.messages.filter(({ type }) => type === 'response').length === 499);
  });

  it('is all of a file, by credit', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'dashboard-'));
    try {
      const file = join(folder, 'run.agfxrec');
      const large = Buffer.concat([fileBytes(30), ...Array.from({ length: 30 }, (_, number) => note(number, FIRST_CREDIT / 20))]);
      writeFileSync(file, large);
      const source = await openFileSource(file);
      await serve({ source });
      const stalled = await viewer({ givesCredit: false });
      const other = await viewer();
      await other.until(() => other.messages.some(({ type }) => type === 'complete'));
      expect(other.chunks.length).toBe(pieces(30).length + 30);
      expect(other.messages[0]).toMatchObject({ isLive: false, title: 'run.agfxrec' });
      expect(other.bytes).toBe(large.length - 8);
      expect(stalled.bytes).toBeLessThan(FIRST_CREDIT + 512 * 1024);
      await source.close();
      writeFileSync(file, 'AGFXXXX');
      await expect(openFileSource(file)).rejects.toThrow(/begins with "AGFXXXX", expected AGFXREC/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ends with the word why', async () => {
    const run = await serve();
    const client = await viewer();
    await client.until(() => client.messages.length > 0);
    expect([run.isWatched, run.listenerCount]).toEqual([true, 1]);
    await dashboard.close();
    expect((await client.closed).code).toBe(ENDED);
    expect([run.isWatched, run.listenerCount]).toEqual([false, 0]);
  });
});
