/**
 * Partial-order reduction makes one execution of each trace of the families whose numbers are known.
 */
import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explorer/explore.js';
import { OptimalDpor } from '../../src/explorer/strategies/optimal-dpor.js';
import { SourceDpor } from '../../src/explorer/strategies/source-dpor.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import * as families from './families.js';

const KNOWN: readonly (readonly [World, number])[] = [
  [families.indep(2, 3), 1],
  [families.indep(3, 3), 1],
  [families.indep(5, 20), 1],
  ...[1, 2, 3, 4, 5, 6, 7, 8].map((n) => [families.readers(n), 2 ** n] as const),
  ...[1, 2, 3, 4, 5, 6].map((n) => [families.writers(n), factorial(n)] as const),
  ...[1, 2, 3, 4, 5, 6].map((n) => [families.mutex(n), factorial(n)] as const),
  ...[1, 2, 3, 4, 5].map((n) => [families.lastzero(n), (n + 3) * 2 ** (n - 2)] as const),
  ...[2, 3, 4, 5].map((n) => [families.philosophers(n), 2 ** n - 1] as const),
  ...[1, 2, 3, 4, 5].map((n) => [families.mailbox(n), factorial(n)] as const),
  ...(
    [
      [2, 1],
      [2, 2],
      [2, 3],
      [3, 2],
      [3, 3],
    ] as const
  ).map(([m, k]) => [families.producers(m, k), factorial(m * k) / factorial(k) ** m] as const),
  [families.counter(3), 36],
  [families.deadlock01(), 3],
  [families.philosophersWithMain(3), 7],
];

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}

describe.each([
  ['source-DPOR', () => new SourceDpor()],
  ['optimal DPOR', () => new OptimalDpor()],
])('%s', (name, make) => {
  it.each(KNOWN.map(([world, traces]) => [world.name, traces, world] as const))('meets every trace of %s once: %i', (_, traces, world) => {
    const found = explore(world, make(), { keepGoing: true });
    expect(found).toMatchObject({ schedules: traces, coverage: { kind: 'proved', by: 'traces' } });
    if (name === 'optimal DPOR') expect(found.abandoned).toBe(0);
  });

  it.each([
    ['counter(3)', 30, families.counter(3)] as const,
    ['deadlock01', 1, families.deadlock01()] as const,
    ...[2, 3, 4, 5].map((n) => [`philosophers(${n})`, 1, families.philosophers(n)] as const),
  ])('meets the traces of %s that are wrong: %i', (_, wrong, world) => {
    const failing: number[] = [];
    explore(world, make(), {
      keepGoing: true,
      onExecution: ({ failures }) => {
        if (failures.length > 0) failing.push(failures.length);
      },
    });
    expect(failing).toHaveLength(wrong);
  });

  it('needs no bound on processes', () => {
    const world = defineWorld('forty processes', (w) => {
      const x = w.variable('x');
      for (let index = 0; index < 40; index++) {
        w.process(`p${index}`, function* () {
          yield index < 4 ? x.write(index) : x.read();
        });
      }
    });
    expect(explore(world, make(), { schedules: 2000 }).schedules).toBe(2000);
  });

  it('says how far it is', () => {
    const strategy = make();
    const seen: number[] = [];
    explore(families.mutex(5), strategy, { onExecution: () => seen.push(strategy.progress() ?? 0) });
    expect(new Set(seen).size).toBeGreaterThan(50);
    expect(seen).toEqual([...seen].sort((one, other) => one - other));
    expect(strategy.progress()).toBe(1);
  });

  it('does not claim a proof when executions were cut off, or before it is over', () => {
    const world = defineWorld(
      'long',
      (w) => {
        const x = w.variable('x');
        for (const p of ['p', 'q']) {
          w.process(p, function* () {
            for (;;) yield x.write(1);
          });
        }
      },
      { maxSteps: 5 },
    );
    const found = explore(world, make(), { keepGoing: true });
    expect(found.coverage.kind).toBe('bounded');
    expect(found.schedules).toBe(2 ** 5);
    expect(explore(families.mutex(5), make(), { schedules: 10 }).coverage.kind).toBe('sampled');
  });
});

describe('source-DPOR', () => {
  it.each([
    [1, 0],
    [2, 0],
    [3, 1],
    [4, 7],
    [5, 33],
  ])('leaves of lastzero(%i) at most %i executions half way', (n, most) => {
    expect(explore(families.lastzero(n), new SourceDpor()).abandoned).toBeLessThanOrEqual(most);
  });
});
