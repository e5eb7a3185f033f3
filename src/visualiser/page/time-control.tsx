/**
 * The moment that all views show: the end as it grows, or one that was chosen.
 *
 * Invariant: times are shown from the recording's first event on, in seconds with three digits behind the point, in a field of fixed width.
 */
import { useComputed } from '@preact/signals';
import type { App } from './app.js';

const BILLION = 1e9;
const STEPS = 10_000;

export function TimeControl({ app }: { readonly app: App }) {
  const range = useComputed(() => {
    app.version.value;
    app.generation.value;
    const { start, now } = app.store;
    // Before any event has come, pictures may have.
    const first = Number.isNaN(start) ? (app.store.frames[0]?.nanoseconds ?? now) : start;
    return Number.isNaN(first) ? { first: 0, last: 0 } : { first, last: Math.max(first, now) };
  });
  const { first, last } = range.value;
  const time = app.time.value;
  const shown = time ?? last;
  const place = last > first ? Math.round((STEPS * (Math.min(Math.max(shown, first), last) - first)) / (last - first)) : STEPS;
  const choose = (value: number): void => {
    app.time.value = value >= STEPS ? null : first + (value / STEPS) * (last - first);
  };
  const toggle = (): void => {
    app.time.value = time === null ? last : null;
  };
  return (
    <fieldset class="group" aria-label="Time">
      <button type="button" class="button follow" aria-pressed={time === null} title="Follow the end (l)" onClick={toggle}>
        {app.isLive ? 'Live' : 'End'}
      </button>
      <input
        type="range"
        class="time-range"
        aria-label="Moment"
        aria-valuetext={`${((shown - first) / BILLION).toFixed(3)} s`}
        min={0}
        max={STEPS}
        value={place}
        onInput={(event) => choose(Number(event.currentTarget.value))}
      />
      <output class="time-text">{((shown - first) / BILLION).toFixed(3)} s</output>
    </fieldset>
  );
}
