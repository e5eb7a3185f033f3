/**
 * Each sampler finds each fault as often as it must: as often as walking every schedule with its rules says.
 */
import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explorer/explore.js';
import { PriorityChanges } from '../../src/explorer/strategies/pct.js';
import { PartialOrderSampling } from '../../src/explorer/strategies/pos.js';
import { RandomWalk } from '../../src/explorer/strategies/random-walk.js';
import type { Sampler } from '../../src/explorer/strategies/sampler.js';
import { UniformRandomWalk } from '../../src/explorer/strategies/urw.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import * as exact from './exact.js';
import * as families from './families.js';

const RUNS = 100_000;

/** A signal that nobody waits for yet is lost. The consumer's operations: lock, read, wait, the lock again, unlock. */
const lostWakeUp = defineWorld('lost wake-up', (w) => {
  const m = w.lock('m');
  const ready = w.variable('ready');
  const changed = w.condition('changed', m);
  w.process('consumer', function* () {
    yield m.lock();
    if ((yield ready.read()) === 0) yield changed.wait();
    yield m.unlock();
  });
  w.process('producer', function* () {
    yield ready.write(1);
    yield changed.signal();
  });
});

/** One process has three outcomes and then more to do; the fault needs one of them, and the other process in between. */
const outcomes = defineWorld('outcomes', (w) => {
  const x = w.variable('x');
  const weather = w.choice('weather');
  w.process('chooser', function* () {
    const chosen = yield weather.choose(3);
    w.assert(chosen !== 2 || (yield x.read()) === 0, 'fine');
  });
  w.process('other', function* () {
    yield x.write(1);
  });
});

/** How often a sampler finds a fault. */
function found(world: World, sampler: Sampler, runs = RUNS): number {
  let faults = 0;
  explore(world, sampler, {
    schedules: runs,
    keepGoing: true,
    onExecution: ({ failures }) => {
      if (failures.length > 0) faults++;
    },
  });
  return faults / runs;
}

/** That a frequency is within four standard errors of a probability. */
function expectProbability(frequency: number, probability: number, runs = RUNS): void {
  const error = Math.sqrt((probability * (1 - probability)) / runs);
  expect(Math.abs(frequency - probability), `${frequency} for ${probability}`).toBeLessThanOrEqual(4 * error);
}

/** The worlds, and of each process how many operations it has; the last one spawns the `unborn`. */
const worlds: readonly (readonly [World, readonly number[], readonly number[]])[] = [
  [families.counter(3), [2, 2, 2, 6], [0, 1, 2]],
  [families.deadlock01(), [4, 4, 4], [0, 1]],
  [lostWakeUp, [5, 2], []],
  [outcomes, [2, 1], []],
];

describe('exact probabilities', () => {
  it('are those that are known, for random walk', () => {
    expect(1 / exact.randomWalk(families.counter(3))).toBeCloseTo(1.51, 2);
    expect(exact.randomWalk(families.deadlock01())).toBeCloseTo(3 / 8, 12);
    expect(1 / exact.randomWalk(families.philosophersWithMain(3))).toBeCloseTo(5.92, 2);
  });

  it('are those that can be counted by hand', () => {
    // Chosen is 2 with 1/3; the other is first with 1/2, and second with 1/3 of the rest, since it has lost once and the read draws anew.
    expect(exact.partialOrderSampling(outcomes)).toBeCloseTo((1 / 3) * (1 / 2 + (1 / 2) * (1 / 3)), 12);
    // Every place of the other among the two operations is as likely.
    expect(exact.uniformRandomWalk(outcomes, [2, 1], [])).toBeCloseTo((1 / 3) * (2 / 3), 12);
  });
});

describe.each(worlds)('in $name', (world, lengths, unborn) => {
  it('random walk finds the fault as often as it must', () => {
    expectProbability(found(world, new RandomWalk({ seed: 1 })), exact.randomWalk(world));
  });

  it('POS does', () => {
    expectProbability(found(world, new PartialOrderSampling({ seed: 1 })), exact.partialOrderSampling(world));
  });

  it('URW does', () => {
    expectProbability(found(world, new UniformRandomWalk({ seed: 1 })), exact.uniformRandomWalk(world, lengths, unborn));
  });

  it.each([2, 3])('PCT with depth %i does', (depth) => {
    const sampler = new PriorityChanges(depth, { seed: 1 });
    const frequency = found(world, sampler);
    expectProbability(frequency, exact.priorityChanges(world, depth, sampler.points));
  });
});

describe('PCT', () => {
  it.each(worlds)('finds a fault of depth d in $name as often as it promises', (world) => {
    // Each of these faults needs two orders of two operations at most.
    const points = 9;
    const processes = { 'counter(3)': 4, deadlock01: 3 }[world.name] ?? 2;
    expect(exact.priorityChanges(world, 3, points)).toBeGreaterThanOrEqual(1 / (processes * points ** 2));
    expect(exact.priorityChanges(world, 2, points)).toBeGreaterThanOrEqual(1 / (processes * points));
  });
});

describe('random walk', () => {
  it('finds the deadlock of three philosophers as often as it must', () => {
    expectProbability(found(families.philosophersWithMain(3), new RandomWalk({ seed: 2 })), 73 / 432);
  });
});
