/**
 * The tracer of a thread of the device: lines to the supervisor, and the thread's ring.
 *
 * Entries of the ring get the time at which the thread last came back from waiting, which the native library notes anyway: to ask for the
 * time at each event would cost more than the event. A device that is recorded or shown pays that price, and notes moves of machines, posts and batches as well.
 */
import { DETAILED_RING_ENTRIES, TRACE_RING_ENTRIES } from '../src/base/limits.js';
import type { PvgBridge } from '../src/bridge/native.js';
import type { PvgRecord } from '../src/bridge/records.js';
import { Transfer } from '../src/bridge/transfer.js';
import type { Mailboxes } from '../src/runtime/mailbox.js';
import { TRACE_IDS } from '../src/trace/events.js';
import { ringMemory, TraceRing } from '../src/trace/ring.js';
import { TraceSwitches } from '../src/trace/switches.js';
import { Tracer } from '../src/trace/tracer.js';
import { detailOf, messageName } from './messages.js';
import type { Report, Wiring } from './wiring.js';

export interface TracerParts {
  readonly bridge: PvgBridge;
  readonly wiring: Wiring;
  /** Whose events they are, for people. */
  readonly actor: string;
  readonly report: (report: Report) => void;
}

/** How often two clocks are compared. */
const CLOCK_ATTEMPTS = 16;

/** CLOCK_MONOTONIC now, in nanoseconds: as process.hrtime() has it, without what that makes. */
function monotonicClock(): () => number {
  // A first call of either takes milliseconds, by which threads would disagree; so they are called until they come right after one another.
  let offset = Number.POSITIVE_INFINITY;
  for (let attempt = 0; attempt < CLOCK_ATTEMPTS; attempt++) {
    const before = 1e6 * performance.now();
    offset = Math.min(offset, Number(process.hrtime.bigint()) - before);
  }
  return () => Math.round(offset + 1e6 * performance.now());
}

/** A tracer that reports lines with this thread's number and the time, and, if the device has trace rings, its ring. */
export function makeTracer({ bridge, wiring, actor, report }: TracerParts): Tracer {
  const thread = bridge.pvg_thread_id();
  const sink = (line: string): void => {
    const microseconds = 1000 * (performance.timeOrigin + performance.now());
    report({ report: 'trace', line, origin: { thread, microseconds } });
  };
  const switches = new TraceSwitches(wiring.traceSwitches);
  if (!wiring.traceRing) return new Tracer(switches, sink, { kindName: messageName });
  const ring = new TraceRing(ringMemory(wiring.traceDetail ? DETAILED_RING_ENTRIES : TRACE_RING_ENTRIES));
  ring.thread = thread;
  report({ report: 'traceRing', actor, thread, memory: ring.memory });
  const times = new Transfer(bridge);
  times.keepTimes();
  const exact = wiring.traceDetail ? monotonicClock() : null;
  return new Tracer(switches, sink, { kindName: messageName, ring, now: () => times.returned, exact });
}

/** Whether traceBatch() has anything to trace. */
export function tracesBatches(tracer: Tracer, { traceDeliveries }: Pick<Wiring, 'traceDeliveries'>): boolean {
  return traceDeliveries || tracer.isDetailed;
}

/** Traces the messages that an actor has taken at once, if that is wanted. */
export function traceBatch(tracer: Tracer, wiring: Pick<Wiring, 'traceDeliveries'>, records: readonly PvgRecord[]): void {
  if (!tracesBatches(tracer, wiring)) return;
  tracer.note(TRACE_IDS.agfx_batch_taken, records.length);
  for (const record of records) tracer.note(TRACE_IDS.agfx_message_taken, record.kind, record.id, record.thread, detailOf(record));
}

/** Before the thread waits: its batch has ended, and readers see what it did. */
export function endBatch(tracer: Tracer): void {
  tracer.noteDetail(TRACE_IDS.agfx_batch_ended);
  tracer.publish();
}

/** Has a thread's posts noted, if all is noted that can be. */
export function tracePosts(tracer: Tracer, mailboxes: Mailboxes): void {
  if (!tracer.isDetailed) return;
  mailboxes.onPost = (mailbox, { kind, id = 0 }) => tracer.note(TRACE_IDS.agfx_message_posted, kind, id, mailbox);
}

/** A thread enters PVG with a job; since it may never come back, readers see what there is. */
export function noteJobBegan(tracer: Tracer, job: number): void {
  tracer.note(TRACE_IDS.agfx_job_began, job);
  if (tracer.isDetailed) tracer.publish();
}

export function noteJobEnded(tracer: Tracer, job: number, ok: boolean): void {
  tracer.note(TRACE_IDS.agfx_job_ended, job, ok ? 1 : 0);
}
