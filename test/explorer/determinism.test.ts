/**
 * A schedule does the same each time, here and in another process; and a world in which it doesn't is found out, with the place.
 */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { checkDeterminism, expectedOf, findDivergence } from '../../src/explorer/determinism.js';
import type { Actor, Pending } from '../../src/explorer/actor.js';
import { Execution } from '../../src/explorer/execution.js';
import { explore } from '../../src/explorer/explore.js';
import { Kind } from '../../src/explorer/operation.js';
import type { SharedObject } from '../../src/explorer/shared-object.js';
import { DepthFirst } from '../../src/explorer/strategies/depth-first.js';
import { RandomWalk } from '../../src/explorer/strategies/random-walk.js';
import { defineWorld, type World, type WorldBuilder } from '../../src/explorer/world.js';
import { bundled } from './bundled.js';
import * as families from './families.js';

const RECORDED = 100_000;
/** Of those, replayed in another process. */
const ELSEWHERE = 10_000;

/** A world that finds out how often it was made, with a process besides that does not care. */
function counting(body: (w: WorldBuilder, made: number) => void): World {
  let made = 0;
  return defineWorld('counting', (w) => {
    const y = w.variable('y');
    w.process('even', function* () {
      yield y.write(1);
    });
    body(w, ++made);
  });
}

/** Writes twice. */
class Writer implements Actor {
  private runs = 0;

  constructor(private readonly target: SharedObject) {}

  look(next: Pending): void {
    if (this.runs < 2) next.ready(Kind.write, this.target);
    else next.idle();
  }

  run(): void {
    this.runs++;
  }
}

describe('recorded schedules', () => {
  it('give the same hash again, here and in another process', () => {
    const world = families.lastzero(3);
    const schedules: number[][] = [];
    const hashes: number[] = [];
    const onExecution = ({ schedule, steps, hash }: Execution): void => {
      schedules.push(Array.from(schedule.subarray(0, steps)));
      hashes.push(hash);
    };
    explore(world, new RandomWalk({ seed: 1 }), { schedules: RECORDED, keepGoing: true, onExecution });
    expect(new Set(hashes).size).toBe(920);
    const execution = new Execution(world);
    const wrong = schedules.filter((schedule, index) => {
      execution.begin();
      for (const choice of schedule) execution.step(choice);
      return execution.enabledCount > 0 || execution.hash !== hashes[index];
    });
    expect(wrong).toEqual([]);

    const engine = bundled('src/explorer/execution.ts');
    const program = `
      import { readFileSync } from 'node:fs';
      import { Execution } from ${JSON.stringify(engine)};
      import { lastzero } from ${JSON.stringify(bundled('test/explorer/families.ts'))};
      const execution = new Execution(lastzero(3));
      const hashes = JSON.parse(readFileSync(0, 'utf8')).map((schedule) => {
        execution.begin();
        for (const choice of schedule) execution.step(choice);
        return execution.hash;
      });
      process.stdout.write(JSON.stringify(hashes));`;
    const input = JSON.stringify(schedules.slice(0, ELSEWHERE));
    const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], { input, maxBuffer: 2 ** 24, encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual(hashes.slice(0, ELSEWHERE));
  });

  it('have different hashes if a process sees something else in them', () => {
    // 1 121 schedules, of which those that differ only in what comes between are told apart by their choices.
    const hashes = new Set<number>();
    explore(families.counter(3), new DepthFirst(), { keepGoing: true, onExecution: ({ hash }) => hashes.add(hash) });
    expect(hashes.size).toBe(1121);
  });

  it('are found to be deterministic in every family', () => {
    for (const world of [families.lastzero(2), families.deadlock01(), families.mailbox(2), families.philosophers(2)]) {
      const onExecution = (execution: Execution): void => {
        const schedule = execution.schedule.slice(0, execution.steps);
        expect(findDivergence(world, schedule, expectedOf(execution))).toBe(null);
      };
      explore(world, new DepthFirst(), { keepGoing: true, onExecution });
    }
  });
});

describe('an open world', () => {
  it('fails again in every execution where its setup does', () => {
    const world = defineWorld(
      'open',
      (w) => {
        const x = w.object('x');
        w.actor('writer', new Writer(x));
        w.fail('setup', 'the setup is wrong');
      },
      { open: [] },
    );
    let failing = 0;
    explore(world, new RandomWalk(), { schedules: 5, keepGoing: true, onExecution: ({ failures }) => (failing += failures.length) });
    expect(failing).toBe(5);
  });
});

describe('a world that is not deterministic', () => {
  it('is found out by what a process would do next', () => {
    const world = counting((w, made) => {
      const x = w.variable('x');
      w.process('odd', function* () {
        yield x.read();
        yield made % 2 === 0 ? x.read() : x.write(1);
      });
    });
    expect(findDivergence(world, [1, 1, 0])).toMatchObject({
      step: 1,
      who: 'odd',
      difference: expect.stringMatching(/next is once odd: (read|write) x, and once/),
    });
    expect(() => checkDeterminism(world, [1, 1, 0])).toThrow(/world counting is not deterministic: .* after step 1, made by odd: next is/);
  });

  it('is found out by what would be written', () => {
    const world = counting((w, made) => {
      const x = w.variable('x');
      w.process('odd', function* () {
        yield x.read();
        yield x.write(made);
      });
    });
    expect(findDivergence(world, [0, 1, 1])).toMatchObject({
      step: 2,
      who: 'odd',
      difference: expect.stringContaining('for odd: write x'),
    });
  });

  it('is found out by who has ended, what can run and what fails', () => {
    const ends = counting((w, made) => {
      const x = w.variable('x');
      w.process('odd', function* () {
        yield x.read();
        if (made % 2 === 0) yield x.read();
      });
    });
    expect(findDivergence(ends, [0, 1])).toMatchObject({ step: 2, who: 'odd', difference: expect.stringContaining('odd: nothing') });
    const outcomes = counting((w, made) => {
      const x = w.object('x');
      w.actor('odd', { look: (next) => next.ready(Kind.write, x, 2 + (made % 2)), run: () => {} });
    });
    expect(findDivergence(outcomes, [0, 1])).toMatchObject({ step: 0, who: null, difference: 'what can run differs' });
    const fails = counting((w, made) => w.always('odd', () => made % 2 === 0));
    expect(findDivergence(fails, [0])).toMatchObject({
      difference: expect.stringMatching(/once (nothing|odd) fails, and once (nothing|odd)/),
    });
    const processes = counting((w, made) => {
      if (made % 2 === 0) w.process('more', function* () {});
    });
    expect(findDivergence(processes, [0])).toMatchObject({ step: 0, difference: expect.stringMatching(/there are . processes once/) });
  });

  it("is found out by an actor's fingerprint", () => {
    const world = counting((w, made) => {
      const x = w.object('x');
      let runs = 0;
      w.actor('odd', {
        look: (next) => (runs === 0 ? next.ready(Kind.write, x) : next.idle()),
        run: () => {
          runs += made;
        },
        fingerprint: (hasher) => hasher.add(runs),
      });
    });
    expect(findDivergence(world, [1, 0])).toMatchObject({ step: 1, who: 'odd' });
  });

  it('is found out if only the first execution was different, or the choices of later ones', () => {
    const first = counting((w, made) => {
      const x = w.variable('x', made === 1 ? 7 : 0);
      w.process('odd', function* () {
        yield x.read();
      });
    });
    expect(() => explore(first, new DepthFirst())).toThrow(expect.objectContaining({ fault: 'nondeterminism' }));
    const shorter = counting((w, made) => {
      const x = w.variable('x');
      w.process('odd', function* () {
        yield x.read();
        if (made === 1) yield x.read();
      });
    });
    expect(() => explore(shorter, new DepthFirst())).toThrow(/the choice of step 3 can't be made/);
  });

  it('is found out when what was reported does not come again', () => {
    const world = counting((w, made) => w.always('odd', () => made !== 8));
    expect(explore(world, new RandomWalk(), { schedules: 1 }).faults).toEqual([]);
    // The first of these is made for the fourth time, its replays for the fifth and sixth.
    expect(() => explore(world, new RandomWalk(), { schedules: 100 })).toThrow(/first odd failed, and in a replay nothing/);
    const unchecked = counting((w, made) => w.always('odd', () => made !== 5));
    expect(explore(unchecked, new RandomWalk(), { schedules: 100, verify: false }).faults).toHaveLength(1);
  });
});
