/**
 * Worlds as tests: they pass or fail as the world does, and a failure shows the report and the replay line.
 */
import { expect, it } from 'vitest';
import { exploreTest, findProblem } from '../../src/explorer/vitest.js';
import { defineWorld } from '../../src/explorer/world.js';
import { bank } from '../../src/worlds/lessons.js';
import * as families from './families.js';

exploreTest('a world without faults passes', families.mutex(3), { strategy: 'dfs' });

it('a world with a fault fails with the report and the replay line', () => {
  const problem = findProblem(bank(), { module: 'bank.ts' });
  expect(problem).toMatch(/^bank breaks "no deposit is lost": /);
  expect(problem).toMatch(/found by portfolio in execution \d+, seed 1; 4 steps, 1 preemption/);
  expect(problem).toMatch(/npx apple-gfx replay s1\/bank\/\S+ bank\.ts$/);
});

it('stops at its schedules, and finds the same with the same seed', () => {
  let executions = 0;
  const world = defineWorld('counted', (w) => {
    executions++;
    const x = w.variable('x');
    w.process('p', function* () {
      yield x.read();
    });
  });
  expect(findProblem(world, { schedules: 10, strategy: 'random' })).toBeNull();
  expect(executions).toBeLessThan(20);
  expect(findProblem(bank(), { seed: 3 })).toBe(findProblem(bank(), { seed: 3 }));
});

it('fails a world whose goal can’t be reached, once all was seen', () => {
  const world = defineWorld('goal', (w) => {
    const x = w.variable('x');
    w.process('p', function* () {
      yield x.write(1);
    });
    w.sometimes('x is 2', () => x.value === 2);
  });
  expect(findProblem(world, { strategy: 'dfs' })).toContain('"x is 2" can never hold');
  expect(findProblem(world, { strategy: 'random' })).toBeNull();
});

it('says which strategies there are', () => {
  expect(() => findProblem(bank(), { strategy: 'luck' })).toThrow(/strategy is luck, expected one of .*dfs/);
});
