/**
 * Saved schedules replay exactly on the world they are of, and by the stated rule, saying where, on one that has changed.
 */
import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explorer/explore.js';
import { Recorder } from '../../src/explorer/recording.js';
import { replay } from '../../src/explorer/replay.js';
import { formatSchedule, named, parseSchedule } from '../../src/explorer/schedule-text.js';
import { RandomWalk } from '../../src/explorer/strategies/random-walk.js';
import type { Body } from '../../src/explorer/operation.js';
import { defineWorld, type World, type WorldBuilder } from '../../src/explorer/world.js';
import { mixedWorld } from './mixed-worlds.js';

const LOST = 's1/bank/alice:read.balance/bob:read.balance,write.balance/alice:write.balance';

/** A bank whose processes make deposits as `body` says. */
const onBalance =
  (
    body: (balance: ReturnType<WorldBuilder['variable']>, log: ReturnType<WorldBuilder['variable']>, name: string) => Body,
    variable = 'balance',
  ) =>
  (names: readonly string[]): World =>
    defineWorld('bank', (w) => {
      const balance = w.variable(variable);
      const log = w.variable('log');
      for (const name of names) w.process(name, () => body(balance, log, name));
      w.alwaysEventually('no deposit is lost', () => balance.value === names.length);
    });

const plain = onBalance(function* (balance) {
  const before = yield balance.read();
  yield balance.write(before + 1);
});

const run = (world: World, text = LOST) => {
  const { recording, divergences } = replay(new Recorder(world), parseSchedule(text));
  return {
    failure: recording.failure?.property,
    steps: recording.steps.length,
    notes: divergences.map((each) => `${each.savedStep}: ${each.text}`),
  };
};

describe('a saved schedule', () => {
  it('replays without a departure on the world that it is of, whatever that does', () => {
    for (let seed = 1; seed <= 150; seed++) {
      const { world } = mixedWorld(seed, { processes: 4, operations: 6, kinds: 12 });
      explore(world, new RandomWalk({ seed }), {
        schedules: 3,
        keepGoing: true,
        onExecution: (execution) => {
          const choices = Array.from(execution.schedule.subarray(0, execution.steps));
          const recorder = new Recorder(world);
          const { steps } = recorder.record((now) => choices[now.steps] ?? -1, null);
          const text = formatSchedule(named(recorder.execution, world.name, steps));
          const again = new Recorder(world);
          const { divergences } = replay(again, parseSchedule(text));
          expect(divergences).toEqual([]);
          expect(again.execution.hash).toBe(execution.hash);
        },
      });
    }
  });

  it('shows its failure', () => {
    expect(run(plain(['alice', 'bob']))).toEqual({ failure: 'no deposit is lost', steps: 4, notes: [] });
  });

  it('survives processes that are numbered otherwise, and new ones', () => {
    expect(run(plain(['bob', 'alice']))).toEqual({ failure: 'no deposit is lost', steps: 4, notes: [] });
    expect(run(plain(['carol', 'bob', 'dave', 'alice']))).toMatchObject({
      failure: 'no deposit is lost',
      steps: 8,
      notes: ['5: the text ends here, the world goes on without preemption'],
    });
  });

  it('survives an inserted step, and says where', () => {
    const logged = onBalance(function* (balance, log) {
      const before = yield balance.read();
      yield log.write(1);
      yield balance.write(before + 1);
    });
    expect(run(logged(['alice', 'bob']))).toEqual({
      failure: 'no deposit is lost',
      steps: 6,
      notes: [
        '3: bob is at write log, not write balance: makes that first',
        '4: alice is at write log, not write balance: makes that first',
      ],
    });
  });

  it('survives a step that is gone, and says where', () => {
    const text = 's1/bank/alice:read.log,read.balance/bob:read.log,read.balance,write.balance/alice:write.balance';
    expect(run(plain(['alice', 'bob']), text)).toEqual({
      failure: 'no deposit is lost',
      steps: 4,
      notes: ['1: alice is at read balance, not read log: left out', '3: bob is at read balance, not read log: left out'],
    });
  });

  it('survives renamed processes and objects, and says which it takes', () => {
    const renamed = onBalance(function* (balance) {
      const before = yield balance.read();
      yield balance.write(before + 1);
    }, 'account');
    expect(run(renamed(['anna', 'bob']))).toEqual({
      failure: 'no deposit is lost',
      steps: 4,
      notes: [
        '1: there is no balance: takes account, which anna is at',
        '1: there is no process alice: takes anna, which is at the same operation',
      ],
    });
  });

  it('leaves out what a process that waits, has ended or is not there would do, and goes on', () => {
    const locked = defineWorld('bank', (w) => {
      const lock = w.lock('lock');
      const balance = w.variable('balance');
      for (const name of ['alice', 'bob']) {
        w.process(name, function* () {
          yield lock.lock();
          yield balance.write((yield balance.read()) + 1);
          yield lock.unlock();
        });
      }
      w.alwaysEventually('no deposit is lost', () => balance.value === 2);
    });
    expect(run(locked)).toEqual({
      failure: undefined,
      steps: 8,
      notes: [
        '1: alice is at lock lock, not read balance: makes that first',
        "2: bob can't go on, at lock lock: left out",
        "3: bob can't go on, at lock lock: left out",
        '5: the text ends here, the world goes on without preemption',
      ],
    });
    const twice = 's1/bank/alice:read.balance,write.balance,write.balance/eve:lock.x';
    expect(run(plain(['alice', 'bob']), twice).notes).toEqual([
      '3: alice has ended: left out',
      '4: there is no process eve: left out',
      '5: the text ends here, the world goes on without preemption',
    ]);
  });

  it('takes the first outcome where the saved one is no more', () => {
    const coin = defineWorld('coin', (w) => {
      const choice = w.choice('coin');
      w.process('p', function* () {
        w.assert((yield choice.choose(2)) === 0, 'heads');
      });
    });
    expect(run(coin, 's1/coin/p:choose.coin@1')).toEqual({ failure: 'heads', steps: 1, notes: [] });
    expect(run(coin, 's1/coin/p:choose.coin@5')).toEqual({
      failure: undefined,
      steps: 1,
      notes: ['1: choose coin has no outcome 5, takes 0'],
    });
  });

  it('is not followed for ever by a process that makes nothing but new steps', () => {
    const spinning = defineWorld('spin', (w) => {
      const x = w.variable('x');
      w.process('p', function* () {
        for (let turn = 0; turn < 5000; turn++) yield x.read();
      });
    });
    const { notes } = run(spinning, 's1/spin/p:write.x');
    expect(notes.length).toBe(1002);
    expect(notes[1000]).toMatch(/left out$/);
  });
});
