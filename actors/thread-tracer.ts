/**
 * The tracer of a thread of the device: lines to the supervisor, and the thread's ring.
 *
 * Entries of the ring get the time at which the thread last came back from waiting, which the native library notes anyway: to ask for the
 * time at each event would cost more than the event.
 */
import { type PvgBridge, threadTimes } from '../src/bridge/native.js';
import type { PvgRecord } from '../src/bridge/records.js';
import { TRACE_IDS } from '../src/trace/events.js';
import { TraceRing } from '../src/trace/ring.js';
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

/** A tracer that reports lines with this thread's number and the time, and, if the device has trace rings, its ring. */
export function makeTracer({ bridge, wiring, actor, report }: TracerParts): Tracer {
  const thread = bridge.pvg_thread_id();
  const sink = (line: string): void => {
    const microseconds = 1000 * (performance.timeOrigin + performance.now());
    report({ report: 'trace', line, origin: { thread, microseconds } });
  };
  const switches = new TraceSwitches(wiring.traceSwitches);
  if (!wiring.traceRing) return new Tracer(switches, sink, { kindName: messageName });
  const ring = new TraceRing();
  ring.thread = thread;
  report({ report: 'traceRing', actor, thread, memory: ring.memory });
  const times = threadTimes(bridge);
  return new Tracer(switches, sink, { kindName: messageName, ring, now: () => times.returned });
}

/** Traces the messages that an actor has taken at once. */
export function traceBatch(tracer: Tracer, records: readonly PvgRecord[]): void {
  tracer.note(TRACE_IDS.agfx_batch_taken, records.length);
  for (const record of records) tracer.note(TRACE_IDS.agfx_message_taken, record.kind, record.id, record.thread, detailOf(record));
}
