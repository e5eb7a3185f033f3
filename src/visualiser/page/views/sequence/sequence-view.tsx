/**
 * The Sequence view: who sent what to whom and what it did there, row by row; of a stretch of time, or one job's or frame's whole way.
 *
 * Invariant: only a canvas is drawn while it scrolls, as large as what is to be seen.
 */
import { useComputed, useSignalEffect } from '@preact/signals';
import { useEffect, useLayoutEffect, useMemo, useRef } from 'preact/hooks';
import type { App } from '../../app.js';
import { Colours, readPalette } from '../timeline/palette.js';
import { prepare } from '../timeline/scene.js';
import { durationText, momentText } from '../timeline/time-text.js';
import { type Geometry, geometryOf, paintSequence, rowAt, yOf } from './paint.js';
import { Side } from './side.js';
import { SequenceState } from './state.js';
import './sequence.css';

export function SequenceView({ app }: { readonly app: App }) {
  const state = useMemo(() => new SequenceState(app), [app]);
  const canvas = useRef<HTMLCanvasElement>(null);
  const body = useRef<HTMLDivElement>(null);
  const spacer = useRef<HTMLDivElement>(null);
  const geometry = useRef<Geometry | null>(null);
  const draw = useRef(() => {});

  useEffect(() => {
    const [main, scroller, room] = [canvas.current, body.current, spacer.current];
    if (main === null || scroller === null || room === null) return;
    draw.current = drawer(state, main, { scroller, room, onGeometry: (each) => (geometry.current = each) });
    const observer = new ResizeObserver(() => draw.current());
    observer.observe(scroller);
    return () => observer.disconnect();
  }, [state]);
  useSignalEffect(() => {
    app.version.value;
    state.update();
  });
  useSignalEffect(() => {
    const { view, params } = app.route.value;
    const isWindow = params.job === undefined && params.frame === undefined;
    if (isWindow) app.time.value;
    // The story is made of these, and of nothing else that changes.
    void [params.job, params.frame, params.span];
    if (view === 'sequence') queueMicrotask(() => state.make());
  });
  useSignalEffect(() => {
    for (const each of [state.rows, state.columns, state.chosen, app.theme, app.route]) each.value;
    requestAnimationFrame(() => draw.current());
  });
  // Before anything is painted: a key that is pressed at the first sight of the view is for it.
  useLayoutEffect(() => {
    const choose = (row: number): void => {
      state.choose(row);
      // There may be more rows than were drawn last, and so more to scroll.
      draw.current();
      const [scroller, shape] = [body.current, geometry.current];
      const at = state.rows.peek().rows[state.chosen.peek()];
      if (scroller === null || shape === null || at === undefined) return;
      const y = yOf(shape, state.chosen.peek(), at.time);
      const [top, bottom] = [scroller.scrollTop, scroller.scrollTop + scroller.clientHeight - shape.head];
      if (y < top + shape.rowHeight || y > bottom - shape.rowHeight) scroller.scrollTop = y - scroller.clientHeight / 2;
    };
    const subject = (by: -1 | 1): void => {
      const { job, frame } = state.subject;
      if (frame >= 0) state.show({ frame: frame + by });
      else if (job >= 0) state.show({ job: job + by });
      else state.step(by);
    };
    return app.keys({
      'ArrowDown j': { text: 'the next row', run: () => choose(state.chosen.peek() + 1) },
      'ArrowUp k': { text: 'the row before', run: () => choose(state.chosen.peek() - 1) },
      PageDown: { text: 'ten rows down', run: () => choose(state.chosen.peek() + 10) },
      PageUp: { text: 'ten rows up', run: () => choose(state.chosen.peek() - 10) },
      Home: { text: 'the first row', run: () => choose(0) },
      End: { text: 'the last row', run: () => choose(Number.MAX_SAFE_INTEGER) },
      'a ArrowLeft': { text: 'earlier, or the job or frame before', run: () => subject(-1) },
      'd ArrowRight': { text: 'later, or the next job or frame', run: () => subject(1) },
      'w + =': { text: 'a shorter stretch', run: () => state.zoom(-1) },
      's -': { text: 'a longer stretch', run: () => state.zoom(1) },
      x: { text: 'to scale, or row by row', run: () => state.show({ scale: !state.isToScale }) },
      Escape: { text: 'all of a stretch again', run: () => state.show({ job: null }) },
    });
  }, [app, state]);

  return (
    <div class="sequence">
      <Side app={app} state={state} />
      <div class="sq-main">
        <div ref={body} class="sq-body" onScroll={() => draw.current()}>
          <canvas
            ref={canvas}
            class="sq-canvas"
            aria-label="Sequence"
            onClick={(event) => {
              const shape = geometry.current;
              if (shape === null || body.current === null) return;
              const { rows } = state.rows.peek();
              state.choose(rowAt({ rows, geometry: shape }, event.offsetY - shape.head + body.current.scrollTop));
            }}
          />
          <div ref={spacer} class="sq-spacer" />
        </div>
        <Chosen app={app} state={state} />
      </div>
    </div>
  );
}

interface Room {
  readonly scroller: HTMLElement;
  /** As high as all rows together. */
  readonly room: HTMLElement;
  readonly onGeometry: (geometry: Geometry) => void;
}

function drawer(state: SequenceState, canvas: HTMLCanvasElement, { scroller, room, onGeometry }: Room): () => void {
  return () => {
    const context = prepare(canvas);
    if (context === null) return;
    const palette = readPalette(canvas);
    const sequence = state.rows.peek();
    const columns = state.columns.peek();
    const { from, to } = state.story.peek();
    const size = { width: canvas.clientWidth, height: canvas.clientHeight };
    const geometry = geometryOf(palette.size, size, columns.length, sequence.rows.length, state.isToScale ? { from, to } : null);
    onGeometry(geometry);
    const tall = `${Math.max(0, geometry.height + geometry.head - size.height)}px`;
    if (room.style.height !== tall) room.style.height = tall;
    paintSequence({
      ...sequence,
      context,
      palette,
      colours: new Colours(palette, (name) => state.model.names.text(name)),
      ...size,
      scrollTop: scroller.scrollTop,
      geometry,
      names: columns.map((lane) => state.model.lanes[lane]?.name ?? ''),
      start: state.model.start,
      chosen: state.chosen.peek(),
    });
    canvas.dataset.rows = String(sequence.rows.length);
  };
}

/** The row that is chosen, in words. */
function Chosen({ app, state }: { readonly app: App; readonly state: SequenceState }) {
  const text = useComputed(() => {
    const { rows } = state.rows.value;
    const { story } = state;
    const row = rows[state.chosen.value];
    const whole =
      story.value.to > story.value.from
        ? `${rows.length} rows in ${durationText(story.value.to - story.value.from)}`
        : 'nothing is known of it';
    if (row === undefined) return { whole, row: '' };
    const who = state.model.lanes[row.lane]?.name ?? '';
    const to =
      row.other >= 0
        ? ` ${row.kind === 'take' ? 'from' : 'to'} ${state.model.lanes[state.columns.value[row.other] ?? -1]?.name ?? ''}`
        : '';
    const since = durationText(row.time - (rows[0]?.time ?? row.time));
    return {
      whole,
      row: `${who}: ${row.kind === 'take' ? 'takes ' : ''}${row.label}${to} at ${momentText(row.time - state.model.start)}, ${since} after the first`,
    };
  });
  const { whole, row } = text.value;
  const isCut = state.story.value.isCut;
  const at = state.rows.value.rows[state.chosen.value];
  return (
    <footer class="sq-chosen">
      <output class="sq-count">{`${whole}${isCut ? ', the first of more' : ''}`}</output>
      <output class="sq-row">{row}</output>
      <button
        type="button"
        class="button"
        disabled={at === undefined}
        title="This moment in the Timeline"
        onClick={() => {
          if (at === undefined) return;
          const { start } = state.model;
          const { from, to } = state.story.peek();
          app.time.value = at.time;
          app.go('timeline', { from: String(Math.floor(from - start)), to: String(Math.ceil(to - start)) });
        }}
      >
        Timeline
      </button>
    </footer>
  );
}
