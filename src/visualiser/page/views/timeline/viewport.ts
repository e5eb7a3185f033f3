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
  const middle = (from + to) / 2;
  const room = span * ROOM;
  const low = Math.min(Math.max(middle - span / 2, first - room), Math.max(first - room, last + room - span));
  return { from: low, to: low + span };
}

/** Zoomed by a factor (below 1: nearer), `at` staying where it is. */
export const zoomed = ({ from, to }: Window, factor: number, at: number): Window => ({
  from: at - (at - from) * factor,
  to: at + (to - at) * factor,
});

/** Moved by a share of itself. */
export const moved = ({ from, to }: Window, share: number): Window => ({ from: from + share * (to - from), to: to + share * (to - from) });

/** Around a stretch, with room on both sides. */
export function around(from: number, to: number): Window {
  const room = Math.max(MIN_SPAN / 4, (to - from) * 0.3);
  return { from: from - room, to: to + room };
}
