/**
 * Kept states that differ by which of interchangeable actors is which are one: exactly those, with the same verdicts, of what goes on for ever too.
 */
import { describe, expect, it } from 'vitest';
import type { Actor, Pending } from '../../src/explorer/actor.js';
import { Execution } from '../../src/explorer/execution.js';
import { Kind } from '../../src/explorer/operation.js';
import type { SharedObject } from '../../src/explorer/shared-object.js';
import { Arrangements } from '../../src/explorer/states/arrangements.js';
import { KeptSpace } from '../../src/explorer/states/kept-space.js';
import { type StateFound, searchStates } from '../../src/explorer/states/search-states.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import { hasFairCycle } from './naive-states.js';
import { naiveOpenStates, openActors } from './open-actors.js';

/** Properties of open-actors.ts that must happen in the end, by their numbers. */
const LIVE = ['', 'queue is empty', 'cell'];
const FAIRNESS = ['weak', 'strong', 'none'] as const;
const names = (faults: readonly { readonly property: string }[]): string[] => faults.map(({ property }) => property).sort();

/** A schedule breaks what it says that it breaks; one that has a cycle comes back to where that begins, and it is never fulfilled in it. */
function check(world: World, { property, schedule, cycleFrom }: StateFound): void {
  const execution = new Execution(world);
  execution.begin();
  const { properties } = execution.builder;
  const number = properties.findIndex(({ name }) => name === property);
  let begin: readonly number[] = [];
  for (let step = 0; step <= schedule.length; step++) {
    const moment = execution.keep();
    const here = [moment?.low ?? 0, moment?.high ?? 0];
    if (step === cycleFrom) begin = here;
    if (cycleFrom !== null && step >= cycleFrom) {
      const isFulfilled =
        properties[number]?.kind === 'eventually' ? execution.held[number] === true : properties[number]?.holds() === true;
      expect(isFulfilled).toBe(false);
      if (step === schedule.length) expect(here).toEqual(begin);
    }
    const choice = schedule[step];
    if (choice === undefined) break;
    expect(execution.enabled.slice(0, execution.enabledCount)).toContain(choice);
    execution.step(choice);
  }
  if (cycleFrom === null) expect(execution.failures.map((failure) => failure.property)).toContain(property);
}

/** Of the state that a schedule leads to. */
function fingerprintOf(world: World, schedule: readonly number[]): string {
  const execution = new Execution(world);
  execution.begin();
  const { processes, symmetric } = execution.builder;
  const space = new KeptSpace(world, new Map(), Arrangements.of(processes.length, symmetric));
  space.begin();
  for (const choice of schedule) space.step(choice);
  return `${space.low} ${space.high}`;
}

/** What two spinners share. */
class Top {
  moved: Spinner | null = null;
  spinner: Spinner | null = null;
  phase = 0;
  isDone = false;

  constructor(readonly target: SharedObject) {}
}

/** One of two moves, then one of the two begins to spin, in a phase that depends on whether it was the same; the other could end it all. */
class Spinner implements Actor {
  constructor(private readonly top: Top) {}

  look(next: Pending): void {
    if (this.top.isDone) next.idle();
    else next.ready(Kind.update, this.top.target);
  }

  run(): void {
    const { top } = this;
    if (top.spinner === this) top.phase = 1 - top.phase;
    else if (top.spinner !== null) top.isDone = true;
    else if (top.moved === null) top.moved = this;
    else {
      top.spinner = this;
      top.phase = top.moved === this ? 0 : 1;
      top.moved = null;
    }
  }
}

/** Holds a number, and its name and number where no state has them. */
class Named implements Actor {
  /** The name of who was here last. */
  last = '';
  readonly constants: { readonly name: string; readonly number: number };

  constructor(
    private readonly target: SharedObject,
    name: string,
    number: number,
    private readonly tells: boolean,
  ) {
    this.constants = { name, number };
  }

  look(next: Pending): void {
    if (this.last === '') next.ready(Kind.update, this.target);
    else next.idle();
  }

  run(): void {
    this.last = this.tells ? this.constants.name : 'somebody';
  }
}

const named = (numbers: readonly number[], tells: boolean): World =>
  defineWorld(
    'named',
    (w) => {
      const target = w.object('target');
      w.interchangeable(...numbers.map((number, index) => w.actor(`m${index}`, new Named(target, `m${index}`, number, tells))));
    },
    { open: ['constants'] },
  );

describe('interchangeable actors of an open world', () => {
  it('leave the states that differ in more than who is who, with the same failures, at the end and in what has none', () => {
    const seen = { compared: 0, reduced: 0, ends: 0, cycles: 0 };
    for (let seed = 1; seed <= 50; seed++) {
      const world = openActors(seed);
      const plain = naiveOpenStates(world, 250);
      if (plain === null) continue;
      seen.compared++;
      if (plain.orbits.size < plain.states) seen.reduced++;
      const found = new Map(plain.ways.map(({ schedule, orbit }) => [fingerprintOf(world, schedule), orbit]));
      expect([world.name, found.size, new Set(found.values()).size]).toEqual([world.name, plain.orbits.size, plain.orbits.size]);
      for (const fairness of FAIRNESS) {
        const all = searchStates(world, { keepGoing: true, symmetry: false, fairness });
        expect([world.name, all.states, all.symmetric]).toEqual([world.name, plain.states, false]);
        for (const order of ['bfs', 'dfs-states'] as const) {
          const few = searchStates(world, { keepGoing: true, order, fairness });
          expect([world.name, few.states, few.symmetric, few.by]).toEqual([world.name, plain.orbits.size, true, 'kept']);
          expect([world.name, order, fairness, names(few.faults)]).toEqual([world.name, order, fairness, names(all.faults)]);
          expect([few.deadlocks > 0, [...few.reached]]).toEqual([all.deadlocks > 0, [...all.reached]]);
          for (const fault of few.faults) check(world, fault);
          for (const { property, schedule, cycleFrom } of few.faults) {
            if (cycleFrom !== null) expect(hasFairCycle(plain, LIVE.indexOf(property), fairness)).toBe(true);
            else if (order === 'bfs')
              expect([world.name, property, schedule.length]).toEqual([world.name, property, plain.faults.get(property)]);
          }
        }
        seen[all.faults.some(({ cycleFrom }) => cycleFrom !== null) ? 'cycles' : 'ends']++;
      }
    }
    expect(seen.compared).toBeGreaterThan(30);
    expect(seen.reduced).toBeGreaterThan(30);
    expect(seen.ends).toBeGreaterThan(30);
    expect(seen.cycles).toBeGreaterThan(30);
  });

  it('are not taken to take steps that others take in their place', () => {
    const world = defineWorld(
      'spinners',
      (w) => {
        const top = new Top(w.object('top'));
        w.state(top);
        w.interchangeable(w.actor('a', new Spinner(top)), w.actor('b', new Spinner(top)));
        w.eventually('it is done', () => top.isDone);
      },
      { open: [] },
    );
    // Nobody has moved; one has; it spins, or the other does; and it is done in either phase, which four states tell apart that were eight.
    expect(searchStates(world, { symmetry: false })).toMatchObject({ states: 1 + 2 + 4 + 4, faults: [] });
    expect(searchStates(world)).toMatchObject({ states: 1 + 1 + 2 + 2, symmetric: true, faults: [] });
    const [fault] = searchStates(world, { fairness: 'none' }).faults;
    expect(fault).toMatchObject({ property: 'it is done' });
    if (fault !== undefined) check(world, fault);
  });

  it('are refused if they differ in what no state has, or a state has their names', () => {
    expect(searchStates(named([1, 1, 1], false))).toMatchObject({ symmetric: true, states: 4 });
    expect(searchStates(named([1, 1, 1], false), { symmetry: false }).states).toBe(8);
    expect(() => searchStates(named([1, 1, 2], false))).toThrow('m0 and m2 are not interchangeable: they differ in constants.number');
    expect(() => searchStates(named([1, 1], true))).toThrow('m0 is interchangeable, and its name is a text of the state');
  });

  it('are not taken as such if there are too many ways to exchange them', () => {
    expect(searchStates(named([1, 1, 1, 1, 1], false))).toMatchObject({ symmetric: true, states: 6 });
    expect(searchStates(named([1, 1, 1, 1, 1, 1], false))).toMatchObject({ symmetric: false, states: 64 });
  });
});
