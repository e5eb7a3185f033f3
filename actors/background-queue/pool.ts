/**
 * The background queue's pool of workers; the only importer of piscina.
 */
import { Piscina } from 'piscina';
import { BACKGROUND_WORKERS } from '../../src/base/limits.js';
import type { Wiring } from '../wiring.js';

export class BackgroundPool {
  private readonly pool: Piscina;
  private readonly drains: Promise<void>[] = [];

  /** Starts the workers; `died` is called at most once for each that ends by an error. */
  constructor(
    private readonly wiring: Wiring,
    died: (error: unknown) => void,
  ) {
    this.pool = new Piscina({
      filename: new URL('./thread.js', import.meta.url).href,
      minThreads: BACKGROUND_WORKERS,
      // One more than drains: a reset needs a worker whatever is blocked in the others.
      maxThreads: BACKGROUND_WORKERS + 1,
      atomics: 'disabled',
      recordTiming: false,
    });
    for (let worker = 0; worker < BACKGROUND_WORKERS; worker++) this.drains.push(this.pool.run(wiring).catch(died));
  }

  /** Resets PVG on a worker of its own: the pvg_status. */
  reset(): Promise<number> {
    return this.pool.run(this.wiring, { name: 'reset' });
  }

  /** Waits for the workers to return, which they do once their mailbox is closed, and ends the pool. */
  async close(): Promise<void> {
    await Promise.allSettled(this.drains);
    await this.pool.destroy();
  }
}
