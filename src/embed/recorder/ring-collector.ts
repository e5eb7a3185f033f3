/**
 * Turns what a device's threads note in their rings into chunks of events.
 *
 * Invariant: each entry is told once, in its thread's order, and what was written over before it could be read is counted. PVG's own threads are
 * announced when an event first names them.
 */
import { MAX_RECORDED_THREADS } from '../../base/limits.js';
import type { ActorRing } from '../../device-trace.js';
import { RING_FIELDS, TRACE_IDS, TRACE_NAMES } from '../../trace/events.js';
import { encodeThread, EventsWriter } from '../../trace/recording/encoder.js';

const ARGUMENT_COUNTS = TRACE_NAMES.map((name) => RING_FIELDS[name].length);

interface Reading {
  readonly ring: ActorRing['ring'];
  readonly writer: EventsWriter;
  /** Number of the next entry. */
  next: number;
}

export interface CollectorParts {
  /** The rings there are by now; it only grows. */
  readonly rings: () => readonly ActorRing[];
  readonly pvgThreadName: (thread: number) => string;
  /** A thread's chunk, which comes before its events. */
  readonly onThread: (chunk: Uint8Array) => void;
  readonly onEvents: (chunk: Uint8Array) => void;
}

export class RingCollector {
  private readonly readings: Reading[] = [];
  private readonly pvgThreads = new Set<number>();
  private threads = 0;

  constructor(private readonly parts: CollectorParts) {}

  /** Takes what there is by now. */
  collect(): void {
    const { parts, readings } = this;
    for (const { actor, thread, ring } of parts.rings().slice(readings.length)) {
      const index = this.announce(actor, `${actor} ${thread}`, thread);
      if (index === null) return;
      readings.push({ ring, writer: new EventsWriter(index, ARGUMENT_COUNTS), next: 0 });
    }
    for (const reading of readings) this.read(reading);
  }

  private read(reading: Reading): void {
    const { ring, writer } = reading;
    const { end } = ring;
    if (end === reading.next) return;
    const lost = ring.visitSince(reading.next, end, (nanoseconds, event, args) => {
      writer.add(nanoseconds, event, args);
      if (event === TRACE_IDS.agfx_message_taken) this.meet(args[2] ?? 0);
    });
    reading.next = end;
    if (writer.length > 0 || lost > 0) this.parts.onEvents(writer.take(lost));
  }

  private meet(pvgThread: number): void {
    if (pvgThread === 0 || this.pvgThreads.has(pvgThread)) return;
    this.pvgThreads.add(pvgThread);
    this.announce('pvg', this.parts.pvgThreadName(pvgThread), pvgThread);
  }

  /** The index of a new thread, null if there are too many. */
  private announce(actor: string, name: string, number: number): number | null {
    if (this.threads === MAX_RECORDED_THREADS) return null;
    const index = this.threads++;
    this.parts.onThread(encodeThread({ index, actor, name, number }));
    return index;
  }
}
