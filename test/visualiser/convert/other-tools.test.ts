/**
 * Perfetto's and Chrome's files, read by Perfetto's trace processor and by the engine of Chrome's DevTools: what they count is what is in the recording.
 */
import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import type { TraceStore } from '../../../src/trace/recording/trace-store.js';
import { isMoment } from '../../../src/visualiser/convert/lane-marks.js';
import { SpanModel } from '../../../src/visualiser/model/spans.js';
import { SPAN_KIND_NAMES, SpanKind } from '../../../src/visualiser/model/spans-table.js';
import { readChrome } from './devtools-engine.js';
import { PerfettoProcessor } from './perfetto-processor.js';
import { fieldsOf, type ProtoValue, textOf } from './proto-fields.js';
import { converted, eventCounts, randomEvents, recordedRun, storeOf, storeWith, sum } from './recordings.js';

function modelOf(store: TraceStore): SpanModel {
  const model = new SpanModel();
  model.update(store);
  return model;
}

/** How many spans of each kind there are, those that haven't ended included; moments that are events are counted as such. */
function spanCounts({ spans, lanes }: SpanModel): Record<string, number> {
  const counts: Record<string, number> = {};
  const add = (kind: number): void => {
    const name = SPAN_KIND_NAMES[kind] ?? '';
    counts[name] = (counts[name] ?? 0) + 1;
  };
  for (let span = spans.first; span < spans.end; span++)
    if (spans.kindOf(span) !== SpanKind.event || spans.beginOf(span) !== spans.endOf(span)) add(spans.kindOf(span));
  for (const { rows } of lanes) for (const { open } of rows) if (open !== null) add(open.kind);
  return counts;
}

const ofDevice = (counts: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(counts).filter(([name]) => name.startsWith('apple_gfx_')));
const isMessage = (name: string): boolean => name === 'agfx_message_posted' || name === 'agfx_message_taken';
const ofActors = (counts: Record<string, number>): number =>
  sum(Object.fromEntries(Object.entries(counts).filter(([name]) => isMoment(name) && !name.startsWith('apple_gfx_') && !isMessage(name))));

/** Slices of these categories are spans. */
const SPANS = SPAN_KIND_NAMES.filter((name) => name !== 'event');
const quoted = (names: readonly string[]): string => names.map((name) => `'${name}'`).join(',');

describe.each(['hardened', 'v5'])('a run of %s', (revision) => {
  let store: TraceStore;
  let model: SpanModel;
  let processor: PerfettoProcessor;
  beforeAll(async () => {
    store = storeOf(recordedRun('--revision', revision));
    model = modelOf(store);
    processor = await PerfettoProcessor.read(converted(store, 'perfetto'));
  });

  it('has in Perfetto as many events, spans, arrows, samples and frames as in the recording', () => {
    const counts = eventCounts(store);
    expect(processor.table("select name, count(*) from slice where category = 'event' group by name")).toEqual(ofDevice(counts));
    expect(processor.table(`select category, count(*) from slice where category in (${quoted(SPANS)}) group by category`)).toEqual(
      spanCounts(model),
    );
    expect(model.arrows.length).toBeGreaterThan(50);
    expect(processor.number('select count(*) from flow')).toBe(model.arrows.length);
    expect(processor.number("select count(*) from slice where category = 'actor'")).toBe(ofActors(counts));
    expect(processor.number("select count(*) from slice where category = 'note'")).toBe(store.notes.length);
    expect(processor.table('select t.name, count(c.id) from counter c join counter_track t on c.track_id = t.id group by t.name')).toEqual(
      Object.fromEntries((store.header?.counters ?? []).map((name) => [name, store.samples.length])),
    );
    expect(store.frames.length).toBeGreaterThan(0);
    expect(processor.number("select count(*) from slice where category = 'android_screenshot' and name = 'Screenshot'")).toBe(
      store.frames.length,
    );
    expect(processor.query("select name, value from stats where severity in ('error', 'data_loss') and value > 0")).toEqual([]);
  });

  it('has in Perfetto its arrows from where a message is posted to where it is taken', () => {
    const ends = processor.query(
      'select o.name as posted, i.name as taken, o.ts as at, i.ts as until from flow f join slice o on f.slice_out = o.id join slice i on f.slice_in = i.id',
    );
    expect(ends.length).toBe(model.arrows.length);
    expect(ends.filter(({ posted, taken }) => String(posted).replace(' posted', '') !== String(taken).replace(' taken', ''))).toEqual([]);
    expect(ends.filter(({ at, until }) => Number(at) > Number(until))).toEqual([]);
    expect(ends.map(({ posted }) => posted)).toContain('jobDone posted');
  });

  it('names processes, threads and tracks, says when it was, and gives events their arguments', () => {
    const threads = Object.fromEntries(
      store.threads.filter(({ thread }) => thread.actor !== 'pvg').map(({ thread }) => [thread.name, thread.number]),
    );
    expect(processor.table('select name, tid from thread where name is not null and tid > 1')).toEqual(threads);
    expect(processor.query('select name from process where pid = 1')).toEqual([{ name: `apple-gfx 0.1.0 ${revision} mmio` }]);
    const tracks = processor.query('select name from track').map(({ name }) => name);
    for (const name of ['lock', 'mmioJob', 'framePipeline 0', 'vcpu', 'BQL', 'pvg-control', 'screenshots of display 0'])
      expect(tracks).toContain(name);
    const width = processor.number(
      "select int_value from slice join args using (arg_set_id) where name = 'apple_gfx_mode_change' and key = 'debug.width'",
    );
    expect(width).toBe(320);
    expect(processor.number("select min(ts) from slice where category = 'event'")).toBeGreaterThanOrEqual(store.start);
    expect(processor.number("select count(*) from slice where category = 'state' and name = 'lent'")).toBe(
      Array.from({ length: model.spans.length }, (_, at) => model.names.text(model.spans.nameOf(model.spans.first + at))).filter(
        (name) => name === 'lent',
      ).length,
    );
  });

  it('nests slices properly: none of a track overlaps another, and each lasts as long as its span', () => {
    const lasted: Record<string, number> = {};
    for (let span = model.spans.first; span < model.spans.end; span++) {
      const kind = SPAN_KIND_NAMES[model.spans.kindOf(span)] ?? '';
      lasted[kind] = (lasted[kind] ?? 0) + Math.round(model.spans.endOf(span)) - Math.round(model.spans.beginOf(span));
    }
    const of = (kinds: readonly string[]) => Object.fromEntries(kinds.map((kind) => [kind, lasted[kind]]));
    const closed = ['batch', 'bh', 'section', 'wait', 'job', 'encode'];
    expect(processor.table(`select category, sum(dur) from slice where category in (${quoted(closed)}) group by category`)).toEqual(
      of(closed),
    );
    expect(processor.number('select count(*) from slice where dur < 0')).toBe(0);
    expect(
      processor.number('select count(*) from slice s join slice p on s.parent_id = p.id where s.ts < p.ts or s.ts + s.dur > p.ts + p.dur'),
    ).toBe(0);
  });

  it('has pictures in fields that are younger than that trace processor, and flows under both of their numbers', () => {
    const events = fieldsOf(converted(store, 'perfetto'), 1).flatMap((packet) => fieldsOf(packet, 11));
    const pictures = events.flatMap((event) => fieldsOf(event, 50)).flatMap((screenshot) => fieldsOf(screenshot, 1));
    expect(pictures.length).toBe(store.frames.length);
    for (const picture of pictures) expect([...(picture as Uint8Array).subarray(0, 3)]).toEqual([0xff, 0xd8, 0xff]);
    const fixed = (value: ProtoValue): bigint => Buffer.from(value as Uint8Array).readBigUInt64LE();
    const flows = events.flatMap((event) => fieldsOf(event, 47).map(fixed));
    expect(flows).toEqual(events.flatMap((event) => fieldsOf(event, 36)));
    expect(new Set(flows).size).toBe(model.arrows.length);
  });

  it('has in Chrome as many of each, as Perfetto reads it', async () => {
    const chrome = await PerfettoProcessor.read(converted(store, 'chrome'));
    const spans = spanCounts(model);
    // That version passes over async events.
    const { state, instance, ...threads } = spans;
    expect(state).toBeGreaterThan(0);
    expect(instance).toBeGreaterThan(0);
    expect(chrome.table("select name, count(*) from slice where category = 'event' group by name")).toEqual(ofDevice(eventCounts(store)));
    expect(chrome.table(`select category, count(*) from slice where category in (${quoted(SPANS)}) group by category`)).toEqual(threads);
    expect(chrome.number('select count(*) from flow')).toBe(model.arrows.length);
    expect(chrome.number('select count(*) from counter')).toBe(store.samples.length * (store.header?.counters.length ?? 0));
    expect(chrome.query("select name, value from stats where severity in ('error', 'data_loss') and value > 0")).toEqual([]);
    expect(Math.abs(chrome.number("select min(ts) from slice where category = 'event'") / store.start - 1)).toBeLessThan(0.01);
  });

  it('has in Chrome as many of each, as DevTools reads it', async () => {
    const read = await readChrome(JSON.parse(converted(store, 'chrome').toString()));
    const { state = 0, instance = 0 } = spanCounts(model);
    expect(read.malformed).toEqual([]);
    expect(read.flows).toBe(model.arrows.length);
    expect(read.screenshots).toBe(store.frames.length);
    // Each async track has a slice around it.
    expect(read.asyncPairs).toBe(state + instance + read.asyncTracks);
  });
});

describe('any recording', () => {
  it('is read by Perfetto with the same counts', async () => {
    await fc.assert(
      fc.asyncProperty(randomEvents, fc.array(fc.integer({ min: -5, max: 2 ** 40 }), { maxLength: 5 }), async (events, samples) => {
        const store = storeWith(events, samples);
        const model = modelOf(store);
        const processor = await PerfettoProcessor.read(converted(store, 'perfetto'));
        expect(processor.table("select name, count(*) from slice where category = 'event' group by name")).toEqual(
          ofDevice(eventCounts(store)),
        );
        expect(processor.table(`select category, count(*) from slice where category in (${quoted(SPANS)}) group by category`)).toEqual(
          spanCounts(model),
        );
        expect(processor.number('select count(*) from flow')).toBe(model.arrows.length);
        expect(processor.number('select count(*) from counter')).toBe(2 * samples.length);
        expect(processor.query("select name, value from stats where severity in ('error', 'data_loss') and value > 0")).toEqual([]);
      }),
      { numRuns: 5 },
    );
  });

  it('is JSON that DevTools reads with the same counts', async () => {
    await fc.assert(
      fc.asyncProperty(randomEvents, async (events) => {
        const store = storeWith(events);
        const model = modelOf(store);
        const { state = 0, instance = 0 } = spanCounts(model);
        const read = await readChrome(JSON.parse(converted(store, 'chrome').toString()));
        expect(read.malformed).toEqual([]);
        expect(read.asyncPairs).toBe(state + instance + read.asyncTracks);
        expect(read.byCategory.event ?? 0).toBe(sum(ofDevice(eventCounts(store))));
      }),
      { numRuns: 100 },
    );
  });

  it('has the texts of notes as they are', () => {
    const store = storeWith([]);
    const { traceEvents } = JSON.parse(converted(store, 'chrome').toString()) as { traceEvents: { cat: string; args: object }[] };
    expect(traceEvents.filter(({ cat }) => cat === 'note').map(({ args }) => args)).toEqual([{ text: 'a "guest"\ndid wrong' }]);
    const [annotation] = fieldsOf(converted(store, 'perfetto'), 1)
      .flatMap((packet) => fieldsOf(packet, 11))
      .flatMap((event) => fieldsOf(event, 4));
    expect(fieldsOf(annotation ?? new Uint8Array(), 6).map(textOf)).toEqual(['a "guest"\ndid wrong']);
  });
});
