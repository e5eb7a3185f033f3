/**
 * Threads of a log on their way to be those of a recording: their events in chunks, their names at the end.
 *
 * Invariant: times of a thread never go backwards; a thread beyond the bound shares the last one's place, which then says so.
 */
import { MAX_RECORDED_THREADS } from '../../base/limits.js';
import { RING_FIELDS, TRACE_NAMES } from '../../trace/events.js';
import { EventsWriter, encodeThread } from '../../trace/recording/encoder.js';

/** Events of a chunk. */
const CHUNK_EVENTS = 16_384;
const ARGUMENT_COUNTS = TRACE_NAMES.map((name) => RING_FIELDS[name].length);

interface Thread {
  readonly index: number;
  readonly actor: string;
  name: string;
  readonly number: number;
  readonly writer: EventsWriter;
  latest: number;
}

export class LogThreads {
  private readonly chunks: { readonly thread: Thread; readonly bytes: Uint8Array }[] = [];
  private readonly byKey = new Map<string, Thread>();
  private readonly list: Thread[] = [];

  /** How many nanoseconds an event lies before its thread's last one; it is noted at the time of that. */
  add(key: string, spec: { readonly actor: string; readonly name: string; readonly number: number }, event: PlacedEvent): number {
    const thread = this.of(key, spec);
    const back = thread.latest - event.nanoseconds;
    thread.latest = Math.max(thread.latest, event.nanoseconds);
    thread.writer.add(thread.latest, event.number, event.args);
    if (thread.writer.length >= CHUNK_EVENTS) this.flush(thread);
    return Math.max(back, 0);
  }

  /** Chunks of all threads and their events. The thread of a key may be left out. */
  finish(without: string | null): Uint8Array[] {
    const left = without === null ? undefined : this.byKey.get(without);
    for (const thread of this.list) if (thread.writer.length > 0) this.flush(thread);
    const threads = this.list
      .filter((thread) => thread !== left)
      .map(({ index, actor, name, number }) => encodeThread({ index, actor, name, number }));
    return [...threads, ...this.chunks.filter(({ thread }) => thread !== left).map(({ bytes }) => bytes)];
  }

  private flush(thread: Thread): void {
    this.chunks.push({ thread, bytes: thread.writer.take(0) });
  }

  private of(key: string, { actor, name, number }: { actor: string; name: string; number: number }): Thread {
    const known = this.byKey.get(key);
    if (known !== undefined) return known;
    const last = this.list[MAX_RECORDED_THREADS - 1];
    if (last !== undefined) {
      last.name = 'further threads';
      return last;
    }
    const writer = new EventsWriter(this.list.length, ARGUMENT_COUNTS);
    const thread = { index: this.list.length, actor, name, number, writer, latest: 0 };
    this.list.push(thread);
    this.byKey.set(key, thread);
    return thread;
  }
}

/** An event as it is noted. */
export interface PlacedEvent {
  readonly nanoseconds: number;
  /** In TRACE_NAMES. */
  readonly number: number;
  readonly args: readonly number[];
}
