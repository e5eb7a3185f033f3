/**
 * The Timeline view: a lane for each thread, processor and machine, with spans, messages, states, counters and pictures, at any scale.
 *
 * Invariant: only canvases are drawn while it moves; nothing of the document changes but the text of what is shown.
 */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { SPAN_KIND_NAMES } from '../../../model/spans-table.js';
import type { App } from '../../app.js';
import { Details } from './details.js';
import { Drawing } from './draw.js';
import { timelineKeys } from './keys.js';
import { labelOf } from '../../../model/spans-pick.js';
import { listen, listenMap } from './pointer.js';
import { TimelineState } from './state.js';
import { durationText, momentText } from './time-text.js';
import './timeline.css';

/** Milliseconds after the last move until the address says where one is. */
const ADDRESS_DELAY = 400;

export function TimelineView({ app }: { readonly app: App }) {
  const state = useMemo(() => new TimelineState(app), [app]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const map = useRef<HTMLCanvasElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const searchField = useRef<HTMLInputElement>(null);
  const drawing = useRef<Drawing | null>(null);
  const pointer = useSignal({ x: 0, y: 0 });

  useEffect(() => {
    const [main, small, scroller] = [canvas.current, map.current, body.current];
    if (main === null || small === null || scroller === null) return;
    const picture = new Drawing(state, main, small);
    drawing.current = picture;
    picture.restyle();
    state.update();
    const parts = { state, canvas: main, body: scroller, axis: () => picture.axis };
    const stops = [
      listen(parts, (x, y) => {
        pointer.value = { x, y };
      }),
      listenMap(state, small),
    ];
    const observer = new ResizeObserver(() => {
      picture.restyle();
      state.update();
    });
    observer.observe(scroller);
    return () => {
      for (const stop of stops) stop();
      observer.disconnect();
      picture.stop();
    };
  }, [state]);
  useDrawing(app, state, drawing);
  useAddress(app, state);
  useEffect(
    () =>
      app.keys(
        timelineKeys(state, {
          body: () => body.current,
          search: () => searchField.current,
          pointer: () => pointer.peek().x,
          width: () => canvas.current?.clientWidth ?? 1,
        }),
      ),
    [app, state],
  );

  return (
    <div class="timeline">
      <div class="tl-tools">
        <Search state={state} field={searchField} />
        <button type="button" class="button" title="All of it (0)" onClick={() => state.showAll()}>
          All
        </button>
        <button type="button" class="button" title="What is selected (f)" onClick={() => state.fit()}>
          Fit
        </button>
        <button type="button" class="button" title="Go along with the end (e)" onClick={() => state.follow()}>
          Follow
        </button>
        <ArrowsButton state={state} />
        <WindowText state={state} />
      </div>
      <canvas ref={map} class="tl-map" aria-label="The whole recording" />
      <div
        ref={body}
        class="tl-body"
        onScroll={(event) => {
          state.scrollTop.value = event.currentTarget.scrollTop;
        }}
      >
        <Labels state={state} />
        <canvas ref={canvas} class="tl-canvas" aria-label="Lanes" />
      </div>
      <Details app={app} state={state} />
      <Tooltip state={state} pointer={pointer.value} room={canvas.current} />
    </div>
  );
}

/** Draws when anything that is to be seen has changed, once a picture of the page. */
function useDrawing(app: App, state: TimelineState, drawing: { readonly current: Drawing | null }): void {
  const isWaiting = useRef(false);
  useSignalEffect(() => {
    app.version.value;
    state.update();
  });
  useSignalEffect(() => {
    app.theme.value;
    // The attribute that the colours go by is set by another effect.
    queueMicrotask(() => {
      drawing.current?.restyle();
      state.drawn.value++;
    });
  });
  useSignalEffect(() => {
    const { window, layout, scrollTop, selected, hovered, measured, allArrows, drawn } = state;
    for (const each of [window, layout, scrollTop, selected, hovered, measured, allArrows, drawn, app.time]) each.value;
    if (isWaiting.current) return;
    isWaiting.current = true;
    requestAnimationFrame(() => {
      isWaiting.current = false;
      drawing.current?.draw();
    });
  });
}

/** Keeps the window in the address, and the moment that all views show in the window. */
function useAddress(app: App, state: TimelineState): void {
  useSignalEffect(() => {
    const { view, params } = app.route.value;
    if (view === 'timeline') state.obey(params);
  });
  useSignalEffect(() => {
    const { address } = state;
    if (address === null) return;
    const timer = setTimeout(() => app.setParams(address), ADDRESS_DELAY);
    return () => clearTimeout(timer);
  });
  useSignalEffect(() => {
    const time = app.time.value;
    const { from, to } = state.window.peek();
    if (time !== null && (time < from || time > to)) state.show({ from: time - (to - from) / 2, to: time + (to - from) / 2 });
  });
}

function Search({ state, field }: { readonly state: TimelineState; readonly field: { current: HTMLInputElement | null } }) {
  const { place, count } = state.found.value;
  const text = state.search.value === '' ? '' : count === 0 ? 'none' : `${place === 0 ? '' : `${place} of `}${count}`;
  return (
    <search class="tl-search">
      <input
        ref={field}
        type="search"
        class="tl-field"
        placeholder="Name, or number (/)"
        aria-label="Search spans"
        value={state.search.value}
        onInput={(event) => state.setSearch(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Enter') state.findNext(event.shiftKey);
          if (event.key === 'Escape') event.currentTarget.blur();
        }}
      />
      <button type="button" class="button icon" title="The one before (N)" onClick={() => state.findNext(true)}>
        ‹
      </button>
      <button type="button" class="button icon" title="The next one (n)" onClick={() => state.findNext(false)}>
        ›
      </button>
      <output class="tl-found">{text}</output>
    </search>
  );
}

function ArrowsButton({ state }: { readonly state: TimelineState }) {
  const { allArrows } = state;
  return (
    <button
      type="button"
      class="button"
      aria-pressed={allArrows.value}
      title="All messages, however many (x)"
      onClick={() => state.toggleArrows()}
    >
      Messages
    </button>
  );
}

function WindowText({ state }: { readonly state: TimelineState }) {
  const text = useComputed(() => {
    state.drawn.value;
    const { from, to } = state.window.value;
    const { start } = state.model;
    return Number.isNaN(start) ? '' : `${momentText(from - start)} + ${durationText(to - from)}`;
  });
  return <output class="tl-window">{text}</output>;
}

function Labels({ state }: { readonly state: TimelineState }) {
  const { strips, height, rowHeight } = state.layout.value;
  return (
    <div class="tl-labels" style={{ height: `calc(${height}px + 1.8em)` }}>
      <div class="tl-corner" />
      {strips.map((strip) =>
        strip.kind === 'group' ? (
          <button
            type="button"
            key={strip.key}
            class="tl-group"
            aria-expanded={!strip.folded}
            style={{ top: `calc(${strip.top}px + 1.8em)`, height: `${strip.height}px` }}
            onClick={() => state.fold(strip.key)}
          >
            {strip.name}
          </button>
        ) : (
          <div
            key={`${strip.kind} ${strip.top}`}
            class="tl-label"
            title={strip.name}
            style={{ top: `calc(${strip.top}px + 1.8em)`, height: `${strip.height}px`, lineHeight: `${rowHeight}px` }}
          >
            {strip.name}
          </div>
        ),
      )}
    </div>
  );
}

interface TooltipProps {
  readonly state: TimelineState;
  readonly pointer: { readonly x: number; readonly y: number };
  readonly room: HTMLCanvasElement | null;
}

function Tooltip({ state, pointer: { x, y }, room }: TooltipProps) {
  const picked = state.hovered.value;
  if (picked === null || room === null) return null;
  const { model } = state;
  const box = room.getBoundingClientRect();
  const isRight = x > box.width * 0.6;
  const isLow = y > box.height * 0.6;
  return (
    <div
      class="tl-tooltip"
      role="tooltip"
      style={{
        left: isRight ? 'auto' : `${box.left + x + 14}px`,
        right: isRight ? `${innerWidth - box.left - x + 14}px` : 'auto',
        top: isLow ? 'auto' : `${box.top + y + 14}px`,
        bottom: isLow ? `${innerHeight - box.top - y + 14}px` : 'auto',
      }}
    >
      <strong>{labelOf(model, picked)}</strong>
      <span>{` ${SPAN_KIND_NAMES[picked.kind]} · ${model.lanes[picked.lane]?.name ?? ''}`}</span>
      <br />
      {`${momentText(picked.begin - model.start)} · ${picked.end === Number.POSITIVE_INFINITY ? 'not ended' : durationText(picked.end - picked.begin)}`}
    </div>
  );
}
