/**
 * What the device's worlds say of costs: figures that can be counted by hand, and the same by all states as by all schedules.
 */
import { describe, expect, it } from 'vitest';
import { explore } from '../../src/explorer/explore.js';
import { searchStates } from '../../src/explorer/states/search-states.js';
import { DepthFirst } from '../../src/explorer/strategies/depth-first.js';
import { defineWorld, type World } from '../../src/explorer/world.js';
import { REVISION_NAMES, type RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { type Compared, costRows } from '../../src/worlds/compare.js';
import { DeviceWorld, deviceWorld, type Scenario } from '../../src/worlds/device-world.js';
import { makeWorld } from '../../src/worlds/index.js';

const C2 = 'C2: steps with the BQL held in one go';
const C3 = 'C3: messages of one access';
const LATENCY = 'steps of one access';
const MAILBOX = 'messages in one mailbox';

const scenario = (parts: Partial<Scenario>): Scenario => ({ name: 'costs', summary: '', workers: 1, ...parts });

const costsOf = (parts: Partial<Scenario>, revision: RevisionName): Record<string, number> =>
  Object.fromEntries(searchStates(deviceWorld(scenario(parts), revision), { keepGoing: true }).costs);

describe('an access alone', () => {
  // The vCPU asks · the lock is granted, the job posted · a worker takes it · enters PVG · returns, and says so · the lock is released, the answer
  // posted · the vCPU sees it. So the lock is granted in the second step and released in the sixth, and the answer is seen in the seventh.
  it.each(['shared-cond', 'v5', 'bh', 'hardened'] as const)('holds the BQL for 4 steps, takes 6, and is 4 messages in %s', (revision) => {
    for (const access of ['read', 'write'] as const) {
      expect(costsOf({ vcpus: [[access]] }, revision)).toMatchObject({ [C2]: 4, [C3]: 4, [LATENCY]: 6, [MAILBOX]: 1 });
    }
  });

  // While the worker is inside PVG, a thread of PVG's asks · the BQL actor answers, with the lock held as before · the thread sees that.
  it.each([['v5', 7] as const, ['hardened', 7] as const, ['bh', 5] as const])(
    'holds the BQL on while it serves what PVG asks for inside it, in %s',
    (revision, steps) => {
      const task = { name: 'task', steps: [{ do: 'createTask', task: 0, pages: 1 }], inside: { vcpu: 0, index: 0 } } as const;
      // Where the thread answers itself, that is one step.
      expect(costsOf({ vcpus: [['write']], scripts: [task] }, revision)).toMatchObject({ [C2]: steps, [C3]: 4, [LATENCY]: steps + 2 });
    },
  );

  it('holds the BQL while the vCPU itself is inside PVG, in sync, unless it has dropped it', () => {
    // The vCPU asks · the lock is granted and PVG entered, returned from in a step of its own · the vCPU sees the answer.
    expect(costsOf({ vcpus: [['read']] }, 'sync')).toMatchObject({ [C3]: 2, [C2]: 2, [LATENCY]: 4 });
    // It is told to enter PVG, does, returns, asks for the lock, and has it only while it is answered.
    for (const revision of ['sync', 'unlock'] as const) {
      expect(costsOf({ vcpus: [['write']] }, revision)).toMatchObject({ [C3]: 4, [C2]: 0 });
    }
  });
});

describe('costs of all states', () => {
  const small: readonly Partial<Scenario>[] = [
    { vcpus: [['write'], ['read']] },
    { vcpus: [['write']], scripts: [{ name: 'task', steps: [{ do: 'createTask', task: 0, pages: 1 }], inside: { vcpu: 0, index: 0 } }] },
    { vcpus: [['write']], scripts: [{ name: 'interrupts', steps: [{ do: 'raiseInterrupt', vector: 0 }] }] },
  ];

  it.each(REVISION_NAMES)('are those of all schedules, in %s', (revision) => {
    let compared = 0;
    for (const parts of small) {
      const world = deviceWorld(scenario(parts), revision);
      const all = explore(world, new DepthFirst(), { keepGoing: true, verify: false, schedules: 3000 });
      if (all.coverage.kind !== 'proved') continue;
      compared++;
      for (const order of ['bfs', 'dfs-states'] as const) {
        const { costs } = searchStates(world, { order, keepGoing: true });
        expect(new Map([...costs].sort())).toEqual(new Map([...all.costs].sort()));
      }
    }
    expect(compared).toBeGreaterThanOrEqual(2);
  });

  it('know how long two holds are that follow each other in one step', () => {
    // The second access waits for the lock while the first has it: what is released to it is granted in the same step.
    const [one, two] = [costsOf({ vcpus: [['write']] }, 'hardened'), costsOf({ vcpus: [['write'], ['write']] }, 'hardened')];
    // Meanwhile the other vCPU asks, and the BQL actor takes note of that; nobody else can do anything.
    expect(two[C2]).toBe((one[C2] ?? 0) + 2);
  });
});

describe('an access of hardened', () => {
  it('is exactly four messages, whatever PVG asks for inside it', () => {
    const counted = (parts: Partial<Scenario>, accesses: number): World =>
      defineWorld('counted', (w) => {
        const world = new DeviceWorld(w, scenario(parts), REVISIONS.hardened);
        world.declare();
        const [first] = world.vcpus;
        w.alwaysEventually('four each', () => first?.done === accesses && world.tally.messagesOf(0) === 4 * accesses);
      });
    const inside = { vcpu: 0, index: 0 };
    const task = { name: 'task', steps: [{ do: 'createTask', task: 0, pages: 1 }], inside } as const;
    for (const [parts, accesses] of [
      [{ vcpus: [['write', 'read', 'write']] }, 3] as const,
      [{ vcpus: [['write']], scripts: [task] }, 1] as const,
    ]) {
      const found = explore(counted(parts, accesses), new DepthFirst(), { keepGoing: true });
      expect(found.coverage.kind).toBe('proved');
      expect(found.faults).toEqual([]);
      expect(found.costs.get(C3)).toBe(4);
    }
  });

  it('is at most four messages in the worlds of the device', () => {
    for (const name of ['accesses', 'upcalls', 'reading', 'interrupts']) {
      expect(searchStates(makeWorld(name, 'hardened')).costs.get(C3)).toBe(4);
    }
  });
});

describe('the rows of a comparison', () => {
  const result = (world: string, revision: RevisionName, value: number, isProved = true): Compared => ({
    ...{ world, revision, maxStates: null, states: 1, isProved, faults: [], costs: [['x', value]] },
  });

  it('say what worlds come to that were seen whole in every revision, and what all do', () => {
    const results = REVISION_NAMES.flatMap((revision) => [
      result('one', revision, revision === 'bh' ? Number.POSITIVE_INFINITY : 3),
      result('other', revision, 7, revision !== 'sync'),
    ]);
    const [row, ...more] = costRows(results);
    expect(more).toEqual([]);
    expect(row?.split('|').map((cell) => cell.trim())).toEqual([
      '',
      'most x',
      '3 (≥ 7)',
      ...['3 (7)', '3 (7)', '3 (7)', '3 (7)'],
      'unbounded (unbounded)',
      '3 (7)',
      '',
    ]);
  });
});
