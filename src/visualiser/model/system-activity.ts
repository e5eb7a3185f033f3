/**
 * For how long somebody was busy, and for how long he waited.
 *
 * Invariant: totals only grow, so what a span of time had of each is the difference of two moments' totals.
 */

/** `waiting`: inside PVG, or in a nested wait. `idle`: nothing to do. */
export type Activity = 'idle' | 'busy' | 'waiting';

export class Activities {
  activity: Activity = 'idle';
  /** Since when, in nanoseconds; NaN before anything was heard of. */
  since = Number.NaN;
  /** Nanoseconds up to `since`. */
  private busy = 0;
  private waiting = 0;

  to(activity: Activity, time: number): void {
    if (activity === this.activity) {
      if (Number.isNaN(this.since)) this.since = time;
      return;
    }
    this.busy = this.busyUntil(time);
    this.waiting = this.waitingUntil(time);
    this.activity = activity;
    this.since = time;
  }

  busyUntil(time: number): number {
    return this.activity === 'busy' ? this.busy + Math.max(0, time - this.since) : this.busy;
  }

  waitingUntil(time: number): number {
    return this.activity === 'waiting' ? this.waiting + Math.max(0, time - this.since) : this.waiting;
  }

  copy(): Activities {
    return Object.assign(new Activities(), this);
  }
}
