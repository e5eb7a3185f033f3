/**
 * What a picture of the timeline is made of, and how times become pixels.
 *
 * Invariant: all lengths are CSS pixels; the canvas's transformation makes the device's of them.
 */
import type { SpanModel } from '../../../model/spans.js';
import type { Layout } from './lane-layout.js';
import type { Colours, Palette } from './palette.js';
import type { Picked } from '../../../model/spans-pick.js';
import type { Thumbnail } from './thumbnails.js';
import type { Window } from './viewport.js';

export interface Scene {
  readonly context: CanvasRenderingContext2D;
  readonly model: SpanModel;
  readonly layout: Layout;
  readonly colours: Colours;
  readonly palette: Palette;
  readonly window: Window;
  readonly width: number;
  readonly height: number;
  /** Of the axis, on top. */
  readonly axis: number;
  readonly scrollTop: number;
  /** The moment that all views show. */
  readonly cursor: number;
  readonly selected: Picked | null;
  readonly hovered: Picked | null;
  /** A stretch that is measured. */
  readonly measured: Window | null;
  /** Spans that a search found have this name or id; null: none is looked for. */
  readonly matches: ((name: number, id: number, job: number) => boolean) | null;
  readonly thumbnails: readonly Thumbnail[];
  /** Whether arrows are drawn though there are many. */
  readonly allArrows: boolean;
}

/** Fits a canvas to its element, clears it, and gives what to draw on it with, in CSS pixels; null if it isn't to be seen. */
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

export const xOf = ({ window: { from, to }, width }: Pick<Scene, 'window' | 'width'>, time: number): number =>
  ((time - from) / (to - from)) * width;

export const timeOf = ({ from, to }: Window, x: number, width: number): number => from + (x / width) * (to - from);

/** Where a lane's row is on the canvas; null if its group is folded. */
export function rowTop(
  { layout, axis, scrollTop }: Pick<Scene, 'layout' | 'axis' | 'scrollTop'>,
  lane: number,
  depth: number,
): number | null {
  const strip = layout.strips.find((each) => each.kind === 'lane' && each.lane === lane);
  return strip === undefined ? null : axis + strip.top - scrollTop + depth * layout.rowHeight;
}
