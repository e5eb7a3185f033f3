/**
 * The faults of docs/faults.md: each is found by the default strategy within its budget, each schedule of the page breaks the property it stands
 * for, and `hardened` has none of them in the same world.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { explain } from '../../src/explorer/explain.js';
import { explore } from '../../src/explorer/explore.js';
import { Recorder } from '../../src/explorer/recording.js';
import { replay } from '../../src/explorer/replay.js';
import { parseSchedule } from '../../src/explorer/schedule-text.js';
import { SHRINK_REPLAYS } from '../../src/explorer/shrink.js';
import { searchStates } from '../../src/explorer/states/search-states.js';
import { Portfolio } from '../../src/explorer/strategies/portfolio.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { makeWorld } from '../../src/worlds/index.js';

const page = readFileSync('docs/faults.md', 'utf8');
const [, ...sections] = page.split(/^## /m);

/** Number on the page, world, revision, property and schedules within which it is found. */
const FOUND: readonly (readonly [number, string, RevisionName, string, number])[] = [
  [1, 'frames', 'async-write', 'L4', 10_000],
  [1, 'frames', 'v5', 'L4', 10_000],
  [2, 'frames', 'v5', 'L3', 2000],
  [2, 'reset', 'bh', 'L3', 2000],
  [3, 'locks', 'v5', 'deadlock', 1000],
  [3, 'locks', 'bh', 'deadlock', 1000],
  [4, 'cursor', 'v5', 'P3', 100],
  [4, 'modes', 'bh', 'P3', 100],
  [5, 'cursor', 'v5', 'P10', 100],
  [5, 'cursor', 'bh', 'P10', 100],
  [6, 'interrupts', 'v5', 'P9', 100],
  [6, 'interrupts', 'bh', 'P9', 100],
  [7, 'failures', 'v5', 'P6', 1000],
  [7, 'failures', 'bh', 'P6', 1000],
  [8, 'nested', 'v5', 'P4', 100],
  [8, 'nested', 'bh', 'P4', 100],
  [9, 'iosurfaces', 'bh', 'P7', 1000],
  [9, 'iosurfaces', 'bh', 'P8', 1000],
];

describe('a fault', () => {
  it.each(FOUND)('%i: in the world %s, %s breaks %s within %i schedules', (_, world, revision, property, schedules) => {
    const isFound = (found: { readonly faults: readonly { readonly property: string }[] }): boolean =>
      found.faults.some((fault) => fault.property === property);
    const found = explore(makeWorld(world, revision), new Portfolio({ seed: 1 }), { schedules, keepGoing: true, stop: isFound });
    const fault = found.faults.find((each) => each.property === property);
    if (fault === undefined) throw new RangeError(`${property} was not found in ${found.schedules} schedules`);
    // And it is made as small as it is proved to get, in few replays.
    const { shrinkReplays, certificate, recording, reproduced } = explain(makeWorld(world, revision), fault);
    expect(reproduced).toBe(true);
    expect(shrinkReplays).toBeLessThanOrEqual(SHRINK_REPLAYS);
    expect(recording.preemptions === 0 || certificate?.proved).toBe(true);
  });

  it('10: one answer wakes several in shared-cond, of a kind in v5, and one in hardened', () => {
    const most = (revision: RevisionName): number => {
      const { costs } = explore(makeWorld('upcalls', revision), new Portfolio({ seed: 1 }), { schedules: 100, keepGoing: true });
      return costs.get('C1: threads woken by one answer') ?? 0;
    };
    expect(most('shared-cond')).toBeGreaterThan(1);
    expect(most('v5')).toBeGreaterThan(1);
    expect(most('hardened')).toBe(1);
  });
});

describe('the page', () => {
  const schedules = sections.flatMap((section) => {
    const number = Number.parseInt(section, 10);
    return [...section.matchAll(/^ {4}(s1\S+)$/gm)].map(([, schedule = '']) => ({ number, schedule, name: schedule.slice(0, 40) }));
  });

  it('has a section and a row for each fault, with schedules of all that were found', () => {
    expect(sections).toHaveLength(10);
    expect(page.match(/^\| \[\d+\]/gm)).toHaveLength(10);
    expect(schedules.length).toBeGreaterThanOrEqual(16);
  });

  it.each(schedules)('fault $number: $name… breaks what it says', ({ number, schedule }) => {
    const named = parseSchedule(schedule);
    const [world = '', revision = ''] = named.world.split('@');
    const recorder = new Recorder(makeWorld(world, revision as RevisionName));
    const { recording, divergences } = replay(recorder, named);
    expect(divergences).toEqual([]);
    const properties = FOUND.filter(([fault, name, each]) => fault === number && name === world && each === revision).map(
      ([, , , property]) => property,
    );
    expect(recording.failure).not.toBeNull();
    expect(recorder.execution.failures.some(({ property }) => properties.includes(property))).toBe(true);
  });
});

it.each([...new Set(FOUND.map(([, world]) => world))].filter((world) => world !== 'reset'))(
  'hardened breaks nothing in any state of the world %s',
  (name) => {
    const found = searchStates(makeWorld(name, 'hardened'), { keepGoing: true });
    expect(found.faults).toEqual([]);
    expect(found.coverage.kind).toBe('proved');
  },
);
