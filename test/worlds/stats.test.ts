/**
 * What the device does on real threads it does in the explorer: a run's log says in which order messages were delivered, and the world of the
 * same scenario has an execution that takes them in that order, keeps every property and ends in the same state.
 */
import { afterAll, expect, it } from 'vitest';
import { COUNTERS } from '../../src/runtime/shared.js';
import { formatSchedule } from '../../src/explorer/schedule-text.js';
import { followRun, type FollowedRun } from '../../src/worlds/conformance.js';
import { registerOf } from '../../src/worlds/guest.js';
import { RealRun, type RunEnd } from './real-run.js';
import { roundOf, runScenario, THREADS } from './run-scenario.js';

const ROUNDS = 100;

const real = await RealRun.open('hardened');
afterAll(() => real.close());

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
    lock: [bql.held, bql.waiting],
  };
}

it(`a run on threads ends as the execution that follows its log does, ${ROUNDS} of ${ROUNDS}`, async () => {
  let states = 0;
  const distinct = new Set<string>();
  const seen: Record<string, unknown>[] = [];
  for (let number = 1; number <= ROUNDS; number++) {
    const round = roundOf(number);
    const { deliveries, presents, end } = await real.run(round);
    const followed = followRun(runScenario(round, true), "hardened", { deliveries, presents, threads: THREADS });
    const text = formatSchedule(followed.schedule);
    distinct.add(text);
    seen.push({ refusals: end.counters.refusals, dropped: end.counters.framesDropped, rendered: end.counters.framesRendered, updates: end.counters.updates, present: end.picture.present, fresh: JSON.stringify(end.frames), big: Math.max(...deliveries.map((b) => b.messages.length)), states: followed.states });
    states += followed.states;
    expect(followed.failures).toEqual([]);
    expect(endOf(followed)).toEqual(end);
  }
  console.log(distinct.size);
  for (const key of Object.keys(seen[0] ?? {})) { const m = new Map(); for (const e of seen) m.set(e[key], (m.get(e[key]) ?? 0) + 1); console.log(key, [...m]); }
});
