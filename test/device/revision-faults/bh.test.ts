/**
 * `bh` on real threads: a batch of bottom halves runs last in, first out, so what PVG said last is overtaken by what it said before (threading.md 1,
 * P10); and an IOSurface unmap of what was never mapped gives back a reference of somebody else's (P7).
 */
import { describe, expect, it } from 'vitest';
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { Upcall } from '../../../dist/src/bridge/pvg.js';
import { RecordBuffer } from '../../../dist/src/bridge/records.js';
import type { Device, RevisionName } from '../../../dist/src/index.js';
import * as L from '../../../src/guest/layout.js';
import { until } from '../raw-guest.js';
import { MapperRing, play, roundsUntil } from './scene.js';

/** Every third round or so shows it, on a machine with or without other things to do. */
const ROUNDS = 200;
/** The largest glyph: converting it keeps the BQL actor busy. */
const SIDE = 512;
const ACKNOWLEDGEMENTS = 500;
const PAGE = 0x4000;

describe('what PVG says of the cursor', () => {
  /** While the BQL actor is busy with a glyph the guest shows the cursor and hides it again: in which round it stays shown, null if in none. */
  const showAndHide = (revision: RevisionName): Promise<number | null> =>
    play(revision, {}, async ({ device, guest }) => {
      await guest.start();
      return roundsUntil(ROUNDS, async () => {
        guest.control(L.OP_CURSOR_GLYPH, 0, 0, SIDE, SIDE, 4 * SIDE, 32, 0, 0, 0, guest.gpa(0), 0, 4 * SIDE * SIDE);
        guest.control(L.OP_CURSOR_SHOW, 0, 0, 1);
        // These keep PVG busy, so that its display queue has told of the first event before the second, which would take its place, is there.
        for (let packet = 0; packet < ACKNOWLEDGEMENTS; packet++) guest.control(L.OP_ONLINE_ACK, 0, 0);
        guest.control(L.OP_CURSOR_SHOW, 0, 0, 0);
        await guest.kick();
        await until(() => device.upToDate);
        // An access comes behind the events in the BQL actor's mailbox, and waits for bottom halves besides.
        await device.mmioRead(L.REG_VERSION);
        return device.cursor.shown;
      });
    });

  it('is done in reverse order in bh, in order in hardened', async () => {
    expect(await showAndHide('bh')).not.toBeNull();
    expect(await showAndHide('hardened')).toBeNull();
  });
});

describe('an IOSurface unmap', () => {
  const ramReferences = async (device: Device): Promise<number | undefined> => {
    const { regions } = (await device.internals.inspect('bql')) as { regions: { name: string; references: number }[] };
    return regions.find(({ name }) => name === 'ram')?.references;
  };

  /**
   * A callback that the software PVG never makes, answered as it would be: an unmap of an address in memory that something has mapped, but where no
   * mapping of a surface begins.
   */
  const answerUnmap = (device: Device, memory: number): void => {
    const bridge = loadBridge();
    const records = new RecordBuffer(1);
    records.write(0, { kind: Upcall.iosfcUnmap, words: [Number(bridge.pvg_ram_address(memory)) + PAGE / 2] });
    bridge.pvg_device_own_answer(device.internals.wiring.device, records.bytes, new BigUint64Array(1));
  };

  /** References on RAM, which two tasks have mapped, before and after it, and how often the guest's doing was logged. */
  const unmapNothing = (revision: RevisionName): Promise<unknown> =>
    play(revision, {}, async ({ device, guest }) => {
      await guest.start();
      const before = await ramReferences(device);
      answerUnmap(device, device.attachment.ram);
      await until(async () => device.statistics.guestErrors > 0 || (await ramReferences(device)) !== before);
      return { before, after: await ramReferences(device), logged: device.statistics.guestErrors };
    });

  it('of what was never mapped gives back the reference of a task in bh, and nothing in hardened', async () => {
    expect(await unmapNothing('bh')).toEqual({ before: 2, after: 1, logged: 0 });
    expect(await unmapNothing('hardened')).toEqual({ before: 2, after: 2, logged: 1 });
  });

  /** A surface in memory that was taken off the guest's map; the surface's own unmap comes after the other one. */
  const unmapTwice = (revision: RevisionName, logs: number): Promise<unknown> =>
    play(revision, {}, async ({ device }) => {
      const ring = new MapperRing(device);
      await ring.start();
      const memory = await device.addMemory({ gpa: 0x1_0000_0000, bytes: PAGE });
      const mapped = await ring.request(L.IOSFC_OP_MAP, 1, memory.gpa, PAGE);
      await memory.remove();
      answerUnmap(device, memory.handle);
      // Requests are served in order, and so are callbacks.
      const unmapped = await ring.request(L.IOSFC_OP_UNMAP, 1, 0, 0);
      // What PVG's own thread logs is heard of a little later.
      await until(() => device.statistics.guestErrors >= logs);
      return { mapped, unmapped, logged: device.statistics.guestErrors };
    });

  it('of what was never mapped takes memory away under a surface in bh, whose own unmap then fails, and nothing in hardened', async () => {
    expect(await unmapTwice('bh', 0)).toEqual({ mapped: L.IOSFC_OK, unmapped: L.IOSFC_FAILED, logged: 0 });
    expect(await unmapTwice('hardened', 1)).toEqual({ mapped: L.IOSFC_OK, unmapped: L.IOSFC_OK, logged: 1 });
  });
});
