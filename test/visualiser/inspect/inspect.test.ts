/**
 * `/inspect`, spoken to by @statelyai/inspect itself: actors of another program, and the device's machines for an inspector.
 */
import { once } from 'node:events';
import { createWebSocketInspector, createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createActor, createMachine } from 'xstate';
import { INSPECT_MAX_ACTORS, INSPECT_MAX_EVENTS, INSPECT_MAX_RATE } from '../../../src/base/limits.js';
import { encodeHeader } from '../../../src/trace/recording/encoder.js';
import { chartOf } from '../../../src/visualiser/chart/from-machine.js';
import { chartConfig } from '../../../src/visualiser/inspect/chart-config.js';
import { DeviceInspection } from '../../../src/visualiser/inspect/device-inspection.js';
import { type ForeignActor, ForeignActors } from '../../../src/visualiser/inspect/foreign-actors.js';
import { readInspectMessage } from '../../../src/visualiser/inspect/protocol.js';
import { type Dashboard, serveDashboard } from '../../../dist/src/visualiser/server/dashboard.js';
import { inspectModule } from '../../../dist/src/visualiser/server/inspect.js';
import { machineCharts } from '../../../src/cli/machine-charts.js';
import { FakeRun } from '../../page/recordings.js';
import { HEADER, Recorded } from '../model/recording.js';

const TOKEN = 'of-the-test';
let dashboard: Dashboard | null = null;
const sockets: WebSocket[] = [];
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await dashboard?.close();
  dashboard = null;
});

async function serve(run = new FakeRun()): Promise<string> {
  dashboard = await serveDashboard({ source: run, token: TOKEN, modules: [inspectModule] });
  return `ws://127.0.0.1:${dashboard.port}/inspect?token=${TOKEN}`;
}

/** A page's connection: calls a method. */
async function page(): Promise<(method: string, params?: unknown) => Promise<unknown>> {
  const socket = new WebSocket(`ws://127.0.0.1:${dashboard?.port}/stream`);
  sockets.push(socket);
  await once(socket, 'open');
  socket.send(JSON.stringify({ type: 'hello', token: TOKEN }));
  let id = 0;
  return (method, params = {}) =>
    new Promise((resolve, reject) => {
      const ours = ++id;
      socket.on('message', (data, isBinary) => {
        const message = isBinary ? {} : (JSON.parse(String(data)) as { id?: number; result?: unknown; error?: string });
        if (message.id !== ours) return;
        if (message.error === undefined) resolve(message.result);
        else reject(new TypeError(message.error));
      });
      socket.send(JSON.stringify({ type: 'request', id: ours, method, params }));
    });
}

async function until<T>(ask: () => T | Promise<T>, isSo: (value: T) => boolean): Promise<T> {
  for (;;) {
    const value = await ask();
    if (isSo(value)) return value;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const lamp = createMachine({
  id: 'lamp',
  initial: 'off',
  context: { times: 3 },
  states: { off: { on: { press: 'on' } }, on: { on: { press: 'off', break: 'broken' } }, broken: { type: 'final' } },
});

describe('a program of XState’s', () => {
  it('shows up with its actors, states, events and charts', async () => {
    const inspector = createWebSocketInspector({ url: await serve() });
    const actor = createActor(lamp, { inspect: inspector.inspect });
    actor.start();
    actor.send({ type: 'press' });
    const ask = await page();
    const list = () => ask('inspect.list') as Promise<readonly ForeignActor[]>;
    const [shown] = await until(list, ([first]) => first?.value === 'on');
    expect(shown).toMatchObject({ name: 'lamp', status: 'active', hasDefinition: true, context: '{"times":3}', isConnected: true });
    expect(shown?.last.at(-1)).toMatchObject({ event: 'press', from: null });
    const chart = (await ask('inspect.chart', { id: shown?.id })) as {
      name: string;
      states: { name: string }[];
      layout: { width: number };
    };
    expect(chart.states.map(({ name }) => name).sort()).toEqual(['broken', 'lamp', 'off', 'on']);
    expect(chart.layout.width).toBeGreaterThan(50);
    actor.send({ type: 'break' });
    expect(await until(list, ([first]) => first?.status === 'done')).toMatchObject([{ value: 'broken' }]);
    inspector.stop();
    expect(await until(list, ([first]) => first?.isConnected === false)).toHaveLength(1);
  });

  it('is passed on to other inspectors', async () => {
    const url = await serve();
    const receiver = createWebSocketReceiver({ server: url });
    const received: StatelyInspectionEvent[] = [];
    receiver.subscribe((event) => void received.push(event));
    await new Promise((resolve) => setTimeout(resolve, 100));
    const inspector = createWebSocketInspector({ url });
    inspector.actor('someone', { status: 'active', context: { count: 1 } });
    await until(
      () => received,
      (all) => all.some(({ sessionId, type }) => sessionId === 'someone' && type === '@xstate.actor'),
    );
    inspector.stop();
  });

  it.each(['', '?token=wrong'])('is not let in with "%s"', async (query) => {
    const socket = new WebSocket((await serve()).replace(/\?.*/, query));
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('401');
  });

  it('is not let in from a foreign page', async () => {
    const socket = new WebSocket(await serve(), { origin: 'http://evil.example' });
    const [error] = (await once(socket, 'error')) as [Error];
    expect(error.message).toContain('403');
  });

  it('that talks nonsense is sent away, and others are not', async () => {
    const url = await serve();
    const [bad, good] = [new WebSocket(url), new WebSocket(url)];
    sockets.push(bad, good);
    await Promise.all([once(bad, 'open'), once(good, 'open')]);
    good.send(JSON.stringify({ type: '@xstate.actor', sessionId: 'x:0', name: 'good' }));
    for (let index = 0; index < 10; index++) bad.send('no JSON');
    const [code, reason] = await once(bad, 'close');
    expect([code, String(reason)]).toEqual([4400, 'a message is no JSON']);
    const ask = await page();
    await until(
      () => ask('inspect.list') as Promise<readonly ForeignActor[]>,
      (list) => list.length === 1,
    );
    expect(good.readyState).toBe(WebSocket.OPEN);
  });
});

describe('an inspector', () => {
  it('is told of the device’s machines: actors with their charts, events, snapshots, as they come', async () => {
    const run = new FakeRun();
    run.preamble.splice(
      0,
      2,
      encodeHeader({ ...HEADER, machines: HEADER.machines.map((machine) => ({ ...machine, definition: machineCharts()[0] })) }),
    );
    const receiver = createWebSocketReceiver({ server: await serve(run) });
    const received: StatelyInspectionEvent[] = [];
    receiver.subscribe((event) => void received.push(event));
    await until(
      () => received.length,
      (count) => count === 1,
    );
    expect(received[0]).toMatchObject({ type: '@xstate.actor', name: 'apple-gfx', snapshot: { context: { revision: 'hardened' } } });
    const recorded = new Recorded();
    const pieces = recorded.events(['bql', 1, 'agfx_machine_started', 0, 0, 0], ['bql', 2, 'agfx_machine_moved', 0, 0, 1, 1]).bytes;
    for (const piece of pieces.slice(1)) run.add(piece);
    await until(
      () => received.length,
      (count) => count === 4,
    );
    expect(received.slice(1)).toMatchObject([
      { type: '@xstate.actor', sessionId: '0.lock.0', name: 'lock', parentId: 'apple-gfx', snapshot: { value: 'free', status: 'active' } },
      { type: '@xstate.event', sessionId: '0.lock.0', event: { type: 'lock.offered' } },
      { type: '@xstate.snapshot', sessionId: '0.lock.0', event: { type: 'lock.offered' }, snapshot: { value: 'running' } },
    ]);
    const definition = JSON.parse((received[1] as { definition: string }).definition) as object;
    expect(chartOf(definition).states.map(({ name }) => name)).toEqual(machineCharts()[0]?.states.map(({ name }) => name));
  });

  it('is told of whole instances only, and at most so many messages a second', () => {
    const recorded = new Recorded();
    const inspection = new DeviceInspection(recorded.store);
    for (let instance = 0; instance < INSPECT_MAX_RATE; instance++)
      recorded.events(
        ['bql', instance, 'agfx_machine_started', 1, instance, 0],
        ['bql', instance, 'agfx_machine_moved', 1, instance, 0, 1],
      );
    const messages = inspection.advance();
    expect(messages.length).toBeLessThanOrEqual(INSPECT_MAX_RATE + 3);
    expect(inspection.leftOut).toBeGreaterThan(INSPECT_MAX_RATE / 2);
    const announced = new Set(messages.filter(({ type }) => type === '@xstate.actor').map(({ sessionId }) => sessionId));
    for (const { type, sessionId } of messages) if (type !== '@xstate.actor') expect(announced.has(sessionId)).toBe(true);
    expect(messages.filter(({ type }) => type === '@xstate.snapshot')).toHaveLength(announced.size);
    expect(inspection.advance()).toEqual([]);
  });
});

describe('its parts', () => {
  it('a chart becomes a machine’s configuration, and that the same chart again', () => {
    for (const chart of machineCharts()) {
      const again = chartOf(JSON.parse(JSON.stringify(chartConfig(chart))));
      expect(again.states.map(({ name, kind, parent, initial }) => [name, kind, parent, initial])).toEqual(
        chart.states.map(({ name, kind, parent, initial }) => [name, kind, parent, initial]),
      );
      const ways = ({ transitions }: typeof chart): string[] =>
        transitions.map(({ source, targets, event, actions }) => JSON.stringify([source, targets, event, actions])).sort();
      expect(ways(again)).toEqual(ways(chart));
    }
  });

  it.each([
    ['[]', 'a message is no object'],
    ['{}', 'a message has no type'],
    ['{"type":"@xstate.actor"}', '@xstate.actor: expected a sessionId'],
    ['{"type":"@xstate.event","sessionId":"a","event":3}', '@xstate.event: expected a sessionId and an event'],
  ])('a message that is none is named: %s', (text, expected) => {
    expect(readInspectMessage(text)).toBe(expected);
  });

  it('a definition has a bound', () => {
    const message = readInspectMessage(`{"type":"@xstate.actor","sessionId":"a","definition":"${'x'.repeat(300_000)}"}`);
    expect(message).toMatch(/its definition has 300000 characters/);
  });

  it('what is of another type is passed over, and what is too deep is no state', () => {
    expect(readInspectMessage('{"type":"@xstate.microstep"}')).toBeNull();
    const deep = `${'{"a":'.repeat(40)}"b"${'}'.repeat(40)}`;
    expect(readInspectMessage(`{"type":"@xstate.snapshot","sessionId":"a","snapshot":{"value":${deep}}}`)).toMatchObject({
      snapshot: { value: null },
    });
    expect(readInspectMessage('{"type":"@xstate.snapshot","sessionId":"a","snapshot":{"value":{"__proto__":"b"}}}')).toMatchObject({
      snapshot: { status: 'active' },
    });
    expect(({} as Record<string, unknown>).b).toBeUndefined();
  });

  it('however much is told, so many actors are known, with so many events', () => {
    const actors = new ForeignActors();
    for (let index = 0; index < 3 * INSPECT_MAX_ACTORS; index++)
      actors.take(1, { type: '@xstate.event', sessionId: `s${index}`, event: 'e', text: '', sourceId: null }, 0);
    for (let index = 0; index < 3 * INSPECT_MAX_EVENTS; index++)
      actors.take(1, { type: '@xstate.event', sessionId: 's767', event: `e${index}`, text: '', sourceId: null }, 0);
    expect(actors.list()).toHaveLength(INSPECT_MAX_ACTORS);
    expect(actors.list().at(-1)).toMatchObject({ id: '1.s767', events: 1 + 3 * INSPECT_MAX_EVENTS });
    expect(actors.list().at(-1)?.last).toHaveLength(INSPECT_MAX_EVENTS);
  });
});
