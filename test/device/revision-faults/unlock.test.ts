/**
 * `unlock` on real threads: the BQL is dropped around every call of PVG, so device state changes under a handler that thinks it holds the
 * lock (threading.md 3).
 *
 * The state here is two neighbouring registers, which an 8-byte access takes as its two halves, one call of PVG each.
 */
import { expect, it } from 'vitest';
import { type RevisionName, Vcpu } from '../../../dist/src/index.js';
import * as L from '../../../src/guest/layout.js';
import { play, roundsUntil, VcpuThread } from './scene.js';
import { until } from '../raw-guest.js';

/** Far more than are needed, which is some dozens at most. */
const READS = 2000;
const joined = (half: bigint): bigint => (half << 32n) | half;

/** One vCPU writes both registers the same, now this, now that; another reads both: which read finds them different, null if none does. */
const readWhileWriting = (revision: RevisionName): Promise<number | null> =>
  play(revision, {}, async ({ device }) => {
    const reader = new Vcpu(device.attachment);
    reader.write64(L.REG_FIFO_OFFSET, joined(1n));
    const writer = new VcpuThread(device, [
      ['write64', L.REG_FIFO_OFFSET, joined(2n)],
      ['write64', L.REG_FIFO_OFFSET, joined(1n)],
    ]);
    await until(() => writer.rounds > 0);
    const torn = await roundsUntil(READS, async () => {
      const value = reader.read64(L.REG_FIFO_OFFSET);
      return value >> 32n !== (value & 0xffff_ffffn);
    });
    expect(await writer.stop()).toEqual({ values: [undefined, undefined] });
    return torn;
  });

it('in unlock an access gets in between the two halves of another, in hardened never', async () => {
  expect(await readWhileWriting('unlock')).not.toBeNull();
  expect(await readWhileWriting('hardened')).toBeNull();
});
