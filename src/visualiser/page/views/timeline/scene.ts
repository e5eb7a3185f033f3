/**
 * What a picture of the timeline is made of, and how it is put on a canvas.
 *
 * Invariant: all lengths are CSS pixels; the canvas's transformation makes the device's of them.
 */
import type { Colours, Palette } from './palette.js';
import type { Pictures } from './pictures.js';
import type { TimelineState } from './state.js';
import type { Window } from './viewport.js';

export interface Scene {
  readonly context: CanvasRenderingContext2D;
  readonly state: TimelineState;
  readonly palette: Palette;
  readonly colours: Colours;
  readonly pictures: Pictures;
  readonly window: Window;
  readonly width: number;
  readonly height: number;
}

/** Fits a canvas to its element, and gives what to draw on it with, in CSS pixels; null if it isn't to be seen. */
export function prepare(canvas: HTMLCanvasElement): CanvasRenderingContext2D | null {
  const { clientWidth, clientHeight } = canvas;
  const [width, height] = [Math.round(clientWidth * devicePixelRatio), Math.round(clientHeight * devicePixelRatio)];
  if (width === 0 || height === 0) return null;
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext('2d', { alpha: false });
  context?.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, 0, 0);
  return context;
}

/** Fills a rectangle: left, top, width, height. */
export function fill(
  { context }: Pick<Scene, 'context'>,
  colour: string,
  [x, y, width, height]: readonly [number, number, number, number],
  alpha = 1,
): void {
  context.globalAlpha = alpha;
  context.fillStyle = colour;
  context.fillRect(x, y, width, height);
  context.globalAlpha = 1;
}

export const xOf = ({ window: { from, to }, width }: Pick<Scene, 'window' | 'width'>, time: number): number =>
  ((time - from) / (to - from)) * width;

/** Where the middle of a lane's row is on the canvas; null if its group is folded. */
export function rowMiddle({ state }: Scene, lane: number, depth: number): number | null {
  const { strips, rowHeight } = state.layout.value;
  const strip = strips.find(({ kind, index }) => kind === 'lane' && index === lane);
  return strip === undefined ? null : strip.top - state.scrollTop.value + (depth + 0.5) * rowHeight;
}
