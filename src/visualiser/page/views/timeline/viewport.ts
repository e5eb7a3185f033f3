/**
 * The stretch of time that is looked at.
 *
 * Invariant: it lies within the recording and a bit of room around it, and is never shorter than MIN_SPAN.
 */

export interface Window {
  readonly from: number;
  readonly to: number;
}

/** Nanoseconds: the shortest stretch that can be looked at. */
const MIN_SPAN = 200;
/** How much of a window may show nothing, before and behind the recording. */
const ROOM = 0.1;

/** A window within a range. */
export function clampWindow({ from, to }: Window, { from: first, to: last }: Window): Window {
  const whole = Math.max(MIN_SPAN, last - first);
  const span = Math.min(Math.max(to - from, MIN_SPAN), whole * (1 + 2 * ROOM));
  const room = span * ROOM;
  const low = Math.max(first - room, Math.min((from + to - span) / 2, first + whole + room - span));
  return { from: low, to: low + span };
}

/** So many nanoseconds around a moment. */
export const around = (middle: number, span: number): Window => ({ from: middle - span / 2, to: middle + span / 2 });

/** The moment so far across, of a width. */
export const timeOf = ({ from, to }: Window, x: number, width: number): number => from + (x / width) * (to - from);
