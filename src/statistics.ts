/**
 * What a device has done so far, in numbers: put together from its counters, its displays and PVG.
 *
 * Invariant: nothing is kept here; each number is as of when it was read, so two of them may be a moment apart.
 */
import type { PvgBridge } from './bridge/native.js';
import type { DeviceDisplay } from './display.js';
import type { Counters } from './runtime/shared.js';

/** Counts since the device was made, over all displays. */
export interface DeviceStatistics {
  /** Register accesses that the guest made. */
  readonly mmioAccesses: number;
  /** Frames that PVG has drawn. */
  readonly framesRendered: number;
  /** Of those rendered, the ones that were not copied into the surface, since nobody looked: on a headless device. */
  readonly framesUnseen: number;
  /** Of the guest's presents up to the one shown last, those that were never shown: dropped here, or replaced inside PVG. */
  readonly framesDropped: number;
  /** Frames that the guest has presented. */
  readonly framesPresented: number;
  /** Frames rendered a second, from the first to the last; 0 before the second. */
  readonly framesPerSecond: number;
  /** Frames that PVG refused to draw. */
  readonly refusedEncodes: number;
  /** Interrupts raised. */
  readonly interrupts: number;
  /** How often the guest did something wrong. */
  readonly guestErrors: number;
  /** How long the BQL was held, in microseconds. */
  readonly bqlHoldMicroseconds: number;
  /** PVG's callbacks that waited for an answer, threads that woke up for one, and those of them that woke for another's. */
  readonly upcalls: number;
  /** Threads that woke up for an answer. */
  readonly upcallWakes: number;
  /** Those of them that woke for another's. */
  readonly upcallWakesInVain: number;
}

/** Whose statistics they are. */
export interface StatisticsParts {
  readonly bridge: PvgBridge;
  /** PVG's device. */
  readonly pvg: number;
  readonly counters: Counters;
  readonly displays: readonly DeviceDisplay[];
}

export function statisticsOf({ bridge, pvg, counters, displays }: StatisticsParts): DeviceStatistics {
  const wakes = new BigUint64Array(3);
  bridge.pvg_upcall_wakes(pvg, wakes);
  const rendered = counters.get('framesRendered');
  const shown = displays.reduce((sum, display) => sum + display.shown.lastPresent, 0);
  const seconds = Math.max(...displays.map((display) => display.shown.seconds));
  return {
    mmioAccesses: counters.get('accesses'),
    framesRendered: rendered,
    framesUnseen: counters.get('framesUnseen'),
    framesDropped: Math.max(0, shown - rendered),
    framesPresented: displays.reduce((sum, display) => sum + display.presents.presented, 0),
    framesPerSecond: rendered > 1 && seconds > 0 ? (rendered - 1) / seconds : 0,
    refusedEncodes: counters.get('refusals'),
    interrupts: counters.get('interrupts'),
    guestErrors: counters.get('guestErrors'),
    bqlHoldMicroseconds: counters.holdMicroseconds,
    upcalls: Number(wakes[0] ?? 0n),
    upcallWakes: Number(wakes[1] ?? 0n),
    upcallWakesInVain: Number(wakes[2] ?? 0n),
  };
}
