/**
 * How far a search is: how much of it is done, how fast it goes, what it has discovered, what that is worth, and the faults it has found.
 *
 * Invariant: every figure has its place, whether there is one or not, so that nothing jumps.
 */
import { toned } from './said.js';
import type { Session } from './session.js';

export function Search({ session }: { readonly session: Session }) {
  const status = session.status.value;
  if (!status?.run) return null;
  const { world, phase, done, figures, curve, curveTitle, faults, problem, coverage } = status;
  const [seconds, , most] = curve.at(-1) ?? [0, 0, 0];
  const property = session.shown.value?.failure?.property;
  return (
    <div class="explore-search">
      <p class="explore-line">
        <strong>{world}</strong> <span data-phase={phase}>{phase}</span>
      </p>
      <progress value={done ?? 0} aria-label="Done" />
      <dl>
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <small>{curveTitle}</small>
      <svg viewBox={`0 0 ${seconds || 1} ${most || 1}`} preserveAspectRatio="none" role="img" aria-label={curveTitle}>
        <polyline points={['0', most, ...curve.map(([time, , count]) => `${time},${most - count}`)].join(' ')} />
      </svg>
      {faults.map((fault, index) => (
        <button
          key={fault.property}
          type="button"
          class="button"
          aria-pressed={fault.property === property}
          title={fault.message}
          onClick={() => session.open(index)}
        >
          <strong style={toned('bad')}>{fault.property}</strong> {fault.message}
        </button>
      ))}
      <p style={toned('bad')}>{problem}</p>
      <p>{coverage[0]}</p>
    </div>
  );
}
