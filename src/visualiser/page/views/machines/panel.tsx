/**
 * What is said beside a chart: what can happen next, the machine's instances, and what the chosen one has done.
 *
 * Invariant: lists are as long as their bounds.
 */
import type { ComponentChildren } from 'preact';
import { type ChartModel, eventText, innermost, statePath, statesAround } from '../../../chart/model.js';
import { labelLines } from '../../../chart/label.js';
import type { MachinesModel } from '../../../model/machines.js';
import type { MachineInstance, MachineTrack } from '../../../model/machines-track.js';
import { countText } from '../../../model/system-text.js';
import type { App } from '../../app.js';

/** Instances that are listed. */
const LISTED = 40;

interface PanelProps {
  readonly app: App;
  readonly model: MachinesModel;
  readonly track: MachineTrack;
  readonly instance: MachineInstance | undefined;
  /** The state that is pointed at, 0 if none is. */
  readonly pointed: number;
  /** Shows transitions on the chart. */
  onPoint(transitions: readonly number[]): void;
}

/** Transitions that stand in some states, or in those around them. */
export function transitionsFrom(chart: ChartModel, states: Iterable<number>): readonly number[] {
  const sources = new Set([...states].flatMap((state) => [state, ...statesAround(chart, state)]));
  return chart.transitions.flatMap(({ source }, index) => (sources.has(source) ? [index] : []));
}

/** The innermost of some states, each by the inner end of its path. */
const shortText = (chart: ChartModel, states: Iterable<number>): string =>
  innermost(chart, states)
    .map((state) => statePath(chart, state).split('.').slice(-2).join('.'))
    .join(', ');

/** Where a transition or a move leads. */
const leadsTo = (chart: ChartModel, states: readonly number[]): string => (states.length === 0 ? 'stays' : `→ ${shortText(chart, states)}`);

/** How many instances of a machine go on, of those that began. */
export const goingOn = ({ facts }: MachineTrack): string => `${countText(facts.running.size)} of ${countText(facts.begun)} go on`;

function List({ name, title, children }: { readonly name: string; readonly title: string; readonly children: ComponentChildren }) {
  return (
    <section>
      <h3>{title}</h3>
      <ul data-list={name}>{children}</ul>
    </section>
  );
}

export function Panel({ app, model, track, instance, pointed, onPoint }: PanelProps) {
  const { chart, facts, moves } = track;
  const { start } = app.store;
  const active = (state: number): Iterable<number> => moves.active[state] ?? [];
  const next = transitionsFrom(chart, pointed > 0 ? [pointed] : instance === undefined ? [] : active(instance.state));
  const listed = [...facts.ended, ...facts.running.values()].slice(-LISTED).reverse();
  const history = instance === undefined ? [] : model.history(model.tracks.indexOf(track), instance);
  return (
    <aside class="machines-panel">
      <List name="next" title={pointed > 0 ? `Next in ${statePath(chart, pointed)}` : 'Next'}>
        {next.map((transition) => (
          <li key={transition} class="machines-row" onMouseEnter={() => onPoint([transition])} onMouseLeave={() => onPoint([])}>
            {labelLines(chart, [transition]).map(({ pieces }) =>
              pieces.map(({ kind, text }) => kind !== 'action' && <span class={kind}>{text}</span>),
            )}
            <span class="to">{leadsTo(chart, chart.transitions[transition]?.targets ?? [])}</span>
            <span class="count">{countText(facts.taken[transition] ?? 0)}</span>
          </li>
        ))}
        {next.length === 0 && <li class="none">Choose an instance, or point at a state.</li>}
      </List>
      <List name="instances" title={`Instances: ${goingOn(track)}`}>
        {listed.map(({ id, state, moves: count, ended }) => (
          <li key={id}>
            <button
              type="button"
              class="machines-row"
              aria-pressed={id === instance?.id}
              onClick={() => app.setParams({ instance: id === instance?.id ? null : String(id) })}
            >
              <span class="id">#{id}</span>
              <span class={ended ? 'to ended' : 'to'}>{shortText(chart, active(state))}</span>
              <span class="count">{countText(count)}</span>
            </button>
          </li>
        ))}
      </List>
      <List name="history" title={instance === undefined ? 'History' : `History of #${instance.id}`}>
        {history.map(({ time, event, state }, index) => (
          <li key={history.length - index}>
            <button
              type="button"
              class="machines-row"
              title="Show this moment"
              onClick={() => {
                app.time.value = time;
              }}
            >
              <span class="time">{((time - start) / 1e9).toFixed(6)} s</span>
              <span class="event">{event < 0 ? 'began' : eventText(track.events[event] ?? `${event}`)}</span>
              <span class="to">{leadsTo(chart, moves.of(history[index + 1]?.state ?? -1, event, state).entered)}</span>
            </button>
          </li>
        ))}
      </List>
    </aside>
  );
}
