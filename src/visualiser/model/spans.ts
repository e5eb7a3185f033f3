/**
 * What a recording says as lanes, spans, arrows, state lanes and counters, brought up to date as it grows.
 *
 * Invariants: update() reads each event once, all threads together in the order of their times as far as they have come; what has ended
 * lies in columns (spans-table.ts), what hasn't with its row. Memory is bounded (limits.ts): the oldest go. It knows events by their names, and
 * is robust against those that are missing: what was open then is marked as cut. What is not here: pixels, and whatever else a view makes of it.
 */
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { SPAN_LANES } from '../../base/limits.js';
import { ArrowTable } from './spans-arrows.js';
import { NameList } from './spans-columns.js';
import { type EventRule, eventRules } from './spans-events.js';
import { JobTable } from './spans-jobs.js';
import { Lane, type LaneSpec } from './spans-lanes.js';
import { stateText } from './spans-machines.js';
import { MessageLanes } from './spans-messages.js';
import { SpanReader } from './spans-reader.js';
import { Series } from './spans-series.js';
import { SpanTable } from './spans-table.js';

/** How much is kept. */
export interface SpanBounds {
  readonly spans?: number;
  readonly arrows?: number;
  readonly jobs?: number;
}

export class SpanModel {
  readonly names = new NameList();
  readonly spans: SpanTable;
  readonly arrows: ArrowTable;
  readonly jobs: JobTable;
  readonly counters = new Series();
  /** In the order in which they were heard of; a lane's index is its place here. */
  readonly lanes: Lane[] = [];
  readonly messages = new MessageLanes(this);
  /** By number, with the texts of their states. */
  machines: readonly { readonly name: string; readonly states: readonly string[] }[] = [];
  /** The earliest time of anything, NaN if there is nothing, and the latest. Written here only. */
  start = Number.NaN;
  end = Number.NaN;
  private readonly byKey = new Map<string, Lane>();
  private readonly threads: SpanReader[] = [];
  private rules: readonly (EventRule | null)[] | null = null;

  constructor({ spans, arrows, jobs }: SpanBounds = {}) {
    this.spans = new SpanTable(spans);
    this.arrows = new ArrowTable(arrows);
    this.jobs = new JobTable(jobs);
  }

  /** The lane of a key, made if there is none. Beyond SPAN_LANES, which no honest recording has, the last one serves. */
  lane(key: string, spec: LaneSpec): Lane {
    let lane = this.byKey.get(key) ?? this.lanes[SPAN_LANES - 1];
    if (lane === undefined) {
      lane = new Lane(this, this.lanes.length, spec);
      this.lanes.push(lane);
      this.byKey.set(key, lane);
    }
    return lane;
  }

  /** Lets the older half of the spans go if there is no room for another one. */
  makeRoom(): void {
    if (!this.spans.isFull) return;
    this.spans.forget(this.spans.length >>> 1);
    for (const { rows } of this.lanes) for (const row of rows) row.forget();
  }

  /** Goes on from where it was, with the same store as ever; true if there was anything. */
  update(store: TraceStore): boolean {
    const { header } = store;
    if (header === null) return false;
    if (this.rules === null) {
      this.rules = eventRules(header.events);
      this.machines = header.machines.map(({ name, states }) => ({ name, states: states.map(stateText) }));
    }
    const before = this.end;
    for (const [place, log] of store.threads.entries()) this.threads[place] ??= new SpanReader(this, store, log, place);
    const hasRead = this.readAll(this.rules);
    this.counters.update(store);
    if (!Number.isNaN(store.now)) this.end = store.now;
    const starts = [store.start, this.counters.time(0), store.frames[0]?.nanoseconds ?? Number.NaN].filter((time) => !Number.isNaN(time));
    if (starts.length > 0) this.start = Math.min(...starts);
    return hasRead || this.end !== before;
  }

  /** Reads what is new of all threads, in the order of its times. */
  private readAll(rules: readonly (EventRule | null)[]): boolean {
    const fresh = this.threads.filter((reader) => reader.prepare());
    const hasRead = fresh.length > 0;
    while (fresh.length > 0) {
      // The thread that is furthest behind goes on until another one is.
      let [at, time, second] = [0, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
      fresh.forEach((reader, index) => {
        const next = reader.log.time(reader.next);
        if (next < time) [at, time, second] = [index, next, time];
        else if (next < second) second = next;
      });
      const reader = fresh[at] as SpanReader;
      reader.readUntil(second, rules);
      if (reader.next >= reader.log.end) fresh.splice(at, 1);
    }
    return hasRead;
  }
}
