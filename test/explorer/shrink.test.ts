/**
 * Shrinking reaches the fewest preemptions there can be, and certificates say so only where it is so: both beside every schedule there is.
 */
import { describe, expect, it } from 'vitest';
import { type Certificate, certify, type Counterexample, describeCertificate } from '../../src/explorer/certificate.js';
import { explain } from '../../src/explorer/explain.js';
import { explore } from '../../src/explorer/explore.js';
import { Recorder, type Recording } from '../../src/explorer/recording.js';
import { SHRINK_REPLAYS, shrink } from '../../src/explorer/shrink.js';
import { DepthFirst } from '../../src/explorer/strategies/depth-first.js';
import { RandomWalk } from '../../src/explorer/strategies/random-walk.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import * as families from './families.js';
import { findRare, mixedWorld } from './mixed-worlds.js';

/** Preemptions of a whole schedule up to where a property failed, counted without the recorder. */
function countPreemptions(world: World, choices: readonly number[]): number {
  const { execution } = new Recorder(world);
  execution.begin();
  let preemptions = 0;
  let last = -1;
  for (const choice of choices) {
    const process = choice & 0xff;
    const enabled = Array.from(execution.enabled.subarray(0, execution.enabledCount), (each) => each & 0xff);
    if (last >= 0 && process !== last && enabled.includes(last) && execution.kindOf(last) !== 15) preemptions++;
    execution.step(choice);
    last = process;
  }
  return preemptions;
}

interface Counted {
  readonly isWhole: boolean;
  /** How many whole schedules have so many preemptions. */
  readonly passing: number[];
  readonly fewest: number;
}

/** Every schedule of a world, by its preemptions. Failing ones count up to their failure. */
function count(world: World, property: string, schedules = Number.POSITIVE_INFINITY): Counted {
  const passing: number[] = [];
  let fewest = Number.POSITIVE_INFINITY;
  const { coverage } = explore(world, new DepthFirst(), {
    keepGoing: true,
    schedules,
    onExecution: (execution) => {
      const choices = Array.from(execution.schedule.subarray(0, execution.steps));
      const failure = execution.failures.find((each) => each.property === property);
      const preemptions = countPreemptions(world, choices.slice(0, failure?.step));
      if (failure !== undefined) fewest = Math.min(fewest, preemptions);
      else passing[preemptions] = (passing[preemptions] ?? 0) + 1;
    },
  });
  return { isWhole: coverage.kind === 'proved', passing, fewest };
}

const isCounterexample = (result: Certificate | Counterexample): result is Counterexample => 'schedule' in result;

function shrinkFrom(world: World, seed: number): { readonly recording: Recording; readonly replays: number; readonly property: string } {
  const [fault] = explore(world, new RandomWalk({ seed }), { schedules: 100_000 }).faults;
  expect(fault).toBeDefined();
  const property = fault?.property ?? '';
  return { ...shrink(new Recorder(world), fault?.schedule ?? [], property), property };
}

describe('shrinking', () => {
  it.each([
    [families.counter(2), 4, 8],
    [families.counter(3), 5, 12],
    [families.counter(4), 6, 16],
    [families.deadlock01(), 2, 4],
    [families.philosophers(2), 1, 2],
    [families.philosophers(3), 2, 3],
    [families.philosophers(4), 3, 4],
    [families.philosophersWithMain(3), 3, 6],
  ])('reaches the proven minimum of $name from wherever it begins, in at most 150 replays', (world, switches, steps) => {
    for (let seed = 1; seed <= 25; seed++) {
      const { recording, replays, property } = shrinkFrom(world, seed);
      expect(recording).toMatchObject({ preemptions: 1, switches, failure: { property } });
      expect(recording.steps).toHaveLength(steps);
      expect(replays).toBeLessThanOrEqual(SHRINK_REPLAYS);
      const certificate = certify(new Recorder(world), property, 1);
      expect(certificate).toMatchObject({ preemptions: 1, proved: true });
    }
  });

  it('never gives a schedule that passes, or is worse than what it got, or takes more replays than it may', () => {
    let minimal = 0;
    let all = 0;
    for (let seed = 1; seed <= 80; seed++) {
      const mixed = mixedWorld(seed, { processes: 3, operations: 4, kinds: 12 });
      const fault = findRare(mixed, seed, 100);
      if (fault === null) continue;
      const first = new Recorder(mixed.world).record((execution) => fault.schedule[execution.steps] ?? -1, 'rare');
      const { recording, replays } = shrink(new Recorder(mixed.world), fault.schedule, 'rare');
      expect(recording.failure?.property).toBe('rare');
      expect(
        countPreemptions(
          mixed.world,
          recording.steps.map(({ choice }) => choice),
        ),
      ).toBe(recording.preemptions);
      expect(recording.preemptions).toBeLessThanOrEqual(first.preemptions);
      expect(replays).toBeLessThanOrEqual(SHRINK_REPLAYS);
      all++;
      if (!isCounterexample(certify(new Recorder(mixed.world), 'rare', recording.preemptions, 20_000))) minimal++;
    }
    expect(all).toBeGreaterThan(60);
    // States that one walk of a hundred ends in take the worst of schedules; even so, few need the certificate's help.
    expect(minimal / all).toBeGreaterThan(0.9);
  });

  it('stops at the replays that it may take', () => {
    const world = families.philosophers(5);
    const [fault] = explore(world, new RandomWalk({ seed: 3 }), { schedules: 100_000 }).faults;
    for (const most of [1, 2, 10, 30]) {
      const recorder = new Recorder(world);
      const { replays, recording } = shrink(recorder, fault?.schedule ?? [], 'deadlock', most);
      expect(recorder.replays).toBe(replays);
      expect(replays).toBeLessThanOrEqual(most);
      expect(recording.failure?.property).toBe('deadlock');
    }
  });

  it('leaves out what has nothing to do with it', () => {
    const world = defineWorld('aside', (w) => {
      const x = w.variable('x');
      const y = w.variable('y');
      w.process('bystander', function* () {
        for (let turn = 0; turn < 3; turn++) yield y.write(turn);
      });
      w.process('writer', function* () {
        yield x.write(1);
        yield x.write(0);
      });
      w.process('reader', function* () {
        w.assert((yield x.read()) === 0, 'x is 0');
      });
    });
    const { recording } = shrinkFrom(world, 5);
    expect(recording.steps.map(({ process, target }) => [process, target?.name])).toEqual([
      [1, 'x'],
      [2, 'x'],
    ]);
    expect(recording).toMatchObject({ preemptions: 1, switches: 1 });
  });

  it('goes through places that race where nothing else helps', () => {
    const mixed = mixedWorld(8, { processes: 3, operations: 5, kinds: 5 });
    const fault = findRare(mixed, 8, 100);
    expect(shrink(new Recorder(mixed.world), fault?.schedule ?? [], 'rare').recording.preemptions).toBe(0);
  });

  it('counts no switch away from a timer as a preemption', () => {
    const world = defineWorld('timer', (w) => {
      const x = w.variable('x');
      const timer = w.timer('timer');
      w.process('p', function* () {
        yield x.read();
        yield timer.timeout();
      });
      w.process('q', function* () {
        yield x.read();
        yield x.read();
      });
    });
    const preemptions = (...choices: number[]): number =>
      new Recorder(world).record((execution) => choices[execution.steps] ?? -1, null).preemptions;
    expect([preemptions(0, 1, 1, 0), preemptions(0, 1, 0, 1)]).toEqual([0, 1]);
  });

  it('keeps what was chosen', () => {
    const world = defineWorld('coins', (w) => {
      const coin = w.choice('coin');
      const x = w.variable('x');
      w.process('p', function* () {
        const first = yield coin.choose(3);
        yield x.write(1);
        w.assert(first + (yield coin.choose(3)) < 4, 'less than two twos');
      });
      w.process('q', function* () {
        yield x.write(2);
      });
    });
    const { recording } = shrinkFrom(world, 1);
    expect(recording.steps.map(({ outcome }) => outcome)).toEqual([2, 0, 2]);
    expect(recording.preemptions).toBe(0);
  });
});

describe('a certificate', () => {
  it.each([families.counter(2), families.counter(3), families.deadlock01(), families.philosophers(2), families.philosophers(3)])(
    'counts every schedule of $name with fewer preemptions, each once',
    (world) => {
      const property = explore(world, new DepthFirst()).faults[0]?.property ?? '';
      const { passing, fewest } = count(world, property);
      expect(certify(new Recorder(world), property, fewest)).toEqual({ preemptions: fewest, schedules: passing[0], proved: true });
    },
  );

  it('is right about worlds with everything in them', () => {
    const needed = new Set<number>();
    for (let seed = 1; seed <= 40; seed++) {
      const mixed = mixedWorld(seed, { processes: 3, operations: 4, kinds: seed % 2 === 0 ? 3 : 12 });
      const fault = findRare(mixed, seed, 60);
      if (fault === null) continue;
      const { isWhole, passing, fewest } = count(mixed.world, 'rare', 1000);
      if (!isWhole) continue;
      const schedules = passing.slice(0, fewest).reduce((sum, each) => sum + (each ?? 0), 0);
      const expected = { preemptions: fewest, schedules: fewest === 0 ? 0 : schedules, proved: true };
      expect(certify(new Recorder(mixed.world), 'rare', fewest)).toEqual(expected);
      const result = certify(new Recorder(mixed.world), 'rare', fewest + 1);
      expect(result).toMatchObject({ certificate: expected });
      if (isCounterexample(result)) expect(countPreemptions(mixed.world, result.schedule)).toBe(fewest);
      needed.add(fewest);
    }
    expect([...needed].sort()).toEqual(expect.arrayContaining([0, 1]));
  });

  it('says so if it was cut off', () => {
    const world = families.counter(4);
    const cut = certify(new Recorder(world), 'x is 4', 1, 10);
    expect(cut).toEqual({ preemptions: 1, schedules: 10, proved: false });
    expect(describeCertificate(cut as Certificate)).toBe('1 preemption; 10 schedules with none pass, but they are not all: fewer may do');
  });

  it('reads as a sentence', () => {
    expect(describeCertificate({ preemptions: 2, schedules: 31, proved: true })).toBe('2 preemptions; all 31 schedules with ≤ 1 pass');
    expect(describeCertificate({ preemptions: 0, schedules: 0, proved: true })).toBe('no preemption: no schedule has fewer');
  });

  it('replaces what shrinking was content with by what needs fewer', () => {
    const world = families.counter(4);
    const [fault] = explore(world, new RandomWalk({ seed: 9 }), { schedules: 100 }).faults;
    const explained = explain(world, fault as NonNullable<typeof fault>, { shrinkReplays: 1 });
    expect(explained.found.preemptions).toBeGreaterThan(1);
    expect(explained).toMatchObject({ recording: { preemptions: 1 }, certificate: { preemptions: 1, schedules: 73, proved: true } });
  });
});
