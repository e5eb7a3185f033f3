/**
 * What a recording says as lanes, spans, arrows, state lanes and counters, brought up to date as it grows.
 *
 * Invariants: update() reads each event once, all threads together in the order of their times as far as they have come; what has ended
 * lies in columns (spans-table.ts), what hasn't with its row. Memory is bounded (limits.ts): the oldest go. It knows events by their names, and
 * is robust against those that are missing: what was open then is marked as cut. What is not here: pixels, and whatever else a view makes of it.
 */
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { ArrowTable } from './spans-arrows.js';
import { NameList } from './spans-columns.js';
import { type EventRule, eventRules } from './spans-events.js';
import { JobTable } from './spans-jobs.js';
import { type Lane, Lanes } from './spans-lanes.js';
import { MachineLanes } from './spans-machines.js';
import { MessageLanes } from './spans-messages.js';
import { type Readers, SpanReader } from './spans-reader.js';
import { Series } from './spans-series.js';
import type { SpanTable } from './spans-table.js';

/** How much is kept. */
export interface SpanBounds {
  readonly spans?: number;
  readonly arrows?: number;
  readonly jobs?: number;
}

export class SpanModel {
  readonly names = new NameList();
  readonly arrows: ArrowTable;
  readonly jobs: JobTable;
  readonly counters = new Series();
  private readonly lanesOf: Lanes;
  private readonly readers: Readers;
  private readonly threads: SpanReader[] = [];
  private rules: readonly (EventRule | null)[] | null = null;
  private earliest = Number.NaN;
  private latest = Number.NaN;

  constructor({ spans, arrows, jobs }: SpanBounds = {}) {
    this.lanesOf = new Lanes(spans);
    this.arrows = new ArrowTable(arrows);
    this.jobs = new JobTable(jobs);
    const { lanesOf: lanes, names } = this;
    const machines = new MachineLanes(lanes, names);
    const messages = new MessageLanes(lanes, names, this.arrows);
    this.readers = { lanes, names, jobs: this.jobs, machines, messages };
  }

  /** In the order in which they were heard of; a lane's index is its place here. */
  get lanes(): readonly Lane[] {
    return this.lanesOf.list;
  }

  get spans(): SpanTable {
    return this.lanesOf.table;
  }

  /** The earliest time of anything, NaN if there is nothing. */
  get start(): number {
    return this.earliest;
  }

  /** The latest. */
  get end(): number {
    return this.latest;
  }

  /** Goes on from where it was, with the same store as ever; true if there was anything. */
  update(store: TraceStore): boolean {
    const { header } = store;
    if (header === null) return false;
    if (this.rules === null) {
      this.rules = eventRules(header.events);
      this.readers.machines.recorded = header.machines;
      this.readers.messages.recorded = header;
    }
    const before = this.latest;
    this.addThreads(store);
    const hasRead = this.readAll(this.rules);
    this.counters.update(store);
    this.latest = Number.isNaN(store.now) ? this.latest : store.now;
    const starts = [store.start, this.counters.time(0), store.frames[0]?.nanoseconds ?? Number.NaN].filter((time) => !Number.isNaN(time));
    if (starts.length > 0) this.earliest = Math.min(...starts);
    return hasRead || this.latest !== before;
  }

  private addThreads(store: TraceStore): void {
    for (let place = this.threads.length; place < store.threads.length; place++) {
      const log = store.threads[place];
      if (log === undefined) return;
      const { actor, name, number } = log.thread;
      const lane =
        actor === 'pvg'
          ? this.readers.messages.pvgLane(number)
          : this.lanesOf.of(`thread ${place}`, () => ({ kind: 'thread', name, log: place }));
      lane.name = name === '' ? lane.name : name;
      this.threads.push(new SpanReader(log, place, lane, this.readers));
    }
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
