/**
 * One picture of the timeline, as the state is now: axis, strips, and what lies over them.
 *
 * Invariant: nothing is kept between pictures but small pictures of frames.
 */
import type { Strip } from './lane-layout.js';
import { paintCounter } from './paint-counter.js';
import { paintLane } from './paint-lane.js';
import { paintArrows, paintMeasured, paintSpan } from './paint-over.js';
import { Colours, readPalette } from './palette.js';
import { type Pictures, paintPictures } from './pictures.js';
import { fill, prepare, type Scene, xOf } from './scene.js';
import type { TimelineState } from './state.js';
import { momentText, tickDigits, tickStep } from './time-text.js';

/** Of texts, by that of the page. */
const TEXT = 0.85;
/** Between marks at least, by the size of text. */
const TICK_ROOM = 9;

const PAINTERS: Readonly<Record<Strip['kind'], (scene: Scene, strip: Strip, y: number) => void>> = {
  group: (scene, { height }, y) => fill(scene, scene.palette.raised, [0, y, scene.width, height]),
  lane: paintLane,
  counter: paintCounter,
  pictures: paintPictures,
};

export function paint(state: TimelineState, pictures: Pictures, canvas: HTMLCanvasElement): void {
  const context = prepare(canvas);
  if (context === null) return;
  const palette = readPalette(canvas);
  const { clientWidth: width, clientHeight: height } = canvas;
  const { app, model } = state;
  state.size.value = palette.size;
  state.width.value = width;
  const colours = new Colours(palette, (name) => model.names.text(name));
  const scene: Scene = { context, state, palette, colours, pictures, window: state.window.value, width, height };
  context.font = `${TEXT * palette.size}px system-ui, "Open Sans", sans-serif`;
  context.textBaseline = 'middle';
  fill(scene, palette.bg, [0, 0, width, height]);
  if (!Number.isNaN(model.start)) paintScene(scene);
  // For whoever waits for the picture.
  Object.assign(canvas.dataset, { spans: model.spans.length, complete: app.store.end !== null });
}

function paintScene(scene: Scene): void {
  const { context, state, palette, pictures, width, height } = scene;
  const { axis, strips } = state.layout.value;
  paintAxis(scene, axis);
  context.save();
  context.beginPath();
  context.rect(0, axis, width, height);
  context.clip();
  pictures.begin();
  for (const strip of strips) {
    const y = strip.top - state.scrollTop.value;
    if (y > height || y + strip.height < axis) continue;
    PAINTERS[strip.kind](scene, strip, y);
    fill(scene, palette.line, [0, y + strip.height - 1, width, 0.5]);
  }
  paintArrows(scene);
  paintSpan(scene, state.hovered.value, 1);
  paintSpan(scene, state.selected.value, 2);
  context.restore();
  paintMeasured(scene);
  const cursor = Math.round(xOf(scene, state.app.time.value ?? state.range.value.to));
  fill(scene, palette.accent, [cursor - 1, 0, 2, height]);
  fill(scene, palette.accent, [cursor - 4, 0, 8, axis / 3]);
}

/** The axis with its marks, and lines at them behind the lanes. */
function paintAxis(scene: Scene, axis: number): void {
  const { context, state, palette, window, width, height } = scene;
  fill(scene, palette.panel, [0, 0, width, axis]);
  fill(scene, palette.line, [0, axis - 1, width, 1]);
  const step = tickStep(((window.to - window.from) * TICK_ROOM * palette.size) / width);
  const { start } = state.model;
  for (let mark = Math.ceil((window.from - start) / step); mark * step <= window.to - start; mark++) {
    const x = Math.round(xOf(scene, start + mark * step));
    fill(scene, palette.line, [x, 0, 0.5, height]);
    context.fillStyle = palette.muted;
    context.fillText(momentText(mark * step, tickDigits(step)), x + 4, axis / 2);
  }
}
