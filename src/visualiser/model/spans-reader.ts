/**
 * Reads the events of one thread into spans: batches in the lane's row 0, and from row 1 on what it is inside of, as on a stack.
 *
 * Invariant: what lies on the stack is what can: a bottom half begins on an empty stack or inside a wait, a section on an empty one, and what
 * is on the stack otherwise has ended, though its end was lost. An end whose beginning was lost says nothing.
 */
import { LANE_ROWS } from '../../base/limits.js';
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { EventRule } from './spans-events.js';
import type { NameList } from './spans-columns.js';
import type { JobTable } from './spans-jobs.js';
import type { Lane, Lanes } from './spans-lanes.js';
import type { MachineLanes } from './spans-machines.js';
import type { MessageLanes } from './spans-messages.js';
import type { OpenSpan } from './spans-rows.js';
import { SpanFlag, type SpanFacts, SpanKind } from './spans-table.js';

/** What readers share. */
export interface Readers {
  readonly lanes: Lanes;
  readonly names: NameList;
  readonly jobs: JobTable;
  readonly machines: MachineLanes;
  readonly messages: MessageLanes;
}

export class SpanReader {
  /** Index of the event that is read next. */
  next: number;
  /** Index of the next event before which others were lost. */
  private gap = Number.POSITIVE_INFINITY;
  private depth = 0;
  private waits = 0;
  private entry = 0;
  private bqlLane: Lane | null = null;
  private readonly facts: SpanFacts = { kind: 0, name: 0, id: 0, job: 0, log: 0, entry: 0, flags: 0 };

  constructor(
    readonly log: ThreadLog,
    /** Its place in TraceStore.threads. */
    readonly place: number,
    readonly lane: Lane,
    readonly readers: Readers,
  ) {
    this.next = log.first;
  }

  /** What it is inside of, innermost. */
  get top(): Readonly<OpenSpan> | null {
    return this.depth === 0 ? null : (this.lane.rows[this.depth]?.open ?? null);
  }

  /** The innermost bottom half or section that it is inside of. */
  get handler(): Readonly<OpenSpan> | null {
    const depth = this.find(({ kind }) => kind === SpanKind.bh || kind === SpanKind.section);
    return depth === 0 ? null : (this.lane.rows[depth]?.open ?? null);
  }

  /** Index of the event that is being read. */
  get entryIndex(): number {
    return this.entry;
  }

  /** Whether there is anything new to read. */
  prepare(): boolean {
    const { log } = this;
    const isMissing = log.first > this.next;
    this.next = Math.max(this.next, log.first);
    if (this.next >= log.end) return false;
    this.gap = isMissing ? this.next : gapFrom(log, this.next);
    return true;
  }

  /** Reads events up to a time, and at least one. */
  readUntil(time: number, rules: readonly (EventRule | null)[]): void {
    const { log } = this;
    do {
      this.entry = this.next;
      if (this.entry === this.gap) this.missed(log.time(this.entry));
      const rule = rules[log.event(this.entry)];
      if (rule) {
        const [a, b, c, d] = rule.places;
        rule.act(this, log.time(this.entry), this.argument(a), this.argument(b), this.argument(c), this.argument(d));
      }
      this.next++;
    } while (this.next < log.end && log.time(this.next) <= time);
  }

  /** Events are missing before this time: what was open is not known to be so any more. */
  private missed(time: number): void {
    this.gap = gapFrom(this.log, this.next + 1);
    this.closeTo(0, time);
    this.lane.end(0, time, SpanFlag.cut);
    this.readers.messages.lostUntil(time);
  }

  batchBegan(time: number, count: number): void {
    this.lane.begin(0, time, this.factsOf(SpanKind.batch, this.readers.names.of('batch'), count, 0));
  }

  batchEnded(time: number): void {
    this.lane.end(0, time);
  }

  handlerBegan(time: number, isBottomHalf: boolean, message: { readonly kind: number; readonly id: number; readonly cause: number }): void {
    if (!isBottomHalf) this.closeTo(0, time);
    else if (this.top !== null && this.top.kind !== SpanKind.wait) this.pop(time, SpanFlag.cut);
    if (this.depth > 0 && this.top?.kind !== SpanKind.wait) this.closeTo(0, time);
    const name = this.readers.messages.nameOf(message.kind);
    this.push(time, this.factsOf(isBottomHalf ? SpanKind.bh : SpanKind.section, name, message.id, message.cause));
  }

  bottomHalfEnded(time: number, kind: number, id: number): void {
    const name = this.readers.messages.nameOf(kind);
    this.endFound(
      this.find((open) => open.kind === SpanKind.bh && open.id === id && open.name === name),
      time,
    );
    this.readers.messages.handled(name, id, this.lane.index, time);
  }

  sectionEnded(time: number): void {
    const depth = this.find((open) => open.kind === SpanKind.section);
    const open = this.lane.rows[depth]?.open;
    if (depth === 0 || !open) return;
    const { name, id } = open;
    this.endFound(depth, time);
    this.readers.messages.handled(name, id, this.lane.index, time);
  }

  waitBegan(time: number, job: number, depth: number): void {
    while (this.depth > 0 && this.waits >= Math.max(1, depth)) this.pop(time, SpanFlag.cut);
    this.push(time, this.factsOf(SpanKind.wait, this.readers.names.of('wait'), job, job));
  }

  /** Begins what has no part in the lock: a job, a block of the render queue, an encode. One of the same kind that is open has ended. */
  workBegan(time: number, kind: number, name: number, id: number): void {
    const before = this.find((open) => open.kind === kind);
    if (before > 0) this.closeTo(before - 1, time);
    this.push(time, this.factsOf(kind, name, id, kind === SpanKind.job ? id : (this.top?.job ?? 0)));
  }

  /** Ends a wait, a job, a block or an encode. */
  workEnded(time: number, kind: number, id: number, ok = true): void {
    this.endFound(
      this.find((open) => open.kind === kind && open.id === id),
      time,
      ok ? 0 : SpanFlag.failed,
    );
  }

  /** Something happened, inside of whatever is open. */
  happened(time: number, name: number, id: number): void {
    this.lane.mark(this.depth + 1, time, this.factsOf(SpanKind.event, name, id, this.top?.job ?? 0));
  }

  /** A frame was shown. */
  shown(time: number, display: number, present: number): void {
    const { lanes, names } = this.readers;
    const lane = lanes.of(`frames ${display}`, () => ({ kind: 'frames', name: `display ${display}`, log: -1 }));
    lane.mark(0, time, this.factsOf(SpanKind.shown, names.of('frame shown'), present, this.top?.job ?? 0));
  }

  private argument(place: number): number {
    return place < 0 ? 0 : this.log.arg(this.entry, place);
  }

  private factsOf(kind: number, name: number, id: number, job: number): SpanFacts {
    const { facts } = this;
    facts.kind = kind;
    facts.name = name;
    facts.id = id;
    facts.job = job;
    facts.log = this.place;
    facts.entry = this.entry;
    facts.flags = 0;
    return facts;
  }

  private push(time: number, facts: SpanFacts): void {
    // Deeper than anything honest goes.
    if (this.depth >= LANE_ROWS - 2) this.closeTo(0, time);
    this.depth++;
    this.lane.begin(this.depth, time, facts);
    if (facts.kind === SpanKind.wait) this.bql.begin(++this.waits, time, facts);
    else if (this.depth === 1 && facts.kind <= SpanKind.section) {
      facts.kind = SpanKind.hold;
      this.bql.begin(0, time, facts);
    }
  }

  private pop(time: number, flags: number): void {
    const kind = this.top?.kind ?? SpanKind.batch;
    this.lane.end(this.depth--, time, flags);
    if (kind === SpanKind.wait) this.bql.end(this.waits--, time, flags);
    else if (this.depth === 0 && (kind === SpanKind.bh || kind === SpanKind.section)) this.bql.end(0, time, flags);
  }

  private closeTo(depth: number, time: number): void {
    while (this.depth > depth) this.pop(time, SpanFlag.cut);
  }

  /** The depth of the innermost that is as wanted, 0 if none is. */
  private find(isWanted: (open: Readonly<OpenSpan>) => boolean): number {
    for (let depth = this.depth; depth > 0; depth--) {
      const open = this.lane.rows[depth]?.open;
      if (open && isWanted(open)) return depth;
    }
    return 0;
  }

  private endFound(depth: number, time: number, flags = 0): void {
    if (depth === 0) return;
    this.closeTo(depth, time);
    this.pop(time, flags);
  }

  private get bql(): Lane {
    this.bqlLane ??= this.readers.lanes.of('bql', () => ({ kind: 'bql', name: 'BQL', log: -1 }));
    return this.bqlLane;
  }
}

/** Index of the first event from an index on before which events were lost; Infinity if there is none. */
const gapFrom = ({ losses }: ThreadLog, from: number): number => losses.find(({ index }) => index >= from)?.index ?? Number.POSITIVE_INFINITY;
