/**
 * Draws counters as small charts: how much there is of something, or how much more it becomes a second.
 */
import type { Strip } from './lane-layout.js';
import { type Scene, xOf } from './scene.js';

const SECOND = 1e9;
/** Pixels of a step where there are more samples than that. */
const BIN = 2;

/** What a chart shows of a moment: times and values, in order. */
interface Points {
  readonly times: number[];
  readonly values: number[];
}

/** The values to show: of each sample, or the largest of each bin if there are many. */
export function pointsOf({ model: { counters }, window, width }: Pick<Scene, 'model' | 'window' | 'width'>, counter: number): Points {
  const first = Math.max(0, counters.at(window.from) - 1);
  const last = Math.min(counters.length, counters.at(window.to) + 1);
  const isTotal = counters.isTotal(counter);
  const [times, values]: [number[], number[]] = [[], []];
  const stride = Math.max(1, Math.ceil(((last - first) * BIN) / width));
  for (let index = first; index < last; index += stride) {
    const end = Math.min(last, index + stride);
    const time = counters.time(index);
    times.push(time);
    if (isTotal) {
      const next = Math.min(end, counters.length - 1);
      const passed = counters.time(next) - time;
      values.push(passed > 0 ? ((counters.value(counter, next) - counters.value(counter, index)) / passed) * SECOND : (values.at(-1) ?? 0));
    } else {
      let largest = 0;
      for (let each = index; each < end; each++) largest = Math.max(largest, counters.value(counter, each));
      values.push(largest);
    }
  }
  return { times, values };
}

/** A number with at most three digits and a letter. */
export function shortNumber(value: number): string {
  if (Math.abs(value) >= 1e9) return `${(value / 1e9).toPrecision(3)} G`;
  if (Math.abs(value) >= 1e6) return `${(value / 1e6).toPrecision(3)} M`;
  if (Math.abs(value) >= 1e4) return `${(value / 1e3).toPrecision(3)} k`;
  return String(Math.round(value * 10) / 10);
}

export function paintCounters(scene: Scene): void {
  const { layout, axis, scrollTop, height } = scene;
  for (const strip of layout.strips) {
    const y = axis + strip.top - scrollTop;
    if (strip.kind === 'counter' && y <= height && y + strip.height >= axis) paintCounter(scene, strip, y);
  }
}

function paintCounter(scene: Scene, strip: Strip & { readonly kind: 'counter' }, y: number): void {
  const { context, palette, width, model } = scene;
  const { times, values } = pointsOf(scene, strip.counter);
  const bottom = y + strip.height - 1;
  context.fillStyle = palette.line;
  context.fillRect(0, bottom, width, 0.5);
  const largest = Math.max(0, ...values);
  if (largest === 0) return;
  const room = strip.height - 4;
  context.fillStyle = palette.series[strip.counter % palette.series.length] ?? palette.accent;
  times.forEach((time, index) => {
    const from = Math.max(0, xOf(scene, time));
    const to = Math.min(width, xOf(scene, times[index + 1] ?? Math.max(time, model.end)));
    const tall = (room * (values[index] ?? 0)) / largest;
    if (to > from && tall > 0) context.fillRect(from, bottom - tall, to - from + 0.3, tall);
  });
  const text = `${shortNumber(largest)}${model.counters.isTotal(strip.counter) ? ' /s' : ''}`;
  context.font = `${Math.round(0.75 * palette.size)}px system-ui, "Open Sans", sans-serif`;
  context.textAlign = 'right';
  context.textBaseline = 'top';
  const across = context.measureText(text).width;
  context.globalAlpha = 0.8;
  context.fillStyle = palette.bg;
  context.fillRect(width - across - 6, y + 1, across + 4, 0.9 * palette.size);
  context.globalAlpha = 1;
  context.fillStyle = palette.muted;
  context.fillText(text, width - 4, y + 2);
}
