/**
 * What a recording's samples say: how full mailboxes are and were at most, and how often something happened.
 *
 * Invariant: each sample is looked at once; at any moment the answer is that of the latest sample before. A counter that the recording lacks is NaN.
 */
import { BACKGROUND_MAILBOX_CAPACITY, BQL_MAILBOX_CAPACITY, RENDER_MAILBOX_CAPACITY } from '../../base/limits.js';
import type { RecordedSample } from '../../trace/recording/format.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';

/** Records that a mailbox holds, by who takes from it. */
const CAPACITIES: Readonly<Record<string, number>> = {
  bql: BQL_MAILBOX_CAPACITY,
  'render-queue': RENDER_MAILBOX_CAPACITY,
  'background-queue': BACKGROUND_MAILBOX_CAPACITY,
  watchdog: BQL_MAILBOX_CAPACITY,
};

const MAILBOX = 'mailbox.';

/** A mailbox of an actor's, by its place in the samples. */
export interface SampledMailbox {
  readonly actor: string;
  readonly place: number;
  /** NaN if it is not known. */
  readonly capacity: number;
}

/** Told of each sample as it comes, with the one before. */
export type SampleListener = (sample: RecordedSample, before: RecordedSample | null) => void;

export class Samples {
  readonly mailboxes: readonly SampledMailbox[];
  private readonly places: ReadonlyMap<string, number>;
  private seen = 0;
  private last: RecordedSample | null = null;
  /** By sample that is kept: the most that each mailbox had until then. */
  private highest: Float64Array[] = [];

  constructor(
    private readonly store: TraceStore,
    private readonly listener: SampleListener,
  ) {
    const counters = store.header?.counters ?? [];
    this.places = new Map(counters.map((name, place) => [name, place]));
    this.mailboxes = counters.flatMap((name, place) => {
      if (!name.startsWith(MAILBOX)) return [];
      const actor = name.slice(MAILBOX.length);
      return [{ actor, place, capacity: Object.hasOwn(CAPACITIES, actor) ? (CAPACITIES[actor] ?? Number.NaN) : Number.NaN }];
    });
  }

  /** The latest sample that was looked at. */
  get latest(): RecordedSample | null {
    return this.last;
  }

  has(counter: string): boolean {
    return this.places.has(counter);
  }

  place(counter: string): number {
    return this.places.get(counter) ?? -1;
  }

  /** Looks at the samples that have come. */
  advance(): void {
    const { samples } = this.store;
    // The store lets its oldest samples go.
    if (this.last !== null && samples[this.seen - 1] !== this.last) {
      const place = samples.lastIndexOf(this.last);
      this.highest = this.highest.slice(this.seen - 1 - place);
      this.seen = place + 1;
    }
    for (; this.seen < samples.length; this.seen++) {
      const sample = samples[this.seen] as RecordedSample;
      const before = this.highest.at(-1);
      this.highest.push(Float64Array.from(this.mailboxes, ({ place }, index) => Math.max(before?.[index] ?? 0, sample.values[place] ?? 0)));
      this.listener(sample, this.last);
      this.last = sample;
    }
  }

  /** The latest sample at a time or before. */
  sampleAt(time: number): RecordedSample | null {
    return this.store.samples[this.indexAt(time)] ?? null;
  }

  /** A counter's value at a time. */
  valueAt(place: number, time: number): number {
    return this.store.samples[this.indexAt(time)]?.values[place] ?? Number.NaN;
  }

  /** The most that a mailbox, by its place in `mailboxes`, had until a time. */
  highestAt(mailbox: number, time: number): number {
    return this.highest[this.indexAt(time)]?.[mailbox] ?? Number.NaN;
  }

  /** How often a second it went up between two times; NaN if that isn't known. */
  rate(place: number, from: number, to: number): number {
    const { samples } = this.store;
    const end = this.indexAt(to);
    const last = samples[end];
    const first = samples[Math.max(0, Math.min(this.indexAt(from), end - 1))];
    if (first === undefined || last === undefined || place < 0 || last.nanoseconds <= first.nanoseconds) return Number.NaN;
    const risen = (last.values[place] ?? 0) - (first.values[place] ?? 0);
    return Math.max(0, risen) / ((last.nanoseconds - first.nanoseconds) / 1e9);
  }

  /** The latest sample at a time or before; -1 if there is none. */
  private indexAt(time: number): number {
    const { samples } = this.store;
    let [low, high] = [0, samples.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((samples[middle]?.nanoseconds ?? 0) <= time) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}
