/**
 * What can be done with the Timeline: to move and zoom it, to select, to search.
 *
 * Invariant: whoever chooses a stretch stops going along with the end.
 */
import { batch } from '@preact/signals';
import { innermostAt, type Picked, pickedOf } from '../../../model/spans-pick.js';
import { findSpan } from '../../../model/spans-search.js';
import type { TimelineState } from './state.js';
import { around, clampWindow, type Window } from './viewport.js';

/** How much longer than a span the stretch is that it fits in. */
const FIT = 1.6;

/** Shows a stretch from now on. */
export function show({ range, chosen }: TimelineState, window: Window): void {
  const start = range.value.from;
  const { from, to } = clampWindow(window, range.value);
  chosen.value = { from: from - start, to: to - start };
}

export function pan(state: TimelineState, nanoseconds: number): void {
  const { from, to } = state.window.value;
  show(state, { from: from + nanoseconds, to: to + nanoseconds });
}

/** Zooms by a factor (below 1: nearer), `at` staying where it is; a run that is followed, by its end. */
export function zoom(state: TimelineState, factor: number, at: number): void {
  const { from, to } = state.window.value;
  if (state.app.isLive && state.chosen.value === null) state.span.value = Math.max(1e4, (to - from) * factor);
  else show(state, { from: at - (at - from) * factor, to: at + (to - at) * factor });
}

/** Shows all there is, as it grows. */
export function showAll({ span, chosen }: TimelineState): void {
  batch(() => {
    span.value = Number.POSITIVE_INFINITY;
    chosen.value = null;
  });
}

/** Goes along with the end, with as long a stretch as is shown now; of a file it is all. */
export function follow({ app, span, chosen, window }: TimelineState): void {
  batch(() => {
    const { from, to } = window.value;
    if (app.isLive && chosen.value !== null) span.value = to - from;
    chosen.value = null;
    app.time.value = null;
  });
}

export function select({ app, picked }: TimelineState, span: Picked | null): void {
  batch(() => {
    picked.value = span;
    if (span !== null) app.time.value = span.begin;
  });
}

/** When a span begins, or ends if it has, and how long that is. */
export function extent({ range }: TimelineState, { begin, end }: Picked): Window & { readonly length: number } {
  const to = Math.min(end, range.value.to);
  return { from: begin, to, length: to - begin };
}

/** Shows what is selected, as large as fits; everything if nothing is. */
export function fitSelected(state: TimelineState): void {
  const { value } = state.selected;
  if (value === null) return showAll(state);
  const { from, to, length } = extent(state, value);
  show(state, around((from + to) / 2, FIT * length));
}

/** Selects a span, and shows it if it isn't in the window, or hardly to be seen there. */
export function goTo(state: TimelineState, picked: Picked): void {
  select(state, picked);
  const { from, to } = state.window.value;
  const span = extent(state, picked);
  if (span.from >= from && span.to <= to && span.length > (to - from) / 2000) return;
  const length = Math.max(FIT * span.length, Math.min(to - from, Math.max(20 * span.length, 1000)));
  show(state, around((span.from + span.to) / 2, length));
}

/** Selects what an arrow leads to, or comes from. */
export function goAlong(state: TimelineState, arrow: number, isOut: boolean): void {
  const at = state.model.arrows.at(arrow);
  if (at === null) return;
  const there = isOut ? innermostAt(state.model, at.toLane, at.to) : innermostAt(state.model, at.fromLane, at.from);
  if (there !== null) goTo(state, there);
}

/** Selects the neighbour in the same row. */
export function step(state: TimelineState, by: 1 | -1): void {
  const { model, selected } = state;
  const { value: picked } = selected;
  const row = picked === null ? undefined : model.lanes[picked.lane]?.rows[picked.depth];
  if (picked === null || row === undefined) return;
  let place = row.placeAt(picked.begin);
  while (place < row.length && model.spans.beginOf(row.at(place)) < picked.begin) place++;
  const span = row.at(place + by);
  if (span >= 0) goTo(state, pickedOf(model, span));
}

export function fold({ folded }: TimelineState, title: string): void {
  const titles = new Set(folded.value);
  if (!titles.delete(title)) titles.add(title);
  folded.value = titles;
}

/** Searches, without going anywhere yet. */
export function setSearch({ model, search, matcher, found }: TimelineState, text: string): void {
  batch(() => {
    search.value = text;
    const count = matcher.value === null ? 0 : findSpan(model, matcher.value, { time: 0, span: -1 }, false).count;
    found.value = { span: -1, place: 0, count };
  });
}

/** Selects the next span that is looked for, or the one before. */
export function findNext(state: TimelineState, isBack: boolean): void {
  const { model, matcher, selected, found, window } = state;
  if (matcher.value === null) return;
  const time = selected.value?.begin ?? window.value.from;
  found.value = findSpan(model, matcher.value, { time, span: found.value.span }, isBack);
  if (found.value.span >= 0) goTo(state, pickedOf(model, found.value.span));
}
