/**
 * A search of traces in parts meets each trace once, in whatever order the parts are run and however small they are.
 */
import { describe, expect, it } from 'vitest';
import { exploreInParallel } from '../../dist/src/explorer/parallel.js';
import { Prng } from '../../src/base/prng.js';
import { type Exploration, type ExploreOptions, explore } from '../../src/explorer/explore.js';
import type { WorldSource } from '../../src/explorer/jobs.js';
import { TraceTree } from '../../src/explorer/reduction/trace-tree.js';
import { OptimalDpor } from '../../src/explorer/strategies/optimal-dpor.js';
import { TracePart } from '../../src/explorer/strategies/trace-part.js';
import type { World } from '../../src/explorer/world.js';
import { makeWorld } from '../../src/worlds/index.js';
import { bruteForce, Recorder } from './brute-force.js';
import { bundled } from './bundled.js';
import * as families from './families.js';
import * as worlds from './parallel-worlds.js';
import { randomProgram } from './random-programs.js';

const FAMILIES = bundled('test/explorer/families.ts');

interface Met {
  readonly traces: string[];
  readonly abandoned: number;
  readonly parts: number;
}

/** Runs parts of at most so many executions, several of which were begun before any of them is over; null: the world is not divided. */
function inParts(world: World, executions: number, prng: Prng): Met | null {
  const tree = new TraceTree();
  const traces: string[] = [];
  let abandoned = 0;
  let parts = 0;
  while (tree.waiting.length > 0) {
    const begun = Array.from({ length: Math.min(3, tree.waiting.length) }, () => {
      const [place] = tree.waiting.splice(prng.below(tree.waiting.length), 1);
      return { place: place ?? null, part: new TracePart(tree.begin(place ?? null)) };
    });
    for (const { place, part } of begun.reverse()) {
      parts++;
      const recorder = new Recorder(part);
      abandoned += explore(world, recorder, { keepGoing: true, schedules: executions }).abandoned;
      if (part.isUnsuited) return null;
      for (const [trace, count] of recorder.traces) traces.push(...Array.from({ length: count }, () => trace));
      tree.end(place, part.partEnd());
    }
  }
  return { traces: traces.sort(), abandoned, parts };
}

function inOne(world: World): string[] {
  const recorder = new Recorder(new OptimalDpor());
  explore(world, recorder, { keepGoing: true });
  return [...recorder.traces.keys()].sort();
}

describe('a search of traces in parts', () => {
  it.each([
    families.readers(6),
    families.writers(5),
    families.mutex(5),
    families.lastzero(5),
    families.philosophers(5),
    families.mailbox(4),
    families.producers(3, 2),
    families.counter(3),
    families.deadlock01(),
    families.philosophersWithMain(3),
    families.indep(3, 3),
  ])('meets each trace of $name once, and leaves no execution', (world) => {
    const expected = inOne(world);
    for (const executions of [1, 2, 7, 1000]) {
      const met = inParts(world, executions, new Prng(executions));
      expect(met).toMatchObject({ traces: expected, abandoned: 0 });
      if (executions === 1 && expected.length > 1) expect(met?.parts).toBeGreaterThan(expected.length / 2);
    }
  });

  it('does so for random programs', () => {
    let divided = 0;
    for (let seed = 1; divided < 120; seed++) {
      const world = randomProgram(seed);
      const known = bruteForce(world, 250);
      if (known === null || known.traces.size < 3) continue;
      const met = inParts(world, 1 + (seed % 3), new Prng(seed));
      if (met === null) continue;
      divided++;
      expect([world.summary, met]).toMatchObject([world.summary, { traces: [...known.traces].sort(), abandoned: 0 }]);
    }
  });
});

describe('a search of traces on threads', () => {
  const source = (name: string, ...given: readonly number[]): WorldSource => ({ module: FAMILIES, name, arguments: given });
  const inOneThread = (world: World, options: ExploreOptions): Exploration => explore(world, new OptimalDpor(), options);

  it.each([
    // More than one part.
    ['producers', [3, 4], families.producers(3, 4)],
    ['lastzero', [4], families.lastzero(4)],
  ] as const)('proves %s by as many traces as one thread', async (name, given, world) => {
    const { schedules, abandoned, coverage } = inOneThread(world, {});
    for (const workers of [2, 3]) {
      const found = await exploreInParallel(source(name, ...given), { strategy: 'optimal-dpor', workers });
      expect(found).toMatchObject({ schedules, abandoned, coverage, faults: [] });
      expect(coverage).toEqual({ kind: 'proved', by: 'traces' });
    }
  });

  it.each([
    ['philosophers', [4], families.philosophers(4), { keepGoing: true }],
    ['producers', [3, 3], families.producers(3, 3), { schedules: 1500 }],
  ] as const)('comes to what one thread comes to: %s, %j', async (name, given, world, options) => {
    const found = await exploreInParallel(source(name, ...given), { strategy: 'optimal-dpor', workers: 2, ...options });
    expect(found).toEqual(inOneThread(world, options));
  });

  it('does not divide worlds with actors, with outcomes, or that are looked at on the way', () => {
    for (const world of [worlds.rich, worlds.gamble, makeWorld('cursor', 'hardened')]) {
      expect([world.name, inParts(world, 1, new Prng(1))]).toEqual([world.name, null]);
    }
  });
});
