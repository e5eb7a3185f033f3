/**
 * An execution as lanes: a column for each process, time downwards, what it did beside it; and next to it the nearest one that passes, row by row.
 *
 * Invariant: a row is one step of each, alike if it is in both. What is not here: what the state is (states.tsx).
 */
import { useEffect, useRef } from 'preact/hooks';
import type { CaseView, RunView } from '../../../model/explore-protocol.js';
import { colored, Lanes, LanesHead } from './lanes.js';

interface GraphProps {
  readonly shown: CaseView;
  readonly at: number;
  select(row: number): void;
}

export function Graph({ shown: { run, passing, rows, race }, at, select }: GraphProps) {
  const runs = passing === null ? [run] : [run, passing];
  const lanes = Math.max(...runs.map(({ processes }) => processes.length));
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }), [at, run]);
  const different = rows.findIndex((row) => row.includes(null));
  return (
    <div class="explore-graph" ref={list} style={{ '--lanes': lanes }}>
      <div class="explore-heads">
        {runs.map((each, side) => (
          <LanesHead key={side} run={each} />
        ))}
      </div>
      <div class="explore-rows" role="listbox" aria-label="Steps">
        {runs.map((each, side) => (
          <Lanes key={side} run={each} lanes={lanes} rows={rows.map((row) => row[side])} race={side === 0 ? race : []} />
        ))}
        <button type="button" role="option" aria-selected={at === 0} onClick={() => select(0)}>
          <span>beginning</span>
        </button>
        {rows.map((row, place) => (
          <button
            key={`${row}`}
            type="button"
            role="option"
            aria-selected={row[0] === at - 1}
            class={place === different ? 'explore-different' : ''}
            onClick={() => row[0] !== null && select((row[0] ?? 0) + 1)}
          >
            {runs.map((each, side) => (
              <Step key={side} run={each} index={row[side] ?? -1} isRacing={side === 0 && race.includes(row[0] ?? -1)} />
            ))}
          </button>
        ))}
      </div>
    </div>
  );
}

interface StepProps {
  readonly run: RunView;
  /** -1: there is none in this row. */
  readonly index: number;
  readonly isRacing: boolean;
}

function Step({ run: { steps, processes }, index, isRacing }: StepProps) {
  const step = steps[index];
  if (step === undefined) return <span />;
  const { process, text, isMade, preempts, site } = step;
  const name = processes[process];
  return (
    <span class={isRacing ? 'explore-racing' : ''} data-made={isMade} title={`${name}: ${text}\n${site}`}>
      <i style={{ ...colored(process), '--at': process }} />
      <small>{isMade && index + 1}</small>
      <em title="the process before could have gone on">{preempts && '!'}</em>
      <span>
        <strong style={colored(process)}>{name}</strong> {text}
      </span>
    </span>
  );
}
