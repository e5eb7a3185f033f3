/**
 * Partial-order reduction against brute force: 1000 random programs and 300 random worlds of actors, and mutants of the reduction, which the
 * same comparison must notice.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { explore } from '../../src/explorer/explore.js';
import { OptimalDpor } from '../../src/explorer/strategies/optimal-dpor.js';
import { SourceDpor } from '../../src/explorer/strategies/source-dpor.js';
import type { World } from '../../src/explorer/world.js';
import { type BruteForce, bruteForce, Recorder } from './brute-force.js';
import { mutants } from './dpor-mutants.js';
import { randomActors } from './random-actors.js';
import { randomProgram } from './random-programs.js';

/** Programs with more schedules are left out; those with fewer than three show nothing. */
const MOST_SCHEDULES = 250;

interface Sample {
  readonly world: World;
  readonly known: BruteForce;
}

function take(count: number, make: (seed: number) => World): Sample[] {
  const samples: Sample[] = [];
  for (let seed = 1; samples.length < count; seed++) {
    const world = make(seed);
    const known = bruteForce(world, MOST_SCHEDULES);
    if (known !== null && known.schedules > 2) samples.push({ world, known });
  }
  return samples;
}

/** What a strategy makes of a sample, in the words of brute force, and how many executions it left. */
function reduce({ world }: Sample, strategy: SourceDpor | OptimalDpor): { readonly summary: object; readonly abandoned: number } {
  const recorder = new Recorder(strategy);
  const { faults, schedules, abandoned } = explore(world, recorder, { keepGoing: true, schedules: 10 * MOST_SCHEDULES });
  const failures = faults.map(({ property }) => property).sort();
  return { summary: { program: world.summary, traces: [...recorder.traces.keys()].sort(), schedules, failures }, abandoned };
}

const expected = ({ world, known }: Sample): object => ({
  program: world.summary,
  traces: [...known.traces].sort(),
  schedules: known.traces.size,
  failures: known.failures,
});

let programs: Sample[] = [];
let actors: Sample[] = [];

beforeAll(() => {
  programs = take(1000, randomProgram);
  actors = take(300, randomActors);
});

describe('the samples', () => {
  it('have many schedules for each trace, traces for each program, and failures in some', () => {
    for (const samples of [programs, actors]) {
      const schedules = samples.reduce((sum, { known }) => sum + known.schedules, 0);
      const traces = samples.reduce((sum, { known }) => sum + known.traces.size, 0);
      expect(schedules / traces).toBeGreaterThan(2);
      expect(traces / samples.length).toBeGreaterThan(8);
      const failing = samples.filter(({ known }) => known.failures.length > 0).length;
      expect(failing).toBeGreaterThan(samples.length / 20);
      expect(failing).toBeLessThan(0.75 * samples.length);
    }
  });
});

describe.each([
  ['source-DPOR', () => new SourceDpor()],
  ['optimal DPOR', () => new OptimalDpor()],
])('%s', (name, make) => {
  it('meets each trace of each program once, and fails if and only if some schedule does', () => {
    for (const sample of programs) {
      const { summary, abandoned } = reduce(sample, make());
      expect(summary).toEqual(expected(sample));
      if (name === 'optimal DPOR') expect(abandoned).toBe(0);
    }
  });

  it('does so in worlds of actors, whose footprints are known only after their steps', () => {
    for (const sample of actors) expect(reduce(sample, make()).summary).toEqual(expected(sample));
  });
});

describe('mutants', () => {
  it('are noticed, at least 99 of 100, by the number of traces or of executions left half way', () => {
    const missed = mutants.filter((mutant) => !isNoticed(mutant.make, mutant.isOptimal)).map(({ name }) => name);
    expect(mutants.length).toBeGreaterThan(60);
    expect(missed.length, missed.join(', ')).toBeLessThanOrEqual(mutants.length / 100);
  });
});

function isNoticed(make: () => SourceDpor | OptimalDpor, isOptimal: boolean): boolean {
  for (const { world, known } of [...programs.slice(0, 100), ...actors, ...programs.slice(100)]) {
    try {
      const most = known.traces.size + 1;
      let stopped = false;
      const stop = (): boolean => {
        stopped = true;
        return true;
      };
      const { schedules, abandoned } = explore(world, make(), { keepGoing: true, schedules: most, stop });
      if (stopped || schedules !== known.traces.size) return true;
      if (isOptimal && abandoned > 0 && !world.name.startsWith('actors')) return true;
    } catch {
      // It made a choice that can't be made.
      return true;
    }
  }
  return false;
}
