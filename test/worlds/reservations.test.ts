/**
 * Memory that there is none of: every reservation and mapping may fail, in each revision, and `hardened` keeps its books whichever do.
 */
import { describe, expect, it } from 'vitest';
import { type StateExploration, searchStates } from '../../src/explorer/states/search-states.js';
import { REVISION_NAMES, type RevisionName } from '../../src/revisions/revision.js';
import { deviceWorld, RAM_GPA, type Scenario } from '../../src/worlds/device-world.js';
import { makeWorld } from '../../src/worlds/index.js';
import type { PvgStep } from '../../src/worlds/pvg-steps.js';

const TASK: readonly PvgStep[] = [
  { do: 'createTask', task: 0, pages: 1 },
  { do: 'map', task: 0, page: 0, gpa: RAM_GPA },
  { do: 'use', task: 0, page: 0 },
  { do: 'unmap', task: 0, page: 0 },
];
const SURFACE: readonly PvgStep[] = [
  { do: 'iosfcMap', surface: 1, gpa: RAM_GPA, length: 0x4000 },
  { do: 'iosfcUse', surface: 1 },
];

/** What comes of a thread alone that may meet so many shortages. */
function alone(steps: readonly PvgStep[], shortages: number, revision: RevisionName): StateExploration {
  const scenario: Scenario = { name: 'alone', summary: '', scripts: [{ name: 'thread', steps }], freedom: { shortages } };
  return searchStates(deviceWorld(scenario, revision), { keepGoing: true });
}

describe.each(REVISION_NAMES)('in %s', (revision) => {
  it('a range may not be there, or a page of it, or neither fails', () => {
    expect(alone(TASK, 0, revision)).toMatchObject({ ends: 1, faults: [] });
    expect(alone(TASK, 1, revision)).toMatchObject({ ends: 3, faults: [] });
    // A page of no range is none to fail besides.
    expect(alone(TASK, 2, revision)).toMatchObject({ ends: 3, faults: [] });
  });

  it('an IOSurface may be nowhere', () => {
    expect(alone(SURFACE, 0, revision)).toMatchObject({ ends: 1, faults: [] });
    expect(alone(SURFACE, 1, revision)).toMatchObject({ ends: 2, faults: [] });
  });
});

it('hardened answers all, leaks nothing and gives nothing back twice, whichever two fail and whenever a reset comes', () => {
  const found = searchStates(makeWorld('reservations', 'hardened'), { keepGoing: true });
  expect(found).toMatchObject({ faults: [], coverage: { kind: 'proved' } });
  expect(found.states).toBeLessThan(30_000);
});

it('a reset destroys no task that a thread uses, also when an access comes in meanwhile', () => {
  const scenario: Scenario = {
    name: 'overtaken',
    summary: '',
    vcpus: [['write']],
    scripts: [
      { name: 'before', steps: [{ do: 'createTask', task: 1, pages: 1 }] },
      { name: 'inside', steps: TASK, inside: { vcpu: 0, index: 0 } },
    ],
    workers: 1,
    reset: true,
  };
  for (const revision of ['v5', 'bh', 'hardened'] as const)
    expect(searchStates(deviceWorld(scenario, revision), { keepGoing: true })).toMatchObject({ faults: [], coverage: { kind: 'proved' } });
});
