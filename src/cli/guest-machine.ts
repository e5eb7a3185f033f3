/**
 * The guest of a run as a machine that can be paused, let go on, and reset with its device.
 *
 * Invariant: one thing at a time, in the order in which they were asked for. The guest stands still between two frames, never inside one; what it has
 * drawn by then the device shows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Device } from '../device.js';
import type { GuestOrderName, GuestOrders } from '../runtime/guest-orders.js';
import { GuestError } from './guest-error.js';

/** How long the guest may take to end its frame, in milliseconds: as long as its driver gives the device. */
const REST_MS = 10_000;
const LOOK_MS = 1;

export class GuestMachine {
  private isPaused = false;
  private last: Promise<void> = Promise.resolve();
  private hasEnded = false;

  /** `ended` settles when the guest has ended. */
  constructor(
    private readonly device: Device,
    private readonly orders: GuestOrders,
    ended: Promise<void>,
  ) {
    const note = (): void => {
      this.hasEnded = true;
    };
    ended.then(note, note);
  }

  get paused(): boolean {
    return this.isPaused;
  }

  /** Resolves when the guest stands still. Rejects with GuestError if it has ended, or doesn't come to the end of its frame; then it goes on. */
  pause(): Promise<void> {
    return this.next(() => this.rest('rest'));
  }

  resume(): Promise<void> {
    return this.next(() => this.go());
  }

  /** Resets the device between two frames, and has the guest bring it up again; who is paused is so again then. Rejects as pause() and the device's reset. */
  reset(): Promise<void> {
    return this.next(async () => {
      const wasPaused = this.isPaused;
      await this.rest('restart');
      try {
        await this.device.reset();
      } finally {
        if (wasPaused) await this.rest('rest');
        else await this.go();
      }
    });
  }

  private next(action: () => Promise<void>): Promise<void> {
    const done = this.last.then(action);
    this.last = done.catch(() => undefined);
    return done;
  }

  private async rest(order: GuestOrderName): Promise<void> {
    this.orders.give(order);
    for (const late = performance.now() + REST_MS; !this.orders.isResting; await sleep(LOOK_MS)) {
      if (!this.hasEnded && performance.now() < late) continue;
      await this.go();
      throw new GuestError(
        this.hasEnded ? 'the guest has ended' : `the guest did not come to the end of its frame within ${REST_MS / 1000} s`,
      );
    }
    this.isPaused = true;
  }

  private async go(): Promise<void> {
    this.isPaused = false;
    this.orders.give('run');
  }
}
