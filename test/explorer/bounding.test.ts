/**
 * Bounding meets exactly the schedules of each bound, once and in order; replay and the portfolio do and say what they should.
 */
import { describe, expect, it } from 'vitest';
import { Execution, PROCESS_MASK } from '../../src/explorer/execution.js';
import { type Exploration, explore } from '../../src/explorer/explore.js';
import { Kind } from '../../src/explorer/operation.js';
import type { BoundedSearch } from '../../src/explorer/strategies/bounded-search.js';
import { DelayBounding } from '../../src/explorer/strategies/delay-bounding.js';
import { DepthFirst } from '../../src/explorer/strategies/depth-first.js';
import { Mixture, Portfolio } from '../../src/explorer/strategies/portfolio.js';
import { PreemptionBounding } from '../../src/explorer/strategies/preemption-bounding.js';
import { Replay } from '../../src/explorer/strategies/replay.js';
import type { Strategy } from '../../src/explorer/strategy.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import * as families from './families.js';

/** Two timers, a choice and a writer. */
const timers = defineWorld('timers', (w) => {
  const [late, later, die, x] = [w.timer('late'), w.timer('later'), w.choice('die'), w.variable('x')];
  w.process('sleeper', function* () {
    yield late.timeout();
    yield x.read();
  });
  w.process('writer', function* () {
    yield x.write(yield die.choose(2));
    yield x.write(2);
  });
  w.process('other sleeper', function* () {
    yield x.read();
    yield later.timeout();
  });
});

const processesOf = (execution: Execution): number[] => [
  ...new Set(Array.from(execution.enabled.subarray(0, execution.enabledCount), (choice) => choice & PROCESS_MASK)),
];

/** What a choice costs where an execution stands. */
type Cost = (execution: Execution, last: number, process: number) => number;

const preemption: Cost = (execution, last, process) => {
  const couldGoOn = processesOf(execution).includes(last) && execution.kindOf(last) !== Kind.timeout;
  return couldGoOn && process !== last ? 1 : 0;
};

const delays: Cost = (execution, last, process) => {
  const turn = (each: number): number => (each - Math.max(last, 0) + execution.count) % execution.count;
  return processesOf(execution).filter((each) => turn(each) < turn(process)).length;
};

function costOf(world: World, schedule: readonly number[], cost: Cost): number {
  const execution = new Execution(world);
  execution.begin();
  let sum = 0;
  let last = -1;
  for (const choice of schedule) {
    const process = choice & PROCESS_MASK;
    sum += cost(execution, last, process);
    execution.step(choice);
    last = process;
  }
  return sum;
}

const scheduleOf = ({ schedule, steps }: Execution): number[] => Array.from(schedule.subarray(0, steps));

/** All schedules that a strategy meets, in its order. */
function schedulesOf(world: World, strategy: Strategy, limit = Number.POSITIVE_INFINITY): { found: Exploration; schedules: number[][] } {
  const schedules: number[][] = [];
  const found = explore(world, strategy, { keepGoing: true, schedules: limit, onExecution: (each) => schedules.push(scheduleOf(each)) });
  return { found, schedules };
}

const KINDS: readonly (readonly [string, () => BoundedSearch, Cost])[] = [
  ['preemptions', () => new PreemptionBounding(), preemption],
  ['delays', () => new DelayBounding(), delays],
];

describe.each(KINDS)('bounding of %s', (name, make, cost) => {
  it.each([families.counter(2), families.deadlock01(), families.mailbox(3), families.indep(2, 4), families.mutex(3), timers])(
    'meets every schedule of $name once, the cheapest first',
    (world) => {
      const all = schedulesOf(world, new DepthFirst()).schedules;
      const strategy = make();
      const { found, schedules } = schedulesOf(world, strategy);
      expect(strategy.name).toBe(name);
      expect(found.coverage).toEqual({ kind: 'proved', by: 'schedules' });
      expect(schedules.map(String).sort()).toEqual(all.map(String).sort());
      const costs = schedules.map((schedule) => costOf(world, schedule, cost));
      expect(costs).toEqual([...costs].sort((a, b) => a - b));
      const counts = strategy.schedules.map((_, round) => costs.filter((each) => each === round).length);
      expect(strategy.schedules).toEqual(counts);
    },
  );

  it('says which bound it has met whole', () => {
    const world = families.philosophers(3);
    const within = (most: number): number =>
      schedulesOf(world, new DepthFirst()).schedules.filter((schedule) => costOf(world, schedule, cost) <= most).length;
    for (const most of [0, 1, 2]) {
      const strategy = name === 'delays' ? new DelayBounding({ most }) : new PreemptionBounding({ most });
      const { found } = schedulesOf(world, strategy);
      expect(found.schedules).toBe(within(most));
      expect(found.coverage).toEqual({ kind: 'bounded', bound: `≤ ${most} ${name} (all ${within(most)} schedules)` });
    }
    const early = schedulesOf(world, make(), within(0) + 1).found;
    expect(early.coverage).toEqual({ kind: 'bounded', bound: `≤ 0 ${name} (all ${within(0)} schedules)` });
    expect(schedulesOf(families.mutex(3), make(), 0).found.coverage).toMatchObject({ kind: 'sampled' });
  });

  it('finds a fault with as few as it takes', () => {
    const [fault] = explore(families.deadlock01(), make()).faults;
    expect(fault).toMatchObject({ property: 'deadlock' });
    const least = schedulesOf(families.deadlock01(), new DepthFirst())
      .schedules.filter((schedule) => explore(families.deadlock01(), new Replay(schedule), { verify: false }).faults.length > 0)
      .map((schedule) => costOf(families.deadlock01(), schedule, cost));
    expect(costOf(families.deadlock01(), fault?.schedule ?? [], cost)).toBe(Math.min(...least));
  });
});

describe('replay', () => {
  it('makes an execution again', () => {
    const world = families.counter(3);
    const { schedules } = schedulesOf(world, new DepthFirst());
    for (const schedule of schedules.slice(0, 200)) {
      const replay = new Replay(schedule);
      expect(schedulesOf(world, replay).schedules).toEqual([schedule]);
      expect(replay.divergedAt).toBe(null);
      expect(replay.coverage()).toEqual({ kind: 'sampled', confidence: 'one given schedule' });
    }
  });

  it('goes on with the first choices after the end of the list', () => {
    const replay = new Replay([1]);
    expect(schedulesOf(families.indep(2, 2), replay).schedules).toEqual([[1, 0, 0, 1]]);
    expect(replay.divergedAt).toBe(null);
  });

  it('says where a choice could not be made, and goes on with the first', () => {
    const replay = new Replay([0, 0, 0, 2]);
    expect(schedulesOf(families.indep(3, 2), replay).schedules).toEqual([[0, 0, 1, 1, 2, 2]]);
    expect(replay.divergedAt).toBe(2);
    expect(replay.coverage()).toEqual({ kind: 'sampled', confidence: 'a schedule that is the given one for 2 steps' });
  });

  it('says that the world ended before the list did', () => {
    const replay = new Replay([0, 0, 0]);
    expect(schedulesOf(families.indep(1, 2), replay).schedules).toEqual([[0, 0]]);
    expect(replay.divergedAt).toBe(2);
  });
});

describe('the portfolio', () => {
  it('proves what has few schedules', () => {
    const { found } = schedulesOf(families.indep(2, 2), new Portfolio());
    expect(found).toMatchObject({ schedules: 6, coverage: { kind: 'proved', by: 'schedules' } });
  });

  it('begins with few preemptions, then few delays, then samples, and says so', () => {
    const world = families.counter(3);
    const bounded = [new PreemptionBounding({ most: 2 }), new DelayBounding({ most: 2 })].map((each) => schedulesOf(world, each));
    const beginning = bounded.flatMap(({ schedules }) => schedules);
    const { found, schedules } = schedulesOf(world, new Portfolio({ seed: 1 }), beginning.length + 10);
    expect(schedules.slice(0, -10)).toEqual(beginning);
    expect(schedules.slice(-10)).toEqual(schedulesOf(world, new Mixture({ seed: 1 }), 10).schedules);
    const [preempted, delayed] = bounded.map(({ found: { coverage } }) => coverage.kind === 'bounded' && coverage.bound);
    expect(found.coverage).toMatchObject({
      kind: 'bounded',
      bound: expect.stringMatching(/; and beyond, 10 executions by random walk, POS, .* in turn: a fault that they have/),
    });
    expect(found.coverage.kind === 'bounded' && found.coverage.bound.split(';')[0]).toBe(`${preempted} and ${delayed}`);
  });

  it('does not wait for ever for either bounding', () => {
    const { found, schedules } = schedulesOf(families.indep(6, 12), new Portfolio(), 5000);
    expect(found.coverage).toMatchObject({
      kind: 'bounded',
      bound: expect.stringMatching(
        /^≤ 0 preemptions \(all 720 schedules\) and ≤ 1 delays \(all \d+ schedules\); and beyond, [\d ]+ executions by/,
      ),
    });
    expect(schedules.length).toBe(5000);
  });

  it('says that it has met no bound whole, if so it is', () => {
    const stopped = schedulesOf(families.philosophers(3), new Portfolio(), 0).found;
    expect(stopped.coverage).toEqual({ kind: 'sampled', confidence: expect.stringMatching(/^nothing; and no execution by random walk/) });
  });

  it('finds what needs one preemption at once', () => {
    const [fault] = explore(families.deadlock01(), new Portfolio()).faults;
    expect(fault?.execution).toBeLessThan(20);
    expect(costOf(families.deadlock01(), fault?.schedule ?? [], preemption)).toBe(1);
  });
});
