/**
 * Interrupts as events, for whoever doesn't wait on their memory.
 *
 * Invariant: it costs nothing unless somebody listens: the shared memory of the lines is waited on without blocking the thread. Interrupts of a vector that
 * come while the thread is busy are told together. It keeps no process alive, which the device's threads do.
 */
import { MAX_VECTORS } from '../base/limits.js';
import type { InterruptLines } from './shared.js';

export class InterruptWatch {
  private readonly counts = new Int32Array(MAX_VECTORS);
  private isRunning = false;
  private isStopped = false;

  /** `tell` returns whether anybody listens still. */
  constructor(
    private readonly lines: InterruptLines,
    private readonly tell: (vector: number, count: number) => boolean,
  ) {}

  /** Somebody listens: what comes from now on is told. */
  start(): void {
    if (this.isRunning || this.isStopped) return;
    this.isRunning = true;
    for (let vector = 0; vector < MAX_VECTORS; vector++) this.counts[vector] = this.lines.count(vector);
    void this.run();
  }

  /** The device has ended: tells what came until now, and no more. */
  stop(): void {
    if (this.isRunning) this.look();
    this.isStopped = true;
    this.lines.wake();
  }

  private async run(): Promise<void> {
    let sequence = this.lines.sequence;
    do {
      await this.lines.changed(sequence);
      // Before the counts, so that what is raised meanwhile is found at the next look.
      sequence = this.lines.sequence;
    } while (!this.isStopped && this.look());
    this.isRunning = false;
  }

  /** Whether anybody listens still. */
  private look(): boolean {
    let listens = true;
    for (let vector = 0; vector < MAX_VECTORS; vector++) {
      const raised = (this.lines.count(vector) - (this.counts[vector] ?? 0)) | 0;
      this.counts[vector] = (this.counts[vector] ?? 0) + raised;
      if (raised !== 0) listens = this.tell(vector, raised) && listens;
    }
    return listens;
  }
}
