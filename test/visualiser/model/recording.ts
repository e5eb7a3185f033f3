/**
 * Recordings for tests, written down as what happened: through the encoder and the decoder, as a file's are.
 */
import { encodeEnd, encodeHeader, encodeNote, encodeSamples, encodeThread, EventsWriter } from '../../../src/trace/recording/encoder.js';
import { ChunkDecoder } from '../../../src/trace/recording/decoder.js';
import type { RecordedNote, RecordedThread, RecordingHeader } from '../../../src/trace/recording/format.js';
import { type StoreBounds, TraceStore } from '../../../src/trace/recording/trace-store.js';
import { RING_FIELDS, TRACE_IDS, TRACE_NAMES, type TraceName } from '../../../src/trace/events.js';

/** Kinds of messages that tests use, by number. */
export const KINDS = {
  createTask: 1,
  mapMemory: 3,
  readMemory: 5,
  raiseInterrupt: 6,
  newFrame: 7,
  cursorGlyph: 9,
  frameCompleted: 12,
  access: 0x100,
  jobDone: 0x101,
  takeBql: 0x10b,
  returnBql: 0x10c,
  job: 0x110,
  renderBlock: 0x120,
  reply: 0x130,
  enterPvg: 0x131,
} as const;
export type Kind = keyof typeof KINDS;

export const MACHINES = [
  { name: 'lock', events: ['bh.offered', 'lock.offered'], states: ['free', 'running', 'waiting', 'lent'], definition: null },
  { name: 'mmioJob', events: ['lock.granted'], states: ['submitted', 'running'], definition: null },
  {
    name: 'framePipeline',
    events: ['frame.arrived'],
    states: [
      { pipeline: 'idle', freshness: 'stale' },
      { pipeline: { rendering: 'single' }, freshness: 'stale' },
    ],
    definition: null,
  },
] as const;

export const COUNTERS = [
  'mailbox.bql',
  'mailbox.render-queue',
  'mailbox.background-queue',
  'mmioAccesses',
  'framesRendered',
  'framesDropped',
  'interrupts',
  'upcalls',
  'upcallWakes',
  'upcallWakesInVain',
] as const;

export const HEADER: RecordingHeader = {
  format: 1,
  producer: 'test',
  revision: 'hardened',
  variant: 'pci',
  displays: 1,
  seed: null,
  schedule: null,
  epochNanoseconds: 0,
  events: TRACE_NAMES.map((name) => ({ name, fields: RING_FIELDS[name] })),
  kinds: Object.fromEntries(Object.entries(KINDS).map(([name, kind]) => [kind, name])),
  machines: MACHINES,
  mailboxes: { 11: 'bql', 12: 'render-queue', 13: 'background-queue' },
  counters: COUNTERS,
};

export const THREADS = {
  bql: { index: 0, actor: 'bql', name: 'bql', number: 100 },
  render: { index: 1, actor: 'render-queue', name: 'render-queue', number: 101 },
  worker: { index: 2, actor: 'background-queue', name: 'background-queue', number: 102 },
  worker2: { index: 3, actor: 'background-queue', name: 'background-queue', number: 103 },
  gpu: { index: 4, actor: 'pvg', name: 'gpu', number: 7 },
} as const satisfies Record<string, RecordedThread>;
export type ThreadName = keyof typeof THREADS;

/** An event: thread, microseconds, name, arguments; a kind may be given by its name. */
export type Entry = readonly [ThreadName, number, TraceName, ...(number | Kind)[]];

const counts = TRACE_NAMES.map((name) => RING_FIELDS[name].length);
const numberOf = (value: number | Kind): number => (typeof value === 'number' ? value : KINDS[value]);

/** A store that grows by what happens. */
export class Recorded {
  readonly store: TraceStore;
  private readonly decoder = new ChunkDecoder();
  private readonly writers = new Map<ThreadName, EventsWriter>();
  /** All of it, as it would stand in a file behind its magic. */
  readonly bytes: Uint8Array[] = [];

  constructor({ header = HEADER, bounds = {} }: { readonly header?: RecordingHeader; readonly bounds?: StoreBounds } = {}) {
    this.store = new TraceStore(bounds);
    this.push(encodeHeader(header));
  }

  push(bytes: Uint8Array): this {
    this.bytes.push(bytes);
    for (const chunk of this.decoder.push(bytes)) this.store.apply(chunk);
    return this;
  }

  /** Events, in the order of each thread's time. */
  events(...entries: readonly Entry[]): this {
    for (const [thread, microseconds, name, ...args] of entries) {
      this.thread(thread).add(1000 * microseconds, TRACE_IDS[name], args.map(numberOf));
    }
    for (const writer of this.writers.values()) if (writer.length > 0) this.push(writer.take(0));
    return this;
  }

  /** A thread's events were lost before those that come next. */
  lose(thread: ThreadName, count: number): this {
    return this.push(this.thread(thread).take(count));
  }

  sample(microseconds: number, values: Partial<Record<(typeof COUNTERS)[number], number>>): this {
    return this.push(encodeSamples({ nanoseconds: 1000 * microseconds, values: COUNTERS.map((name) => values[name] ?? 0) }));
  }

  note(microseconds: number, kind: RecordedNote['kind'], text: string): this {
    return this.push(encodeNote({ nanoseconds: 1000 * microseconds, kind, text }));
  }

  end(microseconds: number): this {
    return this.push(encodeEnd({ nanoseconds: 1000 * microseconds, reason: 'closed', statistics: {} }));
  }

  thread(name: ThreadName): EventsWriter {
    const known = this.writers.get(name);
    if (known !== undefined) return known;
    const writer = new EventsWriter(THREADS[name].index, counts);
    this.writers.set(name, writer);
    this.push(encodeThread(THREADS[name]));
    return writer;
  }
}
