/**
 * What other tools draw on a lane: slices that lie inside of each other, and moments, in the order of their times.
 *
 * Every event of a thread that doesn't begin or end a span, or move a machine, is a moment, with its arguments; so is an arrow's end on a lane of which
 * there are no events. A span that overlaps another one, and lies neither inside of it nor around it, comes on a further track of the lane.
 *
 * Invariant: on each track, slices are opened and closed as a stack, at times that never go backwards; each span is opened once and closed once, one that hasn't
 * ended at the end of the recording.
 */
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import type { Lane } from '../model/spans-lanes.js';
import type { SpanModel } from '../model/spans.js';
import { pickedOf } from '../model/spans-pick.js';
import type { Row } from '../model/spans-rows.js';
import { SpanFlag, type SpanFacts, SpanKind } from '../model/spans-table.js';
import type { ArrowEnd, ArrowEnds } from './arrow-ends.js';

/** Events that are told by spans, state lanes and counters. */
const TOLD: ReadonlySet<string> = new Set([
  'agfx_batch_taken',
  'agfx_batch_ended',
  'agfx_bh_began',
  'agfx_bh_ended',
  'agfx_bql_taken',
  'agfx_bql_released',
  'agfx_bql_wait_began',
  'agfx_bql_wait_ended',
  'agfx_job_began',
  'agfx_job_ended',
  'agfx_queue_began',
  'agfx_queue_ended',
  'agfx_encode_began',
  'agfx_encode_ended',
  'agfx_frame_shown',
  'agfx_machine_started',
  'agfx_machine_moved',
]);
/** Events that an arrow has as an end; true for where it begins. */
const MESSAGES: ReadonlyMap<string, boolean> = new Map([
  ['agfx_message_posted', true],
  ['agfx_message_taken', false],
]);
/** Slices and moments that are told before the lane stops. */
const TOLD_AT_ONCE = 2048;

/** Whether an event of a recording becomes a moment. */
export const isMoment = (name: string): boolean => !TOLD.has(name);

/** A span as it is told of. */
export interface Slice extends SpanFacts {
  readonly end: number;
}

/** A moment: an event of a thread's (`index`), an arrow's ends, or both. */
export interface Moment {
  readonly nanoseconds: number;
  /** Index in the log of the lane, -1 if no event says so. */
  readonly index: number;
  readonly arrows: readonly ArrowEnd[];
}

/** `track` is 0 for the lane's own, and counts up for what doesn't fit there. */
export interface LaneSink {
  open(track: number, slice: Slice): void;
  close(track: number, nanoseconds: number): void;
  moment(moment: Moment): void;
}

/** Goes through a row's spans, its open one last. */
class RowCursor {
  private place = 0;
  slice: Slice | null = null;

  constructor(
    private readonly model: SpanModel,
    private readonly row: Row,
  ) {
    this.next();
  }

  next(): void {
    const { model, row } = this;
    if (this.place < row.length) this.slice = pickedOf(model, row.at(this.place));
    else this.slice = this.place === row.length && row.open !== null ? openSlice(model, row.open) : null;
    this.place++;
    // Those of the device's own events are told from the log, with all their arguments.
    if (this.slice !== null && this.slice.kind === SpanKind.event && this.slice.begin === this.slice.end) this.next();
  }
}

function openSlice({ end }: SpanModel, open: Readonly<SpanFacts>): Slice {
  return { ...open, end: Math.max(open.begin, end), flags: open.flags | SpanFlag.cut };
}

export class LaneMarks {
  private readonly cursors: RowCursor[];
  /** Ends of the slices that are open, by track. */
  private readonly stacks: number[][] = [];

  constructor(
    private readonly source: { readonly store: TraceStore; readonly model: SpanModel; readonly ends: ArrowEnds },
    private readonly lane: Lane,
    private readonly sink: LaneSink,
  ) {
    this.cursors = lane.rows.map((row) => new RowCursor(source.model, row));
  }

  /** Tells the sink all of it; stops now and then, so that what was told can be written. */
  *run(): Generator<undefined> {
    const { store, ends } = this.source;
    const log = this.lane.log < 0 ? undefined : store.threads[this.lane.log];
    const arrows = ends.of(this.lane.index);
    let [arrow, index] = [0, log === undefined ? 0 : this.nextMoment(log, log.first)];
    for (let told = 1; ; told++) {
      const event = log !== undefined && index < log.end ? log.time(index) : Number.POSITIVE_INFINITY;
      const end = arrows[arrow]?.nanoseconds ?? Number.POSITIVE_INFINITY;
      const cursor = this.first();
      if (cursor?.slice && cursor.slice.begin <= Math.min(event, end)) this.place(cursor);
      else if (end < event || (log === undefined && end < Number.POSITIVE_INFINITY)) this.arrowMoment(arrows[arrow++] as ArrowEnd);
      else if (log !== undefined && event < Number.POSITIVE_INFINITY) {
        this.moment({ nanoseconds: event, index, arrows: this.take(arrows, arrow, log, index) });
        index = this.nextMoment(log, index + 1);
      } else break;
      if (told % TOLD_AT_ONCE === 0) yield;
    }
    for (const track of this.stacks.keys()) this.closeUntil(track, Number.POSITIVE_INFINITY);
  }

  private nextMoment(log: ThreadLog, from: number): number {
    let index = from;
    while (index < log.end && !isMoment(this.source.store.eventName(log.event(index)))) index++;
    return index;
  }

  /** The end of an arrow that a posted or a taken message is. */
  private take(arrows: readonly ArrowEnd[], from: number, log: ThreadLog, index: number): ArrowEnd[] {
    const { store, model } = this.source;
    const isFrom = MESSAGES.get(store.eventName(log.event(index)));
    if (isFrom === undefined) return [];
    const kind = model.names.of(store.kindName(log.arg(index, 0)));
    const nanoseconds = log.time(index);
    for (let at = from; arrows[at]?.nanoseconds === nanoseconds; at++) {
      const end = arrows[at] as ArrowEnd;
      if (end.isTold || end.isFrom !== isFrom || end.name !== kind || end.id !== log.arg(index, 1)) continue;
      end.isTold = true;
      return [end];
    }
    return [];
  }

  private arrowMoment(end: ArrowEnd): void {
    if (end.isTold) return;
    end.isTold = true;
    this.moment({ nanoseconds: end.nanoseconds, index: -1, arrows: [end] });
  }

  private moment(moment: Moment): void {
    this.closeUntil(0, moment.nanoseconds);
    this.sink.moment(moment);
  }

  /** The row whose next span begins first, of equal ones the outermost; null if all are told. */
  private first(): RowCursor | null {
    let first: RowCursor | null = null;
    for (const cursor of this.cursors)
      if (cursor.slice !== null && !(cursor.slice.begin >= (first?.slice?.begin ?? Number.POSITIVE_INFINITY))) first = cursor;
    return first;
  }

  private place(cursor: RowCursor): void {
    const slice = cursor.slice as Slice;
    cursor.next();
    let track = 0;
    for (; ; track++) {
      this.stacks[track] ??= [];
      this.closeUntil(track, slice.begin);
      const around = this.stacks[track]?.at(-1);
      if (around === undefined || around >= slice.end) break;
    }
    this.stacks[track]?.push(slice.end);
    this.sink.open(track, slice);
  }

  private closeUntil(track: number, nanoseconds: number): void {
    const stack = this.stacks[track] ?? [];
    for (let end = stack.at(-1); end !== undefined && end <= nanoseconds; end = stack.at(-1)) {
      stack.pop();
      this.sink.close(track, end);
    }
  }
}
