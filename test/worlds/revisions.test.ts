/**
 * docs/revisions.md says what it says of every property in every revision, and each schedule there still breaks the property that it stands for.
 */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { nothingFound } from '../../src/explorer/search.js';
import { Recorder } from '../../src/explorer/recording.js';
import { replay } from '../../src/explorer/replay.js';
import { parseSchedule } from '../../src/explorer/schedule-text.js';
import { REVISION_NAMES, type RevisionName } from '../../src/revisions/revision.js';
import { cellsOf, type Compared, comparisons, withoutFault } from '../../src/worlds/compare.js';
import { makeWorld } from '../../src/worlds/index.js';
import { PROPERTIES } from '../../src/worlds/properties.js';
import { SCENARIOS } from '../../src/worlds/scenarios.js';

const page = readFileSync('docs/revisions.md', 'utf8');
const faults = [...page.matchAll(/^- (\w+) in `([\w-]+)`, world (\w+): .*\n\n {2}`npx apple-gfx replay (\S+)`/gm)].map(
  ([, property = '', revision = '', world = '', schedule = '']) => ({ property, revision: revision as RevisionName, world, schedule }),
);

it('has a row for each property, a column for each revision, and a line for each world', () => {
  for (const property of Object.keys(PROPERTIES)) expect(page).toContain(`| ${property}: `);
  expect(page).toContain(`| property | ${REVISION_NAMES.join(' | ')} |`);
  for (const { name, summary } of SCENARIOS) expect(page).toContain(`| ${name} | ${summary} | `);
});

it('says that hardened has every property proved', () => {
  const rows = page.split('\n').filter((line) => /^\| [A-Z]+\d*: /.test(line));
  expect(rows).toHaveLength(Object.keys(PROPERTIES).length);
  for (const row of rows) expect(row).toMatch(/\| proved, \d+ states \|$/);
  expect(page).not.toContain(', not all');
});

it.each(faults)('$property in $revision, world $world: the schedule breaks it', ({ property, revision, world, schedule }) => {
  const recorder = new Recorder(makeWorld(world, revision));
  const { divergences } = replay(recorder, parseSchedule(schedule));
  expect(divergences).toEqual([]);
  const broken = recorder.execution.failures.map((failure) => failure.property);
  expect(broken.some((each) => each === property || (each === 'deadlock' && property === 'L1') || each === 'exception')).toBe(true);
});

it('has many of them', () => {
  expect(faults.length).toBeGreaterThan(30);
});

it('proves a property only if all worlds of a revision were seen whole', () => {
  const whole: Compared[] = comparisons().map((comparison) => ({ ...comparison, states: 1, isProved: true, faults: [], costs: [] }));
  const verdict = (results: readonly Compared[]): string | undefined =>
    cellsOf(results).find(({ property, revision }) => property === 'P2' && revision === 'v5')?.verdict;
  expect(verdict(whole)).toBe('proved');
  expect(verdict(whole.slice(0, -1).filter(({ world, revision }) => world !== 'frames' || revision !== 'v5'))).toBe('bounded');
  expect(verdict(whole.map((each) => (each.world === 'frames' ? { ...each, isProved: false } : each)))).toBe('bounded');
  const fault = { property: 'P2', message: '', schedule: 's', steps: 9, preemptions: 1, isMinimal: true };
  const broken = whole.map((each) => {
    if (each.revision !== 'v5') return each;
    return { ...each, faults: each.world === 'frames' ? [fault] : each.world === 'modes' ? [{ ...fault, preemptions: 0, steps: 12 }] : [] };
  });
  expect(cellsOf(broken).find(({ property, revision }) => property === 'P2' && revision === 'v5')).toMatchObject({
    ...{ verdict: 'fault', world: 'modes', preemptions: 0, steps: 12 },
  });
});

it('takes what threads have searched together for proved only if they have seen all, and no fault', () => {
  const comparison = { world: 'frames', revision: 'hardened', maxStates: null } as const;
  const explored = { ...nothingFound(), states: 7, costs: new Map([['C1', 1]]), coverage: { kind: 'proved', by: 'states' } as const };
  expect(withoutFault(comparison, explored)).toEqual({ ...comparison, states: 7, isProved: true, faults: [], costs: [['C1', 1]] });
  expect(withoutFault(comparison, { ...explored, coverage: { kind: 'bounded', bound: '' } })).toBeNull();
  const fault = { property: 'P2', message: '', step: 1, schedule: [0], execution: 1 };
  expect(withoutFault(comparison, { ...explored, faults: [fault] })).toBeNull();
});
