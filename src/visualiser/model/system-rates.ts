/**
 * How often things happen: from the device's counters, or, where a recording has no samples, from its events.
 *
 * Invariant: what a rate is over is said by who asks, and no time is asked twice for one point of a series.
 */
import type { TraceStore } from '../../trace/recording/trace-store.js';
import type { Samples } from './system-samples.js';
import { COUNTS, type ThreadState } from './system-thread.js';
import { type RateView, SPARK_POINTS, SPARK_SPAN } from './system-types.js';

/** What is shown, the counter that it is of, and its place among the events that are counted. */
const RATES = [
  { name: 'accesses', text: 'accesses', counter: 'mmioAccesses' },
  { name: 'frames', text: 'frames', counter: 'framesRendered' },
  { name: 'interrupts', text: 'interrupts', counter: 'interrupts' },
  { name: 'upcalls', text: 'upcalls', counter: 'upcalls' },
] as const;

/** A thread at the moment and at the begin of the window. */
interface Span {
  readonly state: ThreadState;
  readonly before: ThreadState;
}

export class Rates {
  constructor(
    private readonly store: TraceStore,
    private readonly samples: Samples,
  ) {}

  views(from: number, time: number, spans: readonly Span[]): readonly RateView[] {
    const { samples, store } = this;
    return RATES.map(({ name, text, counter }) => {
      const place = samples.place(counter);
      if (place < 0 || samples.latest === null) return { name, text, perSecond: countedRate(name, spans, from, time), series: [] };
      return { name, text, perSecond: samples.rate(place, from, time), series: this.series(place, time, store.start) };
    });
  }

  /** Over half a second each, so the points stay where they are as long as the moment does. */
  private series(place: number, time: number, start: number): number[] {
    const step = SPARK_SPAN / SPARK_POINTS;
    // Points move a whole step at a time, so the line walks and doesn't tremble.
    const end = Math.floor(time / step) * step;
    return Array.from({ length: SPARK_POINTS }, (_, index) => {
      const to = end - (SPARK_POINTS - 1 - index) * step;
      return to - step < start ? Number.NaN : this.samples.rate(place, to - step, to);
    });
  }
}

function countedRate(name: (typeof COUNTS)[number], spans: readonly Span[], from: number, time: number): number {
  if (!(time > from)) return Number.NaN;
  const place = COUNTS.indexOf(name);
  const risen = spans.reduce((sum, { state, before }) => sum + (state.counts[place] ?? 0) - (before.counts[place] ?? 0), 0);
  return Math.max(0, risen) / ((time - from) / 1e9);
}
