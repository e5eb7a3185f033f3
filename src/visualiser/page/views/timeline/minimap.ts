/**
 * Draws the whole recording in a narrow strip: how much the BQL is held, what went wrong, the pictures' moments, and the window.
 */
import type { RecordedNote } from '../../../../trace/recording/format.js';
import type { SpanModel } from '../../../model/spans.js';
import type { Palette } from './palette.js';
import type { Window } from './viewport.js';

/** How much the BQL is held, and processors wait, by pixels; made anew when there is more to it. */
export class BusyShares {
  private key = '';
  private shares: readonly (Float32Array | null)[] = [];

  of(model: SpanModel, width: number): readonly (Float32Array | null)[] {
    const key = `${model.spans.end} ${model.end} ${width}`;
    if (key === this.key) return this.shares;
    this.key = key;
    const rows = ['bql', 'vcpu'].map((kind) => model.lanes.find((lane) => lane.kind === kind)?.rows[0]);
    this.shares = rows.map((row) => (row === undefined ? null : busyShares(model, row, { from: model.start, to: model.end }, width)));
    return this.shares;
  }
}

export interface MinimapScene {
  readonly context: CanvasRenderingContext2D;
  readonly model: SpanModel;
  readonly palette: Palette;
  readonly shares: readonly (Float32Array | null)[];
  readonly notes: readonly RecordedNote[];
  readonly window: Window;
  readonly cursor: number;
  readonly width: number;
  readonly height: number;
}

/** How much of each pixel a row is busy. */
export function busyShares(
  model: SpanModel,
  row: SpanModel['lanes'][number]['rows'][number],
  { from, to }: Window,
  width: number,
): Float32Array {
  const shares = new Float32Array(width);
  const pixel = (to - from) / width;
  row.visit(from, to, pixel, (_, begin, end, count, busy) => {
    const density = count === 1 ? 1 : busy / Math.max(1, end - begin);
    const last = Math.min(width - 1, Math.floor((end - from) / pixel));
    for (let x = Math.max(0, Math.floor((begin - from) / pixel)); x <= last; x++) {
      const inside = Math.min(end, from + (x + 1) * pixel) - Math.max(begin, from + x * pixel);
      shares[x] = (shares[x] as number) + (density * Math.max(0, inside)) / pixel;
    }
  });
  const { open } = row;
  if (open !== null) shares.fill(1, Math.max(0, Math.floor((open.begin - from) / pixel)), Math.ceil((model.end - from) / pixel));
  return shares;
}

export function paintMinimap(scene: MinimapScene): void {
  const { context, model, palette, window, width, height, notes, cursor } = scene;
  context.fillStyle = palette.bg;
  context.fillRect(0, 0, width, height);
  const whole = { from: model.start, to: model.end };
  if (!(whole.to > whole.from)) return;
  scene.shares.forEach((shares, index) => {
    context.fillStyle = palette.series[index] ?? palette.accent;
    const room = height / 2 - 3;
    const bottom = (index + 1) * (height / 2) - 1;
    shares?.forEach((share, x) => {
      const tall = Math.max(1, Math.min(1, share) * room);
      if (share > 0) context.fillRect(x, bottom - tall, 1, tall);
    });
  });
  const xOf = (time: number): number => ((time - whole.from) / (whole.to - whole.from)) * width;
  context.fillStyle = palette.bad;
  for (const { nanoseconds, kind } of notes) if (kind !== 'lifeCycle' && kind !== 'trace') context.fillRect(xOf(nanoseconds) - 1, 0, 2, 5);
  const [from, to] = [Math.max(0, xOf(window.from)), Math.min(width, Math.max(xOf(window.to), xOf(window.from) + 2))];
  context.fillStyle = palette.text;
  context.globalAlpha = 0.12;
  context.fillRect(0, 0, from, height);
  context.fillRect(to, 0, width - to, height);
  context.globalAlpha = 1;
  context.strokeStyle = palette.muted;
  context.strokeRect(from + 0.5, 0.5, Math.max(1, to - from - 1), height - 1);
  context.fillStyle = palette.accent;
  context.fillRect(xOf(cursor) - 0.5, 0, 1.5, height);
}
