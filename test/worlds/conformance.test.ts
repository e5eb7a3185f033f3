/**
 * What the device does on real threads it does in the explorer: a run's log says in which order messages were delivered, and the world of the
 * same scenario has an execution that takes them in that order, keeps every property and ends in the same state.
 *
 * The runs are of everything at once: accesses of two processors, upcalls of four of PVG's threads, an access inside another, interrupts of both
 * lines, IOSurface mappings, a cursor, frames, a mode change and updates. Which interleavings are met is up to the threads.
 */
import { expect, it } from 'vitest';
import { formatSchedule } from '../../src/explorer/schedule-text.js';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { followRun } from '../../src/worlds/conformance.js';
import { type RealRound, RealRun } from './real-run.js';
import { endOf } from './run-end.js';
import { roundOf, runScenario, THREADS } from './run-scenario.js';

/** What a round can show that not every one does. */
const SIGHTS: Readonly<Record<string, (round: RealRound) => boolean>> = {
  'several messages in a batch': ({ deliveries }) => deliveries.some(({ messages }) => messages.length > 2),
  'an upcall answered inside an access': (round) => isInside(round, 'createTask', 1),
  'an upcall answered inside an access inside another': (round) => isInside(round, 'mapMemory', 2),
  'a frame completed inside an access': (round) => isInside(round, 'frameCompleted', 1),
  'an update asked for inside an access': (round) => isInside(round, 'updateRequested', 1),
  'a frame in the new mode': ({ end }) => end.picture.present > 0,
  'a frame that the mode change took away': ({ end }) => end.picture.present === 0,
};

/** Whether the BQL actor took a message of a kind while PVG had not returned from so many accesses. */
function isInside({ deliveries }: RealRound, kind: string, accesses: number): boolean {
  let open = 0;
  const nested = deliveries
    .filter(({ actor }) => actor !== 'render-queue')
    .flatMap(({ actor, messages }) => messages.map((each) => [actor, each.kind]));
  return nested.some(([actor, each]) => {
    if (actor === 'background-queue') open += each === 'job' ? 1 : 0;
    else open -= each === 'jobDone' ? 1 : 0;
    return each === kind && open >= accesses;
  });
}

/** Runs rounds and follows each; how many rounds showed what, and the schedules of all. `wrong`: properties that the revision doesn't keep. */
async function runRounds(
  name: RevisionName,
  rounds: number,
  wrong: readonly string[],
): Promise<[ReadonlySet<string>, ReadonlySet<string>]> {
  const revision = REVISIONS[name];
  let real = await RealRun.open(name);
  const schedules = new Set<string>();
  const sights = new Set<string>();
  for (let number = 1; number <= rounds; number++) {
    if (real.isSpent) {
      await real.close();
      real = await RealRun.open(name);
    }
    const round = roundOf(real.rounds + 1, number);
    const run = await real.run(round);
    const followed = followRun(runScenario(round, revision.reentrantAccesses), revision, { ...run, threads: THREADS });
    expect(followed.failures.filter(({ property }) => !wrong.includes(property))).toEqual([]);
    expect(endOf(followed)).toEqual(run.end);
    schedules.add(formatSchedule(followed.schedule));
    for (const [sight, isSeen] of Object.entries(SIGHTS)) if (isSeen(run)) sights.add(sight);
  }
  await real.close();
  return [schedules, sights];
}

it('hardened: a run on threads ends as the execution that follows its log does, 100 of 100', async () => {
  const [schedules, sights] = await runRounds('hardened', 100, []);
  // Else the test would show less than it says.
  expect(schedules.size).toBeGreaterThan(50);
  expect(Object.keys(SIGHTS).filter((sight) => !sights.has(sight))).toEqual([]);
});

it('bh: so do its runs, 20 of 20, with what is wrong in it', async () => {
  const [schedules] = await runRounds('bh', 20, ['P3', 'L3']);
  expect(schedules.size).toBeGreaterThan(10);
});
