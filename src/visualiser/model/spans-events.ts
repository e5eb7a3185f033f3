/**
 * What each event says about spans: a table from the names of events to what is done, with the arguments that it takes.
 *
 * Invariant: an event is known by its name and its arguments by theirs, as the header has them; one that isn't in the table says nothing, but for the
 * device's own (`apple_gfx_…`), which are moments.
 */
import type { RecordedEvent } from '../../trace/recording/format.js';
import { machineMoved } from './spans-machines.js';
import type { SpanReader } from './spans-reader.js';
import { SpanKind } from './spans-table.js';

type Act = (reader: SpanReader, a: number, b: number, c: number) => void;

/** How an event is read. */
export interface EventRule {
  /** Places of its arguments in the log, -1 for one that the recording doesn't have. */
  readonly places: readonly number[];
  readonly act: Act;
}

/** By the name of the event: the names of its arguments, and what is done with them. */
const RULES = new Map(
  Object.entries<readonly [fields: string, act: Act]>({
    agfx_batch_taken: ['count', (reader, count) => reader.lane.row(0).begin(reader.facts(SpanKind.batch, 'batch', count))],
    agfx_batch_ended: ['', (reader) => reader.lane.row(0).end(reader.time)],
    agfx_bh_began: ['kind id cause', (reader, kind, id, cause) => reader.handlerBegan(SpanKind.bh, reader.store.kindName(kind), id, cause)],
    agfx_bh_ended: ['id', (reader, id) => reader.handlerEnded(SpanKind.bh, id)],
    agfx_bql_taken: [
      'kind id cause',
      (reader, kind, id, cause) => reader.handlerBegan(SpanKind.section, reader.store.kindName(kind), id, cause),
    ],
    agfx_bql_released: ['', (reader) => reader.handlerEnded(SpanKind.section)],
    agfx_bql_wait_began: ['job depth', (reader, job, depth) => reader.waitBegan(job, depth)],
    agfx_bql_wait_ended: ['job', (reader, job) => reader.ended(SpanKind.wait, job)],
    agfx_job_submitted: [
      'job cause',
      ({ model, handler, lane, time }, job, cause) =>
        Object.assign(model.jobs.reached(job, 0, time), {
          cause,
          submitter: lane.index,
          handler: handler?.name ?? 0,
          handlerId: handler?.id ?? 0,
        }),
    ],
    agfx_job_began: [
      'job',
      (reader, job) => {
        reader.model.jobs.reached(job, 1, reader.time).carrier = reader.lane.index;
        reader.workBegan(SpanKind.job, 'job', job);
      },
    ],
    agfx_job_ended: [
      'job ok',
      (reader, job, ok) => {
        reader.model.jobs.reached(job, 2, reader.time).failed ||= ok === 0;
        reader.ended(SpanKind.job, job, ok);
      },
    ],
    agfx_job_completed: [
      'job ok',
      ({ model, time }, job, ok) => {
        model.jobs.reached(job, 3, time).failed ||= ok === 0;
      },
    ],
    agfx_queue_began: ['kind id', (reader, kind, id) => reader.workBegan(SpanKind.block, reader.store.kindName(kind), id)],
    agfx_queue_ended: ['id', (reader, id) => reader.ended(SpanKind.block, id)],
    agfx_encode_began: ['frame', (reader, frame) => reader.workBegan(SpanKind.encode, 'encode', frame)],
    agfx_encode_ended: ['frame ok', (reader, frame, ok) => reader.ended(SpanKind.encode, frame, ok)],
    agfx_frame_shown: [
      'display present',
      (reader, display, present) => {
        const lane = reader.model.lane(`frames ${display}`, { kind: 'frames', name: `display ${display}` });
        lane.row(0).mark(reader.facts(SpanKind.shown, 'frame shown', present, reader.top?.job));
      },
    ],
    agfx_message_posted: [
      'kind id mailbox',
      (reader, kind, id, mailbox) => reader.model.messages.posted(reader, { name: reader.store.kindName(kind), id }, mailbox),
    ],
    agfx_message_taken: [
      'kind id thread',
      (reader, kind, id, thread) => reader.model.messages.taken(reader, { name: reader.store.kindName(kind), id }, thread),
    ],
    agfx_machine_started: ['machine instance state', machineMoved],
    agfx_machine_moved: ['machine instance state', machineMoved],
  }),
);

/** How the events of a recording are read, by their numbers; null for one that says nothing here. */
export function eventRules(events: readonly RecordedEvent[]): readonly (EventRule | null)[] {
  return events.map(({ name, fields }) => {
    const rule = RULES.get(name);
    if (rule !== undefined) return { places: rule[0].split(' ').map((field) => fields.indexOf(field)), act: rule[1] };
    return name.startsWith('apple_gfx_') ? { places: [0], act: (reader, first) => reader.happened(name, first) } : null;
  });
}
