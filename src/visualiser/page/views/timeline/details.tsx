/**
 * What is known of the selected span: when and for how long, its arguments, what caused it, and the arrows to go along.
 *
 * Invariant: it takes the same room whatever it says.
 */
import { SPAN_KIND_NAMES, SpanFlag } from '../../../model/spans-table.js';
import { JOB_MOMENTS } from '../../../model/spans-jobs.js';
import type { SpanModel } from '../../../model/spans.js';
import type { App } from '../../app.js';
import { arrowsAt, labelOf, type Picked } from '../../../model/spans-pick.js';
import type { TimelineState } from './state.js';
import { durationText, momentText } from './time-text.js';

const SHOWN_ARROWS = 12;

/** How long a span is inside nothing else on its lane. */
export function selfTime(model: SpanModel, { lane, depth, begin, end }: Picked): number | null {
  const inner = model.lanes[lane]?.rows[depth + 1];
  if (end === Number.POSITIVE_INFINITY) return null;
  let busy = 0;
  inner?.visit(begin, end, end - begin, (_, from, to, count, inside) => {
    if (from >= begin && to <= end) busy += count === 1 ? to - from : inside;
  });
  return end - begin - busy;
}

/** The arguments of the event that said of it. */
export function argumentsOf(app: App, { log: place, entry }: Picked): readonly (readonly [string, string])[] {
  const log = app.store.threads[place];
  if (log === undefined || entry < log.first || entry >= log.end) return [];
  const event = app.store.eventName(log.event(entry));
  const args = Object.entries(app.store.argumentsOf(log, entry));
  return [
    ['event', event],
    ...args.map(
      ([name, value]) => [name, typeof value === 'number' && value > 0xffff ? `0x${value.toString(16)}` : String(value)] as const,
    ),
  ];
}

/** The jobs that it is inside of, innermost first, each with what submitted it. */
function causesOf(model: SpanModel, job: number): readonly { readonly job: number; readonly text: string }[] {
  const causes: { job: number; text: string }[] = [];
  for (
    let at = model.jobs.of(job);
    at !== null && causes.length < 8;
    at = at.cause === 0 || at.cause >= at.job ? null : model.jobs.of(at.cause)
  ) {
    const handler = at.handler === 0 ? '' : ` of ${model.names.text(at.handler)} ${at.handlerId}`;
    causes.push({ job: at.job, text: `job ${at.job}${handler}` });
  }
  return causes;
}

export function Details({ app, state }: { readonly app: App; readonly state: TimelineState }) {
  const picked = state.selected.value;
  if (picked === null) {
    return (
      <section class="tl-details tl-empty" aria-label="Details">
        Click a span for its details. Wheel or w, s: zoom. Drag or a, d: move. /: search. ?: all keys.
      </section>
    );
  }
  const { model } = state;
  const isOpen = picked.end === Number.POSITIVE_INFINITY;
  const self = selfTime(model, picked);
  const kind = SPAN_KIND_NAMES[picked.kind] ?? '';
  return (
    <section class="tl-details" aria-label="Details">
      <div class="tl-facts">
        <h2 class="tl-title">{labelOf(model, picked)}</h2>
        <dl>
          <Fact name="kind">{`${kind}${picked.flags & SpanFlag.failed ? ', failed' : ''}${picked.flags & SpanFlag.cut ? ', its end was lost' : ''}`}</Fact>
          <Fact name="lane">{model.lanes[picked.lane]?.name ?? ''}</Fact>
          <Fact name="begin">{momentText(picked.begin - model.start)}</Fact>
          <Fact name="duration">{isOpen ? 'not ended' : durationText(picked.end - picked.begin)}</Fact>
          <Fact name="self">{self === null ? '–' : durationText(self)}</Fact>
        </dl>
      </div>
      <dl class="tl-arguments">
        {argumentsOf(app, picked).map(([name, value]) => (
          <Fact key={name} name={name}>
            {value}
          </Fact>
        ))}
      </dl>
      <Causes app={app} model={model} picked={picked} />
      <Arrows state={state} picked={picked} />
    </section>
  );
}

function Fact({ name, children }: { readonly name: string; readonly children: string }) {
  return (
    <div data-fact={name}>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Causes({ app, model, picked }: { readonly app: App; readonly model: SpanModel; readonly picked: Picked }) {
  const causes = causesOf(model, picked.job);
  const submitted = causes.length > 0 ? [] : model.jobs.submittedBy(picked.name, picked.id);
  const job = model.jobs.of(picked.job);
  return (
    <div class="tl-causes">
      <h3>{causes.length > 0 ? 'Inside of' : submitted.length > 0 ? 'Submitted' : 'Inside of no job'}</h3>
      {[...causes, ...submitted.map((each) => ({ job: each, text: `job ${each}` }))].map(({ job: each, text }) => (
        <button
          type="button"
          class="tl-link"
          key={each}
          title="Its whole way, in Sequence"
          onClick={() => app.go('sequence', { job: String(each) })}
        >
          {text}
        </button>
      ))}
      {job !== null &&
        JOB_MOMENTS.slice(1).map((moment, index) => {
          const passed = (job.times[index + 1] ?? Number.NaN) - (job.times[0] ?? Number.NaN);
          return <div key={moment}>{`${moment} ${Number.isNaN(passed) ? '–' : `+${durationText(passed)}`}`}</div>;
        })}
    </div>
  );
}

function Arrows({ state, picked }: { readonly state: TimelineState; readonly picked: Picked }) {
  const { model } = state;
  const touching = arrowsAt(model, picked, SHOWN_ARROWS);
  return (
    <div class="tl-arrows">
      <h3>{touching.length === 0 ? 'No messages' : 'Messages'}</h3>
      {touching.map(({ arrow, isOut }) => {
        const at = model.arrows.at(arrow);
        if (at === null) return null;
        const other = model.lanes[isOut ? at.toLane : at.fromLane]?.name ?? '';
        const passed = at.to > at.from ? ` (${durationText(at.to - at.from)})` : '';
        return (
          <button type="button" class="tl-link" key={arrow} onClick={() => state.jumpAlong(arrow, isOut)}>
            {`${model.names.text(at.name)} ${at.id} ${isOut ? 'to' : 'from'} ${other}${passed}`}
          </button>
        );
      })}
    </div>
  );
}
