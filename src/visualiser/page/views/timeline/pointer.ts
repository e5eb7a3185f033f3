/**
 * What a pointer does on the lanes: drags move them, or with Shift measure; a wheel zooms, a click selects, on the axis it chooses the moment.
 *
 * Invariant: a press that hardly moves is a click.
 */
import type { CanvasHTMLAttributes, TargetedPointerEvent } from 'preact';
import { fitSelected, pan, select, zoom } from './actions.js';
import { pickUnder, type TimelineState, timeAt } from './state.js';

/** Pixels that a click may move. */
const STILL = 3;
const ZOOM_PER_PIXEL = 0.0022;

/** What a drag does with where the pointer is now. */
type Drag = (event: PointerEvent) => void;

export function pointerHandlers(state: TimelineState): CanvasHTMLAttributes<HTMLCanvasElement> {
  let drag: Drag | null = null;
  let press = { x: 0, y: 0, isClick: false };
  const up = ({ offsetX, offsetY, shiftKey }: PointerEvent): void => {
    if (drag !== null && press.isClick && shiftKey) state.measured.value = null;
    else if (drag !== null && press.isClick && offsetY >= state.layout.value.axis)
      select(state, pickUnder(state, { x: offsetX, y: offsetY }));
    drag = null;
  };
  return {
    onPointerDown(event) {
      if (event.button !== 0) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      press = { x: event.offsetX, y: event.offsetY, isClick: true };
      drag = dragOf(state, event);
      state.pointer.value = null;
    },
    onPointerMove(event) {
      const { offsetX: x, offsetY: y, clientX, clientY } = event;
      if (drag === null) state.pointer.value = { x, y, clientX, clientY };
      press.isClick &&= Math.hypot(x - press.x, y - press.y) <= STILL;
      if (!press.isClick) drag?.(event);
    },
    onPointerUp: up,
    onPointerCancel: up,
    onPointerLeave: () => {
      state.pointer.value = null;
    },
    onDblClick: () => fitSelected(state),
    onWheel(event) {
      // The lanes' own scrolling.
      if (event.altKey) return;
      event.preventDefault();
      const unit = event.deltaMode === 1 ? 16 : 1;
      const [deltaX, deltaY] = event.shiftKey ? [event.deltaX + event.deltaY, 0] : [event.deltaX, event.deltaY];
      if (Math.abs(deltaX) > Math.abs(deltaY)) pan(state, timeAt(state, deltaX * unit) - timeAt(state, 0));
      // A pinch comes as a wheel with Ctrl, in smaller steps.
      else zoom(state, Math.exp(deltaY * unit * ZOOM_PER_PIXEL * (event.ctrlKey ? 4 : 1)), timeAt(state, event.offsetX));
    },
  };
}

function dragOf(state: TimelineState, { offsetX, offsetY, shiftKey, currentTarget }: TargetedPointerEvent<HTMLCanvasElement>): Drag {
  const begin = timeAt(state, offsetX);
  if (shiftKey)
    return ({ offsetX: x }) => {
      const end = timeAt(state, x);
      state.measured.value = { from: Math.min(begin, end), to: Math.max(begin, end) };
    };
  if (offsetY < state.layout.value.axis) {
    const scrub: Drag = ({ offsetX: x }) => {
      state.app.time.value = timeAt(state, x);
    };
    state.app.time.value = begin;
    return scrub;
  }
  let last = offsetY;
  return ({ offsetX: x, offsetY: y }) => {
    pan(state, begin - timeAt(state, x));
    currentTarget.parentElement?.scrollBy(0, last - y);
    last = y;
  };
}
