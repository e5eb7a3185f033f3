/**
 * What a pointer does on the timeline: drags move it, a wheel zooms, a click selects, on the axis it chooses the moment.
 *
 * Invariant: a press that hardly moves is a click.
 */
import type { TimelineState } from './state.js';
import { stripAt } from './lane-layout.js';
import { type Picked, pickAt } from '../../../model/spans-pick.js';
import { timeOf } from './scene.js';

/** Pixels that a click may move. */
const STILL = 3;
/** Pixels around a span within which it is meant. */
const SLACK = 4;
const ZOOM_PER_PIXEL = 0.0022;

export interface PointerParts {
  readonly state: TimelineState;
  readonly canvas: HTMLCanvasElement;
  /** What scrolls up and down. */
  readonly body: HTMLElement;
  readonly axis: () => number;
}

/** What is under a place of the canvas, null if nothing is. */
export function pickUnder({ state, canvas, axis }: PointerParts, x: number, y: number): Picked | null {
  const layout = state.layout.peek();
  const inside = y - axis() + state.scrollTop.peek();
  const strip = y < axis() ? null : stripAt(layout, inside);
  if (strip?.kind !== 'lane') return null;
  const depth = Math.min(strip.rows - 1, Math.floor((inside - strip.top) / layout.rowHeight));
  const window = state.window.peek();
  const time = timeOf(window, x, canvas.clientWidth);
  return pickAt(state.model, { lane: strip.lane, depth }, time, (SLACK * (window.to - window.from)) / canvas.clientWidth);
}

type Drag = 'pan' | 'measure' | 'scrub';

/** Listens, until what it returns is called. `onHover` is told where the pointer is over which span. */
export function listen(parts: PointerParts, onHover: (x: number, y: number) => void): () => void {
  const { state, canvas, body, axis } = parts;
  let drag: { readonly kind: Drag; readonly x: number; readonly y: number; lastX: number; lastY: number; isMoved: boolean } | null = null;
  const timeAt = (x: number): number => timeOf(state.window.peek(), x, canvas.clientWidth);

  const down = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    canvas.setPointerCapture(event.pointerId);
    const { offsetX: x, offsetY: y } = event;
    drag = { kind: event.shiftKey ? 'measure' : y < axis() ? 'scrub' : 'pan', x, y, lastX: x, lastY: y, isMoved: false };
    if (drag.kind === 'scrub') state.app.time.value = timeAt(x);
  };
  const move = (event: PointerEvent): void => {
    const { offsetX: x, offsetY: y } = event;
    if (drag === null) {
      state.hovered.value = pickUnder(parts, x, y);
      return onHover(x, y);
    }
    drag.isMoved ||= Math.abs(x - drag.x) > STILL || Math.abs(y - drag.y) > STILL;
    if (!drag.isMoved) return;
    if (drag.kind === 'scrub') state.app.time.value = timeAt(x);
    else if (drag.kind === 'measure') state.measured.value = { from: timeAt(Math.min(drag.x, x)), to: timeAt(Math.max(drag.x, x)) };
    else {
      if (x !== drag.lastX) state.pan((drag.lastX - x) / canvas.clientWidth);
      body.scrollTop += drag.lastY - y;
    }
    drag.lastX = x;
    drag.lastY = y;
  };
  const up = (event: PointerEvent): void => {
    if (drag !== null && !drag.isMoved && drag.kind === 'pan') state.select(pickUnder(parts, event.offsetX, event.offsetY));
    if (drag !== null && !drag.isMoved && drag.kind === 'measure') state.measured.value = null;
    drag = null;
  };
  const leave = (): void => {
    state.hovered.value = null;
  };
  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const unit = event.deltaMode === 1 ? 16 : 1;
    const { deltaX, deltaY } = event;
    if (Math.abs(deltaX) > Math.abs(deltaY) || event.shiftKey)
      state.pan(((deltaX + (event.shiftKey ? deltaY : 0)) * unit) / canvas.clientWidth);
    else if (event.altKey) body.scrollTop += deltaY * unit;
    // A pinch comes as a wheel with Ctrl, in smaller steps.
    else state.zoom(Math.exp(deltaY * unit * ZOOM_PER_PIXEL * (event.ctrlKey ? 4 : 1)), timeAt(event.offsetX));
  };
  const twice = (): void => state.fit();
  const listeners = { pointerdown: down, pointermove: move, pointerup: up, pointercancel: up, pointerleave: leave, dblclick: twice };
  for (const [name, listener] of Object.entries(listeners)) canvas.addEventListener(name, listener as EventListener);
  canvas.addEventListener('wheel', wheel, { passive: false });
  return () => {
    for (const [name, listener] of Object.entries(listeners)) canvas.removeEventListener(name, listener as EventListener);
    canvas.removeEventListener('wheel', wheel);
  };
}

/** Has a minimap choose the window: a click or a drag puts its middle there. */
export function listenMap(state: TimelineState, map: HTMLCanvasElement): () => void {
  let isDown = false;
  const put = (event: PointerEvent): void => {
    const { from, to } = state.window.peek();
    const middle = timeOf(state.range, event.offsetX, map.clientWidth);
    state.show({ from: middle - (to - from) / 2, to: middle + (to - from) / 2 });
  };
  const down = (event: PointerEvent): void => {
    isDown = true;
    map.setPointerCapture(event.pointerId);
    put(event);
  };
  const move = (event: PointerEvent): void => {
    if (isDown) put(event);
  };
  const up = (): void => {
    isDown = false;
  };
  map.addEventListener('pointerdown', down);
  map.addEventListener('pointermove', move);
  map.addEventListener('pointerup', up);
  return () => {
    map.removeEventListener('pointerdown', down);
    map.removeEventListener('pointermove', move);
    map.removeEventListener('pointerup', up);
  };
}
