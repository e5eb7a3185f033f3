/**
 * What the Sequence view is to show: a stretch or a job; which actors, in which order.
 */
import { useSignal } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { NumberField } from '../../number-field.js';
import { durationText } from '../timeline/time-text.js';
import { NO_STORY, SPANS, type SequenceState } from './state.js';

const LISTED_JOBS = 100;
const MOVES: Readonly<Record<string, number>> = { ArrowUp: -1, ArrowDown: 1 };

export function Side({ state }: { readonly state: SequenceState }) {
  const { app, job, isToScale } = state;
  const button = (name: string, title: string, onClick: () => void, isPressed?: boolean) => (
    <button type="button" class="button" title={title} aria-pressed={isPressed} onClick={onClick}>
      {name}
    </button>
  );
  return (
    <aside class="sq-side" aria-label="What is shown">
      <div class="sq-tools">
        {SPANS.map((span) =>
          button(
            durationText(span),
            'A stretch of time (w, s)',
            () => app.setParams({ job: null, span: String(span) }),
            job === null && state.span === span,
          ),
        )}
      </div>
      <div class="sq-tools">
        {button('‹', 'Earlier, or the job before (a)', () => state.step(-1))}
        {button('›', 'Later, or the next job (d)', () => state.step(1))}
        {button('To scale', 'Rows as far apart as their times (x)', () => app.setParams({ scale: isToScale ? null : '1' }), isToScale)}
      </div>
      <Jobs state={state} />
      <h3>Actors</h3>
      <Actors state={state} />
    </aside>
  );
}

/** The jobs up to the moment, the last first. What comes meanwhile doesn't move them. */
function Jobs({ state }: { readonly state: SequenceState }) {
  const { app, job, model } = state;
  const time = app.time.value;
  const list = useMemo(
    () =>
      model.jobs.list
        .filter(({ times }) => time === null || !((times[0] ?? 0) > time))
        .slice(-LISTED_JOBS)
        .reverse(),
    [model, time, state.story.value === NO_STORY],
  );
  return (
    <>
      <h3>
        <NumberField
          class="sq-number"
          label="Job"
          shown={String(job ?? '')}
          range={{ min: 1 }}
          onDone={(value) => app.setParams({ job: value || null })}
        />
      </h3>
      <ul class="sq-list" aria-label="Jobs">
        {list.map(({ job: each, times: [submitted = Number.NaN, , , completed = Number.NaN], handler, handlerId, failed }) => (
          <li key={each}>
            <button type="button" class="sq-job" aria-current={each === job} onClick={() => app.setParams({ job: String(each) })}>
              <span>{`job ${each}`}</span>
              <span>{handler > 0 && `${model.names.text(handler)} ${handlerId}`}</span>
              <span class={failed ? 'sq-failed' : ''}>{completed >= submitted ? durationText(completed - submitted) : 'not done'}</span>
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}

function Actors({ state }: { readonly state: SequenceState }) {
  const dragged = useSignal(-1);
  const order = state.order.value;
  return (
    <ol class="sq-list" aria-label="Actors">
      {order.map((lane, place) => (
        <li
          key={lane}
          draggable
          title="Drag it, or Shift+ArrowUp, Shift+ArrowDown, for another place"
          onDragStart={() => {
            dragged.value = lane;
          }}
          onDragOver={(event) => event.preventDefault()}
          onDrop={() => state.move(dragged.value, place - order.indexOf(dragged.value))}
        >
          <label>
            <input
              type="checkbox"
              checked={!state.hidden.value.has(lane)}
              onChange={() => state.toggle(lane)}
              onKeyDown={(event) => {
                const by = MOVES[event.key];
                if (!event.shiftKey || by === undefined) return;
                event.preventDefault();
                event.stopPropagation();
                state.move(lane, by);
              }}
            />
            {state.model.lanes[lane]?.name}
          </label>
        </li>
      ))}
    </ol>
  );
}
