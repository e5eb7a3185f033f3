/**
 * A story as rows: one for each thing that happens, in the order of their times, on the columns of the actors.
 *
 * Invariant: rows are by time, so what lies between two others in time does so on the page. What is not a row of its own (batches, who has the
 * BQL) has its place between rows.
 */
import { SpanFlag, SpanKind } from '../../../model/spans-table.js';
import { labelOf, type Picked } from '../../../model/spans-pick.js';
import type { Story } from '../../../model/spans-story.js';
import type { SpanModel } from '../../../model/spans.js';

/** What happens in a row. */
export interface SequenceRow {
  readonly time: number;
  readonly kind: 'take' | 'end' | 'cross' | 'begin' | 'send' | 'event';
  /** Column of the actor; of a message that takes no time, of its sender. */
  readonly column: number;
  /** Column of the other end of a message, -1 if it is none. */
  readonly other: number;
  readonly label: string;
  readonly name: number;
  readonly spanKind: number;
  readonly lane: number;
  readonly failed: boolean;
}

/** Something that lasts, from a row to a row; places between rows end in a half. */
export interface SequenceBar {
  readonly column: number;
  readonly depth: number;
  readonly kind: number;
  readonly name: number;
  readonly flags: number;
  readonly from: number;
  readonly to: number;
  readonly begin: number;
  readonly end: number;
}

/** A message from one row to another. */
export interface SequenceMessage {
  readonly fromColumn: number;
  readonly toColumn: number;
  readonly from: number;
  readonly to: number;
  readonly sent: number;
  readonly taken: number;
  readonly name: number;
  readonly kind: number;
}

export interface SequenceRows {
  readonly rows: readonly SequenceRow[];
  readonly bars: readonly SequenceBar[];
  readonly messages: readonly SequenceMessage[];
}

/** What comes first of what happens at one moment. */
const RANK = { take: 0, cross: 1, end: 2, begin: 3, event: 4, send: 5 } as const;
/** What is drawn behind the rows, and has none. */
const BEHIND = new Set<number>([SpanKind.batch, SpanKind.hold]);
const MOMENTS = new Set<number>([SpanKind.event, SpanKind.shown]);

interface Draft extends SequenceRow {
  /** Which span or message it is an end of. */
  readonly item: object;
}

/** `columnOf`: the column of a lane, -1 if it has none. */
export function rowsOf(model: SpanModel, story: Story, columnOf: (lane: number) => number): SequenceRows {
  const drafts: Draft[] = [];
  for (const span of story.spans) addSpan(model, story, span, columnOf(span.lane), drafts);
  for (const arrow of story.arrows) {
    const [column, other] = [columnOf(arrow.fromLane), columnOf(arrow.toLane)];
    if (column < 0 || other < 0) continue;
    const label = `${model.names.text(arrow.name)} ${arrow.id}`;
    const base = { label, name: arrow.name, spanKind: -1, failed: false, item: arrow };
    if (arrow.from === arrow.to) drafts.push({ ...base, time: arrow.to, kind: 'cross', column, other, lane: arrow.fromLane });
    else {
      drafts.push({ ...base, time: arrow.from, kind: 'send', column, other, lane: arrow.fromLane });
      drafts.push({ ...base, time: arrow.to, kind: 'take', column: other, other: column, lane: arrow.toLane });
    }
  }
  drafts.sort((a, b) => a.time - b.time || RANK[a.kind] - RANK[b.kind]);
  return { rows: drafts, bars: barsOf(story, columnOf, drafts), messages: messagesOf(story, columnOf, drafts) };
}

function addSpan(model: SpanModel, { from, to }: Story, span: Picked, column: number, drafts: Draft[]): void {
  if (column < 0 || BEHIND.has(span.kind)) return;
  // What one of PVG's threads posts is told by its message.
  if (span.kind === SpanKind.event && model.lanes[span.lane]?.kind === 'pvg') return;
  const text = labelOf(model, span);
  const base = { column, other: -1, name: span.name, spanKind: span.kind, lane: span.lane, item: span };
  const isFailed = (span.flags & SpanFlag.failed) !== 0;
  if (MOMENTS.has(span.kind)) {
    if (span.begin >= from && span.begin <= to) drafts.push({ ...base, time: span.begin, kind: 'event', label: text, failed: false });
    return;
  }
  const isWait = span.kind === SpanKind.wait;
  if (span.begin >= from)
    drafts.push({ ...base, time: span.begin, kind: 'begin', label: isWait ? `waits for job ${span.id}` : text, failed: false });
  if (span.end <= to) {
    const ended = isFailed ? 'failed' : (span.flags & SpanFlag.cut) !== 0 ? 'lost' : 'ended';
    drafts.push({
      ...base,
      time: span.end,
      kind: 'end',
      label: isWait ? `goes on after job ${span.id}` : `${text} ${ended}`,
      failed: isFailed,
    });
  }
}

/** The row of a time, or the place between two rows. */
export function placeOf(rows: readonly { readonly time: number }[], time: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((rows[middle]?.time ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low - 0.5;
}

function barsOf(story: Story, columnOf: (lane: number) => number, drafts: readonly Draft[]): readonly SequenceBar[] {
  const ends = new Map<object, { from?: number; to?: number }>();
  drafts.forEach(({ item, kind }, row) => {
    const end = ends.get(item) ?? {};
    if (kind === 'begin') end.from = row;
    if (kind === 'end') end.to = row;
    ends.set(item, end);
  });
  return story.spans.flatMap((span) => {
    const column = columnOf(span.lane);
    if (column < 0 || MOMENTS.has(span.kind)) return [];
    const { from, to } = ends.get(span) ?? {};
    const { depth, kind, name, flags, begin, end } = span;
    const isBehind = BEHIND.has(kind);
    return {
      column,
      depth,
      kind,
      name,
      flags,
      begin: Math.max(begin, story.from),
      end: Math.min(end, story.to),
      from: from ?? (isBehind && begin >= story.from ? placeOf(drafts, begin) : -0.5),
      to: to ?? (isBehind && end <= story.to ? placeOf(drafts, end) : drafts.length - 0.5),
    };
  });
}

function messagesOf(story: Story, columnOf: (lane: number) => number, drafts: readonly Draft[]): readonly SequenceMessage[] {
  const ends = new Map<object, { from: number; to: number }>();
  drafts.forEach(({ item, kind }, row) => {
    const end = ends.get(item) ?? { from: row, to: row };
    if (kind === 'take') end.to = row;
    ends.set(item, end);
  });
  return story.arrows.flatMap((arrow) => {
    const rows = ends.get(arrow);
    if (rows === undefined) return [];
    return {
      fromColumn: columnOf(arrow.fromLane),
      toColumn: columnOf(arrow.toLane),
      ...rows,
      sent: arrow.from,
      taken: arrow.to,
      name: arrow.name,
      kind: arrow.kind,
    };
  });
}
