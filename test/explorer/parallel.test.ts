/**
 * Several workers find what one finds: the same fault, the same counts, the same coverage.
 */
import { describe, expect, it } from 'vitest';
import { exploreInParallel, type ParallelOptions } from '../../dist/src/explorer/parallel.js';
import { Control } from '../../src/explorer/control.js';
import type { Execution } from '../../src/explorer/execution.js';
import { explore } from '../../src/explorer/explore.js';
import { divide, type Job, Total, type WorldSource } from '../../src/explorer/jobs.js';
import { makeStrategy, splitStrategy, STRATEGY_NAMES } from '../../src/explorer/strategies/named.js';
import type { PartOptions } from '../../src/explorer/strategies/named.js';
import type { World } from '../../src/explorer/world.js';
import { bundled } from './bundled.js';
import * as families from './families.js';
import * as worlds from './parallel-worlds.js';

const FAMILIES = bundled('test/explorer/families.ts');
const WORLDS = bundled('test/explorer/parallel-worlds.ts');

const counter: WorldSource = { module: FAMILIES, name: 'counter', arguments: [3] };
const rare: WorldSource = { module: WORLDS, name: 'rare' };

/** What workers find, without what depends on when they were stopped. */
async function inParallel(source: WorldSource, options: ParallelOptions) {
  const { steps: _, ...found } = await exploreInParallel(source, options);
  return found;
}

function inOneThread(
  world: World,
  { strategy = 'portfolio', seed = 0, schedules = Number.POSITIVE_INFINITY, keepGoing = false }: ParallelOptions,
) {
  const { steps: _, ...found } = explore(world, makeStrategy(strategy, { seed }), { schedules, keepGoing });
  return found;
}

describe('a search on threads', () => {
  it.each(STRATEGY_NAMES)('by %s comes to the same as one in one thread, to the last execution of the budget', async (strategy) => {
    const options = { strategy, seed: 3, schedules: 2500, keepGoing: true };
    const expected = inOneThread(worlds.rich, options);
    expect(expected.faults.length).toBeGreaterThan(1);
    expect(await inParallel({ module: WORLDS, name: 'rich' }, { ...options, workers: 2 })).toEqual(expected);
  });

  it.each(['random', 'dfs', 'portfolio'])('by %s finds the same fault with any number of workers', async (strategy) => {
    const expected = inOneThread(worlds.rare, { strategy, seed: 4 });
    expect(expected.faults).toHaveLength(1);
    for (const workers of [1, 2, 4]) expect(await inParallel(rare, { strategy, seed: 4, workers })).toEqual(expected);
  });

  it.each(['preemptions', 'delays'])('by %s ends where one in one thread ends, be it inside of a round or behind one', async (strategy) => {
    const source = { module: FAMILIES, name: 'counter', arguments: [3] };
    expect(inOneThread(families.counter(3), { strategy, keepGoing: true }).coverage).toEqual({ kind: 'proved', by: 'schedules' });
    // The part that has the 276th schedule with few preemptions goes on with schedules of an earlier round.
    for (const schedules of [276, Number.POSITIVE_INFINITY]) {
      const options = { strategy, schedules, keepGoing: true };
      expect(await inParallel(source, { ...options, workers: 2 })).toEqual(inOneThread(families.counter(3), options));
    }
    expect(await inParallel(rare, { strategy, workers: 2 })).toEqual(inOneThread(worlds.rare, { strategy }));
  });

  it('proves what a search in one thread proves', async () => {
    const found = await inParallel(counter, { strategy: 'dfs', workers: 2, keepGoing: true });
    expect(found).toMatchObject({ schedules: 1121, coverage: { kind: 'proved', by: 'schedules' } });
    const small = await inParallel({ module: FAMILIES, name: 'indep', arguments: [2, 2] }, { workers: 2 });
    expect(small).toMatchObject({ schedules: 6, coverage: { kind: 'proved', by: 'schedules' } });
  });

  it('stops when its time is over, or when it is told to, and says how far it is', async () => {
    const told: number[] = [];
    const source = { module: FAMILIES, name: 'indep', arguments: [4, 10] };
    const found = await exploreInParallel(source, {
      strategy: 'random',
      workers: 2,
      seconds: 1,
      onProgress: ({ part }) => told.push(part ?? -1),
    });
    expect(found.schedules).toBeGreaterThan(0);
    expect(told.length).toBeGreaterThan(0);
    expect(told).toEqual([...told].sort((a, b) => a - b));
    expect(told.every((part) => part > 0 && part <= 1)).toBe(true);
    const stopped = await exploreInParallel(source, { strategy: 'dfs', workers: 2, signal: AbortSignal.timeout(500) });
    expect(stopped.coverage).toMatchObject({
      kind: 'sampled',
      confidence: expect.stringMatching(/^[\d ]+ schedules, in depth-first order$/),
    });
  });

  it('rejects for a world that is none, and one that is not deterministic, with what one thread throws', async () => {
    await expect(exploreInParallel({ module: FAMILIES, name: 'nothing' })).rejects.toMatchObject({ code: 'ERR_WORLD', fault: 'usage' });
    const random = { module: WORLDS, name: 'random' };
    await expect(exploreInParallel(random, { workers: 2, schedules: 9 })).rejects.toMatchObject({
      code: 'ERR_WORLD',
      fault: 'nondeterminism',
    });
    await expect(exploreInParallel(counter, { strategy: 'luck' })).rejects.toMatchObject({ fault: 'usage' });
    await expect(exploreInParallel({ module: 'file:///nowhere.mjs', name: 'x' })).rejects.toThrow(/nowhere/);
  });
});

describe('jobs', () => {
  it('divide a budget of samples without a gap', () => {
    const jobs = [...divide({ strategy: 'pos', seed: 1, schedules: 5000 })];
    expect(jobs.map(({ number }) => number)).toEqual(jobs.map((_, index) => index));
    const numbers = jobs.flatMap(({ first = 0, schedules }: Job) => Array.from({ length: schedules }, (_, index) => first + index));
    expect(numbers).toEqual(Array.from({ length: 5000 }, (_, index) => index));
  });

  const schedulesOf = (world: World, strategy: string, part: PartOptions): string[] => {
    const all: string[] = [];
    const onExecution = ({ schedule, steps }: Execution): number => all.push(String(schedule.subarray(0, steps)));
    explore(world, makeStrategy(strategy, part), { keepGoing: true, onExecution });
    return all;
  };

  it('divide a tree so that its schedules come in order', () => {
    const world = families.deadlock01();
    for (const parts of [1, 2, 10, 1000]) {
      const prefixes = splitStrategy(world, 'dfs', 0, parts);
      expect(prefixes.length).toBeGreaterThanOrEqual(Math.min(parts, 46));
      expect(prefixes.flatMap((prefix) => schedulesOf(world, 'dfs', { prefix }))).toEqual(schedulesOf(world, 'dfs', {}));
    }
  });

  it.each(['preemptions', 'delays'])('divide each round of %s so that its schedules come in order', (strategy) => {
    const world = families.counter(2);
    for (const parts of [1, 2, 10, 1000]) {
      const rounds = [0, 1, 2, 3].map((bound) =>
        splitStrategy(world, strategy, bound, parts).flatMap((prefix) => schedulesOf(world, strategy, { prefix, bound })),
      );
      expect(rounds[1]?.length).toBeGreaterThan(1);
      expect(rounds.flat()).toEqual(schedulesOf(world, strategy, {}).slice(0, rounds.flat().length));
    }
  });
});

describe('the total of jobs', () => {
  const fault = (property: string, execution: number) => ({ property, message: '', step: 0, schedule: [], execution });

  it('numbers executions on, and has the first fault of each property, all cases reached and the largest costs', () => {
    const total = new Total();
    const found = {
      steps: 10,
      reached: new Set(['a']),
      costs: new Map([['x', 5]]),
      coverage: { kind: 'proved', by: 'schedules' },
    } as const;
    total.add({ found: { ...found, schedules: 3, abandoned: 2, faults: [fault('p', 4)] } });
    const later = { steps: 7, reached: new Set(['b']), costs: new Map([['x', 1]]), coverage: found.coverage };
    total.add({ found: { ...later, schedules: 4, abandoned: 0, faults: [fault('p', 1), fault('q', 2)] } });
    expect(total.found).toMatchObject({ schedules: 7, abandoned: 2, steps: 17, reached: new Set(['a', 'b']), costs: new Map([['x', 5]]) });
    expect(total.found.faults.map(({ property, execution }) => [property, execution])).toEqual([
      ['p', 4],
      ['q', 7],
    ]);
    expect(total.ofFirst).toBe(3);
  });
});

describe('control', () => {
  it('stops jobs behind the earliest that is of use, and all when told to', () => {
    const control = Control.make();
    const other = new Control(control.buffer);
    expect(other.shouldStop(7)).toBe(false);
    control.limit(7);
    control.limit(9);
    expect([6, 7, 8].map((job) => other.shouldStop(job))).toEqual([false, false, true]);
    other.add(2 ** 33);
    expect(control.schedules).toBe(2 ** 33);
    control.stop();
    expect(other.shouldStop(0)).toBe(true);
  });
});
