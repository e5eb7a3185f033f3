/**
 * The Machines view: the chart of every machine with what is active in it and how hot it is, or one of them with its instances.
 *
 * Invariant: charts are painted by the animation frame, from what was read since the last one, without making any component anew; lists beside them follow at
 * most four times a second while a run goes on. Machine and instance are in the address.
 */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { MachinesModel } from '../../../model/machines.js';
import type { MachineInstance, MachineTrack } from '../../../model/machines-track.js';
import type { App } from '../../app.js';
import { ChartPainter, shortCount, stateAt } from './chart-painter.js';
import { Panel, transitionsFrom } from './panel.js';
import { PACES, Player } from './player.js';
import './machines.css';

const PANEL_MS = 250;

export function MachinesView({ app }: { readonly app: App }): JSX.Element {
  const hasHeader = useComputed(() => {
    app.version.value;
    return app.store.header !== null;
  });
  if (!hasHeader.value) return <p class="waiting">No recording has come yet.</p>;
  if (app.store.header?.machines.length === 0) return <p class="waiting">The recording has no state machines.</p>;
  return <Machines app={app} />;
}

function Machines({ app }: { readonly app: App }): JSX.Element {
  const model = useMemo(() => new MachinesModel(app.store), [app]);
  const painters = useMemo(() => model.tracks.map((track) => new ChartPainter(track)), [model]);
  /** Number of the machine that is shown alone, -1 if all are. */
  const machine = useComputed(() => model.tracks.findIndex(({ name }) => name === app.route.value.params.machine));
  const id = useComputed(() => {
    const { instance } = app.route.value.params;
    return machine.value >= 0 && instance !== undefined && /^\d{1,15}$/.test(instance) ? Number(instance) : null;
  });
  const choice = useComputed(() => ({ machine: machine.value < 0 ? null : machine.value, instance: id.value }));
  const player = useMemo(() => new Player(app, model, choice), [model]);
  /** Goes up when lists are to be made anew. */
  const lists = useSignal(0);
  const pointed = useSignal(-1);
  const isWhole = useComputed(() => app.route.value.params.whole === '1');
  const instance = (): MachineInstance | null => {
    const track = model.tracks[machine.peek()];
    const wanted = id.peek();
    return track === undefined || wanted === null ? null : (track.instance(wanted) ?? null);
  };
  usePainting(app, {
    model,
    painters,
    lists,
    chosen: () => {
      const { machine: shown } = choice.value;
      return { machine: shown ?? -1, instance: instance() };
    },
  });
  useEffect(() => () => player.pause(), [player]);
  useEffect(() => {
    const choose = (by: number): void => {
      const count = model.tracks.length + 1;
      const track = model.tracks[((machine.peek() + 1 + by + count) % count) - 1];
      app.setParams({ machine: track?.name ?? null, instance: null });
    };
    const chooseInstance = (): void => {
      const track = model.tracks[machine.peek()];
      const all = track === undefined ? [] : [...track.running.values(), ...track.ended].map((each) => each.id).sort((a, b) => a - b);
      const next = all.find((each) => each > (id.peek() ?? -1)) ?? all[0];
      if (next !== undefined) app.setParams({ instance: String(next) });
    };
    return app.keys({
      ',': { text: 'one move back', run: () => player.step(-1) },
      '.': { text: 'one move on', run: () => player.step(1) },
      Space: { text: 'slow motion, or stop it', run: () => player.play() },
      n: { text: 'the next machine', run: () => choose(1) },
      p: { text: 'the machine before', run: () => choose(-1) },
      i: { text: 'the next instance', run: chooseInstance },
      f: { text: 'the whole chart, or large enough to read', run: () => app.setParams({ whole: isWhole.peek() ? null : '1' }) },
      Escape: { text: 'all machines', run: () => app.setParams({ machine: null, instance: null }) },
    });
  }, [app, model]);
  useSignalEffect(() => {
    const painter = painters[machine.value];
    const track = model.tracks[machine.value];
    if (painter !== undefined && track !== undefined) painter.markNext(pointed.value < 0 ? [] : transitionsFrom(track, [pointed.value]));
  });
  lists.value;
  const track = model.tracks[machine.value];
  return (
    <div class={track === undefined ? 'machines all' : 'machines'}>
      <Toolbar app={app} player={player} machine={machine.value} tracks={model.tracks} />
      {track === undefined ? (
        <div class="machines-grid">
          {model.tracks.map((each, index) => (
            <button
              type="button"
              key={each.name}
              class="machines-card"
              onClick={() => app.setParams({ machine: each.name, instance: null })}
            >
              <CardHead track={each} />
              <Chart track={each} painter={painters[index] as ChartPainter} />
            </button>
          ))}
        </div>
      ) : (
        <div class="machines-one">
          <section
            class={isWhole.value ? 'machines-stage whole' : 'machines-stage'}
            aria-label={`Chart of ${track.name}`}
            onMouseMove={(event) => {
              const state = stateAt(event.target);
              pointed.value = state > 0 ? state : -1;
            }}
            onMouseLeave={() => {
              pointed.value = -1;
            }}
          >
            <Chart track={track} painter={painters[machine.value] as ChartPainter} />
          </section>
          <Panel
            app={app}
            model={model}
            machine={machine.value}
            instance={instance()}
            pointed={pointed.value}
            onPoint={(transitions) => painters[machine.peek()]?.markNext(transitions)}
          />
        </div>
      )}
    </div>
  );
}

interface Painting {
  readonly model: MachinesModel;
  readonly painters: readonly ChartPainter[];
  readonly lists: { value: number; peek(): number };
  chosen(): { readonly machine: number; readonly instance: MachineInstance | null };
}

/** Reads and paints whenever there is more, or another moment or instance was chosen, and while arrows fade. */
function usePainting(app: App, { model, painters, lists, chosen }: Painting): void {
  const frame = useRef(0);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const shown = useRef(Number.NEGATIVE_INFINITY);
  /** What was chosen last: what fades meanwhile must not bring back what was chosen before. */
  const choice = useRef<ReturnType<Painting['chosen']>>({ machine: -1, instance: null });
  useSignalEffect(() => {
    app.version.value;
    const time = app.time.value;
    model.read(app.store, time);
    choice.current = chosen();
    const isShown = (index: number): boolean => choice.current.machine < 0 || choice.current.machine === index;
    const paint = (): void => {
      const { machine, instance } = choice.current;
      for (const [index, painter] of painters.entries()) if (isShown(index)) painter.paint(machine === index ? instance : null);
    };
    const fade = (): void => {
      frame.current = 0;
      paint();
      if (painters.some((painter) => painter.isFading)) frame.current = requestAnimationFrame(fade);
    };
    const count = (): void => {
      clearTimeout(timer.current);
      timer.current = undefined;
      shown.current = performance.now();
      for (const [index, painter] of painters.entries()) if (isShown(index)) painter.paintCounts();
      lists.value = lists.peek() + 1;
    };
    paint();
    if (frame.current === 0 && painters.some((painter) => painter.isFading)) frame.current = requestAnimationFrame(fade);
    const wait = time === null && app.isLive ? PANEL_MS - (performance.now() - shown.current) : 0;
    if (wait <= 0) count();
    // What came last is counted too, though nothing comes behind it.
    else timer.current ??= setTimeout(count, wait);
  });
  useEffect(
    () => () => {
      cancelAnimationFrame(frame.current);
      clearTimeout(timer.current);
    },
    [],
  );
}

function CardHead({ track }: { readonly track: MachineTrack }): JSX.Element {
  return (
    <span class="machines-head">
      <strong>{track.name}</strong>
      <span class="count" title="moves">{`${shortCount(track.total)} moves`}</span>
      <span
        class="count"
        title="instances that go on, of those that began"
      >{`${shortCount(track.running.size)} of ${shortCount(track.begun)}`}</span>
    </span>
  );
}

/** The chart, which the painter has drawn; or why there is none, and in how many moves. */
function Chart({ track, painter }: { readonly track: MachineTrack; readonly painter: ChartPainter }): JSX.Element {
  const holder = useRef<HTMLDivElement>(null);
  useEffect(() => holder.current?.replaceChildren(painter.svg), [painter]);
  if (track.chart?.layout === undefined) {
    return <span class="waiting">{track.fault === '' ? 'Its chart was not laid out.' : track.fault}</span>;
  }
  return <div class="machines-chart" ref={holder} />;
}

function Toolbar({
  app,
  player,
  machine,
  tracks,
}: {
  readonly app: App;
  readonly player: Player;
  readonly machine: number;
  readonly tracks: readonly MachineTrack[];
}) {
  const isPlaying = player.isPlaying.value;
  return (
    <div class="machines-bar" role="toolbar" aria-label="Machines">
      <fieldset class="group" aria-label="Machine">
        <button type="button" class="button" aria-pressed={machine < 0} onClick={() => app.setParams({ machine: null, instance: null })}>
          All
        </button>
        {tracks.map(({ name }, index) => (
          <button
            type="button"
            key={name}
            class="button"
            aria-pressed={machine === index}
            onClick={() => app.setParams({ machine: name, instance: null })}
          >
            {name}
          </button>
        ))}
      </fieldset>
      <fieldset class="group" aria-label="Slow motion">
        <button type="button" class="button icon" title="One move back (,)" aria-label="One move back" onClick={() => player.step(-1)}>
          ◂
        </button>
        <button
          type="button"
          class="button machines-play"
          title="Slow motion (Space)"
          aria-pressed={isPlaying}
          onClick={() => player.play()}
        >
          {isPlaying ? 'Stop' : 'Slow'}
        </button>
        <button type="button" class="button icon" title="One move on (.)" aria-label="One move on" onClick={() => player.step(1)}>
          ▸
        </button>
        <select
          class="button"
          aria-label="Moves a second"
          value={player.pace.value}
          onChange={(event) => {
            player.pace.value = Number(event.currentTarget.value);
          }}
        >
          {PACES.map((pace) => (
            <option key={pace} value={pace}>{`${pace}/s`}</option>
          ))}
        </select>
      </fieldset>
      <span class="machines-legend" title="How often a state was entered and an arrow was taken, on a logarithmic scale">
        {['1', '10', '100', '1k', '10k', '100k', '1M'].map((text, index) => (
          <span key={text} class="heat" data-heat={index + 1}>
            {text}
          </span>
        ))}
      </span>
    </div>
  );
}
