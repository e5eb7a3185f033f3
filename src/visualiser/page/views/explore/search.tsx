/**
 * How far a search is: how much of it is done, how fast it goes, what it has discovered, what that is worth, and the faults it has found.
 *
 * Invariant: every figure has its place, whether there is one or not, so that nothing jumps.
 */
import type { SearchStatus } from '../../../model/explore-protocol.js';
import type { Session } from './session.js';

const PHASES: Readonly<Record<SearchStatus['phase'], string>> = {
  none: 'nothing was run yet',
  searching: 'searching',
  ended: 'ended',
  stopped: 'stopped',
  failed: 'failed',
};

export function Search({ session }: { readonly session: Session }) {
  const status = session.status.value;
  if (status === null || status.run === 0) return null;
  const { states, executions, seconds, done, discovered, phase } = status;
  const percent = done === null ? '' : `${(100 * done).toFixed(0)} %`;
  const left = phase === 'searching' && done !== null && done > 0 ? `about ${duration((seconds * (1 - done)) / done)} left` : '';
  const shownProperty = session.shown.value?.failure?.property;
  return (
    <div class="explore-search">
      <p class="explore-line">
        <strong>{status.world}</strong> <span data-phase={phase}>{PHASES[phase]}</span>
      </p>
      <progress class="explore-bar" max={1} value={done ?? 0} aria-label="Done" />
      <p class="explore-line explore-muted">
        <span>{percent}</span> <span>{left}</span>
      </p>
      <dl class="explore-figures">
        <Figure name="executions" value={grouped(executions)} />
        <Figure name={states === null ? 'different ends' : 'states'} value={grouped(discovered)} />
        <Figure
          name={states === null ? 'executions/s' : 'states/s'}
          value={grouped(Math.round((states ?? executions) / Math.max(seconds, 0.01)))}
        />
        <Figure name="steps" value={grouped(status.steps)} />
        <Figure name="time" value={duration(seconds)} />
        <Figure name="broken" value={grouped(status.faults.length)} />
      </dl>
      <Curve status={status} />
      {status.faults.length > 0 && (
        <ul class="explore-faults" aria-label="Broken properties">
          {status.faults.map(({ property, message, execution }, index) => (
            <li key={property}>
              <button
                type="button"
                class="button"
                aria-pressed={property === shownProperty}
                title={`${message}; execution ${grouped(execution)}`}
                onClick={() => session.open(index)}
              >
                <strong>{property}</strong> {message}
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class="explore-problem">{status.problem}</p>
      <p class="explore-muted explore-worth">{status.coverage[0]}</p>
    </div>
  );
}

function Figure({ name, value }: { readonly name: string; readonly value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const WIDTH = 240;
const HEIGHT = 60;

/** What was discovered, over time. */
function Curve({ status: { curve, states } }: { readonly status: SearchStatus }) {
  const [seconds = 0, , most = 0] = curve.at(-1) ?? [];
  const x = (time: number): number => (seconds === 0 ? 0 : (WIDTH * time) / seconds);
  const y = (count: number): number => HEIGHT - (most === 0 ? 0 : (HEIGHT * count) / most);
  const line = [[0, HEIGHT], ...curve.map(([time, , count]) => [x(time), y(count)])].map((point) => point.join(',')).join(' ');
  const what = states === null ? 'different ends' : 'states';
  return (
    <figure class="explore-curve">
      <figcaption>
        {what} over {duration(seconds)}: {grouped(most)}
      </figcaption>
      <svg viewBox={`0 -2 ${WIDTH} ${HEIGHT + 4}`} preserveAspectRatio="none" role="img" aria-label={`${grouped(most)} ${what}`}>
        <polygon points={`${line} ${WIDTH},${HEIGHT}`} />
        <polyline points={line} />
      </svg>
    </figure>
  );
}

/** 12 345 as people write it. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, '\u202f');
}

function duration(seconds: number): string {
  return seconds < 10 ? `${seconds.toFixed(1)} s` : seconds < 120 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`;
}
