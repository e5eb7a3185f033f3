/**
 * Stories: the spans and messages of a stretch of time on some lanes, or those that belong to one job or one frame, wherever they are.
 *
 * Invariant: a story is in no order but that its spans and arrows are each there once, and at most STORY_ITEMS. What belongs to a job: what it was submitted by, the
 * processor's access behind that, its own messages and waits, what was done inside it, and the jobs that were submitted there. To a frame: what asked
 * for it, its block and its encoding, and what completed it.
 */
import { STORY_ITEMS } from '../../base/limits.js';
import { type Arrow, ArrowKind } from './spans-arrows.js';
import { innermostAt, type Picked, pickedOf } from './spans-pick.js';
import type { SpanModel } from './spans.js';
import { SpanKind } from './spans-table.js';

export interface Story {
  readonly spans: readonly Picked[];
  readonly arrows: readonly Arrow[];
  readonly from: number;
  readonly to: number;
  /** There was more than STORY_ITEMS. */
  readonly isCut: boolean;
}

/** Lanes that messages go between; the others tell the same another way. */
const ACTING = new Set(['thread', 'vcpu', 'pvg']);
/** Messages whose id is a job's number. */
const JOB_MESSAGES = ['job', 'jobDone', 'enterPvg', 'accessReturned'];
/** How long before its handler begins a message may have been taken. */
const QUEUED = 1e9;

const isHandler = ({ kind }: Picked): boolean => kind === SpanKind.bh || kind === SpanKind.section;

/** All that happened on some lanes in a stretch of time; messages between two of them. */
export function storyOfWindow(model: SpanModel, lanes: ReadonlySet<number>, from: number, to: number): Story {
  return collect(model, { from, to }, { lanes, wantsSpan: () => true, wantsArrow: () => true });
}

/** One job's whole way; null if it is not known. */
export function storyOfJob(model: SpanModel, job: number): Story | null {
  const facts = model.jobs.of(job);
  if (facts === null) return null;
  const times = facts.times.filter((time) => !Number.isNaN(time));
  let [from, to] = [Math.min(...times), Math.max(...times)];
  const submitter = facts.submitter < 0 ? null : innermostAt(model, facts.submitter, facts.times[0] ?? Number.NaN, isHandler);
  // Not within another job, it is told from the access that it is for.
  const isOutermost = facts.cause === 0 && submitter !== null;
  if (submitter !== null) [from, to] = [Math.min(from, submitter.begin), Math.max(to, Math.min(submitter.end, model.end))];
  const access = isOutermost ? accessOf(model, submitter) : null;
  if (access !== null) [from, to] = [Math.min(from, access.begin), Math.max(to, Math.min(access.end, model.end))];
  const jobs = new Set([job]);
  const handlers = new Set<string>(submitter === null ? [] : [`${submitter.name} ${submitter.id}`]);
  gatherInside(model, { from, to }, jobs, handlers);
  const jobMessages = new Set(JOB_MESSAGES.map((name) => model.names.of(name)));
  const belongs: Belonging = { jobs, handlers, submitter, access };
  const wantsArrow = (arrow: Arrow): boolean => {
    if (jobMessages.has(arrow.name)) return jobs.has(arrow.id);
    if (arrow.kind !== ArrowKind.access && arrow.kind !== ArrowKind.reply) return handlers.has(`${arrow.name} ${arrow.id}`);
    return isOutermost && arrow.id === submitter.id && (access === null || (arrow.to >= access.begin && arrow.to <= access.end));
  };
  return collect(model, { from, to }, { lanes: null, wantsSpan: (span) => isSpanOf(belongs, span), wantsArrow });
}

/** What is known of what belongs to a job. */
interface Belonging {
  readonly jobs: ReadonlySet<number>;
  /** Names and ids of the handlers. */
  readonly handlers: ReadonlySet<string>;
  readonly submitter: Picked | null;
  readonly access: Picked | null;
}

function isSpanOf({ jobs, handlers, submitter, access }: Belonging, span: Picked): boolean {
  switch (span.kind) {
    case SpanKind.bh:
    case SpanKind.section:
    case SpanKind.hold:
      return jobs.has(span.job) || (span.begin === submitter?.begin && (span.kind === SpanKind.hold || span.id === submitter.id));
    case SpanKind.access:
      return span.begin === access?.begin && span.lane === access.lane;
    case SpanKind.upcall:
      return handlers.has(`${span.name} ${span.id}`);
    case SpanKind.wait:
    case SpanKind.job:
    case SpanKind.entry:
      return jobs.has(span.id);
    case SpanKind.event: {
      const isDirect = span.lane === submitter?.lane && span.depth === submitter.depth + 1;
      return jobs.has(span.job) || (isDirect && span.begin >= submitter.begin && span.begin <= submitter.end);
    }
    default:
      return jobs.has(span.job);
  }
}

/** One frame's whole way, by the number that its encoding has; null if it is not known. */
export function storyOfFrame(model: SpanModel, frame: number): Story | null {
  const encode = findEncode(model, frame);
  if (encode === null) return null;
  const block = innermostAt(model, encode.lane, encode.begin, ({ kind }) => kind === SpanKind.block);
  const order = lastArrow(model, encode.begin, ({ id, toLane }) => id === frame && toLane === encode.lane);
  const asking = order === null ? null : innermostAt(model, order.fromLane, order.from, isHandler);
  const ask =
    asking === null
      ? null
      : lastArrow(model, asking.begin, ({ name, id, toLane }) => name === asking.name && id === asking.id && toLane === asking.lane);
  const shown = firstShown(model, Math.min(encode.end, model.end));
  const thread = shown === null ? undefined : model.lanes.find(({ log, kind }) => log === shown.log && kind === 'thread');
  const completing = shown === null || thread === undefined ? null : innermostAt(model, thread.index, shown.begin, isHandler);
  const complete =
    completing === null
      ? null
      : lastArrow(
          model,
          completing.begin,
          ({ name, id, toLane }) => name === completing.name && id === completing.id && toLane === completing.lane,
        );
  const spans = [encode, block, asking, shown, completing].filter((span) => span !== null);
  const arrows = [order, ask, complete].filter((arrow) => arrow !== null);
  const begins = [...spans.map(({ begin }) => begin), ...arrows.map(({ from }) => from)];
  const ends = [...spans.map(({ end }) => Math.min(end, model.end)), ...arrows.map(({ to }) => to)];
  return { spans, arrows, from: Math.min(...begins), to: Math.max(...ends), isCut: false };
}

interface Wanted {
  /** Null: all that act. */
  readonly lanes: ReadonlySet<number> | null;
  readonly wantsSpan: (span: Picked) => boolean;
  readonly wantsArrow: (arrow: Arrow) => boolean;
}

function collect(
  model: SpanModel,
  { from, to }: { readonly from: number; readonly to: number },
  { lanes, wantsSpan, wantsArrow }: Wanted,
): Story {
  const spans: Picked[] = [];
  const arrows: Arrow[] = [];
  const isFull = (): boolean => spans.length + arrows.length >= STORY_ITEMS;
  for (const lane of model.lanes) {
    if (lanes === null ? !ACTING.has(lane.kind) && lane.kind !== 'bql' : !lanes.has(lane.index)) continue;
    for (const [depth, row] of lane.rows.entries()) {
      // Its waits are those of the thread that has it.
      if (lane.kind === 'bql' && depth > 0) break;
      row.visit(from, to, -1, (span) => {
        const picked = isFull() ? null : pickedOf(model, span);
        if (picked !== null && wantsSpan(picked)) spans.push(picked);
      });
      if (row.open !== null && row.open.begin <= to) {
        const picked = { ...row.open, lane: lane.index, depth, end: Number.POSITIVE_INFINITY };
        if (wantsSpan(picked)) spans.push(picked);
      }
    }
  }
  model.arrows.visit(from, to, (each) => {
    const arrow = model.arrows.at(each);
    if (arrow !== null && (lanes === null || (lanes.has(arrow.fromLane) && lanes.has(arrow.toLane))) && wantsArrow(arrow))
      arrows.push(arrow);
    return !isFull();
  });
  return { spans, arrows, from, to, isCut: isFull() };
}

/** The processor's access that a section is the handling of. */
function accessOf(model: SpanModel, { name, id, begin }: Picked): Picked | null {
  for (const { kind, index } of model.lanes) {
    const access = kind === 'vcpu' ? innermostAt(model, index, begin, (span) => span.kind === SpanKind.access) : null;
    if (access?.name === name && access.id === id) return access;
  }
  return null;
}

/** Adds the handlers that ran inside of jobs, and the jobs that were submitted there, as deep as it goes. */
function gatherInside(
  model: SpanModel,
  { from, to }: { readonly from: number; readonly to: number },
  jobs: Set<number>,
  handlers: Set<string>,
): void {
  const add = (span: Picked): void => {
    if (isHandler(span) && span.job !== 0 && jobs.has(span.job)) handlers.add(`${span.name} ${span.id}`);
    if (span.kind === SpanKind.wait && !jobs.has(span.id)) {
      const facts = model.jobs.of(span.id);
      if (facts !== null && jobs.has(facts.cause)) jobs.add(span.id);
    }
  };
  for (const { kind, rows, index } of model.lanes) {
    if (kind !== 'thread') continue;
    rows.forEach((row, depth) => {
      row.visit(from, to, -1, (span) => add(pickedOf(model, span)));
      if (row.open !== null) add({ ...row.open, lane: index, depth, end: Number.POSITIVE_INFINITY });
    });
  }
}

function findEncode(model: SpanModel, frame: number): Picked | null {
  const { spans } = model;
  for (let span = spans.end - 1; span >= spans.first; span--) {
    if (spans.kindOf(span) === SpanKind.encode && spans.idOf(span) === frame) return pickedOf(model, span);
  }
  for (const { rows, index } of model.lanes) {
    const depth = rows.findIndex(({ open }) => open?.kind === SpanKind.encode && open.id === frame);
    const open = rows[depth]?.open;
    if (open) return { ...open, lane: index, depth, end: Number.POSITIVE_INFINITY };
  }
  return null;
}

function firstShown(model: SpanModel, time: number): Picked | null {
  const row = model.lanes.find(({ kind }) => kind === 'frames')?.rows[0];
  const place = row?.placeAt(time) ?? 0;
  return row !== undefined && place < row.length ? pickedOf(model, row.at(place)) : null;
}

/** The last arrow that ended at a time or before, not long before, and is as wanted. */
function lastArrow(model: SpanModel, time: number, isWanted: (arrow: Arrow) => boolean): Arrow | null {
  let last: Arrow | null = null;
  model.arrows.visit(time - QUEUED, time, (each) => {
    const arrow = model.arrows.at(each);
    if (arrow !== null && arrow.to <= time && isWanted(arrow) && (last === null || arrow.to >= last.to)) last = arrow;
    return true;
  });
  return last;
}
