/**
 * Actors of other programs, which connect with @statelyai/inspect: who there is, in which state of its chart, and what it was sent last.
 *
 * Invariant: what programs say is shown as text and never as markup. Nothing of it is in the recording.
 */
import { useSignal } from '@preact/signals';
import { h, type VNode } from 'preact';
import { useEffect } from 'preact/hooks';
import { draw, type Drawn } from '../../../chart/drawing.js';
import { activeStates, type ChartModel } from '../../../chart/model.js';
import type { ForeignActor } from '../../../inspect/foreign-actors.js';
import { stateText } from '../../../model/state-text.js';
import type { App } from '../../app.js';
import './actors.css';

function nodeOf({ tag, attributes, children }: Drawn, active: ReadonlySet<number>): VNode {
  const mark = active.has(Number(attributes['data-state'] ?? -1)) ? { 'data-active': '' } : {};
  return h(tag, { ...attributes, ...mark }, ...children.map((child) => (typeof child === 'string' ? child : nodeOf(child, active))));
}

function Chart({ chart, actor }: { readonly chart: ChartModel; readonly actor: ForeignActor }) {
  const { layout } = chart;
  if (layout === undefined) return null;
  const active = new Set(actor.value === null ? [] : activeStates(chart, actor.value));
  return (
    <svg viewBox={`-6 -10 ${layout.width + 12} ${layout.height + 16}`} role="img" aria-label={`${actor.name}: ${stateText(actor.value)}`}>
      {nodeOf(draw(chart, layout), active)}
    </svg>
  );
}

export function ActorsView({ app }: { readonly app: App }) {
  const actors = useSignal<readonly ForeignActor[]>([]);
  const chart = useSignal<ChartModel | null>(null);
  const fault = useSignal('');
  const chosen = app.route.value.params.actor;
  const actor = actors.value.find(({ id }) => id === chosen) ?? actors.value[0];
  useEffect(() => {
    const unsubscribe = app.subscribe('inspect', (value) => {
      actors.value = (value as { actors: readonly ForeignActor[] }).actors;
    });
    app.request('inspect.list').then(
      (list) => {
        actors.value = list as readonly ForeignActor[];
      },
      () => undefined,
    );
    return unsubscribe;
  }, [app]);
  useEffect(() => {
    chart.value = null;
    fault.value = '';
    if (actor?.hasDefinition !== true) return;
    app.request('inspect.chart', { id: actor.id }).then(
      (made) => {
        chart.value = made as ChartModel;
      },
      (error: Error) => {
        fault.value = error.message;
      },
    );
  }, [actor?.id, actor?.hasDefinition]);
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
        {actors.value.map(({ id, name, value, status, events, isConnected }) => (
          <li key={id}>
            <button type="button" class="button" aria-pressed={id === actor.id} onClick={() => app.setParams({ actor: id })}>
              {name}: {value === null ? status : stateText(value)} · {events} {isConnected ? '' : '(gone)'}
            </button>
          </li>
        ))}
      </ul>
      <div class="actors-chart">{chart.value === null ? fault.value : <Chart chart={chart.value} actor={actor} />}</div>
      <div class="actors-side">
        <p>{actor.context}</p>
        <ol class="actors-events">
          {actor.last.toReversed().map(({ number, event, text, from }) => (
            <li key={number} value={number} title={text}>
              {event}
              {from === null ? '' : ` from ${actors.value.find(({ id }) => id === from)?.name ?? from}`}
            </li>
          ))}
        </ol>
      </div>
    </div>
  );
}
