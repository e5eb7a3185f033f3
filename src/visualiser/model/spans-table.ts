/**
 * Spans in columns: what lasted from one moment to another, on which lane, what it was, and where the recording says so.
 *
 * Invariant: only what has ended is in it; what is still open lies with its row (spans-rows.ts). A span's number counts from the first that ever
 * ended and stays the same when older ones are let go; spans of one row come in the order of their times, those of different rows nearly so.
 * Nothing is made for a span.
 */
import { grown } from './spans-columns.js';

/** What a span is. `event` and `shown` last no time. */
export const SpanKind = {
  /** A thread between two waits. */
  batch: 0,
  /** A bottom half. */
  bh: 1,
  /** A section that has the BQL. */
  section: 2,
  /** A handler waits for a job, with the BQL held. */
  wait: 3,
  /** PVG carries an access. */
  job: 4,
  /** A block of the render queue. */
  block: 5,
  /** PVG is entered to encode a frame. */
  encode: 6,
  /** A processor waits for its access. */
  access: 7,
  /** One of PVG's threads waits for an answer. */
  upcall: 8,
  /** Somebody has the BQL. */
  hold: 9,
  /** A machine is in a state. */
  state: 10,
  /** A machine that comes and goes, from its start to its end. */
  instance: 11,
  /** Something happened: an event of the device's own, or a post of one of PVG's threads. */
  event: 12,
  /** A frame was shown. */
  shown: 13,
  /** A processor carries its access into PVG itself. */
  entry: 14,
} as const;
export type SpanKindName = keyof typeof SpanKind;
export const SPAN_KIND_NAMES = Object.keys(SpanKind) as readonly SpanKindName[];

/** What is peculiar about a span, as bits. */
export const SpanFlag = {
  /** Its end was not recorded: it ended at its `end` at the latest. */
  cut: 1,
  /** It failed, or was refused. */
  failed: 2,
} as const;

/** What is said of a span, whether it has ended or not. */
export interface SpanFacts {
  /** One of SpanKind. */
  kind: number;
  /** A number of SpanModel.names. */
  name: number;
  /** Of the message, the job, the frame, the instance or the state, by its kind. */
  id: number;
  /** The job inside which it was, 0 if inside none. */
  job: number;
  /** Place in TraceStore.threads of the thread that said so. */
  log: number;
  /** Index of its first event there. */
  entry: number;
  /** SpanFlag. */
  flags: number;
}

const FIRST_ROOM = 4096;

export class SpanTable {
  private begins = new Float64Array(FIRST_ROOM);
  private ends = new Float64Array(FIRST_ROOM);
  private ids = new Float64Array(FIRST_ROOM);
  private jobs = new Uint32Array(FIRST_ROOM);
  private entries = new Uint32Array(FIRST_ROOM);
  private lanes = new Uint16Array(FIRST_ROOM);
  private names = new Uint16Array(FIRST_ROOM);
  private logs = new Uint16Array(FIRST_ROOM);
  private depths = new Uint8Array(FIRST_ROOM);
  private kinds = new Uint8Array(FIRST_ROOM);
  private flagBits = new Uint8Array(FIRST_ROOM);
  private oldest = 0;
  private used = 0;

  /** `limit`: spans kept at most. */
  constructor(readonly limit: number) {}

  /** Number of the oldest span that is kept. */
  get first(): number {
    return this.oldest;
  }

  /** Number of the next span to come. */
  get end(): number {
    return this.oldest + this.used;
  }

  get length(): number {
    return this.used;
  }

  get isFull(): boolean {
    return this.used >= this.limit;
  }

  beginOf(span: number): number {
    return this.begins[span - this.oldest] ?? Number.NaN;
  }

  endOf(span: number): number {
    return this.ends[span - this.oldest] ?? Number.NaN;
  }

  laneOf(span: number): number {
    return this.lanes[span - this.oldest] ?? 0;
  }

  /** Which row of its lane: how many spans are around it there. */
  depthOf(span: number): number {
    return this.depths[span - this.oldest] ?? 0;
  }

  kindOf(span: number): number {
    return this.kinds[span - this.oldest] ?? 0;
  }

  nameOf(span: number): number {
    return this.names[span - this.oldest] ?? 0;
  }

  idOf(span: number): number {
    return this.ids[span - this.oldest] ?? 0;
  }

  jobOf(span: number): number {
    return this.jobs[span - this.oldest] ?? 0;
  }

  flagsOf(span: number): number {
    return this.flagBits[span - this.oldest] ?? 0;
  }

  /** Place in TraceStore.threads. */
  logOf(span: number): number {
    return this.logs[span - this.oldest] ?? 0;
  }

  /** Index of its first event in that thread's log. */
  entryOf(span: number): number {
    return this.entries[span - this.oldest] ?? 0;
  }

  /** Adds a span, and gives its number. There must be room. */
  push(place: { readonly lane: number; readonly depth: number }, begin: number, end: number, facts: SpanFacts): number {
    if (this.used === this.begins.length) this.grow();
    const at = this.used++;
    this.begins[at] = begin;
    this.ends[at] = end;
    this.lanes[at] = place.lane;
    this.depths[at] = place.depth;
    this.ids[at] = facts.id;
    this.jobs[at] = facts.job;
    this.entries[at] = facts.entry;
    this.names[at] = facts.name;
    this.logs[at] = facts.log;
    this.kinds[at] = facts.kind;
    this.flagBits[at] = facts.flags;
    return this.oldest + at;
  }

  /** Lets the older half go. Rows have to forget them as well. */
  forget(): void {
    const count = this.used >>> 1;
    for (const column of this.columns()) column.copyWithin(0, count, this.used);
    this.oldest += count;
    this.used -= count;
  }

  private columns() {
    return [
      this.begins,
      this.ends,
      this.ids,
      this.jobs,
      this.entries,
      this.lanes,
      this.names,
      this.logs,
      this.depths,
      this.kinds,
      this.flagBits,
    ];
  }

  private grow(): void {
    const room = Math.min(this.limit, 2 * this.begins.length);
    this.begins = grown(this.begins, room);
    this.ends = grown(this.ends, room);
    this.ids = grown(this.ids, room);
    this.jobs = grown(this.jobs, room);
    this.entries = grown(this.entries, room);
    this.lanes = grown(this.lanes, room);
    this.names = grown(this.names, room);
    this.logs = grown(this.logs, room);
    this.depths = grown(this.depths, room);
    this.kinds = grown(this.kinds, room);
    this.flagBits = grown(this.flagBits, room);
  }
}
