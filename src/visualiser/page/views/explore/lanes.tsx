/**
 * The lanes of an execution: a line for each process, from step to step of whoever made it, and a bow between the two that race.
 *
 * Drawn in units of a lane and a row, which the style sheet makes as large as they are. Invariant: a step is in the middle of its row, where the first
 * row is the beginning. What is not here: the steps' dots, which stand in their rows (graph.tsx).
 */
import type { RunView } from '../../../model/explore-protocol.js';
import { toned } from './said.js';

/** The colour of a process. */
export const colored = (process: number) => ({ color: `var(--c${process % 8})` });

interface LanesProps {
  readonly run: RunView;
  readonly lanes: number;
  /** Of each row, which step stands there. */
  readonly rows: readonly (number | null | undefined)[];
  readonly race: readonly number[];
}

export function Lanes({ run: { steps }, lanes, rows, race }: LanesProps) {
  const placeOf = (step: number | null | undefined, row: number): string => `${(steps[step ?? -1]?.process ?? 0) + 0.5},${row + 1.5}`;
  const made = rows.flatMap((step, row) => (steps[step ?? -1]?.isMade ? placeOf(step, row) : []));
  const [from, to] = race.map((step) => placeOf(step, rows.indexOf(step)));
  return (
    <svg viewBox={`0 0 ${lanes} ${rows.length + 1}`} preserveAspectRatio="none" aria-hidden="true">
      <polyline points={made.join(' ')} />
      {to && <polyline class="explore-race" points={`${from} ${to}`} />}
    </svg>
  );
}

/** Whose lane is whose, and what becomes of it. */
export function LanesHead({ run: { processes, tone, title, size } }: { readonly run: RunView }) {
  return (
    <div>
      {processes.map((name, process) => (
        <span key={name} style={colored(process)}>
          {name}
        </span>
      ))}
      <p>
        <strong style={toned(tone)}>{title}</strong>
        <br />
        {size}
      </p>
    </div>
  );
}
