/**
 * Lanes: one for each thread, processor and machine, each with rows by depth.
 */
import { LANE_ROWS } from '../../base/limits.js';
import { Row } from './spans-rows.js';
import type { SpanModel } from './spans.js';

/** What a lane is of; in this order they are shown. */
export const LANE_KINDS = ['vcpu', 'bql', 'thread', 'pvg', 'state', 'instances', 'frames'] as const;
export type LaneKind = (typeof LANE_KINDS)[number];

/** What makes a lane. */
export interface LaneSpec {
  readonly kind: LaneKind;
  /** For people. */
  readonly name: string;
  /** Place in TraceStore.threads, -1 if it is none of those. */
  readonly log?: number;
}

export class Lane {
  readonly rows: Row[] = [];
  readonly kind: LaneKind;
  readonly log: number;
  /** PVG's threads are named when the recording tells of them. */
  name: string;

  constructor(
    private readonly model: SpanModel,
    readonly index: number,
    { kind, name, log = -1 }: LaneSpec,
  ) {
    this.kind = kind;
    this.name = name;
    this.log = log;
  }

  /** Its row of a depth, made if there is none; the deepest for whatever is deeper than LANE_ROWS. */
  row(depth: number): Row {
    const last = Math.min(depth, LANE_ROWS - 1);
    while (this.rows.length <= last) this.rows.push(new Row(this.model, this.index, this.rows.length));
    return this.rows[last] as Row;
  }
}
