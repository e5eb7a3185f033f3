/**
 * `async-write` on real threads: nobody waits for a write, so later accesses of the same vCPU overtake it; and a read that waits in PVG
 * still holds the BQL (threading.md 3).
 *
 * The vCPU is the test's own thread. PVG's trace lines come as it completes the accesses.
 */
import { describe, expect, it } from 'vitest';
import { DeadlockError, type RevisionName, Vcpu } from '../../../dist/src/index.js';
import * as L from '../../../src/guest/layout.js';
import { until } from '../raw-guest.js';
import { play, roundsUntil } from './scene.js';

/** Far more than ever were needed, which is one. */
const ROUNDS = 20;
const MAPPINGS = 200;
const TASK_LENGTH = 0x20_0000;
/** Values that no other write has: what is written to REG_START doesn't matter, and no packet is looked for before a kick. */
const START = 0x5000;
const WRITTEN = 0x6000;

describe('a read', () => {
  /** Kicks work off and looks at once how far the device has read: in which round it hasn't read all, null if in none. */
  const readAfterKick = (revision: RevisionName): Promise<number | null> =>
    play(revision, {}, async ({ device, guest }) => {
      await guest.start();
      const vcpu = new Vcpu(device.attachment);
      return roundsUntil(ROUNDS, async (round) => {
        for (let index = 1; index <= MAPPINGS; index++) guest.mapPage(index === MAPPINGS ? round : 0);
        await guest.announce();
        vcpu.write32(L.REG_MAIN_KICK, 1);
        const read = vcpu.read32(L.REG_FIFO_READ);
        const written = vcpu.read32(L.REG_FIFO_WRITTEN);
        await until(() => guest.stamp(0) === round);
        return read !== written;
      });
    });

  it('overtakes an earlier write in async-write, and in hardened never does', async () => {
    expect(await readAfterKick('async-write')).not.toBeNull();
    expect(await readAfterKick('hardened')).toBeNull();
  });

  /** Kicks work off and asks how far it is, until it is done or the device is. */
  const readUntilDone = (revision: RevisionName): Promise<unknown> =>
    play(revision, { readsWait: true }, async ({ device, guest }) => {
      // The first kick is not read after, since in async-write that would be the end already.
      await guest.restart();
      const vcpu = new Vcpu(device.attachment);
      guest.control(L.OP_DEFINE_TASK, 1, 1, 0, TASK_LENGTH, 0);
      await guest.announce();
      vcpu.write32(L.REG_MAIN_KICK, 1);
      await until(() => guest.stamp(0) === 1);
      for (let index = 0; index < MAPPINGS; index++) guest.mapPage();
      guest.mapPage(2);
      await guest.announce();
      try {
        vcpu.write32(L.REG_MAIN_KICK, 1);
        while (guest.stamp(0) !== 2) vcpu.read32(L.REG_FIFO_READ);
        return 'completed';
      } catch (error) {
        return error;
      }
    });

  it('that waits for the write deadlocks in async-write, and not in hardened', async () => {
    const outcome = (await readUntilDone('async-write')) as Error;
    expect(outcome).toBeInstanceOf(DeadlockError);
    expect(outcome.message).toMatch(/^deadlock: /);
    expect(outcome.message).toContain("PVG's thread pvg-task-1 waits for the BQL actor: the BQL, for the answer to mapMemory");
    expect(outcome.message).toContain("the BQL actor waits for PVG's thread pvg-control: its call into PVG to return");
    expect(await readUntilDone('hardened')).toBe('completed');
  });
});

describe('a write', () => {
  /** START sets the count of what the guest has written to 0, and then the guest writes the count: in which round the device lost it, if in any. */
  const writeAfterStart = (revision: RevisionName): Promise<{ lostIn: number | null; completed: readonly string[] }> =>
    play(revision, { trace: ['apple_gfx_write'] }, async ({ device, guest, log }) => {
      await guest.start();
      const vcpu = new Vcpu(device.attachment);
      let completed: string[] = [];
      const lostIn = await roundsUntil(ROUNDS, async (round) => {
        const [start, written] = [START + round, WRITTEN * round];
        vcpu.write32(L.REG_START, start);
        vcpu.write32(L.REG_FIFO_WRITTEN, written);
        const lines = [`offset=0x1010 val=0x${start.toString(16)}`, `offset=0x1008 val=0x${written.toString(16)}`];
        const seen = (): string[] => log.map((line) => line.replace('apple_gfx_write ', '')).filter((line) => lines.includes(line));
        await until(() => seen().length === 2);
        completed = seen().map((line) => line.slice(0, 'offset=0x1010'.length));
        return vcpu.read32(L.REG_FIFO_WRITTEN) !== written;
      });
      return { lostIn, completed };
    });

  it('overtakes an earlier write in async-write, and in hardened never does', async () => {
    const { lostIn, completed } = await writeAfterStart('async-write');
    expect(lostIn).not.toBeNull();
    expect(completed).toEqual(['offset=0x1008', 'offset=0x1010']);
    expect(await writeAfterStart('hardened')).toEqual({ lostIn: null, completed: ['offset=0x1010', 'offset=0x1008'] });
  });
});
