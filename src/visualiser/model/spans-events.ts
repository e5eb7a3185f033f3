/**
 * What each event says about spans: a table from the names of events to what is done, with the arguments that it takes.
 *
 * Invariant: an event is known by its name and its arguments by theirs, as the header has them; one that isn't in the table says nothing, but for the
 * device's own (`apple_gfx_…`), which are moments.
 */
import type { RecordedEvent } from '../../trace/recording/format.js';
import { SpanKind } from './spans-table.js';
import type { SpanReader } from './spans-reader.js';

type Act = (reader: SpanReader, time: number, a: number, b: number, c: number, d: number) => void;

/** How an event is read. */
export interface EventRule {
  /** Places of its arguments in the log, -1 for one that the recording doesn't have. */
  readonly places: readonly [number, number, number, number];
  readonly act: Act;
}

const message = (reader: SpanReader, time: number, kind: number, id: number) => ({
  kind,
  id,
  time,
  lane: reader.lane.index,
  log: reader.place,
  entry: reader.entryIndex,
});

const RULES: Readonly<Record<string, readonly [fields: readonly string[], act: Act]>> = {
  agfx_batch_taken: [['count'], (reader, time, count) => reader.batchBegan(time, count)],
  agfx_batch_ended: [[], (reader, time) => reader.batchEnded(time)],
  agfx_bh_began: [['kind', 'id', 'cause'], (reader, time, kind, id, cause) => reader.handlerBegan(time, true, { kind, id, cause })],
  agfx_bh_ended: [['kind', 'id'], (reader, time, kind, id) => reader.bottomHalfEnded(time, kind, id)],
  agfx_bql_taken: [['kind', 'id', 'cause'], (reader, time, kind, id, cause) => reader.handlerBegan(time, false, { kind, id, cause })],
  agfx_bql_released: [[], (reader, time) => reader.sectionEnded(time)],
  agfx_bql_wait_began: [['job', 'depth'], (reader, time, job, depth) => reader.waitBegan(time, job, depth)],
  agfx_bql_wait_ended: [['job'], (reader, time, job) => reader.workEnded(time, SpanKind.wait, job)],
  agfx_job_submitted: [
    ['job', 'cause'],
    (reader, time, job, cause) => {
      const handler = reader.handler;
      const about = { cause, lane: reader.lane.index, handler: handler?.name ?? 0, handlerId: handler?.id ?? 0 };
      reader.readers.jobs.submitted(job, time, about);
    },
  ],
  agfx_job_began: [
    ['job'],
    (reader, time, job) => {
      reader.readers.jobs.began(job, time, reader.lane.index);
      reader.workBegan(time, SpanKind.job, reader.readers.names.of('job'), job);
    },
  ],
  agfx_job_ended: [
    ['job', 'ok'],
    (reader, time, job, ok) => {
      reader.readers.jobs.ended(job, time, ok !== 0);
      reader.workEnded(time, SpanKind.job, job, ok !== 0);
    },
  ],
  agfx_job_completed: [['job', 'ok'], (reader, time, job, ok) => reader.readers.jobs.completed(job, time, ok !== 0)],
  agfx_queue_began: [
    ['kind', 'id'],
    (reader, time, kind, id) => reader.workBegan(time, SpanKind.block, reader.readers.messages.nameOf(kind), id),
  ],
  agfx_queue_ended: [['kind', 'id'], (reader, time, _kind, id) => reader.workEnded(time, SpanKind.block, id)],
  agfx_encode_began: [
    ['frame'],
    (reader, time, frame) => reader.workBegan(time, SpanKind.encode, reader.readers.names.of('encode'), frame),
  ],
  agfx_encode_ended: [['frame', 'ok'], (reader, time, frame, ok) => reader.workEnded(time, SpanKind.encode, frame, ok !== 0)],
  agfx_frame_shown: [['display', 'present'], (reader, time, display, present) => reader.shown(time, display, present)],
  agfx_message_posted: [
    ['kind', 'id', 'mailbox'],
    (reader, time, kind, id, mailbox) => reader.readers.messages.posted(message(reader, time, kind, id), mailbox),
  ],
  agfx_message_taken: [
    ['kind', 'id', 'thread'],
    (reader, time, kind, id, thread) => reader.readers.messages.taken(message(reader, time, kind, id), reader.log.thread.actor, thread),
  ],
  agfx_machine_started: [
    ['machine', 'instance', 'state'],
    (reader, time, machine, instance, state) =>
      reader.readers.machines.moved({ machine, instance, state, time, log: reader.place, entry: reader.entryIndex }),
  ],
  agfx_machine_moved: [
    ['machine', 'instance', 'state'],
    (reader, time, machine, instance, state) =>
      reader.readers.machines.moved({ machine, instance, state, time, log: reader.place, entry: reader.entryIndex }),
  ],
};

const place = (fields: readonly string[], name: string | undefined): number => (name === undefined ? -1 : fields.indexOf(name));

/** How the events of a recording are read, by their numbers; null for one that says nothing here. */
export function eventRules(events: readonly RecordedEvent[]): readonly (EventRule | null)[] {
  return events.map(({ name, fields }) => {
    const rule = RULES[name];
    if (rule !== undefined) {
      const [wanted, act] = rule;
      return { places: [place(fields, wanted[0]), place(fields, wanted[1]), place(fields, wanted[2]), place(fields, wanted[3])], act };
    }
    if (!name.startsWith('apple_gfx_')) return null;
    const act: Act = (reader, time, first) => reader.happened(time, reader.readers.names.of(name), first);
    return { places: [fields.length > 0 ? 0 : -1, -1, -1, -1], act };
  });
}
