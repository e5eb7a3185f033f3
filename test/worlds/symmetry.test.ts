/**
 * The background queue's workers are as good as each other: which of them does what is no difference between states of the device's worlds.
 */
import { describe, expect, it } from 'vitest';
import type { Builder } from '../../src/explorer/builder.js';
import { Execution } from '../../src/explorer/execution.js';
import { Hasher } from '../../src/explorer/hasher.js';
import { searchStates } from '../../src/explorer/states/search-states.js';
import { StateWalker } from '../../src/explorer/states/state-walker.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { makeWorld } from '../../src/worlds/index.js';

/** States, and states that are left if workers are exchanged, as a walk of everything there is tells them apart. */
function countOrbits(world: World): { readonly states: number; readonly orbits: number } {
  const execution = new Execution(world);
  execution.begin();
  const { processes, states, symmetric } = execution.builder;
  const [group = []] = symmetric;
  const everybody = processes.map((_, process) => process);
  const exchanges = permutations(group).map((order) =>
    everybody.map((each) => (group.includes(each) ? (order[group.indexOf(each)] ?? 0) : each)),
  );
  const walker = new StateWalker({ ignore: world.open ?? [] });
  const hasher = new Hasher();
  const look = (exchange: readonly number[]): string => {
    hasher.restart();
    const messages = execution.builder.inboxes.map(({ contents }) => contents);
    walker.add(hasher, [exchange.map((process) => processes[process]?.actor), messages, states]);
    return `${hasher.low} ${hasher.high}`;
  };
  const seen = new Set<string>();
  const orbits = new Set<string>();
  const queue: number[][] = [[]];
  for (const schedule of queue) {
    execution.begin();
    for (const choice of schedule) execution.step(choice);
    const texts = exchanges.map(look);
    const [state = ''] = texts;
    if (seen.has(state)) continue;
    seen.add(state);
    orbits.add(texts.sort()[0] ?? '');
    for (let choice = 0; choice < execution.enabledCount; choice++) queue.push([...schedule, execution.enabled[choice] ?? 0]);
  }
  return { states: seen.size, orbits: orbits.size };
}

function permutations(items: readonly number[]): number[][] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

const WORLDS: readonly (readonly [string, RevisionName])[] = [
  ['upcalls', 'hardened'],
  ['reading', 'hardened'],
  ['interrupts', 'v5'],
  ['cursor', 'bh'],
];

describe('workers that are exchanged', () => {
  it.each(WORLDS)('make no difference: the states of %s in %s are counted one by one', (name, revision) => {
    const world = makeWorld(name, revision);
    const { states, orbits } = countOrbits(world);
    expect(searchStates(world, { keepGoing: true, symmetry: false })).toMatchObject({ states, symmetric: false });
    expect(searchStates(world, { keepGoing: true })).toMatchObject({ states: orbits, symmetric: true });
  });

  it.each([
    ['nested', 'hardened'],
    ['nested', 'v5'],
    ['nested', 'bh'],
    ['interrupts', 'v5'],
    ['upcalls', 'async-write'],
  ] as const)('leave the faults of %s in %s as they are, with as few steps', (name, revision) => {
    const [all, few] = [false, true].map((symmetry) => {
      const { states, faults, coverage } = searchStates(makeWorld(name, revision), { keepGoing: true, symmetry });
      return { states, proved: coverage.kind, faults: faults.map(({ property, step, cycleFrom }) => [property, step, cycleFrom]).sort() };
    });
    expect([few?.faults, few?.proved]).toEqual([all?.faults, all?.proved]);
    expect(few?.states ?? 0).toBeLessThanOrEqual(all?.states ?? 0);
  });

  it('are refused where processors are said to be interchangeable, which have numbers', () => {
    const world = makeWorld('accesses', 'hardened');
    const wrong = defineWorld(
      'wrong',
      (w) => {
        world.setup(w);
        const vcpus = (w as Builder).processes.map(({ handle }) => handle).filter(({ name }) => name.startsWith('vcpu'));
        w.interchangeable(...vcpus);
      },
      { open: world.open ?? [] },
    );
    expect(() => searchStates(wrong)).toThrow('vcpu0 and vcpu1 are not interchangeable: they differ in parts.number');
  });
});
