/**
 * Processors that carry their accesses into PVG without the BQL, as the vfio-user server's thread does for a VMM that has a lock of its own: `hardened`
 * keeps every property then too, in every state of each world that has processors.
 */
import { describe, expect, it } from 'vitest';
import { searchStates } from '../../src/explorer/states/search-states.js';
import { deviceWorld, type Scenario } from '../../src/worlds/device-world.js';
import { SCENARIOS } from '../../src/worlds/scenarios.js';

/** All but the largest, which `UNLOCKED=all` adds. */
const worlds = SCENARIOS.filter(({ vcpus, name }) => vcpus && (name !== 'everything' || process.env.UNLOCKED === 'all'));

describe('without the BQL', () => {
  it.each(worlds.map((scenario): [string, Scenario] => [scenario.name, scenario]))('every property of %s holds', (_, scenario) => {
    const found = searchStates(deviceWorld({ ...scenario, unlocked: true }, 'hardened'), { keepGoing: true });
    expect(found.faults).toEqual([]);
    expect(found.coverage.kind).toBe('proved');
    expect(found.costs.get('C3: messages of one access')).toBe(0);
  });
});
