/**
 * A recording as QEMU's log backend would have written it: `thread@seconds.microseconds:name args` for each event, in the order of their times.
 *
 * Invariant: as many lines as there are events. Frames, samples and notes have no lines.
 */
import { formatLogLine } from '../../trace/log.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { logLine } from './log-line.js';
import { MergedEvents } from './merged-events.js';
import { TextChunks } from './text-chunks.js';

export function* writeQemuLog(store: TraceStore): Generator<Uint8Array> {
  const chunks = new TextChunks();
  const epoch = store.header?.epochNanoseconds ?? 0;
  for (const events = new MergedEvents(store); events.next(); ) {
    const origin = { thread: events.log.thread.number, microseconds: (events.nanoseconds + epoch) / 1000 };
    chunks.add(`${formatLogLine(logLine(store, events.log, events.index), origin)}\n`);
    if (chunks.isFull) yield chunks.take();
  }
  yield chunks.take();
}
