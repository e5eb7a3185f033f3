/**
 * An execution as lanes: a column for each process, time downwards, what it did beside it; and next to it the nearest one that passes, row by row.
 *
 * Invariant: a row is one step of each, alike if it is in both; the racing pair is joined by a line. While a step is moved, rows are in the order that would
 * come of it. What is not here: what the state is (states.tsx).
 */
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { aligned } from '../../../model/explore-order.js';
import type { CaseView, RunView, StepView } from '../../../model/explore-protocol.js';
import { Lanes, LanesHead, type Mark } from './lanes.js';
import type { Session } from './session.js';
import { Text } from './text.js';
import { Toolbar } from './toolbar.js';

/** A row: numbers of steps, from 0 on, on either side. */
interface Row {
  readonly left: number | null;
  readonly right: number | null;
}

export function Graph({ session }: { readonly session: Session }) {
  const shown = session.shown.value as CaseView;
  const { run, passing, race } = shown;
  const order = session.order.value;
  const isMoving = session.by.value !== null;
  const rows = useMemo(() => rowsOf(shown, order, isMoving), [shown, order, isMoving]);
  const at = session.at.value;
  const scroller = useRef<HTMLDivElement>(null);
  useEffect(() => {
    scroller.current?.querySelector('.explore-row[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }, [at, isMoving, order, shown]);
  const different = passing === null || isMoving ? -1 : rows.findIndex(({ left, right }) => left === null || right === null);
  const racing =
    race === null ? [] : [race.earlier, race.later ?? run.steps.length + run.pending.findIndex(({ process }) => process === race.process)];
  const side = (which: 'left' | 'right', each: RunView): (Mark | null)[] =>
    rows.map((row) => {
      const index = row[which];
      const step = index === null ? undefined : stepOf(each, index);
      if (index === null || step === undefined) return null;
      const isRacing = which === 'left' && racing.includes(index);
      return { process: step.process, isPending: index >= each.steps.length, isRacing, preempts: step.preempts };
    });
  return (
    <div class="explore-graph">
      <Toolbar session={session} />
      <div class="explore-scroll" ref={scroller}>
        <div class="explore-head">
          <LanesHead run={run} title={titleOf(shown)} tone={shown.failure === null ? 'ok' : 'bad'} />
          {passing !== null && <LanesHead run={passing} title="passes" tone="ok" />}
        </div>
        <div class="explore-rows" data-both={passing !== null} style={{ '--rows': rows.length }}>
          <Lanes marks={side('left', run)} processes={run.processes.length} rows={rows.length} />
          {passing !== null && <Lanes marks={side('right', passing)} processes={passing.processes.length} rows={rows.length} isSecond />}
          <div
            class="explore-list"
            role="listbox"
            aria-label="Steps"
            style={{ '--lanes': run.processes.length, '--second': passing?.processes.length ?? 0 }}
          >
            <button type="button" class="explore-row" role="option" aria-selected={at === 0} onClick={() => session.select(0)}>
              <span class="explore-cell">beginning</span>
            </button>
            {rows.map(({ left, right }, place) => (
              <button
                type="button"
                key={`${left} ${right}`}
                role="option"
                aria-selected={left !== null && left + 1 === at}
                class={`explore-row${place === different ? ' explore-different' : ''}${left !== null && racing.includes(left) ? ' explore-racing' : ''}${left === at - 1 && isMoving ? ' explore-moving' : ''}`}
                onClick={() => left !== null && session.select(left + 1)}
              >
                <Cell run={run} index={left} />
                {passing !== null && <Cell run={passing} index={right} isSame={left !== null} />}
              </button>
            ))}
          </div>
        </div>
        {run.hidden > 0 && <p class="explore-muted">… and {run.hidden} steps more</p>}
      </div>
    </div>
  );
}

function titleOf({ failure }: CaseView): string {
  return failure === null ? 'nothing fails' : `breaks ${failure.property}`;
}

function Cell({ run, index, isSame = false }: { readonly run: RunView; readonly index: number | null; readonly isSame?: boolean }) {
  const step = index === null ? undefined : stepOf(run, index);
  if (index === null || step === undefined) return <span class="explore-cell" />;
  const isPending = index >= run.steps.length;
  const name = run.processes[step.process] ?? '';
  const waits = isPending && run.waits.find(({ process }) => process === name);
  const text = waits ? `waits: ${step.text} (${waits.on.join(' or ') || 'nobody'})` : isPending ? `next: ${step.text}` : step.text;
  return (
    <span
      class={`explore-cell${isSame ? ' explore-same' : ''}${isPending ? ' explore-pending' : ''}`}
      title={`${name}: ${text}${step.site && `\n${step.site}`}`}
    >
      <span class="explore-number">{isPending ? '' : index + 1}</span>
      <span class="explore-sign" title={step.preempts ? 'the process before could have gone on' : undefined}>
        {step.preempts ? '!' : ''}
      </span>
      <span class="explore-text">
        <strong style={{ color: `var(--c${step.process % 8})` }}>{name}</strong> <Text text={text} />
      </span>
    </span>
  );
}

function stepOf({ steps, pending }: RunView, index: number): StepView | undefined {
  return steps[index] ?? pending[index - steps.length];
}

function rowsOf({ run, passing }: CaseView, order: readonly number[], isMoving: boolean): Row[] {
  if (isMoving || passing === null) return order.map((left) => ({ left, right: null }));
  const key = ({ process, text }: StepView): string => `${process} ${text}`;
  const rows: Row[] = aligned(run.steps.map(key), passing.steps.map(key));
  return [...rows, ...run.pending.map((_, index) => ({ left: run.steps.length + index, right: null }))];
}
