/**
 * The Timeline view: a lane for each thread, processor and machine, with spans, messages, states, counters and pictures, at any scale.
 *
 * Invariant: only canvases are drawn while it moves; nothing of the document changes but the text of what is shown, and where it is in the whole.
 */
import { untracked, useSignalEffect } from '@preact/signals';
import type { Ref } from 'preact';
import { useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import { labelOf } from '../../../model/spans-pick.js';
import { SPAN_KIND_NAMES } from '../../../model/spans-table.js';
import type { App } from '../../app.js';
import { findNext, fold, follow, setSearch, show, showAll } from './actions.js';
import { useCanvas } from './canvas.js';
import { Details, lengthText } from './details.js';
import { timelineKeys } from './keys.js';
import { Minimap } from './minimap.js';
import { paint } from './paint.js';
import { Pictures } from './pictures.js';
import { pointerHandlers } from './pointer.js';
import { createState, type TimelineState } from './state.js';
import { durationText, momentText } from './time-text.js';
import { around } from './viewport.js';
import './timeline.css';

/** Milliseconds after the last move until the address says where one is. */
const ADDRESS_DELAY = 400;

export function TimelineView({ app }: { readonly app: App }) {
  const state = useMemo(() => createState(app), [app]);
  const pictures = useMemo(() => new Pictures(() => state.pictures.value++), [state]);
  const handlers = useMemo(() => pointerHandlers(state), [state]);
  const { window, layout, scrollTop, selected, hovered, measured, matcher } = state;
  const canvas = useCanvas(
    [state.grown, window, layout, scrollTop, selected, hovered, measured, matcher, state.pictures, app.time, app.theme],
    (element) => paint(state, pictures, element),
  );
  const search = useRef<HTMLInputElement>(null);
  // Before anything is painted: a key that is pressed at the first sight of the view is for it.
  useLayoutEffect(() => app.keys(timelineKeys(state, { search, canvas })), [app, state]);
  useAddress(app, state);
  return (
    <div class="timeline">
      <div class="tl-tools">
        <Search state={state} field={search} />
        <button type="button" class="button" title="All of it (0)" onClick={() => showAll(state)}>
          All
        </button>
        <button type="button" class="button" title="Go along with the end (e)" onClick={() => follow(state)}>
          Follow
        </button>
        <WindowText state={state} />
      </div>
      <Minimap state={state} />
      <div
        class="tl-body"
        onScroll={({ currentTarget }) => {
          scrollTop.value = currentTarget.scrollTop;
        }}
      >
        <Labels state={state} />
        <canvas ref={canvas} class="tl-canvas" aria-label="Lanes" {...handlers} />
      </div>
      <Details app={app} state={state} />
      <Tooltip state={state} />
    </div>
  );
}

/** The window is as the address says, and the address as the window is once it rests. The moment that all views show is in the window. */
function useAddress(app: App, state: TimelineState): void {
  const { chosen } = state;
  useSignalEffect(() => {
    const { from, to } = app.route.value.params;
    chosen.value = Number(to) > Number(from) ? { from: Number(from), to: Number(to) } : null;
  });
  useSignalEffect(() => {
    const text = (time: number | undefined): string | null => (time === undefined ? null : String(Math.round(time)));
    const [from, to] = [text(chosen.value?.from), text(chosen.value?.to)];
    const timer = setTimeout(() => app.setParams({ from, to }), ADDRESS_DELAY);
    return () => clearTimeout(timer);
  });
  useSignalEffect(() => {
    const time = app.time.value;
    const { from, to } = state.window.peek();
    if (time !== null && (time < from || time > to)) untracked(() => show(state, around(time, to - from)));
  });
}

function Search({ state, field }: { readonly state: TimelineState; readonly field: Ref<HTMLInputElement> }) {
  const { place, count } = state.found.value;
  return (
    <search class="group">
      <input
        ref={field}
        type="search"
        class="button"
        placeholder="Name, or number (/)"
        aria-label="Search spans"
        value={state.search.value}
        onInput={({ currentTarget }) => setSearch(state, currentTarget.value)}
        onKeyDown={({ key, shiftKey, currentTarget }) => {
          if (key === 'Enter') findNext(state, shiftKey);
          if (key === 'Escape') currentTarget.blur();
        }}
      />
      <button type="button" class="button icon" title="The one before (N)" onClick={() => findNext(state, true)}>
        ‹
      </button>
      <button type="button" class="button icon" title="The next one (n)" onClick={() => findNext(state, false)}>
        ›
      </button>
      <output>{state.matcher.value === null ? '' : count === 0 ? 'none' : `${place > 0 ? `${place} of ` : ''}${count}`}</output>
    </search>
  );
}

function WindowText({ state: { window, range, measured } }: { readonly state: TimelineState }) {
  const { from, to } = window.value;
  const { value } = measured;
  return (
    <output class="tl-window">
      {value === null ? '' : `measured ${durationText(value.to - value.from)} · `}
      {`${momentText(from - range.value.from)} + ${durationText(to - from)}`}
    </output>
  );
}

function Labels({ state }: { readonly state: TimelineState }) {
  const { strips, axis, rowHeight } = state.layout.value;
  return (
    <div class="tl-labels">
      <div class="tl-corner" style={{ height: `${axis}px` }} />
      {strips.map(({ kind, name, index, height }) =>
        kind === 'group' ? (
          <button
            type="button"
            key={name}
            class="tl-group"
            aria-expanded={!state.folded.value.has(name)}
            style={{ height: `${height}px` }}
            onClick={() => fold(state, name)}
          >
            {name}
          </button>
        ) : (
          <div key={`${kind} ${index}`} class="tl-label" title={name} style={{ height: `${height}px`, lineHeight: `${rowHeight}px` }}>
            {name}
          </div>
        ),
      )}
    </div>
  );
}

/** What the pointer is over, on that side of it where there is more room. */
function Tooltip({ state: { model, hovered, pointer } }: { readonly state: TimelineState }) {
  const [picked, at] = [hovered.value, pointer.value];
  if (picked === null || at === null) return null;
  const { clientX: x, clientY: y } = at;
  const side = (isFar: boolean): string => (isFar ? 'calc(-100% - 1em)' : '1em');
  return (
    <div
      class="tl-tooltip"
      role="tooltip"
      style={{ left: `${x}px`, top: `${y}px`, translate: `${side(x > innerWidth / 2)} ${side(y > innerHeight / 2)}` }}
    >
      <strong>{labelOf(model, picked)}</strong>
      <span>{` ${SPAN_KIND_NAMES[picked.kind]} · ${model.lanes[picked.lane]?.name ?? ''}`}</span>
      <br />
      {`${momentText(picked.begin - model.start)} · ${lengthText(picked)}`}
    </div>
  );
}
