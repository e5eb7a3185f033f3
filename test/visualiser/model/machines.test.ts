/**
 * Machines of a recording: what the model says of them is what they did, at every moment.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MACHINE_INSTANCES, MACHINE_INSTANCES_ENDED } from '../../../src/base/limits.js';
import type { ThreadLog } from '../../../src/trace/recording/thread-log.js';
import type { TraceStore } from '../../../src/trace/recording/trace-store.js';
import { statePath } from '../../../src/visualiser/chart/model.js';
import { chartOf } from '../../../src/visualiser/chart/from-machine.js';
import { ChartMoves } from '../../../src/visualiser/model/machines-moves.js';
import { type MachineChoice, MachinesModel } from '../../../src/visualiser/model/machines.js';
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

/** Makes times of stories as far apart as a long recording's. */
const SPREAD = 1e8;

const textOf = ({ source, event, targets }: Taken): string => `${source} ${event} ${targets.join(' ')}`;

/** All that a model knows, to be compared; instances in their order. */
function factsOf({ tracks }: MachinesModel): unknown {
  return tracks.map(({ facts }) => ({ ...facts, running: [...facts.running.values()] }));
}

function readOf(store: TraceStore, time: number | null): MachinesModel {
  const model = new MachinesModel(store);
  model.read(time);
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
        const ours = model.tracks.flatMap(({ chart, facts }) =>
          chart.transitions.flatMap(({ source, event, targets }, index) => {
            const text = textOf({
              source: statePath(chart, source),
              event: event ?? '',
              targets: targets.map((target) => statePath(chart, target)),
            });
            return Array.from({ length: facts.taken[index] ?? 0 }, () => text);
          }),
        );
        expect(ours.sort()).toEqual(taken.map(([, each]) => textOf(each)).sort());
        for (const [index, track] of model.tracks.entries()) {
          const machine = RECORDED[index]?.name;
          const starts = events.filter((each) => each.machine === index && each.event < 0).length;
          expect([machine, track.facts.begun]).toEqual([machine, starts]);
          // What is taken with a start is the dot of the machine itself, if it has one.
          const dot = track.chart.states[0]?.kind === 'compound' ? starts : 0;
          expect([machine, track.facts.taken[track.chart.transitions.length]]).toEqual([machine, dot]);
        }
      }),
      { numRuns: 200, examples: [[[[3, 8, [0, 0, 26]]]]] },
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
          model.read(time);
          expect(factsOf(model)).toEqual(factsOf(readOf(store, time)));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('are as they were then however long the recording is, and whatever was looked at before', () => {
    // Long enough for moments to be kept, and to be kept further apart.
    const choices = Array.from({ length: 400 }, (_, index) => (7 * index) % 11);
    const { events } = storyOf([
      [LOCK, 0, choices],
      [JOB, 1, choices],
      [FRAMES, 0, choices],
    ]);
    const spread = events.map((event) => ({ ...event, time: event.time * SPREAD }));
    const { store, add } = emptyStore();
    add(chunkOf(spread));
    const model = new MachinesModel(store);
    const times = [null, 1, 0.2, 0.7, 0.69, 0, 0.4, null, 0.99];
    for (const part of times) {
      const time = part === null ? null : Math.round(part * store.now);
      model.read(time);
      expect(factsOf(model)).toEqual(factsOf(readOf(store, time)));
    }
  });

  it('are read from a moment that was kept, when earlier events are kept no more', () => {
    const { store, add } = emptyStore({ events: 100 });
    const model = new MachinesModel(store);
    const { events } = storyOf([[LOCK, 0, Array.from({ length: 400 }, (_, index) => (7 * index) % 11)]]);
    const at = new Map<number, unknown>();
    for (const event of events) {
      add(chunkOf([{ ...event, time: event.time * SPREAD }]));
      model.read(null);
      at.set(store.now, structuredClone(factsOf(model)));
    }
    const log = store.threads[0] as ThreadLog;
    expect(log.first).toBeGreaterThan(300);
    // From the first moment that was kept since: of such a recording they are 16 s apart.
    const known = [...at.keys()].filter((each) => each >= log.time(log.first) + 16e9);
    expect(known.length).toBeGreaterThan(20);
    for (const time of known.toReversed()) {
      model.read(time);
      expect(factsOf(model)).toEqual(at.get(time));
    }
  });

  it('are read as they come, each event once', () => {
    const { events } = storyOf([[LOCK, 0, Array.from({ length: 200 }, (_, index) => (7 * index) % 11)]]);
    const { store, add } = emptyStore();
    const model = new MachinesModel(store);
    for (const event of events) {
      add(chunkOf([event]));
      model.read(null);
      model.read(null);
    }
    expect(factsOf(model)).toEqual(factsOf(readOf(store, null)));
  });
});

describe('a move', () => {
  const config = {
    id: 'm',
    initial: 'a',
    states: { a: { on: { E: [{ guard: 'g', actions: 'x' }, { guard: 'h', target: 'b' }, { target: 'a' }] } }, b: {} },
  };
  const moves = new ChartMoves(chartOf(config), ['a', 'b'], ['E']);

  it('took a transition that leads to where it came, or one that stays where it stayed', () => {
    expect(moves.of(0, 0, 1)).toEqual({ entered: [2], taken: [1] });
    expect(moves.of(0, 0, 0)).toEqual({ entered: [], taken: [0] });
    expect(moves.of(1, 0, 1)).toEqual({ entered: [], taken: [] });
  });

  it('took nothing that a state forbids', () => {
    const chart = chartOf(config);
    const free = chart.transitions.map((each) => ({ ...each, guard: { kind: 'not', term: { kind: 'in', state: 1 } } }) as const);
    expect(new ChartMoves({ ...chart, transitions: free }, ['a', 'b'], ['E']).of(0, 0, 1).taken).toEqual([]);
  });

  it('that is a start took the dot', () => {
    expect(moves.of(-1, -1, 0)).toEqual({ entered: [0, 1], taken: [3] });
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
    expect([...track.facts.running.keys()]).toEqual([5, 6]);
    add(chunkOf([job(30, 5, 'bridge.completed', 'completed')]));
    model.read(null);
    expect([...track.facts.running.keys()]).toEqual([6]);
    const ended = track.instance(5);
    expect(ended).toMatchObject({ started: 10, last: 30, moves: 2, ended: true });
    const first = { machine: JOB, instance: 5, log: 0 };
    expect(ended && model.history(JOB, ended)).toEqual([
      { ...first, time: 30, event: eventOf(JOB, 'bridge.completed'), state: stateOf(JOB, 'completed') },
      { ...first, time: 20, event: eventOf(JOB, 'lock.granted'), state: stateOf(JOB, 'running') },
      { ...first, time: 10, event: -1, state: stateOf(JOB, 'queued') },
    ]);
  });

  it('moves step by step, back and forth, of all machines, of one, or alone', () => {
    const { store, add } = emptyStore();
    add(
      chunkOf([job(10, 5, null, 'queued'), job(30, 5, 'lock.granted', 'running'), job(50, 6, null, 'queued')]),
      chunkOf([lock(20, 'lock.offered', 'running'), lock(40, 'handler.ended', 'free')], 1),
    );
    const model = new MachinesModel(store);
    const timesOf = (choice: MachineChoice, by: 1 | -1): number[] => {
      const times: number[] = [];
      for (let time = model.timeOfMove(by, choice); time !== null && times.length < 9; time = model.timeOfMove(by, choice)) {
        times.push(time);
        model.read(by > 0 ? time : time - 1);
      }
      return times;
    };
    model.read(0);
    expect(timesOf({ machine: null, instance: null }, 1)).toEqual([10, 20, 30, 40, 50]);
    expect(timesOf({ machine: JOB, instance: null }, -1)).toEqual([50, 30, 10]);
    expect(timesOf({ machine: JOB, instance: 5 }, 1)).toEqual([10, 30]);
    expect(timesOf({ machine: LOCK, instance: null }, 1)).toEqual([40]);
    expect(timesOf({ machine: null, instance: null }, -1)).toEqual([40, 30, 20, 10]);
  });

  it('begins with its first move if its start was lost, and is let go when there are too many', () => {
    const { store, add } = emptyStore();
    add(chunkOf([job(10, 1, 'bridge.failed', 'failed')]));
    const model = readOf(store, null);
    const track = model.tracks[JOB] as MachineTrack;
    expect(track.instance(1)).toMatchObject({ started: Number.NaN, moves: 1, ended: true });
    const many = Array.from({ length: MACHINE_INSTANCES + 10 }, (_, index) => job(20 + index, 100 + index, null, 'queued'));
    add(chunkOf(many));
    model.read(null);
    const { running, ended } = track.facts;
    expect(running.size).toBe(MACHINE_INSTANCES);
    expect([running.has(109), running.has(110)]).toEqual([false, true]);
    add(chunkOf(many.map(({ time, instance }) => job(time + 10_000, instance, 'access.refused', 'failed'))));
    model.read(null);
    expect(ended.length).toBe(MACHINE_INSTANCES_ENDED);
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
    expect(model.tracks.map(({ facts }) => facts.total)).toEqual(RECORDED.map((_, index) => (index === LOCK || index === FRAMES ? 1 : 0)));
  });
});

describe('a machine whose chart was not recorded', () => {
  it('is counted all the same', () => {
    const track = new MachineTrack({ name: 'm', events: ['e'], states: ['a', null, 1], definition: null });
    track.moved({ machine: 0, log: 0, time: 1, instance: 1, event: 0, state: 0 });
    expect([track.facts.total, track.facts.running.size]).toEqual([1, 1]);
  });
});
