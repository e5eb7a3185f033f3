/**
 * Recordings for tests: one of a real run, and random ones.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { DefectError } from '../../../src/base/errors.js';
import { RING_FIELDS, TRACE_IDS, TRACE_NAMES, type TraceName } from '../../../src/trace/events.js';
import { ChunkDecoder } from '../../../src/trace/recording/decoder.js';
import { EventsWriter, encodeEnd, encodeHeader, encodeNote, encodeSamples, encodeThread } from '../../../src/trace/recording/encoder.js';
import type { RecordingHeader } from '../../../src/trace/recording/format.js';
import { FileDecoder } from '../../../src/trace/recording/file-decoder.js';
import { TraceStore } from '../../../src/trace/recording/trace-store.js';
import { checkedMachines } from '../../../src/cli/trace-machines.js';
import { convertTrace, type TraceFormat } from '../../../src/visualiser/convert/convert.js';

const main = 'dist/src/cli/main.js';

/** Runs the command in a folder that is gone afterwards; `%` in an argument is that folder. */
export function command(
  args: readonly string[],
  read: (folder: string) => void = () => {},
): { status: number | null; stdout: string; stderr: string } {
  const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-'));
  try {
    const run = spawnSync(process.execPath, [main, ...args.map((each) => each.replace('%', folder))], {
      encoding: 'utf8',
      timeout: 60_000,
    });
    read(folder);
    return run;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What a run of a few frames recorded. */
export function recordedRun(...args: string[]): Buffer {
  let bytes = Buffer.alloc(0);
  const { status, stderr } = command(['run', '--frames', '8', '--mode', '320x200@60', ...args, '--record', '%/run'], (folder) => {
    bytes = readFileSync(join(folder, 'run'));
  });
  if (status !== 0) throw new DefectError(`the run failed: ${stderr}`);
  return bytes;
}

export function storeOf(bytes: Uint8Array): TraceStore {
  const store = new TraceStore();
  for (const chunk of new FileDecoder().push(bytes)) store.apply(chunk);
  return store;
}

export const inflate = (deflated: Uint8Array, bytes: number): Uint8Array =>
  inflateRawSync(deflated, { maxOutputLength: Math.max(1, bytes) });

/** The whole file. */
export function converted(store: TraceStore, format: TraceFormat): Buffer {
  return Buffer.concat([...convertTrace(store, format, { inflate, onDamaged: () => {} })]);
}

/** How often each event is in it, by name. */
export function eventCounts(store: TraceStore): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const log of store.threads) {
    for (let index = log.first; index < log.end; index++) {
      const name = store.eventName(log.event(index));
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return counts;
}

export const sum = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((all, each) => all + each, 0);

export const HEADER: RecordingHeader = {
  format: 1,
  producer: 'a test',
  revision: 'hardened',
  variant: 'pci',
  displays: 1,
  seed: null,
  schedule: null,
  epochNanoseconds: 1.7e18,
  events: TRACE_NAMES.map((name) => ({ name, fields: RING_FIELDS[name] })),
  kinds: { 7: 'mapMemory', 8: 'job', 9: 'jobDone' },
  machines: checkedMachines().map(({ recorded }) => recorded),
  mailboxes: { 100: 'bql', 101: 'background-queue' },
  counters: ['mailbox.bql', 'framesRendered'],
};

export interface TestEvent {
  readonly thread: number;
  readonly after: number;
  readonly name: TraceName;
  readonly args: readonly number[];
}

const ACTORS = ['bql', 'background-queue', 'render-queue'];

/** A recording of events, in which each thread's come in their order, with some samples. */
export function storeWith(events: readonly TestEvent[], samples: readonly number[] = []): TraceStore {
  const store = new TraceStore();
  const decoder = new ChunkDecoder();
  const put = (bytes: Uint8Array): void => {
    for (const chunk of decoder.push(bytes)) store.apply(chunk);
  };
  put(encodeHeader(HEADER));
  ACTORS.forEach((actor, index) => {
    put(encodeThread({ index, actor, name: `${actor} ${4000 + index}`, number: 4000 + index }));
    const writer = new EventsWriter(
      index,
      TRACE_NAMES.map((name) => RING_FIELDS[name].length),
    );
    let time = 1_000_000;
    for (const event of events) {
      time += event.after;
      if (event.thread === index) writer.add(time, TRACE_IDS[event.name], event.args);
    }
    put(writer.take(0));
  });
  for (const [index, value] of samples.entries()) put(encodeSamples({ nanoseconds: 1_000_000 + 1000 * index, values: [value, index] }));
  put(encodeNote({ nanoseconds: 1_000_500, kind: 'guestError', text: 'a "guest"\ndid wrong' }));
  put(encodeEnd({ nanoseconds: 2_000_000_000, reason: 'a test', statistics: {} }));
  return store;
}

const argument = fc.oneof(
  fc.nat(12),
  fc.constantFrom(7, 8, 9, 100, 101, 4096, 2 ** 31, 2 ** 47, Number.POSITIVE_INFINITY),
  fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(Math.trunc),
);

/** Events as no device would note them, and among them ones that fit together. */
export const randomEvents: fc.Arbitrary<TestEvent[]> = fc.array(
  fc.record({
    thread: fc.nat(2),
    after: fc.oneof(fc.constant(0), fc.nat(5000)),
    name: fc.constantFrom(...TRACE_NAMES),
    args: fc.array(argument, { minLength: 4, maxLength: 4 }),
  }),
  { maxLength: 120 },
);
