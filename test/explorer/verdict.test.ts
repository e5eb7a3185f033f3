/**
 * What a search is said to have shown: never more than it saw.
 */
import { describe, expect, it } from 'vitest';
import { addPart, type Explored, nothingFound, searchWith } from '../../src/explorer/search.js';
import { DepthFirst } from '../../src/explorer/strategies/depth-first.js';
import { DEFAULT_STRATEGY, STRATEGIES, strategyNamed } from '../../src/explorer/strategies/index.js';
import { describeCoverage, propertiesOf, verdictOf } from '../../src/explorer/verdict.js';
import { defineWorld } from '../../src/explorer/world.js';
import { bank } from '../../src/worlds/lessons.js';
import * as families from './families.js';

const explored = (part: Partial<Explored>): Explored => ({ ...nothingFound(), schedules: 7, ...part });

describe('a verdict', () => {
  it.each([
    [
      explored({ coverage: { kind: 'proved', by: 'schedules' } }),
      'proved',
      'proved: all 7 schedules were run; nothing can fail in this world',
    ],
    [
      explored({ coverage: { kind: 'proved', by: 'states' }, states: 12 }),
      'proved',
      'proved: all 12 states were seen; nothing can fail in this world',
    ],
    [
      explored({ coverage: { kind: 'proved', by: 'traces' } }),
      'proved',
      "proved: one schedule of each of 7 traces was run, and the others only exchange steps that don't meet; nothing can fail in this world",
    ],
    [
      explored({ coverage: { kind: 'bounded', bound: 'no fault with ≤ 2 preemptions' } }),
      'bounded',
      'bounded: no fault with ≤ 2 preemptions (7 schedules); what needs more can still fail',
    ],
    [explored({ coverage: { kind: 'sampled', confidence: '7 random walks' } }), 'sampled', 'sampled: 7 random walks'],
  ] as const)('%#: is the coverage, in a sentence', (found, verdict, sentence) => {
    expect(verdictOf(found, [])).toBe(verdict);
    expect(describeCoverage(found, [])).toEqual([sentence]);
  });

  it('is a fault if one was found, or if all was seen and what must hold somewhere didn’t', () => {
    const fault = { property: 'p', message: 'm', step: 1, schedule: [], execution: 1 };
    expect(verdictOf(explored({ faults: [fault], coverage: { kind: 'proved', by: 'states' } }), [])).toBe('fault');
    expect(verdictOf(explored({ coverage: { kind: 'proved', by: 'states' } }), ['reached'])).toBe('fault');
    expect(verdictOf(explored({}), ['reached'])).toBe('sampled');
    expect(describeCoverage(explored({}), ['reached'])[1]).toMatch(/"reached" was not reached/);
    expect(describeCoverage(explored({ costs: new Map([['wake-ups', 3]]) }), [])).toContain('most wake-ups: at least 3');
  });

  it('knows all properties of a world', () => {
    const world = defineWorld('all', (w) => {
      w.process('p', function* () {});
      w.always('a', () => true);
      w.sometimes('s', () => true);
    });
    expect(propertiesOf(world)).toEqual({ all: ['a', 's', 'deadlock', 'exception', 'steps'], sometimes: ['s'] });
  });
});

describe('a search in parts', () => {
  it('finds what it finds at once', () => {
    const world = families.lastzero(3);
    const search = searchWith(world, new DepthFirst());
    const all = nothingFound();
    let parts = 0;
    for (; all.coverage.kind !== 'proved'; parts++) addPart(all, search.run({ schedules: 100 }));
    expect([parts, all.schedules]).toEqual([10, 920]);
    expect(search.progress()).toBe(1);
  });

  it('counts executions through all parts, and keeps the first of each property', () => {
    const all = nothingFound();
    const fault = { property: 'p', message: 'm', step: 1, schedule: [1], execution: 4 };
    addPart(all, explored({ schedules: 10, abandoned: 5 }));
    addPart(all, explored({ schedules: 2, faults: [fault], costs: new Map([['c', 2]]), reached: new Set(['r']) }));
    addPart(all, explored({ schedules: 2, faults: [{ ...fault, schedule: [2] }], costs: new Map([['c', 1]]), states: 3 }));
    expect(all).toMatchObject({ schedules: 14, abandoned: 5, states: 3, faults: [{ execution: 19, schedule: [1] }] });
    expect([...all.costs, ...all.reached]).toEqual([['c', 2], 'r']);
  });
});

describe('the strategies', () => {
  it.each(STRATEGIES)('$name has a line of its own, and finds what two deposits at once lose', ({ name, summary, open }) => {
    expect(summary).toMatch(/^[^\n]{10,110}$/);
    const all = nothingFound();
    addPart(all, open(bank(), { seed: 1 }).run({ schedules: 1000 }));
    expect(all.faults.map(({ property }) => property)).toEqual(['no deposit is lost']);
    expect(strategyNamed(name)?.name).toBe(name);
  });

  it('have names of their own, and one is the default', () => {
    expect(new Set(STRATEGIES.map(({ name }) => name)).size).toBe(STRATEGIES.length);
    expect(strategyNamed(DEFAULT_STRATEGY)).not.toBeNull();
    expect(strategyNamed('luck')).toBeNull();
  });
});
