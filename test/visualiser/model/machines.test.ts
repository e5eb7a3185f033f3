/**
 * Machines of a recording: what the model says of them is what they did, at every moment.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MACHINE_INSTANCES, MACHINE_INSTANCES_ENDED } from '../../../src/base/limits.js';
import type { TraceStore } from '../../../src/trace/recording/trace-store.js';
import { statePath } from '../../../src/visualiser/chart/model.js';
import { MachinesModel } from '../../../src/visualiser/model/machines.js';
import { MachineTrack } from '../../../src/visualiser/model/machines-track.js';
import { chunkOf, emptyStore, RECORDED, type Taken, Walk, type Walked } from './machine-walks.js';

const nameOf = (name: string): number => RECORDED.findIndex((machine) => machine.name === name);
const [LOCK, JOB, FRAMES] = [nameOf('lock'), nameOf('mmioJob'), nameOf('framePipeline')];
const eventOf = (machine: number, event: string): number => (RECORDED[machine]?.events ?? []).indexOf(event);
const stateOf = (machine: number, state: unknown): number =>
  (RECORDED[machine]?.states ?? []).findIndex((each) => JSON.stringify(each) === JSON.stringify(state));

/** Some machines, each with an input and the events that it is sent. */
const walks = fc.array(fc.tuple(fc.nat(5), fc.nat(20), fc.array(fc.nat(100), { maxLength: 30 })), { minLength: 1, maxLength: 6 });

interface Story {
  readonly events: readonly Walked[];
  /** What XState says was taken, by machine. */
  readonly taken: readonly (readonly [machine: number, taken: Taken])[];
}

/** One after the other, so that times are different. */
function storyOf(chosen: readonly (readonly [number, number, readonly number[]])[]): Story {
  const events: Walked[] = [];
  const taken: [number, Taken][] = [];
  for (const [instance, [machine, input, choices]] of chosen.entries()) {
    const walk = new Walk(machine, input);
    events.push({ time: 10 * events.length, machine, instance, event: -1, state: walk.state });
    for (const choice of choices) {
      if (walk.done) break;
      const step = walk.take(choice);
      taken.push(...step.taken.map((each) => [machine, each] as [number, Taken]));
      events.push({ time: 10 * events.length, machine, instance, event: step.event, state: walk.state });
    }
  }
  return { events, taken };
}

const textOf = ({ source, event, targets }: Taken): string => `${source} ${event} ${targets.join(' ')}`;

/** All that a model knows, to be compared. */
function factsOf({ tracks }: MachinesModel): unknown {
  return tracks.map((track) => ({
    counts: [track.entered, track.inside, track.taken, track.arrows].map((each) => [...each]),
    total: track.total,
    begun: track.begun,
    running: [...track.running.values()],
    ended: track.ended,
  }));
}

function readOf(store: TraceStore, time: number | null): MachinesModel {
  const model = new MachinesModel(store);
  model.read(store, time);
  return model;
}

describe('machines of a recording', () => {
  it('have taken the transitions that XState takes', () => {
    fc.assert(
      fc.property(walks, (chosen) => {
        const { events, taken } = storyOf(chosen);
        const { store, add } = emptyStore();
        add(chunkOf(events));
        const model = readOf(store, null);
        const ours = model.tracks.flatMap(({ chart, taken: counts }) =>
          [...counts].flatMap((count, index) => {
            const { source = 0, event = '', targets = [] } = chart?.transitions[index] ?? {};
            const text = textOf({
              source: chart === null ? '' : statePath(chart, source),
              event: event ?? '',
              targets: targets.map((target) => (chart === null ? '' : statePath(chart, target))),
            });
            return Array.from({ length: count }, () => text);
          }),
        );
        expect(ours.sort()).toEqual(taken.map(([, each]) => textOf(each)).sort());
        for (const [index, track] of model.tracks.entries()) {
          // The dot of the machine itself is counted by its starts, each other arrow by what it stands for.
          const machine = RECORDED[index]?.name;
          expect([machine, track.begun]).toEqual([machine, events.filter((each) => each.machine === index && each.event < 0).length]);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('are at every moment as they were then, whatever was looked at before', () => {
    fc.assert(
      fc.property(walks, fc.array(fc.nat(400), { maxLength: 6 }), (chosen, times) => {
        const { events } = storyOf(chosen);
        const { store, add } = emptyStore();
        add(chunkOf(events));
        const model = new MachinesModel(store);
        for (const time of [...times, null]) {
          model.read(store, time);
          expect(factsOf(model)).toEqual(factsOf(readOf(store, time)));
          for (const track of model.tracks) {
            for (const [state, inside] of track.inside.entries()) {
              const running = [...track.running.values()].filter((each) => track.moves?.active[each.state]?.has(state));
              expect([state, inside]).toEqual([state, running.length]);
            }
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  it('tell exactly which numbers have changed', () => {
    fc.assert(
      fc.property(walks, (chosen) => {
        const { events } = storyOf(chosen);
        const { store, add } = emptyStore();
        const model = new MachinesModel(store);
        for (const event of events) {
          const before = model.tracks.map((track) => [[...track.entered], [...track.inside], [...track.arrows]] as const);
          for (const { changed } of model.tracks) for (const set of Object.values(changed)) set.clear();
          add(chunkOf([event]));
          model.read(store, null);
          for (const [index, track] of model.tracks.entries()) {
            const [entered = [], inside = [], arrows = []] = before[index] ?? [];
            const states = entered.flatMap((count, state) =>
              count !== track.entered[state] || inside[state] !== track.inside[state] ? [state] : [],
            );
            expect(states.filter((state) => !track.changed.states.has(state))).toEqual([]);
            expect([...track.changed.arrows].sort()).toEqual(
              arrows.flatMap((count, arrow) => (count !== track.arrows[arrow] ? [arrow] : [])).sort(),
            );
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  it('are read as they come, each event once', () => {
    const { events } = storyOf([[LOCK, 0, Array.from({ length: 200 }, (_, index) => (7 * index) % 11)]]);
    const { store, add } = emptyStore();
    const model = new MachinesModel(store);
    for (const event of events) {
      add(chunkOf([event]));
      model.read(store, null);
      model.read(store, null);
    }
    expect(factsOf(model)).toEqual(factsOf(readOf(store, null)));
  });
});

describe('an instance', () => {
  const job = (time: number, instance: number, event: string | null, state: string): Walked => ({
    time,
    machine: JOB,
    instance,
    event: event === null ? -1 : eventOf(JOB, event),
    state: stateOf(JOB, state),
  });
  const lock = (time: number, event: string, state: string): Walked => ({
    time,
    machine: LOCK,
    instance: 0,
    event: eventOf(LOCK, event),
    state: stateOf(LOCK, state),
  });

  it('goes on until its machine has ended, and has its history', () => {
    const { store, add } = emptyStore();
    add(
      chunkOf([
        job(10, 5, null, 'queued'),
        lock(15, 'lock.offered', 'running'),
        job(20, 5, 'lock.granted', 'running'),
        job(20, 6, null, 'queued'),
      ]),
    );
    const model = readOf(store, null);
    const track = model.tracks[JOB] as MachineTrack;
    expect([...track.running.keys()]).toEqual([5, 6]);
    add(chunkOf([job(30, 5, 'bridge.completed', 'completed')]));
    model.read(store, null);
    expect([...track.running.keys()]).toEqual([6]);
    const ended = track.instance(5);
    expect(ended).toMatchObject({ started: 10, last: 30, moves: 2, ended: true });
    expect(ended && model.history(store, JOB, ended)).toEqual([
      { time: 30, event: eventOf(JOB, 'bridge.completed'), state: stateOf(JOB, 'completed') },
      { time: 20, event: eventOf(JOB, 'lock.granted'), state: stateOf(JOB, 'running') },
      { time: 10, event: -1, state: stateOf(JOB, 'queued') },
    ]);
  });

  it('moves step by step, back and forth, of all machines, of one, or alone', () => {
    const { store, add } = emptyStore();
    add(
      chunkOf([job(10, 5, null, 'queued'), job(30, 5, 'lock.granted', 'running'), job(50, 6, null, 'queued')]),
      chunkOf([lock(20, 'lock.offered', 'running'), lock(40, 'handler.ended', 'free')], 1),
    );
    const model = new MachinesModel(store);
    const timesOf = (choice: Parameters<MachinesModel['nextMove']>[1], by: 'nextMove' | 'lastMove'): number[] => {
      const times: number[] = [];
      for (let time = model[by](store, choice); time !== null && times.length < 9; time = model[by](store, choice)) {
        times.push(time);
        model.read(store, by === 'nextMove' ? time : time - 1);
      }
      return times;
    };
    model.read(store, 0);
    expect(timesOf({ machine: null, instance: null }, 'nextMove')).toEqual([10, 20, 30, 40, 50]);
    expect(timesOf({ machine: JOB, instance: null }, 'lastMove')).toEqual([50, 30, 10]);
    expect(timesOf({ machine: JOB, instance: 5 }, 'nextMove')).toEqual([10, 30]);
    expect(timesOf({ machine: LOCK, instance: null }, 'nextMove')).toEqual([40]);
    expect(timesOf({ machine: null, instance: null }, 'lastMove')).toEqual([40, 30, 20, 10]);
  });

  it('begins with its first move if its start was lost, and is let go when there are too many', () => {
    const { store, add } = emptyStore();
    add(chunkOf([job(10, 1, 'bridge.failed', 'failed')]));
    const model = readOf(store, null);
    const track = model.tracks[JOB] as MachineTrack;
    expect(track.instance(1)).toMatchObject({ started: Number.NaN, moves: 1, ended: true });
    const many = Array.from({ length: MACHINE_INSTANCES + 10 }, (_, index) => job(20 + index, 100 + index, null, 'queued'));
    add(chunkOf(many));
    model.read(store, null);
    expect(track.running.size).toBe(MACHINE_INSTANCES);
    expect(track.inside[1]).toBe(MACHINE_INSTANCES);
    expect([track.running.has(109), track.running.has(110)]).toEqual([false, true]);
    add(chunkOf(many.map(({ time, instance }) => job(time + 10_000, instance, 'access.refused', 'failed'))));
    model.read(store, null);
    expect(track.ended.length).toBeLessThan(2 * MACHINE_INSTANCES_ENDED);
  });

  it('of numbers that no machine has does nothing', () => {
    const { store, add } = emptyStore();
    add(
      chunkOf([
        { time: 1, machine: 99, instance: 0, event: 0, state: 0 },
        { time: 2, machine: LOCK, instance: 0, event: 999, state: 999 },
        { time: 3, machine: FRAMES, instance: 0, event: 999, state: 0 },
      ]),
    );
    const model = readOf(store, null);
    expect(model.tracks.map(({ total }) => total)).toEqual(RECORDED.map((_, index) => (index === LOCK || index === FRAMES ? 1 : 0)));
  });
});

describe('a machine whose chart can’t be used', () => {
  it('is counted all the same, and says why', () => {
    const plain = { name: 'm', events: ['e'], states: ['a'] };
    const lost = new MachineTrack({ ...plain, definition: null });
    const odd = new MachineTrack({ ...plain, definition: { name: 'm', states: 1 } });
    for (const track of [lost, odd]) track.moved({ log: 0, time: 1, instance: 1, event: 0, state: 0 });
    expect([lost.total, lost.fault]).toEqual([1, 'The recording has no chart of it.']);
    expect([odd.total, odd.fault]).toEqual([1, 'the chart.states is 1, expected a list']);
  });
});
