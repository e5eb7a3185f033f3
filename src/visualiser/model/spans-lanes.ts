/**
 * Lanes: one for each thread, processor and machine, each with rows by depth.
 *
 * Invariant: a lane's index stays. Every span goes into the table through a row here, which keeps the table's bound: when it is full, its older
 * half goes, and every row forgets it.
 */
import { KEPT_SPANS, LANE_ROWS, SPAN_LANES } from '../../base/limits.js';
import { Row } from './spans-rows.js';
import { SpanFlag, type SpanFacts, SpanTable } from './spans-table.js';

/** What a lane is of; in this order they are shown. */
export const LANE_KINDS = ['vcpu', 'bql', 'thread', 'pvg', 'state', 'instances', 'frames'] as const;
export type LaneKind = (typeof LANE_KINDS)[number];

/** What makes a lane. */
export interface LaneSpec {
  readonly kind: LaneKind;
  readonly name: string;
  /** Place in TraceStore.threads, -1 if it is none of those. */
  readonly log: number;
}

export class Lane implements LaneSpec {
  readonly rows: Row[] = [];
  readonly kind: LaneKind;
  readonly log: number;
  /** For people; PVG's threads are named when the recording tells of them. */
  name: string;

  constructor(
    readonly index: number,
    { kind, name, log }: LaneSpec,
    private readonly lanes: Lanes,
  ) {
    this.kind = kind;
    this.name = name;
    this.log = log;
  }

  /** Its row of a depth, made if there is none; the deepest for whatever is deeper than LANE_ROWS. */
  row(depth: number): Row {
    const last = Math.min(depth, LANE_ROWS - 1);
    while (this.rows.length <= last) this.rows.push(new Row(this.lanes.table, this.index, this.rows.length));
    return this.rows[last] as Row;
  }

  /** Begins a span at a depth; what was open there, whose end was lost, is cut. */
  begin(depth: number, nanoseconds: number, facts: SpanFacts): void {
    const row = this.row(depth);
    if (row.open !== null) this.end(depth, nanoseconds, SpanFlag.cut);
    row.begin(nanoseconds, facts);
  }

  /** Ends what is open at a depth. */
  end(depth: number, nanoseconds: number, flags = 0): void {
    this.row(depth).end(nanoseconds, flags);
    this.lanes.makeRoom();
  }

  /** Something that lasts no time. */
  mark(depth: number, nanoseconds: number, facts: SpanFacts): void {
    const row = this.row(depth);
    if (row.open === null) row.mark(nanoseconds, facts);
    this.lanes.makeRoom();
  }

  /** The first row in which nothing is open; if there is none, the last, in which what is open is cut then. */
  freeRow(): number {
    for (let depth = 0; depth < this.rows.length; depth++) if (this.rows[depth]?.open === null) return depth;
    return Math.min(this.rows.length, LANE_ROWS - 1);
  }

  /** How many of its rows from the first on have something open. */
  get openDepth(): number {
    let depth = 0;
    while (this.rows[depth]?.open) depth++;
    return depth;
  }
}

export class Lanes {
  readonly list: Lane[] = [];
  readonly table: SpanTable;
  private readonly byKey = new Map<string, Lane>();

  constructor(limit = KEPT_SPANS) {
    this.table = new SpanTable(limit);
  }

  /** The lane of a key, made if there is none. Beyond SPAN_LANES, which no honest recording has, the last one serves. */
  of(key: string, spec: () => LaneSpec): Lane {
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const last = this.list[SPAN_LANES - 1];
    if (last !== undefined) return last;
    const lane = new Lane(this.list.length, spec(), this);
    this.list.push(lane);
    this.byKey.set(key, lane);
    return lane;
  }

  makeRoom(): void {
    if (!this.table.isFull) return;
    this.table.forget();
    for (const { rows } of this.list) for (const row of rows) row.forget();
  }
}
