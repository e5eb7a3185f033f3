/**
 * The Display view: the picture as it is at the moment that is looked at, pixel for pixel, with its cursor; frame by frame back and forth.
 */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import type { RecordedFrame } from '../../../../trace/recording/format.js';
import type { TraceStore } from '../../../../trace/recording/trace-store.js';
import type { App } from '../../app.js';
import { cursorAt, drawCursor } from './cursor.js';
import { FramePlayer } from './frame-player.js';
import { Toolbar } from './toolbar.js';
import { zoomBeside } from './zoom.js';
import './display.css';

const SECOND = 1e9;

/** Presents a second, over the second before a frame. */
function rateAt(frames: readonly RecordedFrame[], index: number): string {
  const last = frames[index];
  if (last === undefined) return '–';
  const first = frames.find(({ nanoseconds }) => nanoseconds > last.nanoseconds - SECOND);
  if (first === undefined || first === last) return '–';
  return (((last.present - first.present) * SECOND) / (last.nanoseconds - first.nanoseconds)).toFixed(1);
}

/** How much of a picture a frame brings. */
function changedShare({ width, height, rectangles }: RecordedFrame): string {
  const pixels = rectangles.reduce((sum, rectangle) => sum + rectangle.width * rectangle.height, 0);
  return `${((100 * pixels) / (width * height)).toFixed(1)} %`;
}

/** The display modes that the device offers, by its events. */
function offeredModes(store: TraceStore): string {
  const modes: string[] = [];
  const wanted = store.eventNumber('apple_gfx_display_mode');
  for (const log of store.threads)
    for (let index = log.first; index < log.end; index++)
      if (log.event(index) === wanted) modes[log.arg(index, 0)] = `${log.arg(index, 1)}×${log.arg(index, 2)}`;
  return modes.length > 0 ? `the device offers ${modes.join(', ')}` : '';
}

export function DisplayView({ app }: { readonly app: App }) {
  const { store } = app;
  const canvas = useRef<HTMLCanvasElement>(null);
  const cursorCanvas = useRef<HTMLCanvasElement>(null);
  const player = useRef<FramePlayer | null>(null);
  const shown = useSignal<RecordedFrame | null>(null);
  const fault = useSignal('');
  const { params } = app.route.value;
  const display = Number(params.display ?? 0);
  const zoom = params.zoom ?? 'fit';
  const frames = useComputed(() => {
    app.version.value;
    const number = Number(app.route.value.params.display ?? 0);
    return store.frames.filter((frame) => frame.display === number);
  });
  /** The frame at the moment, or the first one if there was none yet. */
  const index = useComputed(() => {
    const time = app.time.value ?? Number.POSITIVE_INFINITY;
    return Math.max(
      frames.value.findLastIndex(({ nanoseconds }) => nanoseconds <= time),
      Math.min(0, frames.value.length - 1),
    );
  });
  const step = (by: number): void => {
    const frame = frames.peek()[Math.max(0, index.peek() + by)];
    if (frame !== undefined) app.time.value = frame.nanoseconds;
  };
  const setZoom = (next: string): void => app.setParams({ zoom: next });
  const zoomBy = (by: 1 | -1): void => {
    const { current } = canvas;
    if (current !== null) setZoom(zoomBeside((current.clientWidth * devicePixelRatio) / current.width, by));
  };
  useEffect(() => app.watch(), []);
  useEffect(() => {
    if (canvas.current === null) return;
    player.current = new FramePlayer(
      canvas.current,
      (frame) => {
        shown.value = frame;
        fault.value = '';
      },
      (text) => {
        fault.value = text;
      },
    );
  }, []);
  useEffect(
    () =>
      app.keys({
        ',': { text: 'one frame back', run: () => step(-1) },
        '.': { text: 'one frame on', run: () => step(1) },
        Home: { text: 'the first frame that is kept', run: () => step(Number.NEGATIVE_INFINITY) },
        f: { text: 'the whole picture', run: () => setZoom('fit') },
        '0': { text: 'pixel for pixel', run: () => setZoom('1') },
        '+ =': { text: 'larger', run: () => zoomBy(1) },
        '-': { text: 'smaller', run: () => zoomBy(-1) },
        c: {
          text: 'with or without cursor',
          run: () => app.setParams({ cursor: app.route.peek().params.cursor === 'off' ? null : 'off' }),
        },
      }),
    [],
  );
  useSignalEffect(() => {
    const target = frames.value[index.value];
    if (target !== undefined && player.current !== null) app.defer(player.current.show(frames.value, target));
  });
  const cursor = cursorAt(store.cursors, display, app.time.value ?? Number.POSITIVE_INFINITY);
  const glyph = cursor?.image;
  useEffect(() => {
    if (glyph !== undefined && cursorCanvas.current !== null) drawCursor(cursorCanvas.current, glyph);
  }, [glyph]);
  const frame = shown.value;
  const { width = 1, height = 1 } = frame ?? {};
  const percent = (part = 0, whole: number): string => `${(100 * part) / whole}%`;
  return (
    <div class="display">
      <Toolbar
        app={app}
        displays={store.header?.displays ?? 1}
        display={display}
        zoom={zoom}
        count={frames.value.length}
        index={index.value}
        onStep={step}
        onZoom={setZoom}
      />
      <section class="display-stage" aria-label="Picture">
        <div
          class="display-picture"
          hidden={frame === null}
          style={{
            aspectRatio: width / height,
            width: zoom === 'fit' ? `min(100cqw, ${width / height} * 100cqh)` : `${(width * Number(zoom)) / devicePixelRatio}px`,
          }}
        >
          <canvas ref={canvas} class="display-canvas" />
          <canvas
            ref={cursorCanvas}
            class="display-cursor"
            hidden={cursor === null || params.cursor === 'off'}
            style={{
              left: percent(cursor?.x, width),
              top: percent(cursor?.y, height),
              width: percent(glyph?.width, width),
              height: percent(glyph?.height, height),
            }}
          />
        </div>
        {frame === null && <p class="display-empty">{fault.value || 'No picture has come yet.'}</p>}
      </section>
      <footer class="display-facts">
        <Fact name="mode" title={() => offeredModes(store)}>
          {frame === null ? '–' : `${width}×${height}`}
        </Fact>
        <Fact name="frame">{frame?.present ?? '–'}</Fact>
        <Fact name="frames/s">{rateAt(frames.value, index.value)}</Fact>
        <Fact name="changed">{frame === null ? '–' : changedShare(frame)}</Fact>
        <Fact name="cursor">{cursor === null ? 'hidden' : `${cursor.x}, ${cursor.y}`}</Fact>
        <span class="fault">{fault}</span>
      </footer>
    </div>
  );
}

interface FactProps {
  readonly name: string;
  /** What more there is to say when it is pointed at. */
  readonly title?: () => string;
  readonly children: ComponentChildren;
}

function Fact({ name, title, children }: FactProps) {
  return (
    <span
      class="fact"
      data-fact={name}
      onPointerEnter={({ currentTarget }) => {
        currentTarget.title = title?.() ?? '';
      }}
    >
      <span class="fact-name">{name}</span> <span class="fact-value">{children}</span>
    </span>
  );
}
