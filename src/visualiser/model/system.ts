/**
 * The system view of a recording, live or of a file, as of any moment.
 *
 * advance() reads what has come, once, in portions; at() gives the whole system at a moment. Invariants: a moment's view depends on the recording and
 * the thresholds alone, not on what was looked at before; nothing is kept per event. It is pure, and runs in a page and in a terminal alike.
 */
import type { RecordedNote } from '../../trace/recording/format.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { type SystemEvents, systemEvents } from './system-events.js';
import { SystemFindings } from './system-findings.js';
import { Rates } from './system-rates.js';
import { Samples } from './system-samples.js';
import type { ThreadState } from './system-thread.js';
import { ThreadTrack, TrackCursor } from './system-track.js';
import type { SystemView } from './system-types.js';
import { type Moment, systemView, type TrackMoment } from './system-view.js';
import { Warnings } from './system-warnings.js';
import { DEFAULT_THRESHOLDS, type Thresholds } from './system-words.js';

export interface SystemOptions {
  /** What shares and rates are over, in nanoseconds. Default: a second. */
  readonly window?: number;
  readonly thresholds?: Partial<Thresholds>;
}

/** A thread with a cursor for the moment and one for the window's begin. */
interface Track {
  readonly track: ThreadTrack;
  readonly now: TrackCursor;
  readonly before: TrackCursor;
}

interface Reading {
  readonly events: SystemEvents;
  readonly samples: Samples;
  readonly rates: Rates;
  readonly findings: SystemFindings;
}

export class SystemModel {
  readonly thresholds: Thresholds;
  readonly window: number;
  private readonly warnings = new Warnings();
  private readonly tracks: Track[] = [];
  private readonly lives: RecordedNote[] = [];
  private notes = 0;
  private reading: Reading | null = null;

  constructor(
    readonly store: TraceStore,
    { window = 1e9, thresholds = {} }: SystemOptions = {},
  ) {
    this.window = window;
    this.thresholds = { ...DEFAULT_THRESHOLDS, ...thresholds };
  }

  /** Reads on, at most so many events; whether all that has come was read. */
  advance(most = Number.POSITIVE_INFINITY): boolean {
    const reading = this.begin();
    if (reading === null) return true;
    const { threads } = this.store;
    for (let index = this.tracks.length; index < threads.length; index++) {
      const log = threads[index];
      if (log === undefined || log.thread.actor === 'pvg') continue;
      if (this.tracks.some(({ track }) => track.log === log)) continue;
      const track = new ThreadTrack(log, reading.events, reading.findings.of(log.thread));
      this.tracks.push({ track, now: new TrackCursor(track), before: new TrackCursor(track) });
    }
    let left = most;
    for (const { track } of this.tracks) left -= track.advance(left);
    reading.samples.advance();
    this.readNotes(reading.findings);
    return this.tracks.every(({ track }) => track.index === track.log.end);
  }

  /** The system at a moment; null: at the end of what was read. */
  at(time: number | null): SystemView {
    const { store } = this;
    const moment = time ?? store.now;
    const from = Math.max(moment - this.window, Number.isNaN(store.start) ? moment - this.window : store.start);
    return systemView(this.momentAt(time === null, moment, Math.min(from, moment)));
  }

  private momentAt(isEnd: boolean, time: number, from: number): Moment {
    const tracks: TrackMoment[] = this.tracks.map(({ track, now, before }) => {
      const state: ThreadState = isEnd ? track.latest : now.at(time);
      return { thread: track.log.thread, state, before: before.at(from) };
    });
    const { reading, store, thresholds, warnings } = this;
    return {
      store,
      time,
      from,
      window: this.window,
      tracks,
      samples: reading?.samples ?? null,
      rates: reading?.rates ?? null,
      lifeCycle: this.lives.findLast(({ nanoseconds }) => !(nanoseconds > time))?.text ?? '',
      thresholds,
      warnings,
    };
  }

  /** Null as long as there is no header. */
  private begin(): Reading | null {
    const { header } = this.store;
    if (this.reading !== null || header === null) return this.reading;
    const findings = new SystemFindings(this.store, this.warnings, this.thresholds);
    const samples = new Samples(this.store, findings.onSample);
    findings.samples = samples;
    this.reading = { events: systemEvents(header), samples, rates: new Rates(this.store, samples), findings };
    return this.reading;
  }

  private readNotes(findings: SystemFindings): void {
    const { notes, notesSeen } = this.store;
    for (let index = Math.max(0, notes.length - (notesSeen - this.notes)); index < notes.length; index++) {
      const note = notes[index] as RecordedNote;
      if (note.kind === 'lifeCycle') this.lives.push(note);
      else findings.note(note);
    }
    this.notes = notesSeen;
  }
}
