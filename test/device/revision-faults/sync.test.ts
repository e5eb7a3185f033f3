/**
 * `sync` on real threads: deadlock as soon as a callback from another thread is waited for (threading.md 3).
 *
 * PVG is entered by the one who holds the BQL, and waits there for a thread of its own whose callback wants the BQL.
 */
import { describe, expect, it } from 'vitest';
import { DeadlockError, type RevisionName } from '../../../dist/src/index.js';
import * as L from '../../../src/guest/layout.js';
import { until } from '../raw-guest.js';
import { MapperRing, outcomeOf, play, type VcpuEnd, VcpuThread } from './scene.js';

const PAGE = 0x4000;
/** Enough to be still at it when the next read comes. */
const MAPPINGS = 500;

describe('a write that makes the IOSurface mapper map something', () => {
  const waits = [
    "PVG's thread pvg-iosfc waits for the BQL actor: the BQL, for the answer to iosfcMap",
    "the BQL actor waits for PVG's thread pvg-iosfc: its call into PVG to return",
  ];

  const mapSurface = (revision: RevisionName): Promise<unknown> =>
    play(revision, {}, async ({ device }) => {
      const ring = new MapperRing(device);
      await ring.start();
      return outcomeOf(ring.request(L.IOSFC_OP_MAP, 1, device.attachment.ramBase, PAGE));
    });

  it('deadlocks in sync, is carried out in hardened', async () => {
    const outcome = (await mapSurface('sync')) as Error;
    expect(outcome).toBeInstanceOf(DeadlockError);
    const [cycle, ...steps] = outcome.message.split('\n');
    expect(cycle).toMatch(/^deadlock: /);
    expect(steps).toEqual(expect.arrayContaining(waits));
    expect(await mapSurface('hardened')).toBe('completed');
  });

  /** As above, by a vCPU on a thread of its own. */
  const mapSurfaceOnVcpu = (revision: RevisionName): Promise<VcpuEnd> =>
    play(revision, {}, async ({ device }) => {
      const ring = new MapperRing(device);
      await ring.start();
      const producer = ring.put(L.IOSFC_OP_MAP, 1, device.attachment.ramBase, PAGE);
      const vcpu = new VcpuThread(device, [
        ['writeIosfc64', L.IOSFC_PRODUCER, producer],
        ['readIosfc64', L.IOSFC_CONSUMER],
      ]);
      return vcpu.stop();
    });

  it('is reported to the vCPU that made it, with the same words', async () => {
    const end = await mapSurfaceOnVcpu('sync');
    expect(end).toMatchObject({ error: { code: 'ERR_DEADLOCK', message: expect.stringMatching(/^deadlock: /) } });
    for (const wait of waits) expect(end).toMatchObject({ error: { message: expect.stringContaining(wait) } });
    expect(await mapSurfaceOnVcpu('hardened')).toEqual({ values: [undefined, 1n] });
  });
});

describe('a read that PVG lets wait for work whose mappings are still to be made', () => {
  const waits = [
    "PVG's thread pvg-control waits for PVG's thread pvg-task-1: what it does for it",
    "PVG's thread pvg-task-1 waits for the BQL actor: the BQL, for the answer to mapMemory",
    "the BQL actor waits for PVG's thread pvg-control: its call into PVG to return",
  ];

  /** One vCPU reads a register again and again while another one's kick has mappings made. */
  const readWhileMapping = (revision: RevisionName): Promise<readonly [unknown, VcpuEnd]> =>
    play(revision, { readsWait: true }, async ({ device, guest }) => {
      await guest.start();
      const reader = new VcpuThread(device, [['read32', L.REG_VERSION]]);
      for (let index = 0; index < MAPPINGS; index++) guest.mapPage();
      await until(() => reader.rounds > 0);
      return [await outcomeOf(guest.kick()), await reader.stop()];
    });

  it('deadlocks in sync, waits in hardened', async () => {
    const [kick, reader] = await readWhileMapping('sync');
    expect(kick).toBeInstanceOf(DeadlockError);
    for (const wait of waits) expect((kick as Error).message).toContain(wait);
    expect(reader).toMatchObject({ error: { code: 'ERR_DEADLOCK', message: (kick as Error).message } });
    expect(await readWhileMapping('hardened')).toEqual(['completed', { values: [L.VERSION_VALUE] }]);
  });
});
