/**
 * The display modes that the device offers, from its `apple_gfx_display_mode` events.
 *
 * Invariant: each event of the recording is looked at once.
 */
import type { TraceStore } from '../../../../trace/recording/trace-store.js';

export class ModeList {
  /** As `1440×1080`, in the device's order. */
  readonly modes: string[] = [];
  private readonly seen = new Map<number, number>();

  /** Looks at what has come since. */
  update(store: TraceStore): void {
    const wanted = store.eventNumber('apple_gfx_display_mode');
    if (wanted < 0) return;
    for (const log of store.threads) {
      const from = Math.max(log.first, this.seen.get(log.thread.index) ?? 0);
      for (let index = from; index < log.end; index++) {
        if (log.event(index) === wanted) this.modes[log.arg(index, 0)] = `${log.arg(index, 1)}×${log.arg(index, 2)}`;
      }
      this.seen.set(log.thread.index, log.end);
    }
  }
}
