/**
 * The counters of a recording's samples in columns.
 *
 * Invariant: times are in order, and each counter has a value for each of them. The older half goes when there are STORED_ENTRIES.
 */
import { STORED_ENTRIES } from '../../base/limits.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { grown } from './spans-columns.js';

const FIRST_ROOM = 256;

export class Series {
  names: readonly string[] = [];
  private times = new Float64Array(FIRST_ROOM);
  private columns: Float64Array[] = [];
  private used = 0;

  get length(): number {
    return this.used;
  }

  time(index: number): number {
    return index < this.used ? (this.times[index] as number) : Number.NaN;
  }

  value(counter: number, index: number): number {
    return this.columns[counter]?.[index] ?? 0;
  }

  /** Whether it counts what has happened so far, and so never goes down; else it is how much there is of something now. */
  isTotal(counter: number): boolean {
    return !(this.names[counter] ?? '').includes('.');
  }

  /** Index of the first sample at that time or later; `length` if there is none. */
  at(nanoseconds: number): number {
    let low = 0;
    let high = this.used;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.times[middle] as number) < nanoseconds) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The largest value of the samples in a stretch of time, or, if there is none, the last before it; NaN before the first. */
  largest(counter: number, from: number, to: number): number {
    const begin = this.at(from);
    const end = this.at(to);
    if (begin === end) return begin === 0 ? Number.NaN : this.value(counter, begin - 1);
    let largest = Number.NEGATIVE_INFINITY;
    for (let index = begin; index < end; index++) largest = Math.max(largest, this.value(counter, index));
    return largest;
  }

  /** Goes on from where it was. */
  update({ header, samples }: TraceStore): void {
    if (header === null) return;
    if (this.columns.length === 0 && header.counters.length > 0) {
      this.names = header.counters;
      this.columns = header.counters.map(() => new Float64Array(FIRST_ROOM));
    }
    const last = this.used === 0 ? Number.NEGATIVE_INFINITY : this.time(this.used - 1);
    let index = samples.length;
    while (index > 0 && (samples[index - 1]?.nanoseconds ?? 0) > last) index--;
    for (; index < samples.length; index++) {
      const sample = samples[index];
      if (sample !== undefined && !(sample.nanoseconds <= (this.used === 0 ? Number.NEGATIVE_INFINITY : this.time(this.used - 1))))
        this.push(sample.nanoseconds, sample.values);
    }
  }

  private push(nanoseconds: number, values: readonly number[]): void {
    if (this.used >= STORED_ENTRIES) {
      const half = this.used >>> 1;
      for (const column of [this.times, ...this.columns]) column.copyWithin(0, half, this.used);
      this.used -= half;
    }
    if (this.used === this.times.length) {
      this.times = grown(this.times, 2 * this.used);
      this.columns = this.columns.map((column) => grown(column, 2 * column.length));
    }
    this.times[this.used] = nanoseconds;
    this.columns.forEach((column, counter) => {
      column[this.used] = values[counter] ?? 0;
    });
    this.used++;
  }
}
