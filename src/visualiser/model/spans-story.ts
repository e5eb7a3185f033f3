/**
 * Stories: the spans and messages of a stretch of time on some lanes, or those that belong to one job, wherever they are.
 *
 * Invariant: a story is in no order but that its spans and arrows are each there once, and at most STORY_ITEMS. What belongs to a job: what it was submitted by, the
 * processor's access behind that, its own messages and waits, what was done inside it, and the jobs that were submitted there.
 */
import { STORY_ITEMS } from '../../base/limits.js';
import { type Arrow, ArrowKind } from './spans-arrows.js';
import type { Lane } from './spans-lanes.js';
import { innermostAt, type Picked, pickedOf, pickOpen } from './spans-pick.js';
import type { SpanModel } from './spans.js';
import { SpanKind } from './spans-table.js';

export interface Stretch {
  readonly from: number;
  readonly to: number;
}

export interface Story extends Stretch {
  readonly spans: readonly Picked[];
  readonly arrows: readonly Arrow[];
  /** There was more than STORY_ITEMS. */
  readonly isCut: boolean;
}

/** Which spans and messages a story is of. */
interface Wanted {
  readonly lane: (lane: Lane) => boolean;
  readonly span: (span: Picked) => boolean;
  readonly arrow: (arrow: Arrow) => boolean;
}

/** Lanes that messages go between, and the BQL's; the others tell the same another way. */
const ACTING = new Set(['thread', 'vcpu', 'pvg', 'bql']);
/** Messages whose id is a job's number, and spans. */
const JOB_MESSAGES = new Set(['job', 'jobDone', 'enterPvg', 'accessReturned']);
const JOB_SPANS = new Set<number>([SpanKind.wait, SpanKind.job, SpanKind.entry]);

const isHandler = ({ kind }: Picked): boolean => kind === SpanKind.bh || kind === SpanKind.section;
/** What tells a message from others: that of a handler or an upcall, or an arrow's. */
const keyOf = ({ name, id }: { readonly name: number; readonly id: number }): string => `${name} ${id}`;

/** All that happened on some lanes in a stretch of time; messages between two of them. */
export function storyOfWindow(model: SpanModel, lanes: ReadonlySet<number>, stretch: Stretch): Story {
  return collect(model, stretch, {
    lane: ({ index }) => lanes.has(index),
    span: () => true,
    arrow: ({ fromLane, toLane }) => lanes.has(fromLane) && lanes.has(toLane),
  });
}

/** One job's whole way; null if it is not known. */
export function storyOfJob(model: SpanModel, job: number): Story | null {
  const facts = model.jobs.of(job);
  if (facts === null) return null;
  const submitter = innermostAt(model, facts.submitter, facts.times[0] ?? Number.NaN, isHandler);
  // Not within another job, it is told from the access that it is for.
  const access = submitter === null || facts.cause !== 0 ? null : accessOf(model, submitter);
  const times = [
    ...facts.times,
    ...[submitter, access].flatMap((span) => (span === null ? [] : [span.begin, Math.min(span.end, model.end)])),
  ];
  const known = times.filter((time) => !Number.isNaN(time));
  const stretch = { from: Math.min(...known), to: Math.max(...known) };
  const jobs = new Set([job]);
  const handlers = new Set(submitter === null ? [] : [keyOf(submitter)]);
  gatherInside(model, stretch, jobs, handlers);
  return collect(model, stretch, {
    lane: ({ kind }) => ACTING.has(kind),
    span: (span) => {
      if (span.kind === SpanKind.access) return span.lane === access?.lane && span.begin === access.begin;
      if (span.kind === SpanKind.upcall) return handlers.has(keyOf(span));
      return jobs.has(JOB_SPANS.has(span.kind) ? span.id : span.job) || (submitter !== null && isOf(submitter, span));
    },
    arrow: (arrow) => {
      if (JOB_MESSAGES.has(model.names.text(arrow.name))) return jobs.has(arrow.id);
      if (arrow.kind !== ArrowKind.access && arrow.kind !== ArrowKind.reply) return handlers.has(keyOf(arrow));
      return arrow.id === submitter?.id && facts.cause === 0 && (access === null || (arrow.to >= access.begin && arrow.to <= access.end));
    },
  });
}

/** Whether a span is the submitter itself, that it has the BQL, or an event straight inside of it. */
function isOf({ lane, depth, begin, end }: Picked, span: Picked): boolean {
  if (span.kind === SpanKind.event) return span.lane === lane && span.depth === depth + 1 && span.begin >= begin && span.begin <= end;
  return span.begin === begin && (span.kind === SpanKind.hold || (span.lane === lane && span.depth === depth));
}

/** Tells of the spans of a lane that touch a stretch, the open ones too. */
function visit(model: SpanModel, { rows }: Lane, { from, to }: Stretch, visitor: (span: Picked) => void): void {
  for (const row of rows) {
    row.visit(from, to, -1, (span) => visitor(pickedOf(model, span)));
    const open = pickOpen(row);
    if (open !== null && open.begin <= to) visitor(open);
  }
}

function collect(model: SpanModel, stretch: Stretch, wanted: Wanted): Story {
  const spans: Picked[] = [];
  const arrows: Arrow[] = [];
  const isFull = (): boolean => spans.length + arrows.length >= STORY_ITEMS;
  for (const lane of model.lanes.filter(wanted.lane)) {
    visit(model, lane, stretch, (span) => {
      // The waits of who has the BQL are those of the thread.
      if (!isFull() && !(lane.kind === 'bql' && span.depth > 0) && wanted.span(span)) spans.push(span);
    });
  }
  model.arrows.visit(stretch.from, stretch.to, (each) => {
    const arrow = model.arrows.at(each);
    if (arrow !== null && wanted.arrow(arrow)) arrows.push(arrow);
    return !isFull();
  });
  return { spans, arrows, ...stretch, isCut: isFull() };
}

/** The processor's access that a section is the handling of. */
function accessOf(model: SpanModel, { name, id, begin }: Picked): Picked | null {
  const accesses = model.lanes
    .filter(({ kind }) => kind === 'vcpu')
    .map(({ index }) => innermostAt(model, index, begin, (span) => span.kind === SpanKind.access && span.name === name && span.id === id));
  return accesses.find((access) => access !== null) ?? null;
}

/** Adds the handlers that ran inside of jobs, and the jobs that were submitted there, as deep as it goes. */
function gatherInside(model: SpanModel, stretch: Stretch, jobs: Set<number>, handlers: Set<string>): void {
  for (const lane of model.lanes.filter(({ kind }) => kind === 'thread')) {
    visit(model, lane, stretch, (span) => {
      if (isHandler(span) && jobs.has(span.job)) handlers.add(keyOf(span));
      if (span.kind === SpanKind.wait && jobs.has(model.jobs.of(span.id)?.cause ?? 0)) jobs.add(span.id);
    });
  }
}
