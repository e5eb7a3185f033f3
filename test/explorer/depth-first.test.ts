/**
 * Depth first meets every schedule of the families whose numbers are known, and random walk finds faults as often as it must.
 */
import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explorer/explore.js';
import { DepthFirst } from '../../src/explorer/strategies/depth-first.js';
import * as families from './families.js';

describe('depth first', () => {
  it.each([
    [families.indep(2, 3), 20],
    [families.indep(3, 3), 1680],
    [families.readers(4), 120],
    [families.writers(5), 120],
    [families.mutex(5), 120],
    [families.lastzero(1), 3],
    [families.lastzero(2), 35],
    [families.lastzero(3), 920],
    [families.lastzero(4), 44_300],
    [families.philosophers(2), 6],
    [families.philosophers(3), 168],
    [families.philosophers(4), 98_184],
    [families.mailbox(3), 6 * 5],
    [families.mailbox(4), 24 * 14],
    [families.counter(3), 1121],
    [families.deadlock01(), 46],
    [families.philosophersWithMain(3), 15_876],
  ])('meets every schedule of $name once', (world, schedules) => {
    const found = explore(world, new DepthFirst(), { keepGoing: true });
    expect(found).toMatchObject({ schedules, abandoned: 0, coverage: { kind: 'proved', by: 'schedules' } });
  });
});
