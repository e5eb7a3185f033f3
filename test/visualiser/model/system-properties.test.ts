/**
 * What must hold of the system view of any recording: a moment's view is that of the recording which ends there, whatever was looked at before, and
 * events that make no sense do no harm.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHECKPOINT_EVENTS } from '../../../src/base/limits.js';
import { SystemModel } from '../../../src/visualiser/model/system.js';
import type { SystemView } from '../../../src/visualiser/model/system-types.js';
import { RING_FIELDS, TRACE_NAMES, type TraceName } from '../../../src/trace/events.js';
import { COUNTERS, type Entry, KINDS, Recorded, type ThreadName } from './recording.js';

const NAMES = TRACE_NAMES.filter((name) => name.startsWith('agfx_') || name === 'apple_gfx_read');
const THREAD_NAMES: readonly ThreadName[] = ['bql', 'render', 'worker'];
const KIND_NUMBERS = Object.values(KINDS);

/** Numbers in 0..1 of a seed. */
function chance(seed: number): (below: number) => number {
  let state = seed | 1;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    return ((state >>> 8) % 65_536) % below;
  };
}

/** Any events with any arguments, one a microsecond at least, on three threads. */
function anyEvents(seed: number, count: number): Entry[] {
  const pick = chance(seed);
  return Array.from({ length: count }, (_, index) => {
    const name = NAMES[pick(NAMES.length)] as TraceName;
    const args = RING_FIELDS[name].map((field) => (field === 'kind' ? (KIND_NUMBERS[pick(KIND_NUMBERS.length)] ?? 0) : pick(4)));
    return [THREAD_NAMES[pick(8) < 6 ? 0 : 1 + pick(2)] ?? 'bql', index + (pick(10) === 0 ? 0 : 1), name, ...args];
  });
}

function sorted(entries: readonly Entry[]): Entry[] {
  return [...entries].sort((a, b) => a[1] - b[1]);
}

/** A recording of entries, samples and notes up to a time. */
function recordedUntil(entries: readonly Entry[], until: number, bounds = {}): Recorded {
  const recorded = new Recorded({ bounds });
  for (const thread of THREAD_NAMES) recorded.thread(thread);
  recorded.events(...entries.filter(([, time]) => time <= until));
  for (let time = 0; time <= until; time += 997)
    recorded.sample(time, Object.fromEntries(COUNTERS.map((name, index) => [name, Math.floor((time * (index + 1)) / 500)])));
  return recorded.note(until, 'trace', 'end');
}

function modelOf(recorded: Recorded): SystemModel {
  const model = new SystemModel(recorded.store, { window: 300e3, thresholds: { bqlHeld: 20e3, bottomHalfStarved: 50e3 } });
  while (!model.advance(1000));
  return model;
}

/** Totals of long sums differ in their last digits. */
const rounded = (view: SystemView): unknown =>
  JSON.parse(JSON.stringify(view, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(9)) : value)));

describe('any recording', () => {
  it('is at a moment as if it ended there, in whatever order moments are looked at', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer({ min: 10, max: 29_999 }), { minLength: 3, maxLength: 4 }), (seed, times) => {
        const entries = sorted(anyEvents(seed, 30_000));
        const whole = modelOf(recordedUntil(entries, 30_000));
        for (const time of times) {
          const ended = modelOf(recordedUntil(entries, time));
          expect(rounded(whole.at(1000 * time))).toEqual(rounded(ended.at(null)));
        }
        expect(rounded(whole.at(null))).toEqual(rounded(whole.at(30_000e3)));
      }),
      { numRuns: 3 },
    );
    expect(CHECKPOINT_EVENTS).toBeLessThan(20_000);
  });

  it('has shares that make one, depths and durations that are not below zero, and a bounded number of everything', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 3000 }), (seed, time) => {
        const view = modelOf(recordedUntil(sorted(anyEvents(seed, 3000)), 3000)).at(1000 * time);
        for (const { shares } of view.actors) {
          expect(shares.busy + shares.waiting + shares.idle).toBeCloseTo(1, 9);
          expect(Math.min(shares.busy, shares.waiting, shares.idle)).toBeGreaterThanOrEqual(-1e-9);
        }
        expect(view.lock.share).toBeGreaterThanOrEqual(0);
        expect(view.lock.share).toBeLessThanOrEqual(1);
        const waits = view.lock.stack.findLast(({ what }) => what !== 'pvg')?.what === 'wait';
        expect(/which waits|lent/.test(view.lock.text)).toBe(waits || view.lock.text.includes('lent'));
        expect(view.lock.holder === null).toBe(view.lock.stack.length === 0);
        for (const { since } of view.lock.stack) expect(since).toBeLessThanOrEqual(view.time);
        expect(view.warnings.length).toBeLessThanOrEqual(70);
      }),
      { numRuns: 40 },
    );
  });

  it('of which the oldest events are no longer kept is still right from where they are', () => {
    const entries = sorted(anyEvents(5, 60_000));
    const bounded = new Recorded({ bounds: { events: 20_000 } });
    const model = new SystemModel(bounded.store, { window: 300e3 });
    for (let from = 0; from < entries.length; from += 5000) {
      bounded.events(...entries.slice(from, from + 5000));
      model.advance();
    }
    const whole = new Recorded().events(...entries);
    const other = new SystemModel(whole.store, { window: 300e3 });
    other.advance();
    expect(bounded.store.threads.find(({ thread }) => thread.actor === 'bql')?.first).toBeGreaterThan(20_000);
    for (const time of [59_999e3, 55_000e3, 58_000e3, null]) {
      const [view, expected] = [model.at(time), other.at(time)];
      expect(rounded({ ...view, warnings: [] })).toEqual(rounded({ ...expected, warnings: [] }));
    }
    // What isn't kept any more has the oldest state that is known, and nothing fails.
    expect(model.at(1000e3).actors).toHaveLength(expectedActors(whole));
  });
});

function expectedActors(recorded: Recorded): number {
  const model = new SystemModel(recorded.store);
  model.advance();
  return model.at(null).actors.length;
}
