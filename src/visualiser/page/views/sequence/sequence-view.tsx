/**
 * The Sequence view: who sent what to whom and what it did there, row by row; of a stretch of time, or one job's whole way.
 *
 * Invariant: only a canvas is drawn while it scrolls, as large as what is to be seen.
 */
import { useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { App } from '../../app.js';
import { Colours, readPalette } from '../timeline/palette.js';
import { prepare } from '../timeline/scene.js';
import { durationText, momentText } from '../timeline/time-text.js';
import { type Geometry, geometryOf, paintSequence, yOf } from './paint.js';
import { Side } from './side.js';
import { SequenceState } from './state.js';
import './sequence.css';

export function SequenceView({ app }: { readonly app: App }) {
  const state = useMemo(() => new SequenceState(app), [app]);
  const canvas = useRef<HTMLCanvasElement>(null);
  /** Draws, and gives how. */
  const draw = (): Geometry | null => (canvas.current === null ? null : drawn(state, canvas.current));

  useEffect(() => {
    const observer = new ResizeObserver(draw);
    if (canvas.current !== null) observer.observe(canvas.current);
    return () => observer.disconnect();
  }, [state]);
  useSignalEffect(() => {
    app.version.value;
    state.update();
  });
  useSignalEffect(() => {
    const { view, params } = app.route.value;
    if (params.job === undefined) app.time.value;
    // The story is made of these, and of nothing else that changes.
    void [params.job, params.span];
    if (view === 'sequence') queueMicrotask(() => state.make());
  });
  useSignalEffect(() => {
    for (const each of [state.rows, state.chosen, app.theme, app.route]) each.value;
    requestAnimationFrame(draw);
  });

  const choose = (place: number): void => {
    const { rows } = state.rows.peek();
    const row = rows[Math.max(0, Math.min(place, rows.length - 1))];
    state.chosen.value = row?.place ?? -1;
    // There may be more rows than were drawn last, and so more to scroll.
    const geometry = draw();
    const body = canvas.current?.parentElement;
    if (!body || geometry === null || row === undefined) return;
    const y = yOf(geometry, row.place, row.time) - body.scrollTop;
    const room = body.clientHeight - geometry.head;
    if (y < geometry.rowHeight || y > room - geometry.rowHeight) body.scrollTop += y - room / 2;
  };
  // Before anything is painted: a key that is pressed at the first sight of the view is for it.
  useLayoutEffect(() => {
    const by = (rows: number) => () => choose(state.chosen.peek() + rows);
    return app.keys({
      'ArrowDown j': { text: 'the next row', run: by(1) },
      'ArrowUp k': { text: 'the row before', run: by(-1) },
      PageDown: { text: 'ten rows down', run: by(10) },
      PageUp: { text: 'ten rows up', run: by(-10) },
      Home: { text: 'the first row', run: by(Number.NEGATIVE_INFINITY) },
      End: { text: 'the last row', run: by(Number.POSITIVE_INFINITY) },
      'a ArrowLeft': { text: 'earlier, or the job before', run: () => state.step(-1) },
      'd ArrowRight': { text: 'later, or the next job', run: () => state.step(1) },
      'w + =': { text: 'a shorter stretch', run: () => state.zoom(-1) },
      's -': { text: 'a longer stretch', run: () => state.zoom(1) },
      x: { text: 'to scale, or row by row', run: () => app.setParams({ scale: state.isToScale ? null : '1' }) },
      Escape: { text: 'a stretch again', run: () => app.setParams({ job: null }) },
    });
  }, [app, state]);

  return (
    <div class="sequence">
      <Side state={state} />
      <div class="sq-body" onScroll={draw}>
        <canvas
          ref={canvas}
          class="sq-canvas"
          aria-label="Sequence"
          onClick={({ offsetY }) => {
            const geometry = draw();
            const top = canvas.current?.parentElement?.scrollTop ?? 0;
            if (geometry === null) return;
            const away = state.rows
              .peek()
              .rows.map(({ place, time }) => Math.abs(yOf(geometry, place, time) + geometry.head - top - offsetY));
            choose(away.indexOf(Math.min(...away)));
          }}
        />
        <div />
      </div>
      <Chosen state={state} />
    </div>
  );
}

/** Draws what is to be seen, and has the element behind the canvas make room for all rows together. */
function drawn(state: SequenceState, canvas: HTMLCanvasElement): Geometry | null {
  const context = prepare(canvas);
  const spacer = canvas.nextElementSibling;
  const body = canvas.parentElement;
  if (context === null || body === null || !(spacer instanceof HTMLElement)) return null;
  const { model, isToScale } = state;
  const palette = readPalette(canvas);
  const sequence = state.rows.peek();
  const columns = state.columns.peek();
  const size = { width: canvas.clientWidth, height: canvas.clientHeight };
  const count = { columns: columns.length, rows: sequence.rows.length };
  const geometry = geometryOf(palette.size, size, count, isToScale ? state.story.peek() : null);
  spacer.style.height = `${geometry.height + geometry.head - size.height}px`;
  paintSequence({
    ...sequence,
    ...size,
    context,
    palette,
    colours: new Colours(palette, (name) => model.names.text(name)),
    scrollTop: body.scrollTop,
    geometry,
    names: columns.map((lane) => model.lanes[lane]?.name ?? ''),
    start: model.start,
    chosen: state.chosen.peek(),
  });
  return geometry;
}

/** The row that is chosen, in words. */
function Chosen({ state }: { readonly state: SequenceState }) {
  const { app, model } = state;
  const { from, to, isCut } = state.story.value;
  const { rows } = state.rows.value;
  const row = rows[state.chosen.value];
  const nameOf = (column: number): string => model.lanes[state.columns.value[column] ?? -1]?.name ?? '';
  const whole = to > from ? `${rows.length} rows in ${durationText(to - from)}` : 'nothing is known of it';
  const toTimeline = (time: number): void => {
    app.time.value = time;
    app.go('timeline', { from: String(Math.floor(from - model.start)), to: String(Math.ceil(to - model.start)) });
  };
  return (
    <footer class="sq-chosen">
      <output class="sq-count">{`${whole}${isCut ? ', the first of more' : ''}`}</output>
      <output class="sq-row">
        {row !== undefined &&
          `${nameOf(row.column)}: ${row.label}${row.other < 0 ? '' : ` ${row.kind === 'take' ? 'from' : 'to'} ${nameOf(row.other)}`} at ${momentText(row.time - model.start)}, ${durationText(row.time - (rows[0]?.time ?? 0))} after the first`}
      </output>
      <button
        type="button"
        class="button"
        disabled={row === undefined}
        title="This moment in the Timeline"
        onClick={() => row !== undefined && toTimeline(row.time)}
      >
        Timeline
      </button>
    </footer>
  );
}
