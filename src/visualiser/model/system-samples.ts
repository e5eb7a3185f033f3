/**
 * What a recording's samples say: how full mailboxes are and were at most, and how often something happened.
 *
 * Invariant: each sample is looked at once; at any moment the answer is that of the latest sample before. What isn't known is NaN.
 */
import { BACKGROUND_MAILBOX_CAPACITY, BQL_MAILBOX_CAPACITY, RENDER_MAILBOX_CAPACITY } from '../../base/limits.js';
import type { RecordedSample } from '../../trace/recording/format.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { type MailboxView, SPARK_POINTS, SPARK_SPAN } from './system-types.js';
import type { Finding } from './system-warnings.js';

/** Records that a mailbox holds, by who takes from it. */
const CAPACITIES = new Map([
  ['bql', BQL_MAILBOX_CAPACITY],
  ['render-queue', RENDER_MAILBOX_CAPACITY],
  ['background-queue', BACKGROUND_MAILBOX_CAPACITY],
  ['watchdog', BQL_MAILBOX_CAPACITY],
]);
const MAILBOX = 'mailbox.';
/** How full a mailbox may be: then posters are about to be blocked. */
const NEARLY_FULL = 0.75;
const STEP = SPARK_SPAN / SPARK_POINTS;

const lastUntil = (samples: readonly RecordedSample[], time: number): number =>
  samples.findLastIndex(({ nanoseconds }) => nanoseconds <= time);

/** How often a second a counter went up between two samples, by their places. */
function rate(samples: readonly RecordedSample[], counter: number, from: number, to: number): number {
  const [first, last] = [samples[Math.max(0, Math.min(from, to - 1))], samples[to]];
  if (first === undefined || last === undefined) return Number.NaN;
  const risen = Math.max(0, (last.values[counter] ?? Number.NaN) - (first.values[counter] ?? Number.NaN));
  return last === first ? Number.NaN : (1e9 * risen) / (last.nanoseconds - first.nanoseconds);
}

export class Samples {
  private last: RecordedSample | undefined;
  /** The most that each mailbox had until that sample. */
  private readonly highest = new WeakMap<RecordedSample, readonly number[]>();
  private readonly counters: readonly string[];
  private readonly mailboxes: readonly { readonly actor: string; readonly place: number; readonly capacity: number }[];

  constructor(private readonly store: TraceStore) {
    this.counters = store.header?.counters ?? [];
    this.mailboxes = this.counters.flatMap((name, place) => {
      const actor = name.slice(MAILBOX.length);
      return name.startsWith(MAILBOX) ? [{ actor, place, capacity: CAPACITIES.get(actor) ?? Number.NaN }] : [];
    });
  }

  /** Looks at the samples that have come. */
  advance(found: (finding: Finding) => void): void {
    const { samples } = this.store;
    // The store lets its oldest go.
    for (let index = this.last === undefined ? 0 : samples.lastIndexOf(this.last) + 1; index < samples.length; index++) {
      const sample = samples[index] as RecordedSample;
      const { last } = this;
      const before = last === undefined ? [] : (this.highest.get(last) ?? []);
      this.highest.set(
        sample,
        this.mailboxes.map(({ place }, number) => Math.max(before[number] ?? 0, sample.values[place] ?? 0)),
      );
      this.look(sample, last, found);
      this.last = sample;
    }
  }

  private look({ nanoseconds: at, values }: RecordedSample, before: RecordedSample | undefined, found: (finding: Finding) => void): void {
    const was = (place: number): number => before?.values[place] ?? 0;
    for (const { actor, capacity, place } of this.mailboxes) {
      const amount = values[place] ?? 0;
      const most = NEARLY_FULL * capacity;
      // It is said again when it gets worse.
      if (amount >= most && (was(place) < most || amount > was(place)))
        found({ kind: 'mailboxNearBound', subject: `${actor} near its bound of ${capacity}`, from: at, at, amount });
    }
    for (const [counter, kind] of [
      ['upcallWakesInVain', 'wokenInVain'],
      ['framesDropped', 'frameDropped'],
    ] as const) {
      const place = this.counters.indexOf(counter);
      const amount = (values[place] ?? 0) - was(place);
      if (amount > 0) found({ kind, subject: '', from: before?.nanoseconds ?? at, at, amount });
    }
  }

  mailboxesAt(time: number): readonly MailboxView[] {
    const { samples } = this.store;
    const sample = samples[lastUntil(samples, time)];
    const highest = sample === undefined ? [] : (this.highest.get(sample) ?? []);
    return this.mailboxes.map(({ actor, capacity, place }, number) => ({
      actor,
      capacity,
      depth: sample?.values[place] ?? Number.NaN,
      highest: highest[number] ?? 0,
    }));
  }

  /** Of each counter: how often a second it went up between two times, and each of SPARK_POINTS points before. Null if there are no samples. */
  ratesAt(
    counters: readonly string[],
    from: number,
    time: number,
  ): { readonly perSecond: number; readonly series: readonly number[] }[] | null {
    const { samples, start } = this.store;
    if (samples.length === 0) return null;
    // Points move a whole step at a time, so the line walks and doesn't tremble.
    const end = Math.floor(time / STEP) * STEP;
    const shown = samples.slice(Math.max(0, lastUntil(samples, end - SPARK_SPAN)), lastUntil(samples, time) + 1);
    const edges = Array.from({ length: SPARK_POINTS + 1 }, (_, index) => end - (SPARK_POINTS - index) * STEP);
    const places = edges.map((edge) => lastUntil(shown, edge));
    return counters.map((name) => {
      const counter = this.counters.indexOf(name);
      return {
        perSecond: rate(shown, counter, lastUntil(shown, from), lastUntil(shown, time)),
        series: edges
          .slice(1)
          .map((edge, index) => (edge - STEP < start ? Number.NaN : rate(shown, counter, places[index] ?? 0, places[index + 1] ?? 0))),
      };
    });
  }
}
