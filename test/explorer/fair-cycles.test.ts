/**
 * What must happen in the end is found not to, as a cycle that goes on for ever in a fair way; and only then.
 */
import { describe, expect, it } from 'vitest';
import { Prng } from '../../src/base/prng.js';
import { Execution, PROCESS_MASK } from '../../src/explorer/execution.js';
import type { Fairness } from '../../src/explorer/states/fair-cycles.js';
import { Fingerprint } from '../../src/explorer/states/fingerprint.js';
import { type StateExploration, type StateFound, searchStates } from '../../src/explorer/states/search-states.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import { hasFairCycle, naiveStates } from './naive-states.js';

/** Runs a fault's schedule: it must come round to the same state, fairly, without the property. */
function expectFairCycle(world: World, { schedule, cycleFrom, property }: StateFound, fairness: Fairness): void {
  const execution = new Execution(world);
  const fingerprint = new Fingerprint(execution, false);
  execution.begin();
  fingerprint.restart();
  const index = execution.builder.properties.findIndex(({ name }) => name === property);
  const ables: Set<number>[] = [];
  const begin: number[] = [];
  for (const [step, choice] of schedule.entries()) {
    const enabled = [...execution.enabled.slice(0, execution.enabledCount)];
    expect(enabled).toContain(choice);
    if (step === cycleFrom) {
      fingerprint.take();
      begin.push(fingerprint.low, fingerprint.high);
    }
    if (cycleFrom !== null && step >= cycleFrom) {
      ables.push(new Set(enabled.map((each) => each & PROCESS_MASK)));
      const there = execution.builder.properties[index];
      expect(there?.kind === 'eventually' ? execution.held[index] === true : there?.holds()).toBe(false);
    }
    fingerprint.before(choice);
    execution.step(choice);
    fingerprint.after(choice);
  }
  fingerprint.take();
  expect([fingerprint.low, fingerprint.high]).toEqual(begin);
  const steps = new Set(schedule.slice(cycleFrom ?? 0).map((choice) => choice & PROCESS_MASK));
  expect(steps.size).toBeGreaterThan(0);
  if (fairness === 'none') return;
  for (let process = 0; process < execution.count; process++) {
    const able = (each: Set<number>): boolean => each.has(process);
    if (fairness === 'weak' ? ables.every(able) : ables.some(able)) expect(steps).toContain(process);
  }
}

/** Properties found broken in both orders and by both ways of going to states; every cycle is run. */
function broken(world: World, fairness: Fairness): string[] {
  const results: StateExploration[] = [];
  for (const order of ['bfs', 'dfs-states'] as const) {
    for (const states of ['packed', 'replayed'] as const) results.push(searchStates(world, { order, states, fairness, keepGoing: true }));
  }
  for (const { faults } of results) for (const fault of faults) if (fault.cycleFrom !== null) expectFairCycle(world, fault, fairness);
  const [first, ...others] = results.map(({ faults }) => faults.map(({ property }) => property).sort());
  for (const other of others) expect([world.name, other]).toEqual([world.name, first]);
  return first ?? [];
}

/** One goes round for ever, another does something once. */
const bystander = defineWorld('bystander', (w) => {
  const x = w.variable('x');
  const done = w.variable('done');
  w.program('round', (p) => p.loop(() => p.write(x, 1)));
  w.program('once', (p) => p.write(done, 1));
  w.eventually('done', () => done.value === 1);
});

/** One takes and leaves a lock for ever, another wants it once. */
const greedy = defineWorld('greedy', (w) => {
  const lock = w.lock('lock');
  const done = w.variable('done');
  w.program('greedy', (p) =>
    p.loop(() => {
      p.lock(lock);
      p.unlock(lock);
    }),
  );
  w.program('patient', (p) => {
    p.lock(lock);
    p.write(done, 1);
    p.unlock(lock);
  });
  w.eventually('done', () => done.value === 1);
});

/** One has a lock, and may let go of it for a moment or never. */
const hoarder = defineWorld('hoarder', (w) => {
  const lock = w.lock('lock');
  const choice = w.choice('choice');
  const done = w.variable('done');
  w.program('hoarder', (p) => {
    const t = p.local();
    p.lock(lock);
    p.loop(() => {
      p.choose(choice, 2, t);
      p.if(t, () => {
        p.unlock(lock);
        p.lock(lock);
      });
    });
  });
  w.program('patient', (p) => {
    p.lock(lock);
    p.write(done, 1);
    p.unlock(lock);
  });
  w.eventually('done', () => done.value === 1);
});

/** Goes round for ever; once round it stays down if the other has said so. */
const stuck = defineWorld('stuck', (w) => {
  const up = w.variable('up');
  const off = w.variable('off');
  w.program('blinker', (p) => {
    const t = p.local();
    p.loop(() => {
      p.read(off, t);
      p.if(t.not(), () => p.write(up, 1));
      p.write(up, 0);
    });
  });
  w.program('switch', (p) => p.write(off, 1));
  w.alwaysEventually('up', () => up.value === 1);
});

/** Two or three processes that go round for ever, with locks, choices and conditions on what they read; x must be 1 again and again. */
const rounds = (seed: number): World =>
  defineWorld(`rounds ${seed}`, (w) => {
    const [x, y] = [w.variable('x'), w.variable('y')];
    const lock = w.lock('lock');
    const choice = w.choice('choice');
    for (let i = 0; i < 2 + (seed % 2); i++) {
      w.program(`p${i}`, (p) => {
        const prng = new Prng(31 * seed + i);
        const t = p.local();
        const statement = (): void => {
          const value = prng.below(2);
          switch (prng.below(7)) {
            case 0:
            case 1:
              return p.write(x, value);
            case 2:
              return p.write(y, value);
            case 3:
              p.lock(lock);
              p.write(x, value);
              return p.unlock(lock);
            case 4:
              p.read(prng.below(2) === 0 ? x : y, t);
              return p.if(t.is(value), () => p.write(x, value));
            case 5:
              p.choose(choice, 2, t);
              return p.if(t, () => p.write(x, 1));
            default:
              p.read(y, t);
              return p.while(t.isNot(value), () => p.read(y, t));
          }
        };
        const body = (): void => {
          for (let each = 0; each <= prng.below(2); each++) statement();
        };
        if (prng.below(4) === 0) body();
        else p.loop(body);
      });
    }
    w.alwaysEventually('up', () => x.value === 1);
  });

describe('what must happen in the end', () => {
  it('happens if only an unfair execution is without it', () => {
    expect(broken(bystander, 'none')).toEqual(['done']);
    expect(broken(bystander, 'weak')).toEqual([]);
    expect(broken(bystander, 'strong')).toEqual([]);
    expect(searchStates(bystander).coverage).toMatchObject({ kind: 'proved', by: 'states' });
  });

  it('does not happen to who can take a lock now and then, unless fairness is strong', () => {
    expect(broken(greedy, 'weak')).toEqual(['done']);
    expect(broken(greedy, 'strong')).toEqual([]);
    // Where he never can, what is fair to others is fair to him.
    expect(broken(hoarder, 'strong')).toEqual(['done']);
  });

  it('must happen again and again', () => {
    expect(broken(stuck, 'strong')).toEqual(['up']);
    const [fault] = searchStates(stuck).faults;
    expect(fault?.cycleFrom).toBeGreaterThan(0);
    expect(fault?.message).toBe(`up: it can go on for ever without, from step ${fault?.cycleFrom} on`);
  });

  it('must have happened when nobody can go on', () => {
    const world = defineWorld('end', (w) => {
      const x = w.variable('x');
      w.program('p', (p) => p.write(x, 1));
      w.program('q', (p) => p.write(x, 2));
      w.eventually('two', () => x.value === 2);
      w.alwaysEventually('two at the end', () => x.value === 2);
    });
    expect(broken(world, 'weak')).toEqual(['two at the end']);
  });

  it('is not said of a state that was not left yet, whoever could go on from there', () => {
    for (let maxStates = 1; maxStates < 8; maxStates++) expect(searchStates(bystander, { maxStates }).faults).toEqual([]);
    const undecided = defineWorld('undecided', (w) => {
      const [choice, x, done] = [w.choice('choice'), w.variable('x'), w.variable('done')];
      w.program('chooser', (p) => {
        const t = p.local();
        p.loop(() => {
          p.choose(choice, 2, t);
          p.if(t, () => p.write(x, 1));
        });
      });
      w.program('once', (p) => p.write(done, 1));
      w.eventually('done', () => done.value === 1);
    });
    for (let maxStates = 1; maxStates < 8; maxStates++) expect(searchStates(undecided, { maxStates }).faults).toEqual([]);
    for (let maxDepth = 1; maxDepth < 4; maxDepth++) expect(searchStates(bystander, { maxDepth }).faults).toEqual([]);
  });

  it('is found as the plain search finds it, in random programs', () => {
    const verdicts = { weak: 0, strong: 0, none: 0 };
    let compared = 0;
    for (let seed = 0; seed < 60; seed++) {
      const world = rounds(seed);
      const plain = naiveStates(world, 120);
      if (plain === null) continue;
      compared++;
      for (const fairness of ['weak', 'strong', 'none'] as const) {
        const expected = hasFairCycle(plain, 0, fairness);
        const found = broken(world, fairness).includes('up');
        expect([world.name, fairness, found]).toEqual([world.name, fairness, expected]);
        if (found) verdicts[fairness]++;
      }
    }
    expect(compared).toBeGreaterThan(30);
    // Each kind of fairness must make a difference, or the comparison shows little.
    expect(verdicts.strong).toBeGreaterThan(5);
    expect(verdicts.weak).toBeGreaterThan(verdicts.strong + 2);
    expect(verdicts.none).toBeGreaterThan(verdicts.weak + 2);
    expect(compared).toBeGreaterThan(verdicts.none + 2);
  });
});
