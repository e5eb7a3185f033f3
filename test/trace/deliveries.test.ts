/**
 * The order of deliveries out of a trace history.
 */
import { expect, it } from 'vitest';
import { detailOf, Message } from '../../actors/messages.js';
import { createDevice } from '../../dist/src/index.js';
import { Upcall } from '../../src/bridge/pvg.js';
import { deliveriesOf } from '../../src/trace/deliveries.js';
import type { TraceName } from '../../src/trace/events.js';

type History = Parameters<typeof deliveriesOf>[0];

function event(actor: string, nanoseconds: number, name: TraceName, args: Record<string, number | string>): History[number] {
  return { actor, thread: actor === 'bql' ? 1 : 2, nanoseconds, name, args };
}
const batch = (actor: string, nanoseconds: number, count: number): History[number] =>
  event(actor, nanoseconds, 'agfx_batch_taken', { count });
const message = (actor: string, nanoseconds: number, kind: string): History[number] =>
  event(actor, nanoseconds, 'agfx_message_taken', { kind, id: 7, thread: 4, detail: 0x1000 });

it('batches come in their order, whole, whatever other threads did in between', () => {
  const history = [
    batch('bql', 10, 2),
    message('bql', 10, 'newFrame'),
    batch('render-queue', 10, 1),
    message('bql', 10, 'access'),
    message('render-queue', 10, 'renderBlock'),
    event('bql', 10, 'agfx_bql_taken', { kind: 'access', id: 7, cause: 0 }),
    batch('bql', 20, 1),
    message('bql', 20, 'jobDone'),
  ];
  const batches = deliveriesOf(history);
  expect(batches.map(({ actor, nanoseconds, messages }) => [actor, nanoseconds, ...messages.map(({ kind }) => kind)])).toEqual([
    ['bql', 10, 'newFrame', 'access'],
    ['render-queue', 10, 'renderBlock'],
    ['bql', 20, 'jobDone'],
  ]);
  expect(batches[0]?.messages[1]).toEqual({ kind: 'access', id: 7, thread: 4, detail: 0x1000 });
});

it('a batch whose beginning is no longer there is left out', () => {
  expect(deliveriesOf([message('bql', 10, 'newFrame'), batch('bql', 20, 1), message('bql', 20, 'access')])).toHaveLength(1);
});

it('what tells messages of a kind apart is a register, a present, or the upcall behind a section', () => {
  const words = [0, 1, 0, 5];
  expect(detailOf({ kind: Message.access, words, reserved: 9 })).toBe(5);
  expect(detailOf({ kind: Upcall.frameCompleted, words, reserved: 9 })).toBe(5);
  expect(detailOf({ kind: Message.displaySection, words, reserved: Upcall.newFrame })).toBe(Upcall.newFrame);
  expect(detailOf({ kind: Message.kick, words: [], reserved: 0 })).toBe(0);
});

it('a device traces deliveries only if it is told to', async () => {
  for (const traceDeliveries of [false, true]) {
    const device = await createDevice({ variant: 'mmio', ramBytes: 2 ** 20, traceDeliveries });
    for (let times = 0; times < 3; times++) await device.mmioRead(0x1034);
    const taken = deliveriesOf(device.traceHistory());
    const kinds = taken.flatMap(({ actor, messages }) => messages.map(({ kind, detail }) => `${actor} ${kind} ${detail}`));
    expect(kinds.filter((text) => text === `bql access ${0x1034}`).length >= 2).toBe(traceDeliveries);
    expect(kinds.filter((text) => text === `background-queue job ${0x1034}`).length >= 2).toBe(traceDeliveries);
    expect(taken.length > 0).toBe(traceDeliveries);
    await device.close();
  }
});
