/**
 * The counters of a recording's samples, as the store has them.
 *
 * Invariant: samples are in the order of their times.
 */
import type { RecordedSample } from '../../trace/recording/format.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { firstPlace } from './spans-columns.js';

export class Series {
  names: readonly string[] = [];
  private samples: readonly RecordedSample[] = [];

  get length(): number {
    return this.samples.length;
  }

  time(index: number): number {
    return this.samples[index]?.nanoseconds ?? Number.NaN;
  }

  value(counter: number, index: number): number {
    return this.samples[index]?.values[counter] ?? 0;
  }

  /** Whether it counts what has happened so far, and so never goes down; else it is how much there is of something now. */
  isTotal(counter: number): boolean {
    return !(this.names[counter] ?? '').includes('.');
  }

  /** Index of the first sample at that time or later; `length` if there is none. */
  at(nanoseconds: number): number {
    return firstPlace(this.length, (index) => this.time(index) < nanoseconds);
  }

  update({ header, samples }: TraceStore): void {
    this.names = header?.counters ?? [];
    this.samples = samples;
  }
}
