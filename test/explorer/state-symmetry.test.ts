/**
 * States that differ by which of interchangeable processes is which are one: exactly those, with the same verdicts.
 */
import { describe, expect, it } from 'vitest';
import { searchStates } from '../../src/explorer/states/search-states.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import { naiveStates } from './naive-states.js';
import * as programs from './programs.js';
import { randomProgram } from './random-program.js';

const WAYS = [
  { order: 'bfs', states: 'packed' },
  { order: 'dfs-states', states: 'packed' },
  { order: 'bfs', states: 'replayed' },
] as const;

/** Bodies that wait on a condition until one has come who does not. */
const waiters = (n: number): World =>
  defineWorld(`waiters(${n})`, (w) => {
    const lock = w.lock('lock');
    const condition = w.condition('condition', lock);
    const count = w.variable('count');
    const processes = Array.from({ length: n }, (_, i) =>
      w.process(`p${i}`, function* () {
        yield lock.lock();
        const before = yield count.update((value) => value + 1);
        if (before + 1 < n) yield condition.wait();
        else yield condition.broadcast();
        yield lock.unlock();
      }),
    );
    w.interchangeable(...processes);
  });

describe('interchangeable processes', () => {
  it('leave the states that differ in more than which is which, with the same shortest failures', () => {
    let compared = 0;
    let reduced = 0;
    const worlds = [waiters(2), waiters(3), ...Array.from({ length: 40 }, (_, seed) => randomProgram(seed, true))];
    for (const world of worlds) {
      const plain = naiveStates(world, 800);
      if (plain === null) continue;
      compared++;
      for (const way of WAYS) {
        if (way.states === 'packed' && world.name.startsWith('waiters')) continue;
        const found = searchStates(world, { ...way, keepGoing: true });
        expect([world.name, way, found.states, found.symmetric]).toEqual([world.name, way, plain.orbits.size, true]);
        expect(found.deadlocks > 0).toBe(plain.deadlocks > 0);
        const properties = found.faults.map(({ property }) => property).sort();
        expect([world.name, properties]).toEqual([world.name, [...plain.faults.keys()].sort()]);
        if (way.order !== 'bfs') continue;
        for (const { property, schedule } of found.faults) expect(schedule.length).toBe(plain.faults.get(property));
      }
      if (plain.orbits.size < plain.states) reduced++;
    }
    expect(compared).toBeGreaterThan(20);
    expect(reduced).toBeGreaterThan(20);
  });

  it('save nearly n! of n processes', () => {
    const all = searchStates(programs.counter(4, 4));
    const few = searchStates(programs.counter(4, 4, true));
    expect(all).toMatchObject({ symmetric: false, states: 11_201 });
    expect(few.symmetric).toBe(true);
    expect(few.states).toBeLessThan(11_201 / 12);
    expect(searchStates(programs.counter(4, 4, true), { symmetry: false }).states).toBe(11_201);
  });

  it('are refused if their programs differ', () => {
    const different = (value: (i: number) => number): World =>
      defineWorld('different', (w) => {
        const x = w.variable('x');
        w.interchangeable(...[0, 1].map((i) => w.program(`p${i}`, (p) => p.write(x, value(i)))));
      });
    expect(() => searchStates(different((i) => i))).toThrow('p0 and p1 are not interchangeable: their programs differ');
    expect(searchStates(different(() => 1)).symmetric).toBe(true);
  });

  it('are refused if somebody spawns or joins one of them', () => {
    const joined = (isProgram: boolean): World =>
      defineWorld('joined', (w) => {
        const x = w.variable('x');
        const processes = [0, 1].map((i) => w.program(`p${i}`, (p) => p.write(x, 1)));
        if (isProgram)
          w.program('main', (p) => {
            for (const each of processes) p.join(each);
          });
        else
          w.process('main', function* () {
            for (const each of processes) yield each.join();
          });
        w.interchangeable(...processes);
      });
    for (const isProgram of [true, false])
      expect(() => searchStates(joined(isProgram))).toThrow('p0 is not interchangeable: main spawns or joins it');
  });

  it('are not taken as such where something must happen in the end', () => {
    const world = defineWorld('live', (w) => {
      const x = w.variable('x');
      w.interchangeable(...[0, 1].map((i) => w.program(`p${i}`, (p) => p.write(x, 1))));
      w.eventually('written', () => x.value === 1);
    });
    expect(searchStates(world)).toMatchObject({ symmetric: false, faults: [] });
  });
});
