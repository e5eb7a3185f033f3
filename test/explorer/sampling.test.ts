/**
 * What samplers have in common: numbered executions, what the pilot learns, what they say that they have shown.
 */
import { describe, expect, it } from 'vitest';
import { atLeast, decimal, findable, grouped, sampledConfidence } from '../../src/explorer/confidence.js';
import { Execution } from '../../src/explorer/execution.js';
import { explore } from '../../src/explorer/explore.js';
import { PriorityChanges } from '../../src/explorer/strategies/pct.js';
import { Pilot } from '../../src/explorer/strategies/pilot.js';
import { PartialOrderSampling } from '../../src/explorer/strategies/pos.js';
import { Mixture } from '../../src/explorer/strategies/portfolio.js';
import { RandomWalk } from '../../src/explorer/strategies/random-walk.js';
import type { Sampler, SamplerOptions } from '../../src/explorer/strategies/sampler.js';
import { UniformRandomWalk } from '../../src/explorer/strategies/urw.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import * as families from './families.js';

const SAMPLERS: readonly (readonly [string, (options: SamplerOptions) => Sampler])[] = [
  ['random', (options) => new RandomWalk(options)],
  ['pos', (options) => new PartialOrderSampling(options)],
  ['pct2', (options) => new PriorityChanges(2, options)],
  ['pct3', (options) => new PriorityChanges(3, options)],
  ['urw', (options) => new UniformRandomWalk(options)],
  ['mixture', (options) => new Mixture(options)],
];

/** Hashes of so many executions. */
function hashes(world: World, sampler: Sampler, schedules: number): number[] {
  const all: number[] = [];
  explore(world, sampler, { schedules, keepGoing: true, onExecution: ({ hash }) => all.push(hash) });
  return all;
}

describe.each(SAMPLERS)('%s', (name, make) => {
  const world = families.philosophersWithMain(3);

  it('is called by its name', () => {
    expect(make({}).name).toBe(name);
  });

  it('makes the same executions for the same seed, whoever makes which of them', () => {
    const all = hashes(world, make({ seed: 5 }), 60);
    expect(new Set(all).size).toBeGreaterThan(30);
    for (const first of [0, 1, 2]) {
      const third = hashes(world, make({ seed: 5, first, stride: 3 }), 20);
      expect(third).toEqual(all.filter((_, number) => number % 3 === first));
    }
    expect(hashes(world, make({ seed: 5, first: 40 }), 20)).toEqual(all.slice(40));
  });

  it('makes others for another seed', () => {
    expect(hashes(world, make({ seed: 6 }), 60)).not.toEqual(hashes(world, make({ seed: 5 }), 60));
  });

  it('ends what others wait for in a loop', () => {
    const spinning = defineWorld(
      'spin',
      (w) => {
        const ready = w.variable('ready');
        w.process('waiter', function* () {
          while ((yield ready.read()) === 0);
        });
        w.process('helper', function* () {
          yield ready.write(1);
        });
      },
      { maxSteps: 500 },
    );
    expect(explore(spinning, make({ seed: 1 }), { schedules: 500, keepGoing: true }).faults).toEqual([]);
  });
});

describe('URW', () => {
  it('makes every schedule of uneven processes as likely as the other', () => {
    const uneven = defineWorld('uneven', (w) => {
      const [x, y] = [w.variable('x'), w.variable('y')];
      const short = w.process(
        'short',
        function* () {
          yield x.write(1);
        },
        { spawned: true },
      );
      w.process('long', function* () {
        yield short.spawn();
        for (let i = 0; i < 6; i++) yield y.write(i);
      });
    });
    const runs = 20_000;
    const counts = new Map<number, number>();
    for (const hash of hashes(uneven, new UniformRandomWalk({ seed: 3 }), runs)) counts.set(hash, (counts.get(hash) ?? 0) + 1);
    expect(counts.size).toBe(7);
    const error = Math.sqrt((1 / 7) * (6 / 7) * runs);
    for (const count of counts.values()) expect(Math.abs(count - runs / 7)).toBeLessThan(4 * error);
  });
});

describe('the pilot', () => {
  const learned = (world: World) => {
    const execution = new Execution(world);
    execution.begin();
    const { points, lengths, spawners } = new Pilot(1).of(execution);
    return { points, lengths: [...lengths], spawners: [...spawners] };
  };

  it('learns how long a world and its processes are', () => {
    expect(learned(families.indep(2, 3))).toEqual({ points: 5, lengths: [3, 3], spawners: [-1, -1] });
    expect(learned(families.indep(1, 3))).toEqual({ points: 1, lengths: [3], spawners: [-1] });
  });

  it('learns who spawns whom', () => {
    expect(learned(families.counter(3))).toMatchObject({ lengths: [2, 2, 2, 6], spawners: [3, 3, 3, -1] });
  });
});

describe('confidence', () => {
  it('is what so many executions would have found with 99 %', () => {
    for (const executions of [1, 10, 1000, 123_456, 10 ** 9]) {
      const probability = findable(executions);
      expect(1 - (1 - probability) ** executions).toBeGreaterThan(0.99 - 1e-9);
      expect(1 - (1 - 0.9 * probability) ** executions).toBeLessThan(0.99);
    }
    expect(sampledConfidence(10_000, 'POS')).toBe(
      '10 000 executions by POS: a fault that each has with probability ≥ 0.00047 would have been found with 99 % confidence',
    );
    expect(sampledConfidence(0, 'POS')).toBe('no execution by POS');
  });

  it('says what PCT promises, with k and n as they are', () => {
    const found = explore(families.indep(2, 3), new PriorityChanges(2), { schedules: 100 });
    expect(found.coverage).toEqual({
      kind: 'sampled',
      confidence: expect.stringMatching(
        /; a fault of depth 2 .* first 5 choices among 2 processes with probability ≥ 1\/10 by each, ≥ 99.99 % by one/,
      ),
    });
    expect(atLeast(1 / 10, 1)).toBe('10 %');
    expect(atLeast(1 / 10, 2)).toBe('19 %');
  });

  it('writes numbers as people do', () => {
    expect([grouped(7), grouped(1234), grouped(1_234_567)]).toEqual(['7', '1 234', '1 234 567']);
    expect([decimal(0.25), decimal(4.7e-9)]).toEqual(['0.25', '0.0000000047']);
  });
});
