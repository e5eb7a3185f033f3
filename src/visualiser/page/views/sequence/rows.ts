/**
 * A story as rows: one for each thing that happens, in the order of their times, on the columns of the actors.
 *
 * Invariant: rows are by time, so what lies between two others in time does so on the page. What is not a row of its own (batches, who has the
 * BQL) has its place between rows.
 */
import type { Arrow } from '../../../model/spans-arrows.js';
import { firstPlace } from '../../../model/spans-columns.js';
import { labelOf, type Picked } from '../../../model/spans-pick.js';
import type { Story } from '../../../model/spans-story.js';
import { SpanFlag, SpanKind } from '../../../model/spans-table.js';
import type { SpanModel } from '../../../model/spans.js';

/** What comes first of what happens at one moment. */
const ORDER = ['take', 'cross', 'end', 'begin', 'event', 'send'] as const;

/** What happens in a row. */
export interface SequenceRow {
  readonly time: number;
  readonly kind: (typeof ORDER)[number];
  /** Column of the actor; of a message that takes no time, of its sender. */
  readonly column: number;
  readonly label: string;
  /** The span that begins, ends or is a moment; null of a message's end. */
  readonly span: Picked | null;
  /** Column of the other end of a message, -1 if it is none. */
  readonly other: number;
  /** Its place among the rows, once all are there. */
  place: number;
}

/** Something that lasts, from a row to a row; places between rows end in a half. */
export interface SequenceBar {
  readonly span: Picked;
  readonly column: number;
  readonly from: number;
  readonly to: number;
}

/** A message from one row to another. */
export interface SequenceMessage {
  readonly arrow: Arrow;
  readonly from: SequenceRow;
  readonly to: SequenceRow;
}

export interface SequenceRows {
  readonly rows: readonly SequenceRow[];
  readonly bars: readonly SequenceBar[];
  readonly messages: readonly SequenceMessage[];
}

/** What is drawn behind the rows, and has none. */
const BEHIND = new Set<number>([SpanKind.batch, SpanKind.hold]);
const MOMENTS = new Set<number>([SpanKind.event, SpanKind.shown]);

/** `columnOf`: the column of a lane, -1 if it has none. */
export function rowsOf(model: SpanModel, story: Story, columnOf: (lane: number) => number): SequenceRows {
  const rows: SequenceRow[] = [];
  const add = (row: Omit<SequenceRow, 'place'>): SequenceRow => {
    const added = { ...row, place: 0 };
    rows.push(added);
    return added;
  };
  const messages = story.arrows.flatMap((arrow): SequenceMessage | [] => {
    const { from: sent, to: taken, name, id } = arrow;
    const [column, other] = [columnOf(arrow.fromLane), columnOf(arrow.toLane)];
    if (column < 0 || other < 0) return [];
    const label = `${model.names.text(name)} ${id}`;
    const from = add({ time: sent, kind: sent === taken ? 'cross' : 'send', column, other, label, span: null });
    // A message is called so where it leaves; where it comes to, the arrow says it.
    const to =
      sent === taken ? from : add({ time: taken, kind: 'take', column: other, other: column, label: `takes ${label}`, span: null });
    return { arrow, from, to };
  });
  const spans = story.spans.flatMap((span) => {
    const column = columnOf(span.lane);
    // What one of PVG's threads posts is told by its message.
    if (column < 0 || (span.kind === SpanKind.event && model.lanes[span.lane]?.kind === 'pvg')) return [];
    const rowAt = (time: number, kind: 'begin' | 'end' | 'event'): SequenceRow | null =>
      BEHIND.has(span.kind) || time < story.from || time > story.to
        ? null
        : add({ time, kind, column, other: -1, label: textOf(model, span, kind), span });
    if (!MOMENTS.has(span.kind)) return { span, column, begin: rowAt(span.begin, 'begin'), end: rowAt(span.end, 'end') };
    rowAt(span.begin, 'event');
    return [];
  });
  rows.sort((a, b) => a.time - b.time || ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  for (const [place, row] of rows.entries()) row.place = place;
  const placeOf = (time: number): number => firstPlace(rows.length, (row) => (rows[row]?.time ?? 0) < time) - 0.5;
  const bars = spans.map(({ span, column, begin, end }) => ({
    span,
    column,
    from: begin?.place ?? placeOf(span.begin),
    to: end?.place ?? placeOf(span.end),
  }));
  return { rows, bars, messages };
}

function textOf(model: SpanModel, span: Picked, kind: 'begin' | 'end' | 'event'): string {
  if (span.kind === SpanKind.wait) return `${kind === 'end' ? 'goes on after' : 'waits for'} job ${span.id}`;
  const text = labelOf(model, span);
  if (kind !== 'end') return text;
  return `${text} ${(span.flags & SpanFlag.failed) !== 0 ? 'failed' : (span.flags & SpanFlag.cut) !== 0 ? 'lost' : 'ended'}`;
}
