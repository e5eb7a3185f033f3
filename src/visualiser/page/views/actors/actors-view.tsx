/**
 * Actors of other programs, which connect with @statelyai/inspect: who there is, in which state of its chart, and what it was sent last.
 *
 * Invariant: what programs say is shown as text and never as markup. Nothing of it is in the recording.
 */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { activeStates, type ChartModel } from '../../../chart/model.js';
import type { ForeignActor } from '../../../inspect/foreign-actors.js';
import { stateText } from '../../../model/state-text.js';
import type { App } from '../../app.js';
import { Chart, statesIn } from '../machines/chart.js';
import './actors.css';

/** What it is in, or what has become of it. */
const whereIs = ({ value, status }: ForeignActor): string => (value === null ? status : stateText(value));

function ActorChart({ chart, actor }: { readonly chart: ChartModel; readonly actor: ForeignActor }) {
  const picture = useRef<SVGSVGElement>(null);
  useEffect(() => {
    const active = activeStates(chart, actor.value ?? {});
    for (const [state, element] of statesIn(picture.current).entries()) element.toggleAttribute('data-active', active.includes(state));
  });
  return <Chart chart={chart} label={`${actor.name}: ${whereIs(actor)}`} picture={picture} />;
}

export function ActorsView({ app }: { readonly app: App }) {
  const actors = useSignal<readonly ForeignActor[]>([]);
  const chart = useSignal<ChartModel | null>(null);
  const fault = useSignal('');
  const actor = actors.value.find(({ id }) => id === app.route.value.params.actor) ?? actors.value[0];
  const isDefined = actor?.hasDefinition === true;
  useEffect(() => {
    const take = (list: unknown): void => {
      actors.value = list as readonly ForeignActor[];
    };
    app.request('inspect.list').then(take, () => undefined);
    return app.subscribe('inspect', (value) => take((value as { actors: unknown }).actors));
  }, [app]);
  useEffect(() => {
    chart.value = null;
    fault.value = '';
    if (!isDefined) return;
    app.request('inspect.chart', { id: actor.id }).then(
      (made) => {
        chart.value = made as ChartModel;
      },
      (error: Error) => {
        fault.value = error.message;
      },
    );
  }, [actor?.id, isDefined]);
  if (actor === undefined) {
    return (
      <div class="waiting">
        <p>No program’s actors yet. In one with XState v5:</p>
        <code>{`createWebSocketInspector({ url: 'ws://${location.host}/inspect?token=…' })`}</code>
      </div>
    );
  }
  return (
    <div class="machines actors">
      <ul class="actors-list">
        {actors.value.map((each) => (
          <li key={each.id}>
            <button type="button" class="button" aria-pressed={each === actor} onClick={() => app.setParams({ actor: each.id })}>
              {each.name}: {whereIs(each)} · {each.events}
              {each.isConnected ? '' : ' (gone)'}
            </button>
          </li>
        ))}
      </ul>
      <div class="actors-chart">{chart.value === null ? fault.value : <ActorChart chart={chart.value} actor={actor} />}</div>
      <div class="actors-side">
        <p>{actor.context}</p>
        <ol>
          {actor.last.toReversed().map(({ number, event, text, from }) => (
            <li key={number} value={number} title={text}>
              {event}
              {from !== null && ` from ${actors.value.find(({ id }) => id === from)?.name ?? from}`}
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}
