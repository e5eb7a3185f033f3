/**
 * What the device does on real threads it does in the explorer: a run's log says in which order messages were delivered, and the world of the
 * same scenario has an execution that takes them in that order, keeps every property and ends in the same state.
 */
import { expect, it } from 'vitest';
import { formatSchedule } from '../../src/explorer/schedule-text.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { COUNTERS } from '../../src/runtime/shared.js';
import { type FollowedRun, followRun } from '../../src/worlds/conformance.js';
import { registerOf } from '../../src/worlds/guest.js';
import { type RealRound, RealRun, type RunEnd } from './real-run.js';
import { roundOf, runScenario, THREADS } from './run-scenario.js';

/** Rounds of each revision, and what is wrong with it that has nothing to do with this: the world says so of every run. */
const REVISION_ROUNDS = [
  ['hardened', 100, []],
  ['bh', 25, ['P3']],
  ['v5', 25, ['P3', 'L3', 'L4']],
] as const;

/** Where a world ends, as real-run.ts says it of a device. */
function endOf({ device }: FollowedRun): RunEnd {
  const { pvg, bql, own, references, counts, console: shown } = device;
  const { width, height, present } = shown.picture ?? { width: 0, height: 0, present: 0 };
  return {
    registers: [0, 1].map((vcpu) => pvg.registers.get(registerOf(vcpu)) ?? 0),
    tasks: bql.device.tasks.count + own.tasks.count,
    iosfcMappings: bql.device.iosfc.count + own.iosfc.count,
    references: references.count(1),
    counters: Object.fromEntries(COUNTERS.map((name) => [name, counts?.get(name) ?? 0])),
    picture: { width, height, present },
    cursor: shown.cursor,
    frames: bql.device.displays.map(({ frames }) => frames.state),
    waits: Object.fromEntries([...(counts ?? [])].filter(([name]) => name.startsWith('depth'))),
    dones: shown.dones,
    lock: [bql.held, bql.waiting],
  };
}

/** What a round can show that not every one does. */
const SIGHTS: Readonly<Record<string, (round: RealRound) => boolean>> = {
  'several messages in a batch': ({ deliveries }) => deliveries.some(({ messages }) => messages.length > 2),
  'several frames shown': ({ end }) => (end.counters.framesRendered ?? 0) > 1,
  'a frame in the new mode': ({ end }) => end.picture.present > 0,
  'a frame that the mode change took away': ({ end }) => end.picture.present === 0,
  'an update pushed': ({ end }) => (end.counters.updates ?? 0) > 0,
  'a frame completed inside an access': (round) => isInside(round, 'frameCompleted'),
  'an update asked for inside an access': (round) => isInside(round, 'updateRequested'),
};

/** Whether the BQL actor took a message of a kind while it waited for PVG to return from an access. */
function isInside({ deliveries }: RealRound, kind: string): boolean {
  const kinds = deliveries.filter(({ actor }) => actor === 'bql').flatMap(({ messages }) => messages.map((message) => message.kind));
  let open = 0;
  return kinds.some((each) => {
    open += each === 'access' ? 1 : each === 'jobDone' ? -1 : 0;
    return each === kind && open > 0;
  });
}

async function runRounds(name: RevisionName, rounds: number, wrong: readonly string[]): Promise<void> {
  const revision = REVISIONS[name];
  let real = await RealRun.open(name);
  const schedules = new Set<string>();
  const sights = new Map<string, number>();
  for (let number = 1; number <= rounds; number++) {
    if (real.isSpent) {
      await real.close();
      real = await RealRun.open(name);
    }
    const round = roundOf(real.rounds + 1, number);
    const run = await real.run(round);
    const followed = followRun(runScenario(round, revision.reentrantAccesses), revision, { ...run, threads: THREADS });
    expect(followed.failures.filter(({ property }) => !wrong.includes(property))).toEqual([]);
    // References are of regions and not of mappings in v5, so what a run takes depends on what was there before.
    const counted = revision.iosfcReferences === 'perRegion' ? { references: endOf(followed).references } : {};
    expect({ ...run.end, ...counted }).toEqual(endOf(followed));
    schedules.add(formatSchedule(followed.schedule));
    for (const [sight, isSeen] of Object.entries(SIGHTS)) if (isSeen(run)) sights.set(sight, (sights.get(sight) ?? 0) + 1);
  }
  await real.close();
  console.log(name, schedules.size, [...sights]);
}

it.each(REVISION_ROUNDS)('%s: a run on threads ends as the execution that follows its log does, %i of them', async (name, rounds, wrong) => {
  await runRounds(name, rounds, wrong);
});
