/**
 * The Display view: the picture as it is at the moment that is looked at, pixel for pixel, with its cursor; frame by frame back and forth.
 */
import { useComputed, useSignal, useSignalEffect } from '@preact/signals';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import type { RecordedFrame } from '../../../../trace/recording/format.js';
import type { App } from '../../app.js';
import { CursorTrail, drawCursor, lastUpTo } from './cursor-trail.js';
import { FramePlayer } from './frame-player.js';
import { ModeList } from './mode-list.js';
import { Toolbar } from './toolbar.js';
import { ZOOMS, type Zoom, zoomOf } from './zoom.js';
import './display.css';

const SECOND = 1e9;

/** Presents a second, over the second before a frame. */
function rateAt(frames: readonly RecordedFrame[], index: number): number | null {
  const last = frames[index];
  const first = frames[lastUpTo(frames, (last?.nanoseconds ?? 0) - SECOND) + 1];
  if (last === undefined || first === undefined || first === last) return null;
  return ((last.present - first.present) * SECOND) / (last.nanoseconds - first.nanoseconds);
}

export function DisplayView({ app }: { readonly app: App }) {
  const { store } = app;
  const stage = useRef<HTMLElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const cursorCanvas = useRef<HTMLCanvasElement>(null);
  const player = useRef<FramePlayer | null>(null);
  const trail = useMemo(() => new CursorTrail(), []);
  const modes = useMemo(() => new ModeList(), []);
  const shown = useSignal<RecordedFrame | null>(null);
  const fault = useSignal('');
  const pixel = useSignal('');
  const room = useSignal({ width: 0, height: 0 });
  const display = useComputed(() => Number(app.route.value.params.display ?? 0));
  const zoom = useComputed(() => zoomOf(app.route.value.params.zoom));
  const hasCursor = useComputed(() => app.route.value.params.cursor !== 'off');
  const frames = useComputed(() => {
    app.version.value;
    modes.update(store);
    return store.frames.filter((frame) => frame.display === display.value);
  });
  /** The frame at the moment, or the first one if there was none yet. */
  const index = useComputed(() => {
    const time = app.time.value;
    if (time === null) return frames.value.length - 1;
    return Math.max(0, Math.min(lastUpTo(frames.value, time), frames.value.length - 1));
  });
  const step = (by: number): void => {
    const frame = frames.peek()[Math.max(0, index.peek() + by)];
    if (frame !== undefined) app.time.value = frame.nanoseconds;
  };
  const setZoom = (next: Zoom): void => app.setParams({ zoom: next === 'fit' ? null : String(next) });
  const zoomBy = (by: number): void => {
    const steps = ZOOMS.filter((each) => each !== 'fit');
    const at = steps.findIndex((each) => each >= scale.peek() - 0.01);
    const next = steps[Math.min(steps.length - 1, Math.max(0, (at < 0 ? steps.length - 1 : at) + by))];
    if (next !== undefined) setZoom(next);
  };
  const scale = useComputed(() => {
    const frame = shown.value;
    if (zoom.value !== 'fit' || frame === null) return zoom.value === 'fit' ? 1 : zoom.value;
    const { width, height } = room.value;
    return Math.max(0.05, Math.min((width * devicePixelRatio) / frame.width, (height * devicePixelRatio) / frame.height));
  });

  useEffect(() => {
    const { current } = canvas;
    if (current === null) return;
    player.current = new FramePlayer(
      current,
      (frame) => {
        shown.value = frame;
        fault.value = '';
      },
      (text) => {
        fault.value = text;
      },
    );
  }, []);
  useEffect(() => {
    const { current } = stage;
    if (current === null) return;
    const observer = new ResizeObserver(() => {
      room.value = { width: current.clientWidth, height: current.clientHeight };
    });
    observer.observe(current);
    return () => observer.disconnect();
  }, []);
  useEffect(
    () =>
      app.keys({
        ',': { text: 'one frame back', run: () => step(-1) },
        '.': { text: 'one frame on', run: () => step(1) },
        Home: { text: 'the first frame that is kept', run: () => step(Number.NEGATIVE_INFINITY) },
        f: { text: 'the whole picture', run: () => setZoom('fit') },
        '0': { text: 'pixel for pixel', run: () => setZoom(1) },
        '+ =': { text: 'larger', run: () => zoomBy(1) },
        '-': { text: 'smaller', run: () => zoomBy(-1) },
        c: { text: 'with or without cursor', run: () => app.setParams({ cursor: hasCursor.peek() ? 'off' : null }) },
      }),
    [app],
  );
  useSignalEffect(() => {
    const target = frames.value[index.value];
    if (target !== undefined && player.current !== null) app.defer(player.current.show(frames.value, target));
  });
  const cursor = useComputed(() => {
    app.version.value;
    return hasCursor.value ? trail.at(store.cursors, display.value, app.time.value ?? Number.POSITIVE_INFINITY) : null;
  });
  const glyph = useComputed(() => cursor.value?.image ?? null);
  useSignalEffect(() => {
    const at = glyph.value === null ? null : cursor.peek();
    if (at !== null && cursorCanvas.current !== null) drawCursor(cursorCanvas.current, at);
  });

  const css = (pixels: number): string => `${(pixels * scale.value) / devicePixelRatio}px`;
  /** Puts it into the middle, on a whole pixel of the screen. */
  const margin = (space: number, pixels: number): string =>
    `${Math.max(0, Math.floor((space * devicePixelRatio - pixels * scale.value) / 2)) / devicePixelRatio}px`;
  const frame = shown.value;
  const at = cursor.value;
  const readPixel = (event: MouseEvent): void => {
    const box = canvas.current?.getBoundingClientRect();
    if (box === undefined || frame === null) return;
    const x = Math.floor(((event.clientX - box.left) * frame.width) / box.width);
    const y = Math.floor(((event.clientY - box.top) * frame.height) / box.height);
    const colour = player.current?.pixel(x, y) ?? null;
    pixel.value = colour === null ? '' : `${x}, ${y}  #${colour.toString(16).padStart(6, '0')}`;
  };
  return (
    <div class="display">
      <Toolbar
        app={app}
        displays={store.header?.displays ?? 1}
        display={display.value}
        zoom={zoom.value}
        scale={scale.value}
        frames={frames.value}
        index={index.value}
        onStep={step}
        onZoom={setZoom}
      />
      <section
        class="display-stage"
        ref={stage}
        aria-label="Picture"
        onMouseMove={readPixel}
        onMouseLeave={() => {
          pixel.value = '';
        }}
      >
        <div
          class="display-picture"
          style={{
            width: css(frame?.width ?? 0),
            height: css(frame?.height ?? 0),
            marginLeft: margin(room.value.width, frame?.width ?? 0),
            marginTop: margin(room.value.height, frame?.height ?? 0),
          }}
        >
          <canvas ref={canvas} class="display-canvas" />
          <canvas
            ref={cursorCanvas}
            class="display-cursor"
            hidden={at === null}
            style={{ left: css(at?.x ?? 0), top: css(at?.y ?? 0), width: css(at?.image.width ?? 0), height: css(at?.image.height ?? 0) }}
          />
        </div>
        {frame === null && <p class="waiting display-empty">{fault.value === '' ? 'No picture has come yet.' : fault.value}</p>}
      </section>
      <footer class="display-facts">
        <Fact name="mode" title={modes.modes.length > 0 ? `the device offers ${modes.modes.join(', ')}` : ''}>
          {frame === null ? '–' : `${frame.width}×${frame.height}`}
        </Fact>
        <Fact name="frame">{frame === null ? '–' : String(frame.present)}</Fact>
        <Fact name="frames/s">{rateAt(frames.value, index.value)?.toFixed(1) ?? '–'}</Fact>
        <Fact name="changed">{frame === null ? '–' : changedShare(frame)}</Fact>
        <Fact name="cursor">{at === null ? 'hidden' : `${at.x}, ${at.y}`}</Fact>
        <Fact name="pixel">{pixel.value === '' ? '–' : pixel.value}</Fact>
        {fault.value !== '' && <span class="fault">{fault.value}</span>}
      </footer>
    </div>
  );
}

/** How much of a picture a frame brings. */
function changedShare({ width, height, rectangles }: RecordedFrame): string {
  const pixels = rectangles.reduce((sum, rectangle) => sum + rectangle.width * rectangle.height, 0);
  return `${((100 * pixels) / (width * height)).toFixed(1)} %`;
}

function Fact({ name, title, children }: { readonly name: string; readonly title?: string; readonly children: string }) {
  return (
    <span class="fact" data-fact={name} title={title ?? ''}>
      <span class="fact-name">{name}</span> <span class="fact-value">{children}</span>
    </span>
  );
}
