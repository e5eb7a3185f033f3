/**
 * What the Sequence view is to show: a stretch, a job or a frame; which actors, in which order.
 */
import { useComputed, useSignal } from '@preact/signals';
import type { App } from '../../app.js';
import { durationText } from '../timeline/time-text.js';
import { SPANS, type SequenceState } from './state.js';

const LISTED_JOBS = 100;

export function Side({ app, state }: { readonly app: App; readonly state: SequenceState }) {
  const { job, frame } = state.subject;
  const isToScale = useComputed(() => state.isToScale);
  return (
    <aside class="sq-side" aria-label="What is shown">
      <h3>A stretch of time</h3>
      <div class="sq-spans">
        {SPANS.map(([span, name]) => (
          <button
            type="button"
            class="button"
            key={span}
            aria-pressed={!state.isStory && state.span === span}
            onClick={() => state.show({ job: null, frame: null, span })}
          >
            {name}
          </button>
        ))}
      </div>
      <div class="sq-spans">
        <button type="button" class="button" title="Earlier (a)" disabled={state.isStory} onClick={() => state.step(-1)}>
          Earlier
        </button>
        <button type="button" class="button" title="Later (d)" disabled={state.isStory} onClick={() => state.step(1)}>
          Later
        </button>
        <button
          type="button"
          class="button"
          aria-pressed={isToScale.value}
          title="Rows as far apart as their times (x)"
          onClick={() => state.show({ scale: !isToScale.value })}
        >
          To scale
        </button>
      </div>
      <h3>One job, one frame</h3>
      <label class="sq-number">
        job
        <input type="number" min={1} value={job >= 0 ? job : ''} onChange={(event) => state.show({ job: numberIn(event.currentTarget) })} />
      </label>
      <label class="sq-number">
        frame
        <input
          type="number"
          min={0}
          value={frame >= 0 ? frame : ''}
          onChange={(event) => state.show({ frame: numberIn(event.currentTarget) })}
        />
      </label>
      <Jobs app={app} state={state} />
      <h3>Actors</h3>
      <Actors state={state} />
    </aside>
  );
}

const numberIn = ({ value, valueAsNumber }: HTMLInputElement): number | null =>
  value === '' || Number.isNaN(valueAsNumber) ? null : valueAsNumber;

/** The jobs up to the moment, the last first. What comes meanwhile doesn't move them. */
function Jobs({ app, state }: { readonly app: App; readonly state: SequenceState }) {
  const { job } = state.subject;
  const { jobs } = state.model;
  const end = useSignal(jobs.seen);
  const time = app.time.value;
  const list = [];
  const last = end.value === 0 ? jobs.seen : end.value;
  for (let number = last - 1; number >= jobs.first && list.length < LISTED_JOBS; number--) {
    const facts = jobs.nth(number);
    const [submitted = Number.NaN] = facts?.times ?? [];
    if (facts !== null && (time === null || !(submitted > time))) list.push(facts);
  }
  return (
    <ul class="sq-jobs" aria-label="Jobs">
      {list.map(({ job: each, times, handler, handlerId, failed }) => {
        const took = (times[3] ?? Number.NaN) - (times[0] ?? Number.NaN);
        return (
          <li key={each}>
            <button type="button" class="sq-job" aria-current={each === job ? 'true' : undefined} onClick={() => state.show({ job: each })}>
              <span>{`job ${each}`}</span>
              <span>{handler === 0 ? '' : `${state.model.names.text(handler)} ${handlerId}`}</span>
              <span class={failed ? 'sq-failed' : ''}>{Number.isNaN(took) ? 'not done' : durationText(took)}</span>
            </button>
          </li>
        );
      })}
    </ul>
  );
}

function Actors({ state }: { readonly state: SequenceState }) {
  const dragged = useSignal(-1);
  const actors = state.actors.value;
  return (
    <ol class="sq-actors" aria-label="Actors">
      {actors.map(({ lane, name, shown }, place) => (
        <li
          key={lane}
          draggable
          onDragStart={() => {
            dragged.value = place;
          }}
          onDragOver={(event) => event.preventDefault()}
          onDrop={(event) => {
            event.preventDefault();
            const from = actors[dragged.value];
            if (from !== undefined) state.move(from.lane, place - dragged.value);
          }}
        >
          <label title="Drag it, or Shift+ArrowUp, Shift+ArrowDown, for another place">
            <input
              type="checkbox"
              checked={shown}
              onChange={() => state.toggle(lane)}
              onKeyDown={(event) => {
                if (!event.shiftKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
                event.preventDefault();
                event.stopPropagation();
                state.move(lane, event.key === 'ArrowUp' ? -1 : 1);
              }}
            />
            {name}
          </label>
        </li>
      ))}
    </ol>
  );
}
