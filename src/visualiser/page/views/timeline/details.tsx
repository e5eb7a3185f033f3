/**
 * What is known of the selected span: when and for how long, its arguments, what caused it, and the arrows to go along.
 *
 * Invariant: it takes the same room whatever it says.
 */
import { arrowsAt, labelOf, type Picked } from '../../../model/spans-pick.js';
import { SPAN_KIND_NAMES, SpanFlag } from '../../../model/spans-table.js';
import type { SpanModel } from '../../../model/spans.js';
import type { App } from '../../app.js';
import { goAlong } from './actions.js';
import type { TimelineState } from './state.js';
import { durationText, momentText } from './time-text.js';

const SHOWN_ARROWS = 12;
const SHOWN_CAUSES = 8;

/** A name, and what is said under it. */
type Fact = readonly [name: string, text: string];

/** How long a span has lasted, in words. */
export const lengthText = ({ begin, end }: Picked): string => (end === Number.POSITIVE_INFINITY ? 'not ended' : durationText(end - begin));

/** How long a span is inside nothing else on its lane. */
function selfText(model: SpanModel, { lane, depth, begin, end }: Picked): string {
  let self = end - begin;
  if (self === Number.POSITIVE_INFINITY) return '–';
  model.lanes[lane]?.rows[depth + 1]?.visit(begin, end, self, (_, from, to, __, busy) => {
    if (from >= begin && to <= end) self -= busy;
  });
  return durationText(self);
}

function factsOf(model: SpanModel, picked: Picked): readonly Fact[] {
  const { kind, flags, lane, begin } = picked;
  return [
    ['kind', `${SPAN_KIND_NAMES[kind]}${flags & SpanFlag.failed ? ', failed' : ''}${flags & SpanFlag.cut ? ', its end was lost' : ''}`],
    ['lane', model.lanes[lane]?.name ?? ''],
    ['begin', momentText(begin - model.start)],
    ['duration', lengthText(picked)],
    ['self', selfText(model, picked)],
  ];
}

/** The event that said of it, and its arguments. */
function argumentsOf({ store }: App, { log: place, entry }: Picked): readonly Fact[] {
  const log = store.threads[place];
  if (log === undefined || entry < log.first || entry >= log.end) return [];
  const facts = Object.entries(store.argumentsOf(log, entry)).map(
    ([name, value]): Fact => [name, typeof value === 'number' && value > 0xffff ? `0x${value.toString(16)}` : String(value)],
  );
  return [['event', store.eventName(log.event(entry))], ...facts];
}

/** The jobs that it is inside of, innermost first, each with what submitted it. */
function causesOf({ jobs, names }: SpanModel, job: number): readonly (readonly [job: number, text: string])[] {
  const causes: [number, string][] = [];
  for (let at = jobs.of(job); at !== null && causes.length < SHOWN_CAUSES; at = jobs.of(at.cause))
    causes.push([at.job, `job ${at.job}${at.handler === 0 ? '' : ` of ${names.text(at.handler)} ${at.handlerId}`}`]);
  return causes;
}

export function Details({ app, state }: { readonly app: App; readonly state: TimelineState }) {
  const { model } = state;
  const picked = state.selected.value;
  if (picked === null)
    return (
      <section class="tl-details" aria-label="Details">
        Click a span for its details. Wheel or w, s: zoom. Drag or a, d: move. /: search. ?: all keys.
      </section>
    );
  const causes = causesOf(model, picked.job);
  const submitted = causes.length > 0 ? [] : model.jobs.submittedBy(picked.name, picked.id);
  const arrows = arrowsAt(model, picked, SHOWN_ARROWS);
  return (
    <section class="tl-details" aria-label="Details">
      <div>
        <h3>{labelOf(model, picked)}</h3>
        <Facts facts={factsOf(model, picked)} />
      </div>
      <Facts facts={argumentsOf(app, picked)} />
      <Links
        title={causes.length > 0 ? 'Inside of' : submitted.length > 0 ? 'Submitted' : 'Inside of no job'}
        links={[...causes, ...submitted.map((job) => [job, `job ${job}`] as const)].map(([job, text]) => [
          text,
          () => app.go('sequence', { job: String(job) }),
        ])}
      />
      <Links
        title={arrows.length > 0 ? 'Messages' : 'No messages'}
        links={arrows.map(({ arrow, isOut }) => [arrowText(model, arrow, isOut), () => goAlong(state, arrow, isOut)])}
      />
    </section>
  );
}

function arrowText({ arrows, lanes, names }: SpanModel, arrow: number, isOut: boolean): string {
  const at = arrows.at(arrow);
  if (at === null) return '';
  const other = lanes[isOut ? at.toLane : at.fromLane]?.name ?? '';
  return `${names.text(at.name)} ${at.id} ${isOut ? 'to' : 'from'} ${other}${at.to > at.from ? ` (${durationText(at.to - at.from)})` : ''}`;
}

function Facts({ facts }: { readonly facts: readonly Fact[] }) {
  return (
    <dl>
      {facts.map(([name, text]) => (
        <div key={name} data-fact={name}>
          <dt>{name}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

function Links({ title, links }: { readonly title: string; readonly links: readonly (readonly [text: string, go: () => void])[] }) {
  return (
    <div>
      <h3>{title}</h3>
      {links.map(([text, go]) => (
        <button type="button" class="tl-link" key={text} onClick={go}>
          {text}
        </button>
      ))}
    </div>
  );
}
