/**
 * Reads the events of one thread into spans: batches in the lane's row 0, and from row 1 on what it is inside of, as on a stack.
 *
 * Invariant: what lies on the stack is what can: a bottom half begins on an empty stack or inside a wait, a section on an empty one, and what
 * is on the stack otherwise has ended, though its end was lost. An end whose beginning was lost says nothing.
 */
import { LANE_ROWS } from '../../base/limits.js';
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import type { EventRule } from './spans-events.js';
import type { Lane } from './spans-lanes.js';
import { SpanFlag, type SpanFacts, SpanKind } from './spans-table.js';
import type { SpanModel } from './spans.js';

export class SpanReader {
  readonly lane: Lane;
  /** Index of the event that is read next. */
  next: number;
  /** Index and time of the one that is being read. */
  entry = 0;
  time = 0;
  /** Index of the next event before which others were lost. */
  private gap = Number.POSITIVE_INFINITY;
  private depth = 0;
  private waits = 0;

  /** `place`: the log's, in TraceStore.threads. */
  constructor(
    readonly model: SpanModel,
    readonly store: TraceStore,
    readonly log: ThreadLog,
    private readonly place: number,
  ) {
    const { actor, name, number } = log.thread;
    this.lane = actor === 'pvg' ? model.messages.pvgLane(number) : model.lane(`thread ${place}`, { kind: 'thread', name, log: place });
    this.lane.name = name || this.lane.name;
    this.next = log.first;
  }

  /** What it is inside of, innermost. */
  get top(): Readonly<SpanFacts> | null {
    return this.openAt(this.depth);
  }

  /** The innermost bottom half or section that it is inside of. */
  get handler(): Readonly<SpanFacts> | null {
    return this.openAt(Math.max(this.find(SpanKind.bh), this.find(SpanKind.section)));
  }

  /** Whether there is anything new to read. */
  prepare(): boolean {
    const { log } = this;
    const isMissing = log.first > this.next;
    this.next = Math.max(this.next, log.first);
    this.gap = isMissing ? this.next : gapFrom(log, this.next);
    return this.next < log.end;
  }

  /** Reads events up to a time, and at least one. */
  readUntil(time: number, rules: readonly (EventRule | null)[]): void {
    const { log } = this;
    do {
      const entry = this.next++;
      this.entry = entry;
      this.time = log.time(entry);
      if (entry === this.gap) this.missed();
      const rule = rules[log.event(entry)];
      if (rule) rule.act(this, this.argument(rule.places[0]), this.argument(rule.places[1]), this.argument(rule.places[2]));
    } while (this.next < log.end && log.time(this.next) <= time);
  }

  /** What is said of a span that begins now. */
  facts(kind: number, name: string, id: number, job = 0): SpanFacts {
    return { begin: this.time, kind, name: this.model.names.of(name), id, job, log: this.place, entry: this.entry, flags: 0 };
  }

  /** A bottom half or a section began. */
  handlerBegan(kind: number, message: string, id: number, cause: number): void {
    this.closeTo(kind === SpanKind.section ? 0 : this.find(SpanKind.wait));
    this.push(kind, message, id, cause);
  }

  /** `id`: undefined if the innermost is meant, whichever it is. */
  handlerEnded(kind: number, id?: number): void {
    const open = this.openAt(this.find(kind, id));
    this.ended(kind, id);
    if (open !== null) this.model.messages.handled(this, { name: this.model.names.text(open.name), id: open.id });
  }

  /** It waits, with that many waits around it, this one included. */
  waitBegan(job: number, waits: number): void {
    while (this.depth > 0 && this.waits >= Math.max(1, waits)) this.pop(SpanFlag.cut);
    this.push(SpanKind.wait, 'wait', job, job);
  }

  /** Begins what has no part in the lock: a job, a block of the render queue, an encode. One of the same kind that is open has ended. */
  workBegan(kind: number, name: string, id: number): void {
    const before = this.find(kind);
    if (before > 0) this.closeTo(before - 1);
    this.push(kind, name, id, kind === SpanKind.job ? id : this.top?.job);
  }

  /** Ends something of the stack, and what is inside of it. */
  ended(kind: number, id?: number, ok = 1): void {
    const depth = this.find(kind, id);
    if (depth === 0) return;
    this.closeTo(depth);
    this.pop(ok === 0 ? SpanFlag.failed : 0);
  }

  /** Something happened, inside of whatever is open. */
  happened(name: string, id: number): void {
    this.lane.row(this.depth + 1).mark(this.facts(SpanKind.event, name, id, this.top?.job));
  }

  /** Events are missing before this time: what was open is not known to be so any more. */
  private missed(): void {
    this.gap = gapFrom(this.log, this.next);
    this.closeTo(0);
    this.lane.row(0).end(this.time, SpanFlag.cut);
    this.model.messages.lostUntil(this.time);
  }

  private argument(place = -1): number {
    return place < 0 ? 0 : this.log.arg(this.entry, place);
  }

  private push(kind: number, name: string, id: number, job?: number): void {
    // Deeper than anything honest goes.
    if (this.depth >= LANE_ROWS - 2) this.closeTo(0);
    this.lane.row(++this.depth).begin(this.facts(kind, name, id, job));
    if (kind === SpanKind.wait) this.bql.row(++this.waits).begin(this.facts(kind, name, id, job));
    else if (this.depth === 1 && isHandler(kind)) this.bql.row(0).begin(this.facts(SpanKind.hold, name, id, job));
  }

  private pop(flags: number): void {
    const open = this.top;
    this.lane.row(this.depth--).end(this.time, flags);
    if (open?.kind === SpanKind.wait) this.bql.row(this.waits--).end(this.time, flags);
    else if (this.depth === 0 && open !== null && isHandler(open.kind)) this.bql.row(0).end(this.time, flags);
  }

  private closeTo(depth: number): void {
    while (this.depth > depth) this.pop(SpanFlag.cut);
  }

  private openAt(depth: number): Readonly<SpanFacts> | null {
    return depth === 0 ? null : this.lane.row(depth).open;
  }

  /** The depth of the innermost of a kind and, if one is given, an id; 0 if there is none. */
  private find(kind: number, id?: number): number {
    let depth = this.depth;
    for (; depth > 0; depth--) {
      const open = this.openAt(depth);
      if (open?.kind === kind && (id === undefined || open.id === id)) break;
    }
    return depth;
  }

  private get bql(): Lane {
    return this.model.lane('bql', { kind: 'bql', name: 'BQL' });
  }
}

/** Whether it has the BQL. */
const isHandler = (kind: number): boolean => kind === SpanKind.bh || kind === SpanKind.section;

/** Index of the first event from an index on before which events were lost; Infinity if there is none. */
const gapFrom = ({ losses }: ThreadLog, from: number): number =>
  losses.find(({ index }) => index >= from)?.index ?? Number.POSITIVE_INFINITY;
