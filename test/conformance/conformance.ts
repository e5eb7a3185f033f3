/**
 * The body of the conformance tests: what device.md says in 2 and 4 to 7, run against a rig for each revision that a real device can be run
 * in. What differs between revisions is asked of the record of policies, and what differs with a PVG that asks for no guest memory of `memory`; all
 * tests are run with every PVG.
 */
import { afterAll, afterEach, describe } from 'vitest';
import type { RevisionName } from '../../src/revisions/revision.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { describeAccesses } from './accesses.js';
import { describeCursor } from './cursor.js';
import { describeFrames } from './frames.js';
import { describeInterrupts } from './interrupts.js';
import { describeIosfc } from './iosfc.js';
import { describeModes } from './modes.js';
import { describeReads } from './reads.js';
import { describeReset } from './reset.js';
import type { Conformance, Rig, RigSource } from './rig.js';
import { describeTasks } from './tasks.js';

/** Those before them stand still in the middle of what is tested here, as they are known to. */
export const REVISIONS_TESTED: readonly RevisionName[] = ['hardened', 'bh', 'v5', 'shared-cond'];

export function describeConformance(name: string, source: RigSource): void {
  describe.each(REVISIONS_TESTED)(`%s with ${name}`, (revision) => {
    const rigs: Rig[] = [];
    afterEach(async () => {
      await Promise.all(rigs.splice(0).map((rig) => rig.close()));
    });
    afterAll(() => source.end());
    const scope: Conformance = {
      revision: REVISIONS[revision],
      memory: source.memory,
      open: async (options) => {
        const rig = await source.open({ ...options, revision });
        rigs.push(rig);
        return rig;
      },
    };
    describeAccesses(scope);
    describeTasks(scope);
    describeReads(scope);
    describeInterrupts(scope);
    describeIosfc(scope);
    describeFrames(scope);
    describeModes(scope);
    describeCursor(scope);
    describeReset(scope);
  });
}
