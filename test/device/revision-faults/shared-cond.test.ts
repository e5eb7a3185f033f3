/**
 * `shared-cond` on real threads: every completion wakes everybody who waits (threading.md 3); and `v5`, where it wakes everybody who waits for one
 * of its kind.
 */
import { describe, expect, it } from 'vitest';
import type { RevisionName } from '../../../dist/src/index.js';
import * as L from '../../../src/guest/layout.js';
import type { RawGuest } from '../raw-guest.js';
import { play, roundsUntil } from './scene.js';

/** Far more than ever were needed, which is one. */
const ROUNDS = 10;
const CALLS = 100;
const TASK_LENGTH = 0x10_0000;

interface Wakes {
  readonly answered: number;
  readonly woken: number;
  readonly inVain: number;
}

/** Kicks the same packets off until a thread of PVG's woke up in vain, or for so many rounds; the counts of all of them. */
const countWakes = (revision: RevisionName, packets: (guest: RawGuest) => void): Promise<Wakes> =>
  play(revision, {}, async ({ device, guest }) => {
    await guest.start();
    guest.control(L.OP_DEFINE_TASK, 0, 2, 0, TASK_LENGTH, 0);
    await guest.kick();
    const before = device.statistics;
    await roundsUntil(ROUNDS, async () => {
      packets(guest);
      await guest.kick();
      return device.statistics.upcallWakesInVain > before.upcallWakesInVain;
    });
    expect(await guest.fault()).toBe(0);
    const { upcalls, upcallWakes, upcallWakesInVain } = device.statistics;
    return {
      answered: upcalls - before.upcalls,
      woken: upcallWakes - before.upcallWakes,
      inVain: upcallWakesInVain - before.upcallWakesInVain,
    };
  });

const isThunderingHerd = ({ answered, woken, inVain }: Wakes): void => {
  expect(inVain).toBeGreaterThan(0);
  expect(woken).toBe(answered + inVain);
};
const wakesEachOnce = ({ answered, woken, inVain }: Wakes): void => {
  expect(answered).toBeGreaterThan(0);
  expect({ woken, inVain }).toEqual({ woken: answered, inVain: 0 });
};

/** Two task threads of PVG's wait at once, each for the answer to a mapMemory. */
const sameKind = (guest: RawGuest): void => {
  for (let call = 0; call < CALLS; call++) {
    guest.mapPage();
    guest.control(L.OP_MAP, 0, 2, 0, 0, 0, 1, 0, guest.gpa(0), 0, guest.page, 0);
  }
};

/** A task thread waits for the answer to a mapMemory, the control thread for one to a createTask or destroyTask. */
const differentKinds = (guest: RawGuest): void => {
  for (let call = 0; call < CALLS; call++) {
    guest.mapPage();
    guest.control(L.OP_DEFINE_TASK, 0, 3, 0, TASK_LENGTH, 0);
    guest.control(L.OP_DELETE_TASK, 0, 3);
  }
};

describe('an answered callback', () => {
  it('wakes everybody in shared-cond, in hardened the one who waits for it', async () => {
    isThunderingHerd(await countWakes('shared-cond', differentKinds));
    isThunderingHerd(await countWakes('shared-cond', sameKind));
    wakesEachOnce(await countWakes('hardened', differentKinds));
    wakesEachOnce(await countWakes('hardened', sameKind));
  });

  it('wakes in v5 whoever waits for one of its kind', async () => {
    isThunderingHerd(await countWakes('v5', sameKind));
    wakesEachOnce(await countWakes('v5', differentKinds));
  });
});
