/**
 * The moment that all views show: the end as it grows, or one that was chosen.
 *
 * Invariant: times are shown from the recording's first event on, in seconds with three digits behind the point, in a field of fixed width;
 * while a run is followed, by tenths.
 */
import type { App } from './app.js';

const BILLION = 1e9;
const TENTH = 1e8;
const STEPS = 10_000;

export function TimeControl({ app }: { readonly app: App }) {
  app.version.value;
  app.generation.value;
  const { start, now, frames } = app.store;
  // Before any event has come, pictures may have, or nothing.
  const first = (Number.isNaN(start) ? (frames[0]?.nanoseconds ?? now) : start) || 0;
  const length = Math.max(0, now - first) || 0;
  const time = app.time.value;
  const shown = (time ?? first + length) - first;
  // Of a run that goes on nobody can read more, and each text is laid out and painted.
  const isRunning = app.isLive && time === null && app.store.end === null;
  const text = `${(isRunning ? Math.floor(shown / TENTH) / 10 : shown / BILLION).toFixed(3)} s`;
  return (
    <fieldset class="group" aria-label="Time">
      <button
        type="button"
        class="button follow"
        aria-pressed={time === null}
        title="Follow the end (l)"
        onClick={() => {
          app.time.value = time === null ? first + length : null;
        }}
      >
        {app.isLive ? 'Live' : 'End'}
      </button>
      <input
        type="range"
        class="time-range"
        aria-label="Moment"
        aria-valuetext={text}
        max={STEPS}
        value={length > 0 ? (STEPS * shown) / length : STEPS}
        onInput={({ currentTarget: { value } }) => {
          app.time.value = Number(value) < STEPS ? first + (Number(value) / STEPS) * length : null;
        }}
      />
      <output class="time-text">{text}</output>
    </fieldset>
  );
}
