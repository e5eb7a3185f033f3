/**
 * A search of states finds exactly the states there are, in both orders and by both ways of going to them, and the shortest failures.
 */
import { describe, expect, it } from 'vitest';
import { Execution } from '../../src/explorer/execution.js';
import { type StateExploration, type StateFound, type StateOptions, searchStates } from '../../src/explorer/states/search-states.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import * as families from './families.js';
import { naiveStates } from './naive-states.js';
import * as programs from './programs.js';
import { randomProgram } from './random-program.js';

const PROVED = { kind: 'proved', by: 'states' };

/** Failures that an execution of a fault's schedule shows. */
function replayed(world: World, { schedule }: StateFound): string[] {
  const execution = new Execution(world);
  execution.begin();
  for (const choice of schedule) {
    expect(execution.enabled.slice(0, execution.enabledCount)).toContain(choice);
    execution.step(choice);
  }
  return execution.failures.map(({ property }) => property);
}

function counts({ states, transitions, ends, deadlocks }: StateExploration): object {
  return { states, transitions, ends, deadlocks };
}

/** Searches in several ways and compares with the plain search; whether that was worth it. */
function compare(world: World, ...ways: readonly StateOptions[]): boolean {
  const plain = naiveStates(world, 800);
  if (plain === null) return false;
  const { states, transitions, ends, deadlocks, faults } = plain;
  for (const options of ways) {
    const found = searchStates(world, { keepGoing: true, symmetry: false, ...options });
    expect([world.name, counts(found)]).toEqual([world.name, { states, transitions, ends, deadlocks }]);
    expect(found.coverage).toMatchObject(PROVED);
    expect(found.faults.map(({ property }) => property).sort()).toEqual([...faults.keys()].sort());
    for (const fault of found.faults) expect(replayed(world, fault)).toContain(fault.property);
    if (options.order !== 'bfs') continue;
    expect(found.depth).toBe(plain.depth);
    for (const { property, schedule } of found.faults) {
      expect([world.name, property, schedule.length]).toEqual([world.name, property, faults.get(property)]);
    }
  }
  return true;
}

describe('a search of states', () => {
  it.each([
    // Each of n has no fork, the left, both, or the left again; who has both has a neighbour without: L(n) = 3L(n-1) + L(n-2), from 2 and 3
    // on; and not all of them have put their right fork back. SPIN counts the same.
    [programs.philosophers(3), 36 - 1, 1],
    [programs.philosophers(6), 1298 - 1, 1],
    [programs.philosophers(8), 14_159 - 1, 1],
    [programs.counter(4, 4), 11_201, 0],
    [programs.ring(2, 2, 6), 2912, 0],
  ])('finds the states of $name', (world, states, deadlocks) => {
    for (const order of ['bfs', 'dfs-states'] as const) {
      expect(searchStates(world, { order, keepGoing: true })).toMatchObject({ states, deadlocks, by: 'packed', coverage: PROVED });
    }
  });

  it.each([
    families.indep(2, 3),
    families.readers(4),
    families.lastzero(3),
    families.philosophers(3),
    families.mailbox(4),
    families.counter(2),
    families.deadlock01(),
    families.producers(2, 2),
    programs.philosophers(3, 'once'),
    programs.peterson(),
    programs.peterson(true),
    programs.ring(2, 1, 2),
    programs.twice,
    programs.aside,
  ])('agrees with the plain search on $name', (world) => {
    // What is of programs is packed, too.
    expect(compare(world, { order: 'bfs' }, { order: 'bfs', states: 'replayed' }, { order: 'dfs-states', states: 'replayed' })).toBe(true);
  });

  it('agrees with the plain search on random programs, packed and executed', () => {
    let compared = 0;
    let failed = 0;
    let deadlocked = 0;
    for (let seed = 1; seed <= 60; seed++) {
      const world = randomProgram(seed);
      const order = seed % 2 === 0 ? 'bfs' : 'dfs-states';
      if (!compare(world, { order: 'bfs', states: 'packed' }, { order: 'dfs-states', states: 'packed' }, { order, states: 'replayed' }))
        continue;
      compared++;
      const { faults, deadlocks } = searchStates(world, { keepGoing: true });
      if (faults.length > 0) failed++;
      if (deadlocks > 0) deadlocked++;
    }
    expect(compared).toBeGreaterThan(40);
    expect(failed).toBeGreaterThan(12);
    expect(deadlocked).toBeGreaterThan(12);
  });

  it('finds a deadlock of some while another goes on', () => {
    for (const states of ['packed', 'replayed'] as const) {
      const found = searchStates(programs.aside, { states });
      expect(found.faults.map(({ property, schedule }) => [property, schedule.length])).toEqual([['deadlock', 2]]);
      expect(found.deadlocks).toBe(0);
    }
  });

  it('stops at the first failure, and at bounds, and says so', () => {
    const world = programs.philosophers(4);
    expect(searchStates(world).faults.map(({ property, schedule }) => [property, schedule.length])).toEqual([['deadlock', 4]]);
    const few = searchStates(world, { maxStates: 50, keepGoing: true });
    expect(few).toMatchObject({ states: 50, coverage: { kind: 'bounded', bound: 'the first 50 states, breadth first' } });
    for (const order of ['bfs', 'dfs-states'] as const) {
      const near = searchStates(programs.counter(2, 4), { maxDepth: 3, order });
      expect(near).toMatchObject({ depth: 3, coverage: { kind: 'bounded', bound: 'states up to 3 steps from the beginning' } });
    }
    let asked = 0;
    const stopped = searchStates(programs.counter(4, 4), { stop: ({ states }) => ++asked > 0 && states > 500 });
    expect([asked, stopped.coverage.kind]).toEqual([1, 'bounded']);
  });

  it('says what was reached, what it cost, and how likely it is that it left a state out', () => {
    const world = defineWorld('reached', (w) => {
      const x = w.variable('x');
      w.process('p', function* () {
        yield x.update((value) => value + 1);
      });
      w.process('q', function* () {
        yield x.update((value) => value * 3);
      });
      w.sometimes('three', () => x.value === 3);
      w.sometimes('four', () => x.value === 4);
      w.cost('x', () => x.value);
    });
    const found = searchStates(world);
    expect([...found.reached]).toEqual(['three']);
    expect([...found.costs]).toEqual([['x', 3]]);
    expect(found.omission).toBeCloseTo((found.states * (found.states - 1)) / 2 / 2 ** 64, 30);
  });

  it('sees that a body that polls comes round once it says what it goes by', () => {
    const world = defineWorld('polling', (w) => {
      const x = w.variable('x');
      w.process('poller', function* () {
        do w.forget();
        while ((yield x.read()) === 0);
      });
      w.process('writer', function* () {
        yield x.write(1);
      });
    });
    expect(searchStates(world)).toMatchObject({ states: 3, transitions: 3, coverage: PROVED });
  });

  it('takes a body to poll that gets the same answers again and again, and says that this bounds what it shows', () => {
    const polling = (questions: number): World =>
      defineWorld('polling', (w) => {
        const all = Array.from({ length: questions }, (_, i) => w.variable(`x${i}`));
        const lock = w.variable('lock', 1);
        w.process('poller', function* () {
          for (let answer = 0; answer === 0; ) for (const each of all) answer += yield each.read();
        });
        w.process('taker', function* () {
          while ((yield lock.update((old) => old || 1)) !== 0);
        });
        w.process('writer', function* () {
          for (const each of all) yield each.write(1);
          yield lock.write(0);
        });
        w.eventually('it is free', () => lock.value === 0);
      });
    const bound = 'who gets the same answers 3 times in a row learns nothing from asking again';
    for (const questions of [1, 2, 3, 4]) {
      const found = searchStates(polling(questions), { maxStates: 20_000 });
      expect(found).toMatchObject({ faults: [], deadlocks: 0, coverage: { kind: 'bounded', bound } });
      expect(searchStates(polling(questions), { fairness: 'none' }).faults).toHaveLength(1);
    }
    expect(searchStates(polling(5), { maxStates: 5000 }).coverage).toMatchObject({ bound: 'the first 5000 states, breadth first' });
  });

  it('goes back to where the last round began, whatever its length', () => {
    for (const questions of [1, 2, 3, 4]) {
      const world = defineWorld('alone', (w) => {
        const all = Array.from({ length: questions }, (_, i) => w.variable(`x${i}`));
        w.process('poller', function* () {
          for (;;) for (const each of all) yield each.read();
        });
      });
      // Three rounds, and the fourth up to where it would end.
      expect(searchStates(world)).toMatchObject({ states: 4 * questions, transitions: 4 * questions });
    }
  });

  it('does not take a body to poll that asks three times', () => {
    const asking = (times: number): World =>
      defineWorld('asking', (w) => {
        const x = w.variable('x');
        w.process('asker', function* () {
          for (let each = 0; each < times; each++) yield x.read();
        });
        w.process('writer', function* () {
          yield x.write(1);
        });
      });
    expect(searchStates(asking(3)).coverage).toMatchObject(PROVED);
    expect(searchStates(asking(4)).coverage).toMatchObject({ kind: 'bounded' });
  });
});
