/**
 * Spans against what is known of them beforehand: random threads whose nesting is made first and then told as events; and rows against a look at each span.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { findSpan, spanMatcher } from '../../../dist/src/visualiser/model/spans-search.js';
import { SpanModel } from '../../../dist/src/visualiser/model/spans.js';
import { KINDS, type TestEvent, TestRecording } from './recorded.js';
import { arrowsOf, said } from './said.js';

const FACTS = { begin: 0, kind: 12, name: 0, id: 0, job: 0, log: 0, entry: 0, flags: 0 };

/** A handler: a bottom half or a section, with what it waits for and what runs meanwhile. */
interface Handler {
  readonly isBottomHalf: boolean;
  readonly id: number;
  readonly waits: readonly { readonly inner: readonly Handler[] }[];
}

/** Handlers that wait at most so deep. */
const handlerOf = (levels: number): fc.Arbitrary<Handler> =>
  fc.record({
    isBottomHalf: fc.constant(true),
    id: fc.nat(50),
    waits:
      levels === 0 ? fc.constant([]) : fc.array(fc.record({ inner: fc.array(handlerOf(levels - 1), { maxLength: 2 }) }), { maxLength: 2 }),
  });
const topLevel = fc.tuple(handlerOf(2), fc.boolean()).map(([each, isBottomHalf]) => ({ ...each, isBottomHalf }));

/** Tells handlers as events, and says what spans they are. */
class Teller {
  readonly events: TestEvent[] = [];
  readonly spans: string[] = [];
  private time = 0;
  private job = 0;

  constructor(private readonly pause: () => number) {}

  tell({ isBottomHalf, id, waits }: Handler, depth: number, openWaits: number): void {
    const begin = this.next();
    const job = openWaits === 0 ? 0 : this.job;
    this.events.push([begin, isBottomHalf ? 'agfx_bh_began' : 'agfx_bql_taken', KINDS.mapMemory, id, job]);
    for (const { inner } of waits) {
      const waited = ++this.job;
      const from = this.next();
      this.events.push([from, 'agfx_bql_wait_began', waited, openWaits + 1]);
      for (const each of inner) this.tell(each, depth + 2, openWaits + 1);
      const to = this.next();
      this.events.push([to, 'agfx_bql_wait_ended', waited, openWaits + 1]);
      this.spans.push(`bql/${depth + 1} wait wait ${waited} ${from}-${to}`);
      this.spans.push(`BQL/${openWaits + 1} wait wait ${waited} ${from}-${to}`);
    }
    const end = this.next();
    this.events.push(isBottomHalf ? [end, 'agfx_bh_ended', KINDS.mapMemory, id, job] : [end, 'agfx_bql_released']);
    this.spans.push(`bql/${depth} ${isBottomHalf ? 'bh' : 'section'} mapMemory ${id} ${begin}-${end}`);
    if (depth === 1) this.spans.push(`BQL/0 hold mapMemory ${id} ${begin}-${end}`);
  }

  private next(): number {
    this.time += this.pause();
    return this.time;
  }
}

const told = fc
  .tuple(fc.array(topLevel, { maxLength: 12 }), fc.infiniteStream(fc.integer({ min: 1, max: 9 })))
  .map(([handlers, pauses]) => {
    const teller = new Teller(() => pauses.next().value);
    for (const each of handlers) teller.tell(each, 1, 0);
    return teller;
  });

describe('the stack of a thread', () => {
  it('is read as it was made, however its events come in pieces', () => {
    fc.assert(
      fc.property(told, fc.infiniteStream(fc.integer({ min: 1, max: 7 })), ({ events, spans }, sizes) => {
        const recording = new TestRecording();
        const bql = recording.thread('bql');
        const model = new SpanModel();
        for (let at = 0; at < events.length; ) {
          const size = sizes.next().value;
          recording.events(bql, events.slice(at, at + size));
          model.update(recording.store);
          at += size;
        }
        expect(said(model).sort()).toEqual([...spans].sort());
      }),
      { numRuns: 100 },
    );
  });

  it('stays a stack whatever is missing: spans of a row follow one another, inner ones lie within outer ones', () => {
    fc.assert(
      fc.property(told, fc.infiniteStream(fc.boolean()), fc.boolean(), ({ events }, kept, tellsLost) => {
        const recording = new TestRecording();
        const bql = recording.thread('bql');
        const left = events.filter(() => kept.next().value || kept.next().value);
        recording.events(bql, left.slice(0, 5));
        recording.events(bql, left.slice(5), tellsLost ? 3 : 0);
        const model = new SpanModel();
        model.update(recording.store);
        const { spans } = model;
        for (const { rows } of model.lanes) {
          rows.forEach((row, depth) => {
            let last = 0;
            for (let place = 0; place < row.length; place++) {
              const [begin, end] = [spans.beginOf(row.at(place)), spans.endOf(row.at(place))];
              expect(begin).toBeGreaterThanOrEqual(last);
              expect(end).toBeGreaterThanOrEqual(begin);
              last = end;
              const outer = rows[depth - 1];
              // Row 0 is batches, which there are none of, or the holder of the BQL.
              if (depth < 2 || outer === undefined) continue;
              const around = outer.spanAt(begin);
              const isInside = around >= 0 && spans.endOf(around) >= end;
              expect(isInside || (outer.open !== null && outer.open.begin <= begin)).toBe(true);
            }
          });
        }
      }),
      { numRuns: 100 },
    );
  });
});

describe('messages', () => {
  it('are paired in their order by actor, kind and id, whichever thread is read first', () => {
    const message = fc.record({ id: fc.nat(3), sent: fc.nat(1000), took: fc.integer({ min: 1, max: 500 }) });
    fc.assert(
      fc.property(fc.array(message, { maxLength: 40 }), fc.boolean(), (messages, isReversed) => {
        // Of one id, they are taken in the order in which they were posted.
        const lastTaken = new Map<number, number>();
        const sent = [...messages]
          .sort((a, b) => a.sent - b.sent)
          .map(({ id, sent: from, took }, index) => {
            const to = Math.max(from + took, (lastTaken.get(id) ?? 0) + 1);
            lastTaken.set(id, to);
            return { id, from: from + index / 64, to };
          });
        const recording = new TestRecording();
        const threads = [recording.thread('render-queue'), recording.thread('bql')];
        const model = new SpanModel();
        const pieces = [
          () =>
            recording.events(
              threads[0] ?? 0,
              sent.map(({ id, from }) => [Math.round(64 * from), 'agfx_message_posted', KINDS.kick, id, 1]),
            ),
          () =>
            recording.events(
              threads[1] ?? 0,
              [...sent].sort((a, b) => a.to - b.to).map(({ id, to }) => [64 * to, 'agfx_message_taken', KINDS.kick, id, 0, 0]),
            ),
        ];
        for (const piece of isReversed ? pieces.reverse() : pieces) {
          piece();
          model.update(recording.store);
        }
        expect(arrowsOf(model).sort()).toEqual(
          sent.map(({ id, from, to }) => `message kick ${id}: render-queue ${Math.round(64 * from)} → bql ${64 * to}`).sort(),
        );
      }),
      { numRuns: 100 },
    );
  });
});

const lengths = fc.array(fc.record({ gap: fc.nat(6), length: fc.nat(9) }), { maxLength: 300 });

describe('a row', () => {
  const filled = (spans: readonly { readonly gap: number; readonly length: number }[], limit = 1000) => {
    const model = new SpanModel({ spans: limit });
    const row = model.lane('x', { kind: 'thread', name: 'x', log: 0 }).row(0);
    let time = 0;
    const known = spans.map(({ gap, length }) => {
      const begin = time + gap;
      row.begin({ ...FACTS, begin });
      row.end(begin + length);
      time = begin + length;
      return { begin, end: time };
    });
    return { row, table: model.spans, known };
  };

  it('tells of exactly the spans that touch a stretch', () => {
    fc.assert(
      fc.property(lengths, fc.nat(1500), fc.nat(400), (spans, from, length) => {
        const { row, known } = filled(spans);
        const seen: { begin: number; end: number }[] = [];
        row.visit(from, from + length, -1, (_, begin, end) => seen.push({ begin, end }));
        expect(seen).toEqual(known.filter(({ begin, end }) => end >= from && begin <= from + length));
      }),
    );
  });

  it('tells of runs that are no longer than the resolution, with what they are busy and their longest', () => {
    fc.assert(
      fc.property(lengths, fc.nat(400), (spans, resolution) => {
        const { row, table, known } = filled(spans);
        let at = 0;
        let calls = 0;
        row.visit(0, 1e9, resolution, (span, begin, end, count, busy) => {
          calls++;
          const run = known.slice(at, at + count);
          at += count;
          const durations = run.map((each) => each.end - each.begin);
          expect([begin, end]).toEqual([run[0]?.begin, run.at(-1)?.end]);
          expect(busy).toBeCloseTo(durations.reduce((sum, each) => sum + each, 0));
          expect(table.endOf(span) - table.beginOf(span)).toBe(Math.max(...durations));
          if (count > 1) expect(end - begin).toBeLessThanOrEqual(resolution);
        });
        expect(at).toBe(known.length);
        // All within a resolution are a few blocks of each level, not one by one.
        if (resolution >= (known.at(-1)?.end ?? 0)) expect(calls).toBeLessThanOrEqual(3 * 5);
      }),
    );
  });

  it('forgets the oldest when the table is full, and tells of the others as before', () => {
    fc.assert(
      fc.property(lengths, fc.nat(50), (spans, resolution) => {
        const { row, known } = filled(spans, 64);
        const seen: number[] = [];
        let count = 0;
        row.visit(-1, 1e9, -1, (_, begin) => seen.push(begin));
        row.visit(-1, 1e9, resolution, (_, __, ___, each) => {
          count += each;
        });
        expect(seen).toEqual(known.slice(known.length - seen.length).map(({ begin }) => begin));
        expect(count).toBe(seen.length);
        expect(seen.length).toBeGreaterThanOrEqual(Math.min(known.length, 32));
      }),
    );
  });
});

describe('a search', () => {
  it('goes through all that it finds in the order of their times, forth and back, and around', () => {
    fc.assert(
      fc.property(told, fc.nat(50), fc.boolean(), ({ events }, id, isBack) => {
        const recording = new TestRecording();
        recording.events(recording.thread('bql'), events);
        const model = new SpanModel();
        model.update(recording.store);
        const { spans } = model;
        const wanted = Array.from({ length: spans.length }, (_, span) => span)
          .filter((span) => spans.idOf(span) === id || spans.jobOf(span) === id)
          .sort((a, b) => spans.beginOf(a) - spans.beginOf(b) || a - b);
        const matches = spanMatcher(model, String(id)) ?? (() => false);
        const seen: number[] = [];
        let from = { time: isBack ? 1e9 : -1, span: -1 };
        for (let step = 0; step < wanted.length; step++) {
          const { span, place, count } = findSpan(model, matches, from, isBack);
          expect([count, wanted[place - 1]]).toEqual([wanted.length, span]);
          seen.push(span);
          from = { time: spans.beginOf(span), span };
        }
        expect(seen).toEqual(isBack ? [...wanted].reverse() : wanted);
        const around = findSpan(model, matches, from, isBack).span;
        expect(around).toBe(wanted.length === 0 ? -1 : seen[0]);
      }),
      { numRuns: 100 },
    );
  });
});
