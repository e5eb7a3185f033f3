/**
 * What is said beside a chart: the machine's instances, what the chosen one has done, and what can happen next.
 *
 * Invariant: lists are as long as their bounds, and keep their place while numbers in them change.
 */
import type { JSX } from 'preact';
import { type ChartModel, eventText, guardText, statePath, statesAround, transitionText } from '../../../chart/model.js';
import type { MachinesModel, MachineStep } from '../../../model/machines.js';
import type { MachineInstance, MachineTrack } from '../../../model/machines-track.js';
import { stateText } from '../../../model/spans-machines.js';
import type { App } from '../../app.js';
import { shortCount } from './chart-painter.js';

/** Instances that are listed. */
const LISTED = 40;

interface PanelProps {
  readonly app: App;
  readonly model: MachinesModel;
  readonly machine: number;
  readonly instance: MachineInstance | null;
  /** The state that is pointed at, -1 if none is. */
  readonly pointed: number;
  /** Transitions to show on the chart. */
  onPoint(transitions: readonly number[]): void;
}

/** Transitions that stand in some states, or in those around them; the innermost first. */
export function transitionsFrom({ chart }: MachineTrack, states: Iterable<number>): readonly number[] {
  if (chart === null) return [];
  const sources = new Set([...states].flatMap((state) => [state, ...statesAround(chart, state)]));
  return chart.transitions.flatMap(({ source }, index) => (sources.has(source) ? [index] : []));
}

const seconds = (app: App, time: number): string => (Number.isNaN(time) ? '–' : `${((time - app.store.start) / 1e9).toFixed(6)} s`);

export function Panel(props: PanelProps): JSX.Element {
  const { app, model, machine, instance, pointed, onPoint } = props;
  const track = model.tracks[machine] as MachineTrack;
  const values = app.store.header?.machines[machine]?.states ?? [];
  const state = (number: number): string => stateText(values[number]);
  const listed = [...[...track.running.values()].slice(-LISTED).reverse(), ...track.ended.slice(-LISTED).reverse()].slice(0, LISTED);
  const steps = instance === null ? [] : model.history(app.store, machine, instance);
  const active = instance === null ? [] : (track.moves?.active[instance.state] ?? []);
  const from = pointed >= 0 ? [pointed] : active;
  const next = transitionsFrom(track, from);
  return (
    <aside class="machines-panel" aria-label="Instances and history">
      <section>
        <h3>Next{pointed >= 0 && track.chart !== null ? ` in ${statePath(track.chart, pointed) || track.name}` : ''}</h3>
        <ul class="machines-next" data-list="next">
          {next.map((transition) => (
            <Next key={transition} track={track} transition={transition} onPoint={onPoint} />
          ))}
          {next.length === 0 && (
            <li class="none">{instance === null && pointed < 0 ? 'Choose an instance, or point at a state.' : 'Nothing.'}</li>
          )}
        </ul>
      </section>
      <section>
        <h3>
          Instances{' '}
          <span
            class="count"
            title="that go on, of those that began"
          >{`${shortCount(track.running.size)} of ${shortCount(track.begun)}`}</span>
        </h3>
        <ul class="machines-list" data-list="instances">
          {listed.map((each) => (
            <li key={each.id}>
              <button
                type="button"
                class="machines-row"
                aria-pressed={each.id === instance?.id}
                onClick={() => app.setParams({ instance: each.id === instance?.id ? null : String(each.id) })}
              >
                <span class="id">#{each.id}</span>
                <span class={each.ended ? 'state ended' : 'state'}>{state(each.state)}</span>
                <span class="count">{shortCount(each.moves)}</span>
              </button>
            </li>
          ))}
        </ul>
      </section>
      <section class="machines-history">
        <h3>History{instance === null ? '' : ` of #${instance.id}`}</h3>
        <ol data-list="history">
          {steps.map((step, index) => (
            <li key={`${step.time} ${step.state} ${steps.length - index}`}>
              <button type="button" class="machines-row" title="Show this moment" onClick={() => showMoment(app, step.time)}>
                <span class="time">{seconds(app, step.time)}</span>
                <span class="event">{step.event < 0 ? 'began' : eventText(track.events[step.event] ?? `event ${step.event}`)}</span>
                <span class="state">{enteredText(track, steps[index + 1], step)}</span>
              </button>
            </li>
          ))}
        </ol>
      </section>
    </aside>
  );
}

/** The inner end of a path, as far as it tells states apart. */
const shortPath = (chart: ChartModel, state: number): string => statePath(chart, state).split('.').slice(-2).join('.');

/** Where a move led: the innermost states that it entered. */
function enteredText(track: MachineTrack, before: MachineStep | undefined, { event, state }: MachineStep): string {
  const { chart, moves } = track;
  if (chart === null || moves === null) return `→ ${state}`;
  const { entered } = moves.of(before?.state ?? -1, event, state);
  const leaves = entered.filter((each) => !entered.some((other) => chart.states[other]?.parent === each));
  return leaves.length === 0 ? 'stays' : `→ ${leaves.map((leaf) => shortPath(chart, leaf)).join(', ')}`;
}

function showMoment({ time }: App, moment: number): void {
  time.value = moment;
}

function Next({
  track,
  transition,
  onPoint,
}: {
  readonly track: MachineTrack;
  readonly transition: number;
  onPoint(transitions: readonly number[]): void;
}) {
  const { chart } = track;
  const each = chart?.transitions[transition];
  if (chart === null || each === undefined) return null;
  const { event, guard, targets } = each;
  return (
    <li title={transitionText(chart, each)} onMouseEnter={() => onPoint([transition])} onMouseLeave={() => onPoint([])}>
      <span class="event">{event === null ? 'at once' : eventText(event)}</span>
      {guard !== null && <span class="guard">[{guardText(chart, guard)}]</span>}
      <span class="target">{targets.length === 0 ? 'stays' : `→ ${targets.map((target) => shortPath(chart, target)).join(', ')}`}</span>
      <span class="count">{shortCount(track.taken[transition] ?? 0)}</span>
    </li>
  );
}
