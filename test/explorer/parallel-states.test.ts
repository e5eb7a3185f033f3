/**
 * Several threads see the states that one sees, and say what one says: counts, verdict, failures and their schedules.
 */
import { describe, expect, it } from 'vitest';
import { exploreInParallel, type ParallelOptions } from '../../dist/src/explorer/parallel.js';
import type { WorldSource } from '../../src/explorer/jobs.js';
import type { Explored } from '../../src/explorer/search.js';
import { type StateOrder, searchStates } from '../../src/explorer/states/search-states.js';
import { lookTogether } from '../../src/explorer/states/shared-graph.js';
import { SharedTable, type Sharers, sharedTableMemory } from '../../src/explorer/states/shared-table.js';
import { exchangeMemory, WorkExchange } from '../../src/explorer/states/work-exchange.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import { makeWorld } from '../../src/worlds/index.js';
import { bundled } from './bundled.js';
import * as families from './families.js';
import * as worlds from './parallel-worlds.js';
import * as programs from './programs.js';

const PROGRAMS = bundled('test/explorer/programs.ts');
const FAMILIES = bundled('test/explorer/families.ts');
const WORLDS = bundled('test/explorer/parallel-worlds.ts');
const DEVICE = new URL('../../dist/src/worlds/index.js', import.meta.url).href;

interface Limits {
  readonly keepGoing?: boolean;
  readonly maxStates?: number;
}

function inOneThread(world: World, order: StateOrder, limits: Limits): Explored {
  const { schedules, abandoned, steps, faults, reached, costs, coverage, states } = searchStates(world, { order, ...limits });
  return { schedules, abandoned, steps, faults, reached, costs, coverage, states };
}

function onThreads(source: WorldSource, order: StateOrder, workers: number, { keepGoing = false, maxStates }: Limits): Promise<Explored> {
  const options: ParallelOptions = { strategy: order, workers, keepGoing, ...(maxStates !== undefined && { schedules: maxStates }) };
  return exploreInParallel(source, options);
}

const program = (name: string, ...given: readonly unknown[]): WorldSource => ({ module: PROGRAMS, name, arguments: given });

describe('a search of states on threads', () => {
  it.each([
    ['packed', programs.counter(5, 4), program('counter', 5, 4)],
    ['packed and interchangeable', programs.counter(5, 5, true), program('counter', 5, 5, true)],
    ['executed', families.lastzero(4), { module: FAMILIES, name: 'lastzero', arguments: [4] }],
    ['kept', makeWorld('modes', 'hardened'), { module: DEVICE, name: 'makeWorld', arguments: ['modes', 'hardened'] }],
    ['measured', makeWorld('upcalls', 'hardened'), { module: DEVICE, name: 'makeWorld', arguments: ['upcalls', 'hardened'] }],
    ['reached', worlds.served, { module: WORLDS, name: 'served' }],
  ] as const)('sees all states that are %s, once', async (_, world, source) => {
    const expected = inOneThread(world, 'dfs-states', {});
    expect(expected.coverage).toMatchObject({ kind: 'proved', by: 'states' });
    expect(expected.states).toBeGreaterThan(100);
    for (const workers of [2, 3]) expect(await onThreads(source, 'bfs', workers, {})).toEqual(expected);
  });

  it.each([
    ['bfs', {}],
    ['dfs-states', { keepGoing: true }],
    ['bfs', { keepGoing: true, maxStates: 400 }],
  ] as const)('by %s and with %j finds the failures of one thread', async (order, limits) => {
    const expected = inOneThread(makeWorld('locks', 'bh'), order, limits);
    expect(expected.faults.length).toBeGreaterThan(0);
    const source = { module: DEVICE, name: 'makeWorld', arguments: ['locks', 'bh'] };
    expect(await onThreads(source, order, 2, limits)).toEqual(expected);
  });

  it('finds what can be put off for ever, and only that', async () => {
    const found = await onThreads({ module: WORLDS, name: 'starved' }, 'bfs', 2, {});
    expect(found.faults.map(({ property }) => property)).toEqual(['everybody is served']);
    expect(found).toEqual(inOneThread(worlds.starved, 'bfs', {}));
  });

  it('ends at a number of states as one thread does, and says so when it is stopped', async () => {
    const limits = { maxStates: 5000 };
    expect(await onThreads(program('counter', 5, 4), 'bfs', 2, limits)).toEqual(inOneThread(programs.counter(5, 4), 'bfs', limits));
    const told: number[] = [];
    const stopped = await exploreInParallel(program('counter', 8, 8), {
      ...{ strategy: 'dfs-states', workers: 2, seconds: 1 },
      onProgress: ({ states }) => told.push(states ?? -1),
    });
    expect(stopped.coverage).toEqual({ kind: 'bounded', bound: `the first ${stopped.states} states, depth first` });
    expect(told.at(-1)).toBeGreaterThan(0);
    expect(told).toEqual([...told].sort((a, b) => a - b));
  });
});

describe('what several threads have seen', () => {
  const shared = (...numbers: readonly number[]): SharedArrayBuffer => {
    const memory = new SharedArrayBuffer(4 * numbers.length);
    new Int32Array(memory).set(numbers);
    return memory;
  };

  it('is one graph, though each thread numbers in its own way what steps are to spans', () => {
    const world = defineWorld('three', (w) => {
      w.process('p', function* () {});
      w.span('s', () => false);
    });
    const of = (edges: SharedArrayBuffer, fulfilled: SharedArrayBuffer, weights: readonly number[], goings: readonly boolean[]) => ({
      ...{ edges, fulfilled },
      marks: { names: ['s'], weights: weights.map((weight) => [weight]), goings: goings.map((going) => [going]) },
    });
    // 0 to 1 begins the span, 1 to 2 and 2 to 3 go on with it.
    const parts = [
      of(shared(0, 1, 0, 1, 3, 0, 0, 0), shared(0, 0, 1, 0), [-1, 5], [false, false]),
      of(shared(1, 2, 0, 2, 2, 3, 0, 1), shared(2, 0, 3, 0), [-1, 7, 20], [false, true, true]),
    ];
    for (const some of [parts, [...parts].reverse()])
      expect(lookTogether(world, some)).toEqual({ hasFairCycle: false, costs: [['s', 32]] });
  });
});

describe('a shared table', () => {
  const alone: Sharers = { othersAtWork: () => 0, isOver: false };

  it('knows what another one has added, also when it has grown meanwhile, and numbers all in order', () => {
    const memory = sharedTableMemory();
    const [one, other] = [new SharedTable(memory, alone), new SharedTable(memory, alone)];
    const known = new Map<string, number>();
    const wrong: number[] = [];
    for (let index = 0; index < 80_000; index++) {
      // Several have the same low half, and some halves are 0.
      const [low, high] = [Math.imul(index >> 3, 0x9e37_79b1), index % 5];
      const [table, second] = index % 3 === 0 ? [one, other] : [other, one];
      // 0 goes by the name of 1.
      const name = `${low === 0 ? 1 : low} ${high === 0 ? 1 : high}`;
      const before = known.get(name);
      const number = before ?? known.size;
      known.set(name, number);
      const isRight = table.add(low, high) === (before === undefined) && table.number === number;
      if (!isRight || second.add(low, high) || second.number !== number) wrong.push(index);
    }
    expect(wrong).toEqual([]);
    expect(one.count).toBe(known.size);
    expect(known.size).toBeGreaterThan(20_000);
  });
});

describe('work that is given away', () => {
  it('is taken once, and it is over when all wait', () => {
    const memory = exchangeMemory(2);
    let isStopped = false;
    const [giver, taker] = [new WorkExchange(memory, 2, 0, () => isStopped), new WorkExchange(memory, 2, 1, () => isStopped)];
    const work = { from: 7, way: [1, 2, 3], choices: [4, 5] };
    expect([giver.isWanted, giver.give(work), giver.othersAtWork()]).toEqual([false, false, 1]);
    // Told to stop, it waits no more, but its box is still empty.
    isStopped = true;
    expect(taker.take()).toBeNull();
    isStopped = false;
    expect([giver.isWanted, giver.othersAtWork()]).toEqual([true, 0]);
    expect(giver.give({ ...work, way: Array.from({ length: 1 << 14 }, () => 0) })).toBe(false);
    expect(giver.give(work)).toBe(true);
    expect([giver.isWanted, giver.othersAtWork(), giver.give(work)]).toEqual([false, 1, false]);
    expect(giver.isOver).toBe(false);
  });

  it('is over when the last one begins to wait', () => {
    const exchange = new WorkExchange(exchangeMemory(1), 1, 0, () => false);
    expect(exchange.take()).toBeNull();
    expect(exchange.isOver).toBe(true);
  });
});
