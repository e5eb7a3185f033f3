/**
 * What is written to a recording is what is read from it, in whatever pieces it comes; and what is none is refused by name, at its byte.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecordingError } from '../../../src/base/errors.js';
import { ByteReader, ByteWriter } from '../../../src/trace/recording/bytes.js';
import { CheckedReader } from '../../../src/trace/recording/checked-reader.js';
import { RecordingChecks } from '../../../src/trace/recording/checks.js';
import {
  encodeChunk,
  encodeCursor,
  encodeEnd,
  encodeFrame,
  encodeHeader,
  encodeNote,
  encodeSamples,
  encodeThread,
  EventsWriter,
} from '../../../src/trace/recording/encoder.js';
import { FileDecoder } from '../../../src/trace/recording/file-decoder.js';
import { ChunkKind, MAGIC, type RecordedFrame, type RecordingHeader } from '../../../src/trace/recording/format.js';
import { type StoreBounds, TraceStore } from '../../../src/trace/recording/trace-store.js';

const HEADER: RecordingHeader = {
  format: 1,
  producer: 'a test',
  revision: 'hardened',
  variant: 'mmio',
  displays: 1,
  seed: null,
  schedule: null,
  epochNanoseconds: 1e18,
  events: [
    { name: 'nothing', fields: [] },
    { name: 'four', fields: ['kind', 'b', 'c', 'd'] },
  ],
  kinds: { 7: 'seven' },
  machines: [{ name: 'lock', events: ['go'], states: ['free', { running: 'now' }], definition: { any: 1 } }],
  mailboxes: { 5: 'bql' },
  counters: ['mailbox.bql', 'frames'],
};
const THREAD = { index: 3, actor: 'bql', name: 'bql 17', number: 17 };
const COUNTS = [0, 4];

/** What a store says that was given these chunks, in pieces of a length. */
function storeOf(
  chunks: readonly Uint8Array[],
  { bounds = {}, piece = 1 << 20 }: { bounds?: StoreBounds; piece?: number } = {},
): TraceStore {
  const file = Buffer.concat([MAGIC, ...chunks]);
  const store = new TraceStore(bounds);
  const decoder = new FileDecoder();
  const checks = new RecordingChecks();
  for (let at = 0; at < file.length; at += piece)
    for (const chunk of decoder.push(file.subarray(at, at + piece))) store.apply(checks.pass(chunk));
  expect(decoder.pending).toBe(0);
  return store;
}

function eventsOf(entries: readonly (readonly [number, number, readonly number[]])[], lost = 0): Uint8Array {
  const writer = new EventsWriter(THREAD.index, COUNTS);
  for (const [time, event, args] of entries) writer.add(time, event, args);
  return writer.take(lost);
}

const argument = fc.oneof(fc.nat(), fc.maxSafeNat(), fc.double({ noNaN: true }), fc.constantFrom(-1, Infinity, -Infinity));

describe('numbers', () => {
  it('any is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(argument), fc.array(fc.maxSafeNat()), (numbers, integers) => {
        const writer = new ByteWriter(1);
        for (const value of numbers) writer.number(value);
        for (const value of integers) writer.leb(value);
        const bytes = writer.take();
        const checked = new CheckedReader(bytes, 'a test');
        for (const reader of [new ByteReader(bytes), checked]) {
          for (const value of numbers) expect(reader.number() === value).toBe(true);
          for (const value of integers) expect(reader.leb()).toBe(value);
          expect(reader.rest().length).toBe(0);
        }
        expect(checked.left).toBe(0);
      }),
    );
  });

  it.each([
    ['ends within a number', [0x80]],
    ['has a number of more than 8 bytes', new Array(9).fill(0x80)],
    ['has a number above 2^53', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]],
  ])('one that %s is refused', (text, bytes) => {
    expect(() => new CheckedReader(Uint8Array.from(bytes), 'a test').leb()).toThrow(text);
  });
});

describe('a recording', () => {
  it('says what was recorded, whatever pieces it is read in', () => {
    const entry = fc.tuple(fc.nat(1e6), fc.constantFrom(0, 1), fc.tuple(argument, argument, argument, argument));
    fc.assert(
      fc.property(fc.array(fc.array(entry)), fc.integer({ min: 1, max: 500 }), (batches, piece) => {
        let time = 1e15;
        const all = batches.map((batch) =>
          batch.map(([step, event, args]): [number, number, number[]] => {
            time += step;
            return [time, event, args];
          }),
        );
        const store = storeOf([encodeHeader(HEADER), encodeThread(THREAD), ...all.map((batch, index) => eventsOf(batch, index))], {
          piece,
        });
        expect(store.header).toEqual(HEADER);
        const [log] = store.threads;
        expect(log?.thread).toEqual(THREAD);
        expect(log?.lost).toBe(batches.reduce((sum, _, index) => sum + index, 0));
        expect(log?.length).toBe(all.flat().length);
        all.flat().forEach(([when, event, args], index) => {
          expect(log?.time(index)).toBe(when);
          expect(log?.event(index)).toBe(event);
          for (const [k, value] of args.entries()) expect(log?.arg(index, k) === (event === 1 ? value : 0)).toBe(true);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('has everything else beside the events', () => {
    const frame: RecordedFrame = {
      ...{ display: 0, nanoseconds: 50, present: 9, width: 8, height: 4, isWhole: true },
      rectangles: [{ x: 1, y: 2, width: 7, height: 2 }],
      deflated: Uint8Array.of(1, 2, 3),
    };
    const image = { width: 1, height: 2, hotX: 0, hotY: 1, pixels: [1, 0xffff_ffff] };
    const cursor = { display: 0, nanoseconds: 60, x: 3, y: 4, shown: true, image };
    const note = { nanoseconds: 70, kind: 'guestError', text: 'wrong' } as const;
    const end = { nanoseconds: 90, reason: 'closed', statistics: { frames: 4 } };
    const store = storeOf([
      encodeHeader(HEADER),
      encodeChunk(200, Uint8Array.of(1)),
      encodeFrame(frame),
      encodeCursor(cursor),
      encodeSamples({ nanoseconds: 65, values: [2, 0.5] }),
      encodeNote(note),
      encodeEnd(end),
    ]);
    expect(store.frames).toEqual([{ ...frame, deflated: Buffer.from(frame.deflated) }]);
    expect(store.cursors).toEqual([cursor]);
    expect(store.samples).toEqual([{ nanoseconds: 65, values: [2, 0.5] }]);
    expect(store.notes).toEqual([note]);
    expect(store.end).toEqual(end);
    expect(store.now).toBe(90);
  });

  it('has with each cursor the image that it is shown with, its display’s latest', () => {
    const at = (display: number, nanoseconds: number, word?: number): Uint8Array => {
      const image = word === undefined ? {} : { image: { width: 1, height: 1, hotX: 0, hotY: 0, pixels: [word] } };
      return encodeCursor({ display, nanoseconds, x: 1, y: 2, shown: true, ...image });
    };
    const chunks = [at(0, 1), at(0, 2, 7), at(1, 3, 8), at(0, 4), at(1, 5), at(0, 6, 9), at(0, 7)];
    const shown = [undefined, 7, 8, 7, 8, 9, 9];
    const all = storeOf([encodeHeader(HEADER), ...chunks]);
    expect(all.cursors.map(({ image }) => image?.pixels[0])).toEqual(shown);
    const last = storeOf([encodeHeader(HEADER), ...chunks], { bounds: { entries: 2 } });
    expect(last.cursors.map(({ image }) => image?.pixels[0])).toEqual(shown.slice(-last.cursors.length));
  });

  it('names events and their arguments, kinds of messages by name', () => {
    const store = storeOf([encodeHeader(HEADER), encodeThread(THREAD), eventsOf([[10, 1, [7, 2, 3, 4]]])]);
    const [log] = store.threads;
    expect(store.eventNumber('four')).toBe(1);
    expect(store.eventNumber('five')).toBe(-1);
    expect(log && store.argumentsOf(log, 0)).toEqual({ kind: 'seven', b: 2, c: 3, d: 4 });
  });

  it('has times that never go backwards within a thread, whatever was noted', () => {
    const store = storeOf([
      encodeHeader(HEADER),
      encodeThread(THREAD),
      eventsOf([
        [30, 0, []],
        [20, 0, []],
      ]),
      eventsOf([[10, 0, []]]),
    ]);
    expect([0, 1, 2].map((index) => store.threads[0]?.time(index))).toEqual([30, 30, 30]);
  });
});

describe('a store with bounds', () => {
  it('lets the older half of a thread’s events go, and their indices stay', () => {
    const entries = Array.from({ length: 26 }, (_, index): [number, number, number[]] => [100 + index, 1, [index, 0, 0, 0]]);
    const store = storeOf([encodeHeader(HEADER), encodeThread(THREAD), eventsOf(entries)], { bounds: { events: 10 } });
    const [log] = store.threads;
    expect([log?.first, log?.end, log?.length]).toEqual([20, 26, 6]);
    expect(log?.arg(21, 0)).toBe(21);
    expect(log?.at(122.5)).toBe(23);
    expect(log?.at(1000)).toBe(26);
    expect(log?.time(19)).toBeNaN();
    expect(store.start).toBe(100);
  });

  it('keeps no picture that lacks a whole one before it', () => {
    const frame = (display: number, isWhole: boolean, bytes: number): Uint8Array =>
      encodeFrame({
        ...{ display, nanoseconds: 1, present: 1, width: 4, height: 4, isWhole, rectangles: [] },
        deflated: new Uint8Array(bytes),
      });
    const store = storeOf(
      [
        encodeHeader(HEADER),
        frame(0, false, 1),
        frame(0, true, 40),
        frame(1, true, 5),
        frame(0, false, 41),
        frame(1, false, 6),
        frame(0, true, 42),
        frame(1, false, 7),
      ],
      { bounds: { frameBytes: 130 } },
    );
    expect(store.framesSeen).toBe(5);
    expect(store.frames.map(({ display, deflated }) => [display, deflated.length])).toEqual([[0, 42]]);
    const notes = Array.from({ length: 9 }, (_, index) => encodeNote({ nanoseconds: index, kind: 'warning', text: `${index}` }));
    const noted = storeOf([encodeHeader(HEADER), ...notes], { bounds: { entries: 4 } });
    expect(noted.notes.map(({ text }) => text)).toEqual(['6', '7', '8']);
    expect(noted.notesSeen).toBe(9);
  });
});

describe('what is refused, and how', () => {
  const header = encodeHeader(HEADER);
  const thread = encodeThread(THREAD);
  const broken = (change: object): Uint8Array => encodeHeader({ ...HEADER, ...change } as RecordingHeader);
  const events = (...bytes: number[]): Uint8Array => encodeChunk(ChunkKind.events, Uint8Array.from(bytes));
  it.each([
    ['it begins with a chunk of kind 2, expected its header', [thread]],
    ['it has two headers', [header, header]],
    ['header: format is 2, expected 1', [broken({ format: 2 })]],
    ['header: displays is -1, expected an integer in 0..64', [broken({ displays: -1 })]],
    [
      'header: events[0]: fields is ["a","b","c","d","e"], expected at most 4 texts',
      [broken({ events: [{ name: 'a', fields: ['a', 'b', 'c', 'd', 'e'] }] })],
    ],
    ['header: kinds is {"1":2}, expected an object of texts', [broken({ kinds: { 1: 2 } })]],
    ['header is no JSON', [encodeChunk(ChunkKind.header, Uint8Array.of(0xff))]],
    ['header is no JSON object', [encodeChunk(ChunkKind.header, new TextEncoder().encode('[]'))]],
    ['it has two threads of index 3', [header, thread, thread]],
    ['thread: index is 512, expected an integer in 0..511', [header, encodeThread({ ...THREAD, index: 512 })]],
    ['is of thread 3, which was not announced', [header, eventsOf([[1, 0, []]])]],
    ['has event 9, expected one below 2', [header, thread, events(3, 0, 1, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 9)]],
    ['ends within a number', [header, thread, events(3, 0, 2, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0)]],
    ['has 1 bytes behind its last event', [header, thread, events(3, 0, 1, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0, 0, 0)]],
    ['is of NaN ns', [header, thread, eventsOf([[Number.NaN, 0, []]])]],
    ['a samples chunk is of Infinity ns', [header, encodeSamples({ nanoseconds: Number.POSITIVE_INFINITY, values: [] })]],
    ['has an argument that begins with 3', [header, encodeChunk(ChunkKind.samples, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 1, 3))]],
    ['an events chunk ends 7 bytes too early', [header, thread, events(3, 0, 1, 0)]],
    ['header: machines[0]: definition is 3, expected an object', [broken({ machines: [{ ...HEADER.machines[0], definition: 3 }] })]],
    ['a count of samples of 3, expected one below 3', [header, encodeSamples({ nanoseconds: 1, values: [1, 2, 3] })]],
    ['note: kind is "joke"', [header, encodeChunk(ChunkKind.note, new TextEncoder().encode('{"nanoseconds":1,"kind":"joke","text":""}'))]],
    [
      'cursor: image: pixels is [1], expected 4 numbers',
      [
        header,
        encodeCursor({
          display: 0,
          nanoseconds: 1,
          x: 0,
          y: 0,
          shown: true,
          image: { width: 2, height: 2, hotX: 0, hotY: 0, pixels: [1] },
        }),
      ],
    ],
  ])('%s', (text, chunks) => {
    expect(() => storeOf(chunks)).toThrow(RecordingError);
    expect(() => storeOf(chunks)).toThrow(text);
  });

  it('a file that is none, or of a newer version, and a chunk that can’t be', () => {
    const push = (...bytes: number[]): unknown => [...new FileDecoder().push(Uint8Array.from(bytes))];
    expect(() => push(...new TextEncoder().encode('apple_gfx_read offset=0'))).toThrow('it is none: it does not begin with AGFXREC');
    expect(() => push(...MAGIC.subarray(0, -1), 2)).toThrow('it has version 2, expected 1');
    expect(() => push(...MAGIC, 0, 0, 0, 0, 0, 0, 0, 0)).toThrow('there is no chunk at byte 8: kind 0, 0 bytes');
    expect(() => push(...MAGIC, 1, 1, 0, 0, 0, 0, 0, 0)).toThrow('there is no chunk at byte 8: kind 257, 0 bytes');
    expect(() => push(...MAGIC, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 4)).toThrow(
      'there is no chunk at byte 16: kind 1, 67108865 bytes',
    );
  });

  it('nothing before it: the chunks that come first are given', () => {
    const kinds: number[] = [];
    const read = (): void => {
      for (const { kind } of new FileDecoder().push(Buffer.concat([MAGIC, header, thread, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0)])))
        kinds.push(kind);
    };
    expect(read).toThrow('there is no chunk');
    expect(kinds).toEqual([ChunkKind.header, ChunkKind.thread]);
  });

  it('a header whose machines are none to who can tell', () => {
    const checks = new RecordingChecks((machines) => {
      throw new RecordingError(`${machines.length} machines`);
    });
    expect(() => checks.pass({ kind: ChunkKind.header, payload: header.subarray(8) })).toThrow('1 machines');
    expect(() => checks.pass({ kind: ChunkKind.thread, payload: thread.subarray(8) })).toThrow('expected its header');
  });

  it('a rectangle that is not in its picture', () => {
    const rectangles = [{ x: 1, y: 0, width: 4, height: 1 }];
    const chunk = encodeFrame({
      display: 0,
      nanoseconds: 0,
      present: 0,
      width: 4,
      height: 4,
      isWhole: true,
      rectangles,
      deflated: new Uint8Array(),
    });
    expect(() => storeOf([header, chunk])).toThrow('has rectangle {"x":1,"y":0,"width":4,"height":1}, expected it inside of 4x4');
  });

  it('any bytes at all are refused by a RecordingError, or are a recording', () => {
    const whole = Buffer.concat([
      MAGIC,
      header,
      thread,
      eventsOf([
        [5, 1, [1, 2, 3, 4.5]],
        [6, 0, []],
      ]),
      encodeSamples({ nanoseconds: 1, values: [1] }),
    ]);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 }), (changes) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          const store = new TraceStore({ events: 100 });
          const checks = new RecordingChecks();
          for (const chunk of new FileDecoder().push(bytes)) store.apply(checks.pass(chunk));
        } catch (error) {
          expect(error).toBeInstanceOf(RecordingError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
