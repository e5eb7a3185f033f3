/**
 * What the Timeline shows; what can be done with it is in actions.ts, how it is drawn in paint.ts.
 *
 * Invariant: until somebody chooses a stretch, the window shows all of a file, or the last LIVE_SPAN of a run. What follows from something else is
 * computed of it, and kept nowhere.
 */
import { computed, type ReadonlySignal, type Signal, signal } from '@preact/signals';
import { type Picked, pickAgain, pickAt } from '../../../model/spans-pick.js';
import { type SpanMatcher, spanMatcher } from '../../../model/spans-search.js';
import type { SpanModel } from '../../../model/spans.js';
import type { App } from '../../app.js';
import { type Layout, layOut } from './lane-layout.js';
import { spansOf } from './span-model.js';
import { timeOf, type Window } from './viewport.js';

/** Nanoseconds of a run that are shown while it is followed. */
const LIVE_SPAN = 2e9;
/** Pixels around a span within which it is meant. */
const SLACK = 4;

/** Where the pointer is, on the lanes and on the page. */
export interface Pointer {
  readonly x: number;
  readonly y: number;
  readonly clientX: number;
  readonly clientY: number;
}

export interface TimelineState {
  readonly app: App;
  readonly model: SpanModel;
  /** Goes up when there is more in the model. */
  readonly grown: ReadonlySignal<number>;
  /** The stretch that was chosen, in nanoseconds since the start; null: the window goes along with the end. */
  readonly chosen: Signal<Window | null>;
  /** How long a stretch goes along with the end. */
  readonly span: Signal<number>;
  /** From the first to the last moment. */
  readonly range: ReadonlySignal<Window>;
  readonly window: ReadonlySignal<Window>;
  /** Titles of the groups that are folded. */
  readonly folded: Signal<ReadonlySet<string>>;
  readonly layout: ReadonlySignal<Layout>;
  readonly scrollTop: Signal<number>;
  /** Pixels: how wide the lanes are, and the page's text is high. */
  readonly width: Signal<number>;
  readonly size: Signal<number>;
  readonly pointer: Signal<Pointer | null>;
  readonly hovered: ReadonlySignal<Picked | null>;
  /** What was selected, as it was then, and as it is now. */
  readonly picked: Signal<Picked | null>;
  readonly selected: ReadonlySignal<Picked | null>;
  readonly measured: Signal<Window | null>;
  readonly search: Signal<string>;
  readonly matcher: ReadonlySignal<SpanMatcher | null>;
  /** Which span was found, its place among all that can be, and how many these are. */
  readonly found: Signal<{ readonly span: number; readonly place: number; readonly count: number }>;
  /** Goes up when there is another small picture. */
  readonly pictures: Signal<number>;
}

export function createState(app: App): TimelineState {
  const { store } = app;
  const model = spansOf(store);
  const grown = computed(() => {
    spansOf(store);
    return app.version.value;
  });
  const chosen = signal<Window | null>(null);
  const span = signal(app.isLive ? LIVE_SPAN : Number.POSITIVE_INFINITY);
  const range = computed(() => {
    grown.value;
    return Number.isNaN(model.start) ? { from: 0, to: 1 } : { from: model.start, to: Math.max(model.end, model.start + 1) };
  });
  const window = computed(() => {
    const { from, to } = range.value;
    if (chosen.value !== null) return { from: from + chosen.value.from, to: from + chosen.value.to };
    const length = span.value === Number.POSITIVE_INFINITY ? to - from : span.value;
    return { from: to - 1.01 * length, to: to + 0.01 * length };
  });
  const [folded, size] = [signal<ReadonlySet<string>>(new Set()), signal(13)];
  const displays = (): readonly number[] => [...new Set(store.frames.map(({ display }) => display))].sort((a, b) => a - b);
  // Lanes come, and get more rows, rarely; only then they are laid out again.
  const shape = computed(() => {
    grown.value;
    return JSON.stringify([displays(), model.counters.names, model.lanes.map(({ name, rows }) => [name, rows.length])]);
  });
  const layout = computed(() => {
    shape.value;
    return layOut({ model, displays: displays(), folded: folded.value, size: size.value });
  });
  const [scrollTop, width, pointer, picked] = [signal(0), signal(1), signal<Pointer | null>(null), signal<Picked | null>(null)];
  const search = signal('');
  const state: TimelineState = {
    ...{ app, model, grown, chosen, span, range, window, folded, layout, scrollTop, width, size, pointer, picked, search },
    hovered: computed(() => (pointer.value === null ? null : pickUnder(state, pointer.value))),
    selected: computed(() => {
      grown.value;
      return picked.value === null ? null : pickAgain(model, picked.value);
    }),
    measured: signal(null),
    matcher: computed(() => spanMatcher(model, search.value)),
    found: signal({ span: -1, place: 0, count: 0 }),
    pictures: signal(0),
  };
  return state;
}

/** The moment that is so far across the lanes. */
export const timeAt = ({ window, width }: TimelineState, x: number): number => timeOf(window.value, x, width.value);

/** What is under a place of the lanes, null if nothing is. */
export function pickUnder(state: TimelineState, { x, y }: Pick<Pointer, 'x' | 'y'>): Picked | null {
  const { strips, axis, rowHeight } = state.layout.value;
  const inside = y + state.scrollTop.value;
  const strip = strips.find(({ top, height }) => inside >= top && inside < top + height);
  if (y < axis || strip?.kind !== 'lane') return null;
  const depth = Math.min(Math.floor((inside - strip.top) / rowHeight), Math.floor(strip.height / rowHeight) - 1);
  return pickAt(state.model, { lane: strip.index, depth }, timeAt(state, x), timeAt(state, SLACK) - timeAt(state, 0));
}
