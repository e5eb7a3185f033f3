/**
 * `bh` on real threads: a batch of bottom halves runs last in, first out, so what PVG said last is overtaken by what it said before (threading.md 1,
 * P10); and an IOSurface unmap gives back a reference of whoever has one on the region, or none (P7).
 */
import { describe, expect, it } from 'vitest';
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { Upcall } from '../../../dist/src/bridge/pvg.js';
import type { Device, RevisionName } from '../../../dist/src/index.js';
import { Mailboxes } from '../../../dist/src/runtime/mailbox.js';
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
    const { regions } = (await device.internals.inspect('memory')) as { regions: { name: string; references: number }[] };
    return regions.find(({ name }) => name === 'ram')?.references;
  };

  /**
   * A callback that the software PVG never makes: an unmap of an address that nothing is mapped at, but which is in RAM that tasks have mapped. It
   * is put where PVG would put it. References on RAM before and after it, and how often the guest's doing was logged.
   */
  const unmapNothing = (revision: RevisionName): Promise<unknown> =>
    play(revision, {}, async ({ device, guest }) => {
      await guest.start();
      const bridge = loadBridge();
      const before = await ramReferences(device);
      const address = Number(bridge.pvg_ram_address(device.attachment.ram)) + PAGE;
      const { memory } = device.internals.wiring.mailboxes;
      new Mailboxes(bridge).post(memory, { kind: Upcall.iosfcUnmap, words: [address] });
      await until(async () => device.statistics.guestErrors > 0 || (await ramReferences(device)) !== before);
      return { before, after: await ramReferences(device), logged: device.statistics.guestErrors };
    });

  it('of what was never mapped gives back the reference of a task in bh, and nothing in hardened', async () => {
    expect(await unmapNothing('bh')).toEqual({ before: 2, after: 1, logged: 0 });
    expect(await unmapNothing('hardened')).toEqual({ before: 2, after: 2, logged: 1 });
  });

  /** A surface in memory that is taken off the guest's map while the surface is mapped. Its bytes read as zeros once nothing maps them any more. */
  const unmapRemoved = (revision: RevisionName): Promise<unknown> =>
    play(revision, {}, async ({ device }) => {
      const ring = new MapperRing(device);
      await ring.start();
      const memory = await device.addMemory({ gpa: 0x1_0000_0000, bytes: PAGE });
      memory.bytes[0] = 7;
      const mapped = await ring.request(L.IOSFC_OP_MAP, 1, memory.gpa, PAGE);
      await memory.remove();
      const kept = memory.bytes[0];
      const unmapped = await ring.request(L.IOSFC_OP_UNMAP, 1, 0, 0);
      return { mapped, kept, unmapped, afterwards: memory.bytes[0] };
    });

  it('of memory that was removed meanwhile keeps it for ever in bh, and gives it back in hardened', async () => {
    const before = { mapped: L.IOSFC_OK, kept: 7 };
    expect(await unmapRemoved('bh')).toEqual({ ...before, unmapped: L.IOSFC_FAILED, afterwards: 7 });
    expect(await unmapRemoved('hardened')).toEqual({ ...before, unmapped: L.IOSFC_OK, afterwards: 0 });
  });
});
