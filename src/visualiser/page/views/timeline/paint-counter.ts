/**
 * Draws a counter as a small chart: how much there is of something, or how much more it becomes a second; and its largest value in the window.
 */
import { countText } from '../../../model/system-text.js';
import type { Strip } from './lane-layout.js';
import { fill, type Scene } from './scene.js';
import { timeOf } from './viewport.js';

/** Pixels of a step. */
const STEP = 2;

/** The largest value of each step: samples in it, and the last before it, which holds until the next one. */
function valuesOf({ state, window, width }: Scene, counter: number): readonly number[] {
  const { counters, end } = state.model;
  const isTotal = counters.isTotal(counter);
  const values: number[] = [];
  let next = counters.at(window.from);
  for (let x = 0; x < width; x += STEP) {
    const first = Math.max(0, next - 1);
    next = counters.at(timeOf(window, x + STEP, width));
    const last = Math.min(next, counters.length - 1);
    let value = 0;
    if (isTotal) {
      const passed = counters.time(last) - counters.time(first);
      value = passed > 0 ? ((counters.value(counter, last) - counters.value(counter, first)) * 1e9) / passed : 0;
    } else if (timeOf(window, x, width) <= end)
      for (let index = first; index < next; index++) value = Math.max(value, counters.value(counter, index));
    values.push(value);
  }
  return values;
}

/** Draws values as bars beside each other, the largest, if it is above one, or `most`, as high as the room. */
export function paintBars(
  scene: Pick<Scene, 'context'>,
  colour: string,
  values: readonly number[],
  { step, bottom, room, most }: { readonly step: number; readonly bottom: number; readonly room: number; readonly most: number },
): void {
  values.forEach((value, index) => {
    if (value > 0) fill(scene, colour, [index * step, bottom, step, -Math.max(1, (room * Math.min(value, most)) / most)]);
  });
}

export function paintCounter(scene: Scene, { index: counter, height }: Strip, y: number): void {
  const { context, state, palette, width } = scene;
  const values = valuesOf(scene, counter);
  const most = Math.max(...values);
  if (most === 0) return;
  paintBars(scene, palette.series[counter % palette.series.length] as string, values, {
    step: STEP,
    bottom: y + height - 1,
    room: height - 4,
    most,
  });
  const text = `${countText(most)}${state.model.counters.isTotal(counter) ? ' /s' : ''}`;
  const across = context.measureText(text).width + 4;
  fill(scene, palette.bg, [width - across - 4, y + 1, across + 4, 1.1 * palette.size], 0.8);
  context.fillStyle = palette.muted;
  context.fillText(text, width - across, y + 1 + 0.55 * palette.size);
}
