/**
 * `v5` on real threads: after a refused encode with another frame pending nothing is rendered ever again (threading.md 3), and an update that
 * waits for a frame which is refused is never answered (L3).
 */
import { expect, it } from 'vitest';
import type { Device, RevisionName } from '../../../dist/src/index.js';
import * as L from '../../../src/guest/layout.js';
import { type RawGuest, until } from '../raw-guest.js';
import { inspectBql, MODES, play, quiet, roundsUntil } from './scene.js';

/** Far more than ever were needed, which is one. */
const ROUNDS = 10;
/** Enough to keep the kick in flight until both frames have been announced. */
const MAPPINGS = 1500;
/** The largest glyph: converting it keeps the BQL actor busy while both frames are announced. */
const SIDE = 512;

/** The frame pipeline's state as text, its two regions one behind the other. */
async function framesOf(device: Device): Promise<string> {
  return JSON.stringify((await inspectBql(device)).frames[0]);
}

/**
 * Two frames that are announced at once, while a kick is in flight and the BQL actor is busy. In v5 both wait, as lock sections, for the
 * kick to end; in hardened both are bottom halves.
 */
async function presentTwo(guest: RawGuest, stamp: number): Promise<void> {
  guest.control(L.OP_CURSOR_GLYPH, stamp, 0, SIDE, SIDE, 4 * SIDE, 32, 0, 0, 0, guest.gpa(0), 0, 4 * SIDE * SIDE);
  for (let index = 0; index < MAPPINGS; index++) guest.mapPage();
  // The first swap waits for the glyph, by the stamp of its packet.
  guest.child((1 << 16) | L.OP_SWAP, 0, 0, stamp, 0, 0);
  guest.child(L.OP_SWAP, 0, 0, 0);
  await guest.doorbell();
  await guest.kick();
}

interface Pairs {
  /** Frames rendered of each pair. */
  readonly rendered: readonly number[];
  readonly stalled: boolean;
  /** Of two frames more, how many were rendered. */
  readonly afterwards: number;
}

/** Presents pairs of frames, of which the first is refused each time, until one stalls the pipeline; then two frames more. */
const presentPairs = (revision: RevisionName): Promise<Pairs> =>
  play(revision, { refuseEvery: 2, announceEveryFrame: true }, async ({ device, guest }) => {
    const rendered = (): number => device.statistics.framesRendered;
    const isStalled = async (): Promise<boolean> => (await framesOf(device)).includes('stalled');
    await guest.start();
    await guest.presentColour(0xff_00_00_01, 1);
    await until(() => rendered() === 1);
    const pairs: number[] = [];
    const stalled = await roundsUntil(ROUNDS, async (round) => {
      const before = rendered();
      await presentTwo(guest, round);
      await until(async () => rendered() > before || (await isStalled()));
      pairs.push(rendered() - before);
      return isStalled();
    });
    const before = rendered();
    for (const stamp of [2, 3]) {
      await guest.presentColour(0xff_00_00_00 + stamp, stamp);
      await until(() => guest.stamp(1) === stamp);
    }
    await (stalled === null ? until(() => rendered() > before) : quiet(device));
    return { rendered: pairs, stalled: stalled !== null, afterwards: rendered() - before };
  });

it('after the first of two pending frames was refused v5 renders nothing any more, hardened goes on', async () => {
  const v5 = await presentPairs('v5');
  expect(v5).toMatchObject({ stalled: true, afterwards: 0 });
  expect(v5.rendered.at(-1)).toBe(0);
  const hardened = await presentPairs('hardened');
  expect(hardened).toMatchObject({ rendered: Array(ROUNDS).fill(1), stalled: false });
  expect(hardened.afterwards).toBeGreaterThan(0);
});

/**
 * A frame is in flight and another is pending when the mode changes, and then the console asks for an update. The first is not shown, since it has
 * the old size, and the second is refused, since it is gone with the old mode. Null if the first was through too early.
 */
const updateThenRefusal = (revision: RevisionName): Promise<{ answered: boolean; refused: number } | null> =>
  play(revision, { encodeDelayMicroseconds: 1_000_000, announceEveryFrame: true }, async ({ device, guest }) => {
    await guest.start();
    await guest.presentColour(0xff_00_00_01, 1);
    await until(() => device.display.presents.encoded === 1);
    await guest.presentColour(0xff_00_00_02, 2);
    await until(async () => device.statistics.framesRendered > 0 || (await framesOf(device)).includes('double'));
    if (device.statistics.framesRendered > 0) return null;
    await device.mmioWrite(L.REG_MODE, 1);
    await until(() => device.surface?.width === MODES[1]?.width);
    let answered = false;
    const update = device.update().then(() => {
      answered = true;
    });
    // The device is closed at the end, and with it what still waits.
    update.catch(() => undefined);
    await until(async () => answered || (await framesOf(device)).includes('requested'));
    if (!(await framesOf(device)).includes('double')) return null;
    await until(async () => answered || (await framesOf(device)) === '{"pipeline":"idle","freshness":"requested"}');
    await quiet(device);
    return { answered, refused: device.statistics.refusedEncodes };
  });

/** The GPU takes a second for a frame, so that one attempt does unless the machine is very busy. */
async function updateOutcome(revision: RevisionName): Promise<unknown> {
  let outcome: unknown = null;
  await roundsUntil(ROUNDS, async () => {
    outcome = await updateThenRefusal(revision);
    return outcome !== null;
  });
  return outcome;
}

it('an update() that waits for a frame which is refused is never answered in v5, is answered in hardened', async () => {
  expect(await updateOutcome('v5')).toEqual({ answered: false, refused: 1 });
  expect(await updateOutcome('hardened')).toEqual({ answered: true, refused: 1 });
});
