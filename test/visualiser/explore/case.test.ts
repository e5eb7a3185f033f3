/**
 * An execution that is had again: whether it goes on for ever as it is said to, and what there is to see in it.
 */
import { describe, expect, it } from 'vitest';
import { Recorder } from '../../../src/explorer/recording.js';
import { formatSchedule, named, parseSchedule } from '../../../src/explorer/schedule-text.js';
import { searchStates, type StateFound } from '../../../src/explorer/states/search-states.js';
import { defineWorld, type World } from '../../../src/explorer/world.js';
import { caseOfFault, caseOfSchedule } from '../../../src/visualiser/explore/case.js';

const again = (world: World, schedule: string, cycleFrom: number, property: string | null = null) =>
  caseOfSchedule({ world, inspect: null }, parseSchedule(schedule), { property, cycleFrom }).view;

/** Who goes round for ever is cut off soon. */
const SHORT = { maxSteps: 50 };

/** Reads for ever; another can write once, and then it has been read for long enough. */
const spin = defineWorld(
  'spin',
  (w) => {
    const x = w.variable('x');
    w.program('p', (p) => p.loop(() => p.read(x, p.local())));
    w.program('q', (p) => p.write(x, 1));
    w.eventually('x is 1', () => x.value === 1);
    w.eventually('x is 2', () => x.value === 2);
  },
  SHORT,
);

/** As a body, which is run anew to come to its states. */
const polling = defineWorld(
  'polling',
  (w) => {
    const x = w.variable('x');
    w.process('p', function* () {
      while ((yield x.read()) === 0);
    });
    w.eventually('x is 1', () => x.value === 1);
  },
  SHORT,
);

/** One takes and leaves a lock for ever; another wants it once. */
const greedy = defineWorld(
  'greedy',
  (w) => {
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
    });
    w.eventually('done', () => done.value === 1);
  },
  SHORT,
);

describe('an execution that is said to go on for ever', () => {
  it.each([spin, polling])('does so if it was found to: $name', (world) => {
    const [fault] = searchStates(world, { keepGoing: true }).faults.filter(({ cycleFrom }) => cycleFrom !== null) as [StateFound];
    const recorder = new Recorder(world);
    let next = 0;
    const { steps } = recorder.record(() => fault.schedule[next++] ?? -1, null);
    const schedule = formatSchedule(named(recorder.execution, world.name, steps));
    const { cycleFrom } = fault;
    const found = caseOfFault({ world, inspect: null }, fault, '');
    const view = again(world, schedule, cycleFrom as number, fault.property);
    expect([view.cycleFrom, view.failure, view.departures]).toEqual([cycleFrom, found.failure, []]);
    expect(view.said.lines).toContainEqual(expect.stringMatching(/^and so on for ever: steps \d+-\d+ again and again/));
    expect(view.run).toEqual(found.run);
  });

  it('is unfair if somebody who always could go on never does, and is no such execution', () => {
    expect(again(spin, 's1/spin/p:3.read.x', 1)).toMatchObject({ cycleFrom: null });
    expect(again(spin, 's1/spin/q:write.x/p:3.read.x', 2)).toMatchObject({ cycleFrom: 2, failure: { property: 'x is 2' } });
  });

  it('is fair to somebody who can go on only now and then', () => {
    expect(again(greedy, 's1/greedy/greedy:lock.lock,unlock.lock', 0)).toMatchObject({ cycleFrom: 0, failure: { property: 'done' } });
  });

  it('is none if it comes to another state than it was in', () => {
    expect(again(spin, 's1/spin/p:read.x/q:write.x/p:read.x', 0).cycleFrom).toBeNull();
  });

  it('is none if all that must happen does', () => {
    const view = again(spin, 's1/spin/q:write.x/p:3.read.x', 2, 'x is 1');
    // What does not happen is another thing than was asked for.
    expect(view.failure?.property).toBe('x is 2');
  });

  it('is none if it has ended before', () => {
    expect(again(spin, 's1/spin/q:write.x/p:3.read.x', 9).cycleFrom).toBeNull();
  });
});

describe('what there is to see of a world', () => {
  it('is shown by whose it is, whatever it is called', () => {
    const inspect = () => [{ owner: 'part', name: 'state', value: 'well' }];
    const { run } = caseOfSchedule({ world: spin, inspect }, parseSchedule('s1/spin/q:write.x')).view;
    const [title, rows] = run.state.at(-1) ?? ['', []];
    expect([title, rows.map(([name, fields]) => [name, fields.map((field) => run.first[field])])]).toEqual(['part', [['state', ['well']]]]);
    expect(run.state[0]?.[1].map(([name]) => name)).toEqual(['p', 'q']);
  });
});
