/**
 * The system view of a recording, live or of a file, as of any moment.
 *
 * advance() reads what has come, once, in portions; at() gives the whole system at a moment. Invariants: a moment's view depends on the recording and
 * the thresholds alone, not on what was looked at before; nothing is kept per event. It is pure, and runs in a page and in a terminal alike.
 */
import type { RecordedNote } from '../../trace/recording/format.js';
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { Samples } from './system-samples.js';
import { type Step, stepsOf } from './system-steps.js';
import { ThreadTrack } from './system-track.js';
import type { SystemView } from './system-types.js';
import { systemView } from './system-view.js';
import { DEFAULT_THRESHOLDS, type Thresholds, type WarningKind, Warnings } from './system-warnings.js';

export interface SystemOptions {
  /** What shares and rates are over, in nanoseconds. Default: a second. */
  readonly window?: number;
  readonly thresholds?: Partial<Thresholds>;
}

/** What a note is a warning of; others are none. */
const NOTES: Partial<Record<RecordedNote['kind'], WarningKind>> = {
  deadlock: 'deadlock',
  guestError: 'guestError',
  skipped: 'notice',
  warning: 'notice',
};

export class SystemModel {
  readonly thresholds: Thresholds;
  private readonly window: number;
  private readonly warnings: Warnings;
  private readonly tracks = new Map<ThreadLog, ThreadTrack>();
  private note: RecordedNote | undefined;
  /** Null as long as there is no header. */
  private reading: { readonly samples: Samples; readonly steps: readonly (Step | undefined)[] } | null = null;

  constructor(
    readonly store: TraceStore,
    { window = 1e9, thresholds = {} }: SystemOptions = {},
  ) {
    this.window = window;
    this.thresholds = { ...DEFAULT_THRESHOLDS, ...thresholds };
    this.warnings = new Warnings(this.thresholds);
  }

  /** Reads on, at most so many events; whether all that has come was read. */
  advance(most = Number.POSITIVE_INFINITY): boolean {
    const { store, tracks } = this;
    const { header, notes } = store;
    if (header === null) return true;
    this.reading ??= { samples: new Samples(store), steps: stepsOf(header) };
    const { samples, steps } = this.reading;
    for (const log of store.threads)
      if (log.thread.actor !== 'pvg' && !tracks.has(log)) tracks.set(log, new ThreadTrack(log, header, steps));
    const { add } = this.warnings;
    let left = most;
    for (const track of tracks.values()) left -= track.advance(left, add);
    samples.advance(add);
    // The store lets its oldest go.
    for (const note of notes.slice(this.note === undefined ? 0 : notes.lastIndexOf(this.note) + 1)) {
      const kind = NOTES[note.kind];
      if (kind !== undefined) add({ kind, subject: note.text, from: note.nanoseconds, at: note.nanoseconds, amount: 1 });
      this.note = note;
    }
    return [...tracks.values()].every(({ isRead }) => isRead);
  }

  /** The system at a moment; null: at the end of what was read. */
  at(time: number | null): SystemView {
    const { reading, store, warnings } = this;
    const moment = time ?? store.now;
    const from = Math.min(moment, Math.max(moment - this.window, store.start || 0));
    const tracks = [...this.tracks.values()].map((track) => ({
      thread: track.log.thread,
      state: time === null ? track.state : track.at(moment, 'now'),
      before: track.at(from, 'before'),
    }));
    return systemView({ store, time: moment, from, tracks, samples: reading?.samples ?? null, warnings });
  }
}
