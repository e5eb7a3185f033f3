/**
 * ShiViz's file: read as ShiViz documents it, with clocks that are those of an execution.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { TraceStore } from '../../../src/trace/recording/trace-store.js';
import { converted, eventCounts, randomEvents, recordedRun, storeOf, storeWith, sum } from './recordings.js';

interface Logged {
  readonly event: string;
  readonly host: string;
  readonly clock: Record<string, number>;
}

/** First line the expression, second the delimiter, which is empty; the rest is the log. */
function read(store: TraceStore): Logged[] {
  const text = converted(store, 'shiviz').toString();
  const [expression = '', delimiter, ...lines] = text.split('\n');
  expect(delimiter).toBe('');
  const log = lines.join('\n');
  const events = [...log.matchAll(new RegExp(expression, 'gm'))].map(({ groups }) => ({
    event: groups?.event ?? '',
    host: groups?.host ?? '',
    clock: JSON.parse(groups?.clock ?? '') as Record<string, number>,
  }));
  expect(events.map(({ event, host, clock }) => `${event}\n${host} ${JSON.stringify(clock)}\n`).join('')).toBe(log);
  return events;
}

/** What ShiViz demands of clocks, and that what an event knows of was told before it. */
function expectClocks(events: readonly Logged[]): void {
  const told = new Map<string, number>();
  for (const { host, clock } of events) {
    expect(clock[host]).toBe((told.get(host) ?? 0) + 1);
    told.set(host, clock[host] ?? 0);
    for (const [other, count] of Object.entries(clock)) expect(told.get(other) ?? 0).toBeGreaterThanOrEqual(count);
  }
}

describe('ShiViz', () => {
  it('is told what came before what: a job knows of its post, and what follows of the job', () => {
    const events = read(
      storeWith([
        { thread: 0, after: 1, name: 'agfx_message_posted', args: [8, 1, 101, 0] },
        { thread: 1, after: 1, name: 'agfx_message_taken', args: [8, 1, 0, 0] },
        { thread: 1, after: 1, name: 'agfx_message_posted', args: [9, 1, 100, 0] },
        { thread: 0, after: 1, name: 'agfx_message_taken', args: [7, 5, 3, 0] },
        { thread: 0, after: 1, name: 'agfx_message_taken', args: [9, 1, 0, 0] },
      ]),
    );
    expect(events).toEqual([
      { event: 'job posted', host: 'bql', clock: { bql: 1 } },
      { event: 'job taken', host: 'background-queue', clock: { bql: 1, 'background-queue': 1 } },
      { event: 'jobDone posted', host: 'background-queue', clock: { bql: 1, 'background-queue': 2 } },
      { event: 'mapMemory posted', host: 'pvg-3', clock: { 'pvg-3': 1 } },
      { event: 'mapMemory taken', host: 'bql', clock: { bql: 2, 'pvg-3': 1 } },
      { event: 'jobDone taken', host: 'bql', clock: { bql: 3, 'background-queue': 2, 'pvg-3': 1 } },
    ]);
  });

  it('is told of a post before of what it led to, where processors disagree about the time', () => {
    const events = read(
      storeWith([
        { thread: 1, after: 1, name: 'agfx_message_taken', args: [8, 1, 0, 0] },
        { thread: 0, after: 900, name: 'agfx_message_posted', args: [8, 1, 101, 0] },
      ]),
    );
    expect(events.map(({ event, host }) => `${host}: ${event}`)).toEqual(['bql: job posted', 'background-queue: job taken']);
    expect(events[1]?.clock).toEqual({ bql: 1, 'background-queue': 1 });
  });

  it('has clocks of an execution for any recording', () => {
    fc.assert(fc.property(randomEvents, (events) => expectClocks(read(storeWith(events)))));
  });

  it('has every event of a run but how many messages came at once, and those of the threads of PVG', () => {
    const store = storeOf(recordedRun());
    const events = read(store);
    expectClocks(events);
    const counts = eventCounts(store);
    const { agfx_batch_taken: taken = 0, agfx_batch_ended: ended = 0 } = counts;
    const ofPvg = events.filter(({ host }) => host.startsWith('pvg-'));
    expect(events.length - ofPvg.length).toBe(sum(counts) - taken - ended);
    expect(ofPvg.length).toBeGreaterThan(20);
    // What the BQL actor knows of who answered it: in the end, of nearly all that the background queue did.
    const last = events.findLast(({ host }) => host === 'bql');
    expect(Object.keys(last?.clock ?? {})).toEqual(expect.arrayContaining(['bql', 'background-queue', 'pvg-control']));
  });
});
