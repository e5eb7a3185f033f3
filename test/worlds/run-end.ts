/**
 * Where a world ends that follows a run of test/worlds/real-run.ts, as that says it of a device.
 */
import { COUNTERS } from '../../src/runtime/shared.js';
import type { FollowedRun } from '../../src/worlds/conformance.js';
import { registerOf } from '../../src/worlds/guest.js';
import type { RunEnd } from './real-run.js';

export function endOf({ device }: Pick<FollowedRun, 'device'>): RunEnd {
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
