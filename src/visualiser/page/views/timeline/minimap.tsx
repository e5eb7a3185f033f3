/**
 * The whole recording in a narrow strip: how much the BQL is held and processors wait, what went wrong, and the window, which a press or a drag puts
 * where the pointer is.
 */
import type { TargetedPointerEvent } from 'preact';
import type { Row } from '../../../model/spans-rows.js';
import { show } from './actions.js';
import { useCanvas } from './canvas.js';
import { paintBars } from './paint-counter.js';
import { readPalette } from './palette.js';
import { fill, prepare, xOf } from './scene.js';
import type { TimelineState } from './state.js';
import { around, timeOf, type Window } from './viewport.js';

/** How much of each pixel a row is busy. */
function busyShares(row: Row, { from, to }: Window, width: number): readonly number[] {
  const shares = Array.from({ length: width }, () => 0);
  const pixel = (to - from) / width;
  const add = (begin: number, end: number, share: number): void => {
    const last = Math.min(width - 1, Math.floor((end - from) / pixel));
    for (let x = Math.max(0, Math.floor((begin - from) / pixel)); x <= last; x++) {
      const inside = Math.min(end, from + (x + 1) * pixel) - Math.max(begin, from + x * pixel);
      shares[x] = (shares[x] as number) + (share * Math.max(0, inside)) / pixel;
    }
  };
  row.visit(from, to, pixel, (_, begin, end, __, busy) => add(begin, end, busy / Math.max(1, end - begin)));
  if (row.open !== null) add(row.open.begin, to, 1);
  return shares;
}

function paintMap({ app, model, range }: TimelineState, canvas: HTMLCanvasElement): void {
  const context = prepare(canvas);
  if (context === null) return;
  const palette = readPalette(canvas);
  const { clientWidth: width, clientHeight: height } = canvas;
  const scene = { context, window: range.value, width };
  fill(scene, palette.bg, [0, 0, width, height]);
  ['bql', 'vcpu'].forEach((kind, index) => {
    const row = model.lanes.find((lane) => lane.kind === kind)?.rows[0];
    if (row === undefined) return;
    const shares = busyShares(row, range.value, Math.floor(width));
    paintBars(scene, palette.series[index] as string, shares, {
      step: 1,
      bottom: ((index + 1) * height) / 2 - 1,
      room: height / 2 - 3,
      most: 1,
    });
  });
  for (const { nanoseconds, kind } of app.store.notes)
    if (kind !== 'lifeCycle' && kind !== 'trace') fill(scene, palette.bad, [xOf(scene, nanoseconds) - 1, 0, 2, 5]);
}

export function Minimap({ state }: { readonly state: TimelineState }) {
  const canvas = useCanvas([state.grown, state.app.theme], (element) => paintMap(state, element));
  const put = (event: TargetedPointerEvent<HTMLElement>): void => {
    const { from, to } = state.window.value;
    const { left, width } = event.currentTarget.getBoundingClientRect();
    show(state, around(timeOf(state.range.value, event.clientX - left, width), to - from));
  };
  return (
    <div
      class="tl-map"
      onPointerDown={(event) => {
        event.currentTarget.setPointerCapture(event.pointerId);
        put(event);
      }}
      onPointerMove={(event) => event.buttons > 0 && put(event)}
    >
      <canvas ref={canvas} aria-label="The whole recording" />
      <Seen state={state} />
    </div>
  );
}

/** The window, and the moment that all views show. */
function Seen({ state: { app, range, window } }: { readonly state: TimelineState }) {
  const percent = (time: number): number => 100 * xOf({ window: range.value, width: 1 }, time);
  const { from, to } = window.value;
  return (
    <>
      <div class="tl-seen" style={{ left: `${percent(from)}%`, width: `${percent(to) - percent(from)}%` }} />
      <div class="tl-moment" style={{ left: `${percent(app.time.value ?? range.value.to)}%` }} />
    </>
  );
}
