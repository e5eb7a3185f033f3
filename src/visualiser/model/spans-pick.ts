/**
 * Which span is meant: one that was pointed at, or chosen.
 *
 * Invariant: what is chosen is known by lane, depth and beginning, which stay the same when it ends, and when older spans are let go.
 */
import type { Row } from './spans-rows.js';
import type { SpanModel } from './spans.js';
import { type SpanFacts, SpanKind } from './spans-table.js';

/** A span, as it is told of. */
export interface Picked extends Readonly<SpanFacts> {
  readonly lane: number;
  readonly depth: number;
  /** Infinity of one that has not ended. */
  readonly end: number;
}

/** A span of the table by its number. */
export function pickedOf({ spans }: SpanModel, span: number): Picked {
  const [begin, end, id, kind, name, flags, job, lane, depth, log, entry] = spans.read(span);
  return { begin, end, id, kind, name, flags, job, lane, depth, log, entry };
}

/** What is open in a row, null if nothing is. */
export function pickOpen({ open, lane, depth }: Row): Picked | null {
  return open && { ...open, lane, depth, end: Number.POSITIVE_INFINITY };
}

/** The span of a lane's row at a time, or within so many nanoseconds of it. */
export function pickAt(
  model: SpanModel,
  place: { readonly lane: number; readonly depth: number },
  time: number,
  slack: number,
): Picked | null {
  const row = model.lanes[place.lane]?.rows[place.depth];
  if (row === undefined) return null;
  if (row.open !== null && time >= row.open.begin) return pickOpen(row);
  const exact = row.spanAt(time);
  if (exact >= 0) return pickedOf(model, exact);
  let nearest = -1;
  let distance = slack;
  row.visit(time - slack, time + slack, 0, (span, begin, end) => {
    const away = Math.max(begin - time, time - end);
    if (away > distance) return;
    nearest = span;
    distance = away;
  });
  return nearest < 0 ? null : pickedOf(model, nearest);
}

/** The same span as it is now. */
export function pickAgain(model: SpanModel, picked: Picked): Picked {
  if (picked.end !== Number.POSITIVE_INFINITY) return picked;
  const row = model.lanes[picked.lane]?.rows[picked.depth];
  if (row === undefined || row.open?.begin === picked.begin) return picked;
  const span = row.at(row.placeAt(picked.begin));
  return model.spans.beginOf(span) === picked.begin ? pickedOf(model, span) : picked;
}

export interface Touching {
  readonly arrow: number;
  readonly isOut: boolean;
}

/** The arrows that leave a span, or come to it, at most so many. */
export function arrowsAt(model: SpanModel, { lane, begin, end }: Picked, limit: number): readonly Touching[] {
  const found: Touching[] = [];
  model.arrows.visit(begin, end, (arrow, fromLane, toLane) => {
    const at = fromLane === lane || toLane === lane ? model.arrows.at(arrow) : null;
    if (at === null) return true;
    if (fromLane === lane && at.from >= begin && at.from <= end) found.push({ arrow, isOut: true });
    else if (toLane === lane && at.to >= begin && at.to <= end) found.push({ arrow, isOut: false });
    return found.length < limit;
  });
  return found;
}

/** What a span is called where there is room: its name and what tells it from others. */
export function labelOf(
  model: SpanModel,
  { kind, name, id }: { readonly kind: number; readonly name: number; readonly id: number },
): string {
  const text = model.names.text(name);
  return id === 0 || kind === SpanKind.hold || kind === SpanKind.state ? text : `${text} ${id > 0xffff ? `0x${id.toString(16)}` : id}`;
}

/** The innermost span of a lane at a time that is as wanted, null if there is none. */
export function innermostAt(
  model: SpanModel,
  lane: number,
  time: number,
  isWanted: (picked: Picked) => boolean = () => true,
): Picked | null {
  const rows = model.lanes[lane]?.rows ?? [];
  for (let depth = rows.length - 1; depth >= 0; depth--) {
    const found = pickAt(model, { lane, depth }, time, 0);
    if (found !== null && isWanted(found)) return found;
  }
  return null;
}
