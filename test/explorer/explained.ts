/**
 * A failure of a world, found by random walk and explained, for tests of what is said about it.
 */
import { expect } from 'vitest';
import { type Explanation, explain } from '../../src/explorer/explain.js';
import { explore } from '../../src/explorer/explore.js';
import { RandomWalk } from '../../src/explorer/strategies/random-walk.js';
import type { World } from '../../src/explorer/world.js';

export function explained(world: World, seed = 1, property?: string): Explanation {
  const { faults } = explore(world, new RandomWalk({ seed }), {
    schedules: property === undefined ? 100_000 : 500,
    keepGoing: property !== undefined,
  });
  const fault = faults.find((each) => property === undefined || each.property === property);
  expect(fault).toBeDefined();
  return explain(world, fault as NonNullable<typeof fault>, { certificateSchedules: 2000 });
}
