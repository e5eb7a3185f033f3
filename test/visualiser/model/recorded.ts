/**
 * Recordings for tests: events by name, put into chunks and read back as a page does.
 */
import { RING_FIELDS, TRACE_NAMES, type TraceName } from '../../../dist/src/trace/events.js';
import { ChunkDecoder } from '../../../dist/src/trace/recording/decoder.js';
import { EventsWriter, encodeHeader, encodeSamples, encodeThread } from '../../../dist/src/trace/recording/encoder.js';
import type { RecordedMachine, RecordingHeader } from '../../../dist/src/trace/recording/format.js';
import { TraceStore } from '../../../dist/src/trace/recording/trace-store.js';

export const KINDS = {
  access: 0x100,
  jobDone: 0x101,
  kick: 0x107,
  job: 0x110,
  renderBlock: 0x120,
  reply: 0x130,
  enterPvg: 0x131,
  accessReturned: 0x10a,
  mapMemory: 3,
  newFrame: 7,
} as const;
export type KindName = keyof typeof KINDS;
/** Numbers of mailboxes. */
export const MAILBOX = { bql: 1, 'render-queue': 2, 'background-queue': 3 } as const;
/** A processor's mailbox. */
export const VCPU_MAILBOX = 77;

export const MACHINES: readonly RecordedMachine[] = [
  { name: 'lock', events: ['bh.offered', 'handler.ended'], states: ['free', 'running', 'waiting'], definition: null },
  { name: 'mmioJob', events: ['lock.granted', 'bridge.completed'], states: ['queued', 'running', 'completed', 'failed'], definition: null },
  {
    name: 'framePipeline',
    events: ['arrived'],
    states: [
      { pipeline: 'idle', freshness: 'stale' },
      { pipeline: { rendering: 'single' }, freshness: 'stale' },
    ],
    definition: null,
  },
];

export const HEADER: RecordingHeader = {
  format: 1,
  producer: 'test',
  revision: 'hardened',
  variant: 'mmio',
  displays: 1,
  seed: null,
  schedule: null,
  epochNanoseconds: 0,
  events: TRACE_NAMES.map((name) => ({ name, fields: RING_FIELDS[name] })),
  kinds: Object.fromEntries(Object.entries(KINDS).map(([name, kind]) => [kind, name])),
  machines: MACHINES,
  mailboxes: Object.fromEntries(Object.entries(MAILBOX).map(([actor, mailbox]) => [mailbox, actor])),
  counters: ['mailbox.bql', 'mmioAccesses'],
};

/** When, what, and its arguments in the order of the header's fields. */
export type TestEvent = readonly [time: number, name: TraceName, ...args: number[]];

export const ARGUMENT_COUNTS = HEADER.events.map(({ fields }) => fields.length);

/** A recording that is written piece by piece. */
export class TestRecording {
  readonly store: TraceStore;
  /** All chunks so far. */
  readonly bytes: Uint8Array[] = [];
  private readonly decoder = new ChunkDecoder();
  private threads = 0;

  constructor(header: RecordingHeader = HEADER, store = new TraceStore()) {
    this.store = store;
    this.push(encodeHeader(header));
  }

  push(chunk: Uint8Array): void {
    this.bytes.push(chunk);
    for (const each of this.decoder.push(chunk)) this.store.apply(each);
  }

  thread(actor: string, { name = actor, number = 100 + this.threads } = {}): number {
    this.push(encodeThread({ index: this.threads, actor, name, number }));
    return this.threads++;
  }

  events(thread: number, events: readonly TestEvent[], lost = 0): void {
    const writer = new EventsWriter(thread, ARGUMENT_COUNTS);
    for (const [time, name, ...args] of events) writer.add(time, TRACE_NAMES.indexOf(name), args);
    this.push(writer.take(lost));
  }

  samples(time: number, values: readonly number[]): void {
    this.push(encodeSamples({ nanoseconds: time, values }));
  }
}
