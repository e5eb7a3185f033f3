/**
 * What steps can't be without.
 */
import { describe, expect, it } from 'vitest';
import { Kind, KIND_BITS } from '../../../src/explorer/operation.js';
import { Recorder, type Step } from '../../../src/explorer/recording.js';
import { replay } from '../../../src/explorer/replay.js';
import { parseSchedule } from '../../../src/explorer/schedule-text.js';
import type { World } from '../../../src/explorer/world.js';
import { needsOf } from '../../../src/visualiser/explore/needs.js';
import { makeWorld } from '../../../src/worlds/index.js';

const NO_STEP: Omit<Step, 'process' | 'kind' | 'footprint'> = {
  ...{ choice: 0, label: null, outcome: 0, target: null, value: 0, result: 0, site: '', switches: false, preempts: false },
};

/** Each step with its needs. */
function needs(of: World, schedule: string): string[] {
  const { recording } = replay(new Recorder(of), parseSchedule(schedule));
  const found = needsOf(recording);
  return recording.steps.map(({ process, target }, index) => `${process} ${target?.name}: ${found[index]}`);
}

describe('a step needs', () => {
  it('the signal that wakes it, and not the unlock that only comes before', () => {
    const parts = ['consumer+1:lock.mutex,read.items,wait.not+empty', 'producer:lock.mutex,update.items,signal.not+empty,unlock.mutex'];
    const schedule = ['s1/lost-wakeup', ...parts, 'consumer+1:reacquire.mutex,read.items'].join('/');
    expect(needs(makeWorld('lost-wakeup', 'hardened'), schedule).slice(5, 9)).toEqual([
      expect.stringMatching(/ not empty: $/),
      expect.stringMatching(/ mutex: $/),
      expect.stringMatching(/ mutex: 5$/),
      expect.stringMatching(/ items: $/),
    ]);
  });

  it('the message that it receives, and none of those that it takes as they come', () => {
    const schedule = 's1/accesses@hardened/vcpu0:send.bql/bql:drain.bql/worker0:receive.background';
    // The worker takes what the BQL actor has posted; that one takes whatever there is.
    expect(needs(makeWorld('accesses', 'hardened'), schedule).slice(0, 3)).toEqual(['4 bql: ', '0 bql: ', '2 background: 1']);
  });

  it('no message that was taken before with all that there was', () => {
    const step = (process: number, kind: Kind): Step => ({ ...NO_STEP, process, kind, footprint: [(1 << KIND_BITS) | kind] });
    const steps = [step(0, Kind.send), step(0, Kind.send), step(1, Kind.drain), step(0, Kind.send), step(1, Kind.receive)];
    expect(needsOf({ steps })).toEqual([[], [], [], [], [3]]);
    // In the order in which they were sent, where they are taken one by one.
    const other = [step(0, Kind.send), step(2, Kind.send), step(1, Kind.receive), step(1, Kind.receive)];
    expect(needsOf({ steps: other })).toEqual([[], [], [0], [1]]);
  });
});
