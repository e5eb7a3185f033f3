/**
 * The Machines view: the chart of every machine with what is active in it and how hot it is, or one of them with its instances.
 *
 * Invariant: charts are marked whenever there is more, without making any component anew; counts and lists follow at most four times a second while a
 * run goes on. Machine and instance are in the address.
 */
import { effect, type ReadonlySignal, useComputed, useSignal } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { type MachineChoice, MachinesModel } from '../../../model/machines.js';
import type { MachineInstance, MachineTrack } from '../../../model/machines-track.js';
import { countText } from '../../../model/system-text.js';
import type { App } from '../../app.js';
import { Chart } from './chart.js';
import { ChartPainter } from './chart-painter.js';
import { goingOn, Panel, transitionsFrom } from './panel.js';
import { SlowMotion } from './slow-motion.js';
import './machines.css';

const SETTLE_MS = 250;

export function MachinesView({ app }: { readonly app: App }) {
  const count = useComputed(() => {
    app.version.value;
    return app.store.header?.machines.length ?? 0;
  });
  return count.value === 0 ? <p class="waiting">The recording has no state machines.</p> : <Machines app={app} />;
}

function Machines({ app }: { readonly app: App }) {
  const model = useMemo(() => new MachinesModel(app.store), [app]);
  const reading = useReading(app, model);
  const choice = (): MachineChoice => {
    const { machine, instance } = app.route.value.params;
    const number = model.tracks.findIndex(({ name }) => name === machine);
    return { machine: number < 0 ? null : number, instance: instance === undefined ? null : Number(instance) };
  };
  const choose = (track?: MachineTrack): void => app.setParams({ machine: track?.name ?? null, instance: null });
  const all = [undefined, ...model.tracks];
  const track = model.tracks[choice().machine ?? -1];
  reading.settled.value;
  useEffect(() => {
    const goOn = (by: number): void => choose(all.at(((choice().machine ?? -1) + 1 + by) % all.length));
    return app.keys({
      n: { text: 'the next machine', run: () => goOn(1) },
      p: { text: 'the machine before', run: () => goOn(-1) },
      Escape: { text: 'all machines', run: choose },
    });
  }, [app]);
  return (
    <div class="machines">
      <div class="machines-bar">
        <fieldset class="group" aria-label="Machine">
          {all.map((each) => (
            <button type="button" key={each?.name} class="button" aria-pressed={each === track} onClick={() => choose(each)}>
              {each?.name ?? 'All'}
            </button>
          ))}
        </fieldset>
        <SlowMotion app={app} model={model} choice={choice} />
        <span class="machines-legend" title="How often a state was entered and an arrow taken: each colour is ten times the one before">
          {['1', '10', '100', '1k', '10k', '100k', '1M'].map((text, index) => (
            <span key={text} class="heat" data-heat={index + 1}>
              {text}
            </span>
          ))}
        </span>
      </div>
      {track === undefined ? (
        <div class="machines-grid">
          {model.tracks.map((each) => (
            <button type="button" key={each.name} class="machines-card" onClick={() => choose(each)}>
              <span class="machines-head">
                <strong>{each.name}</strong>
                <span class="count">{`${countText(each.facts.total)} moves · ${goingOn(each)}`}</span>
              </span>
              <LiveChart track={each} reading={reading} />
            </button>
          ))}
        </div>
      ) : (
        <One key={track.name} app={app} model={model} track={track} reading={reading} choice={choice} />
      )}
    </div>
  );
}

/** What charts and lists follow. Each becomes another object, which says nothing but that. */
interface Reading {
  /** There is more, or another moment is shown. */
  readonly moved: ReadonlySignal<object>;
  /** Counts and lists are to follow. */
  readonly settled: ReadonlySignal<object>;
}

/** Reads whenever there is more, or another moment is shown. */
function useReading(app: App, model: MachinesModel): Reading {
  const moved = useComputed(() => {
    app.version.value;
    model.read(app.time.value);
    return {};
  });
  const settled = useSignal({});
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    let hasMoved = false;
    // Once more after the last move, for what it lit to fade.
    const settle = (): void => {
      timer = hasMoved ? setTimeout(settle, SETTLE_MS) : undefined;
      hasMoved = false;
      settled.value = {};
    };
    const stop = effect(() => {
      moved.value;
      hasMoved = true;
      if (app.isLive && app.time.value === null) timer ??= setTimeout(settle, SETTLE_MS);
      else {
        clearTimeout(timer);
        settle();
      }
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  }, [app]);
  return { moved, settled };
}

interface LiveChartProps {
  readonly track: MachineTrack;
  readonly reading: Reading;
  /** The instance whose states are shown, if one is chosen. */
  chosen?(): MachineInstance | undefined;
  /** Transitions that are shown as what could happen next. */
  readonly next?: ReadonlySignal<readonly number[]>;
}

function LiveChart({ track, reading, chosen, next }: LiveChartProps) {
  const picture = useRef<SVGSVGElement>(null);
  useEffect(() => {
    if (picture.current === null) return;
    const painter = new ChartPainter(picture.current, track);
    const stops = [
      effect(() => {
        reading.moved.value;
        painter.paint(chosen?.());
      }),
      effect(() => {
        reading.settled.value;
        // Whichever of the two effects comes first.
        painter.paint(chosen?.());
        painter.settle();
      }),
      effect(() => painter.markNext(next?.value ?? [])),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [track]);
  return <Chart chart={track.chart} label={track.name} picture={picture} />;
}

interface OneProps {
  readonly app: App;
  readonly model: MachinesModel;
  readonly track: MachineTrack;
  readonly reading: Reading;
  choice(): MachineChoice;
}

/** One machine's chart, and what is said beside it. */
function One({ app, model, track, reading, choice }: OneProps) {
  const pointed = useSignal(0);
  const next = useSignal<readonly number[]>([]);
  const chosen = (): MachineInstance | undefined => track.instance(choice().instance ?? -1);
  const show = (transitions: readonly number[]): void => {
    next.value = transitions;
  };
  const point = (target: EventTarget | null): void => {
    const state = target instanceof Element ? target.closest('.state')?.getAttribute('data-state') : null;
    if (pointed.peek() === Number(state)) return;
    pointed.value = Number(state);
    // The machine itself, which is around all, is not pointed at.
    show(pointed.value > 0 ? transitionsFrom(track.chart, [pointed.value]) : []);
  };
  return (
    <div class="machines-one">
      <section
        class="machines-stage"
        aria-label={`Chart of ${track.name}`}
        onMouseMove={({ target }) => point(target)}
        onMouseLeave={() => point(null)}
      >
        <LiveChart track={track} reading={reading} chosen={chosen} next={next} />
      </section>
      <Panel app={app} model={model} track={track} instance={chosen()} pointed={pointed.value} onPoint={show} />
    </div>
  );
}
