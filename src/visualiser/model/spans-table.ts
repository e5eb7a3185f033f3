/**
 * Spans in columns: what lasted from one moment to another, on which lane, what it was, and where the recording says so.
 *
 * Invariant: only what has ended is in it; what is still open lies with its row (spans-rows.ts). A span's number counts from the first that ever
 * ended and stays the same when older ones are let go; spans of one row come in the order of their times, those of different rows nearly so.
 */
import { KEPT_SPANS } from '../../base/limits.js';
import { Columns } from './spans-columns.js';

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
  begin: number;
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

/** A span that has ended, in the order of the columns. */
type Values = readonly [
  begin: number,
  end: number,
  id: number,
  kind: number,
  name: number,
  flags: number,
  job: number,
  lane: number,
  depth: number,
  log: number,
  entry: number,
];

export class SpanTable extends Columns<Values> {
  /** `limit`: spans kept at most. */
  constructor(limit = KEPT_SPANS) {
    const [wide, number, short, byte] = [Float64Array, Uint32Array, Uint16Array, Uint8Array];
    super([wide, wide, wide, byte, short, byte, number, short, byte, short, number], limit);
  }

  beginOf(span: number): number {
    return this.of[0]?.[span - this.first] ?? Number.NaN;
  }

  endOf(span: number): number {
    return this.of[1]?.[span - this.first] ?? Number.NaN;
  }

  idOf(span: number): number {
    return this.of[2]?.[span - this.first] ?? 0;
  }

  kindOf(span: number): number {
    return this.of[3]?.[span - this.first] ?? 0;
  }

  nameOf(span: number): number {
    return this.of[4]?.[span - this.first] ?? 0;
  }

  flagsOf(span: number): number {
    return this.of[5]?.[span - this.first] ?? 0;
  }

  jobOf(span: number): number {
    return this.of[6]?.[span - this.first] ?? 0;
  }
}
