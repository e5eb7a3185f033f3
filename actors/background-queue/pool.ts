/**
 * The background queue's pool of workers; the only importer of piscina.
 *
 * Invariant: there are always as many workers as jobs that somebody waits for, up to the bound; a worker that was started stays.
 */
import { createRequire } from 'node:module';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type * as PiscinaModule from 'piscina';
import { MAX_BACKGROUND_WORKERS, THREAD_YOUNG_MIB } from '../../src/base/limits.js';
import { Board } from '../../src/runtime/board.js';
import { threadFile } from '../../src/runtime/thread-file.js';
import type { Report, Wiring } from '../wiring.js';

/** What a worker is started with. */
export interface WorkerData {
  readonly wiring: Wiring;
  /** Where its reports go. */
  readonly reports: MessagePort;
}

export interface PoolEvents {
  /** A worker, or what it was started with, ended by an error; more than once for one worker at times. */
  died(error: unknown): void;
  report(report: Report): void;
}

export class BackgroundPool {
  private readonly pool: PiscinaModule.Piscina;
  private readonly drains: Promise<void>[] = [];
  private readonly serving: Promise<void>[] = [];
  private readonly board: Board;

  constructor(
    private readonly wiring: Wiring,
    private readonly events: PoolEvents,
  ) {
    this.board = new Board(wiring.board);
    // Loaded here and not before, while the threads that were started first load their code.
    const { Piscina } = createRequire(import.meta.url)('piscina') as typeof PiscinaModule;
    this.pool = new Piscina({
      filename: threadFile('background-queue').href,
      // Workers come with grow().
      minThreads: 0,
      // One more than drains: a reset needs a worker whatever is blocked in the others.
      maxThreads: MAX_BACKGROUND_WORKERS + 1,
      // The next reset finds the worker of the last one; to start a thread for each takes longer than the reset.
      idleTimeout: Number.POSITIVE_INFINITY,
      atomics: 'disabled',
      recordTiming: false,
      resourceLimits: { maxYoungGenerationSizeMb: THREAD_YOUNG_MIB },
    });
    // A worker has ended without a task, as one does whose code can't be loaded. Tasks that wait for such a worker would wait for ever.
    this.pool.on('error', (error) => {
      this.events.died(error);
      void this.pool.destroy();
    });
    this.grow(1);
  }

  /** Makes sure that there are so many workers, within the bound. */
  grow(count: number): void {
    while (this.drains.length < Math.min(count, MAX_BACKGROUND_WORKERS)) {
      const { port1, port2 } = new MessageChannel();
      const serves = new Promise<void>((resolve) => {
        port1.on('message', (report: Report) => (report.report === 'ready' ? resolve() : this.events.report(report)));
      });
      port1.unref();
      this.board.expectWorker();
      const data: WorkerData = { wiring: this.wiring, reports: port2 };
      const drained = this.pool.run(data, { transferList: [port2] }) as Promise<void>;
      const ended = drained.catch((error: unknown) => this.events.died(error)).finally(() => port1.close());
      this.drains.push(ended);
      this.serving.push(Promise.race([serves, ended]));
    }
  }

  /**
   * Resolves when the workers that were started take messages, or have ended. Until then they need this thread's event loop to turn, by
   * which piscina hands them their task; so nobody may be told before that he can wait inside an access.
   */
  async ready(): Promise<void> {
    await Promise.all(this.serving);
  }

  /** Resets PVG on a worker of its own: the pvg_status. */
  reset(): Promise<number> {
    return this.pool.run(this.wiring, { name: 'reset' });
  }

  /** Moves PVG's virtual clock on a worker of its own: the pvg_status and, of a failure, PVG's words. */
  moveClock(nanoseconds: bigint): Promise<{ readonly status: number; readonly text: string }> {
    return this.pool.run({ device: this.wiring.device, nanoseconds }, { name: 'moveClock' });
  }

  /** Suspends PVG on a worker of its own: its state, or the pvg_status of the failure. */
  suspend(): Promise<Uint8Array | number> {
    return this.pool.run(this.wiring, { name: 'suspend' });
  }

  /** Makes a new PVG device go on from a state, on a worker of its own: the pvg_status and, of a failure, PVG's words. */
  resume(state: Uint8Array): Promise<{ readonly status: number; readonly text: string }> {
    return this.pool.run({ wiring: this.wiring, state }, { name: 'resume' });
  }

  /** Waits for the workers to return, which they do once their mailbox is closed, and ends the pool. */
  async close(): Promise<void> {
    await Promise.allSettled(this.drains);
    await this.pool.destroy();
  }
}
