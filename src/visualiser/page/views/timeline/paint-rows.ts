/**
 * Draws the rows of the lanes: spans with their names where they fit, runs of short ones as what their longest is.
 *
 * Invariant: what it costs goes by the pixels. Neighbours of one colour are one rectangle.
 */
import { SpanKind } from '../../../model/spans-table.js';
import type { Strip } from './lane-layout.js';
import { labelOf } from '../../../model/spans-pick.js';
import { type Scene, xOf } from './scene.js';

/** Narrower spans have no text. */
const TEXT_WIDTH = 26;
const PADDING = 3;

/** Rectangles of one row; those of one colour that touch become one. */
class Run {
  private colour = '';
  private alpha = 1;
  private from = 0;
  private to = -1;

  constructor(
    private readonly context: CanvasRenderingContext2D,
    private readonly y: number,
    private readonly height: number,
  ) {}

  add(from: number, to: number, colour: string, alpha: number): void {
    if (colour === this.colour && alpha === this.alpha && from <= this.to + 0.5) {
      this.to = Math.max(this.to, to);
      return;
    }
    this.flush();
    this.colour = colour;
    this.alpha = alpha;
    this.from = from;
    this.to = to;
  }

  flush(): void {
    if (this.to <= this.from) return;
    this.context.globalAlpha = this.alpha;
    this.context.fillStyle = this.colour;
    this.context.fillRect(this.from, this.y, this.to - this.from, this.height);
    this.to = this.from - 1;
  }
}

interface Label {
  readonly text: string;
  readonly x: number;
  readonly width: number;
  readonly y: number;
  readonly isPale: boolean;
}

/** Draws the lanes that are to be seen. */
export function paintRows(scene: Scene): void {
  const { context, layout, height, axis, scrollTop } = scene;
  const labels: Label[] = [];
  for (const strip of layout.strips) {
    const y = axis + strip.top - scrollTop;
    if (y > height || y + strip.height < axis) continue;
    if (strip.kind === 'group') paintHead(scene, y, strip.height);
    if (strip.kind === 'lane') paintLane(scene, strip, y, labels);
  }
  context.globalAlpha = 1;
  paintLabels(scene, labels);
}

function paintHead({ context, palette, width }: Scene, y: number, height: number): void {
  context.globalAlpha = 1;
  context.fillStyle = palette.raised;
  context.fillRect(0, y, width, height);
}

function paintLane(scene: Scene, strip: Strip & { readonly kind: 'lane' }, top: number, labels: Label[]): void {
  const { model, context, width, layout, palette } = scene;
  const lane = model.lanes[strip.lane];
  if (lane === undefined) return;
  for (let depth = 0; depth < strip.rows; depth++) paintRow(scene, { lane: strip.lane, depth, y: top + depth * layout.rowHeight }, labels);
  context.globalAlpha = 1;
  context.fillStyle = palette.line;
  context.fillRect(0, top + strip.height - 1, width, 0.5);
}

function paintRow(scene: Scene, place: { readonly lane: number; readonly depth: number; readonly y: number }, labels: Label[]): void {
  const { model, context, window, width, layout, colours, matches } = scene;
  const row = model.lanes[place.lane]?.rows[place.depth];
  if (row === undefined) return;
  const { spans } = model;
  const pixel = (window.to - window.from) / width;
  const inner = layout.rowHeight - 2;
  const run = new Run(context, place.y + 1, inner);
  row.visit(window.from, window.to, pixel, (span, begin, end, count, busy) => {
    const [kind, name] = [spans.kindOf(span), spans.nameOf(span)];
    const from = Math.max(-1, xOf(scene, begin));
    const to = Math.min(width + 1, xOf(scene, end));
    const colour = colours.of(kind, name, spans.flagsOf(span));
    let alpha = paleness(kind, count, busy, end - begin);
    if (matches !== null) alpha = matches(name, spans.idOf(span), spans.jobOf(span)) ? 1 : alpha * 0.25;
    if (to - from < 1.5) {
      const at = Math.floor(from);
      return run.add(at, Math.max(at + 1, Math.ceil(to)), colour, alpha);
    }
    // A hair between neighbours, so that they can be told apart.
    run.add(from, to - (count === 1 ? 0.5 : 0), colour, alpha);
    if (count === 1 && to - from > TEXT_WIDTH) {
      const text = labelOf(model, { kind, name, id: spans.idOf(span) });
      labels.push({ text, x: Math.max(0, from), width: to - Math.max(0, from), y: place.y, isPale: alpha < 0.6 || isQuiet(scene, colour) });
    }
  });
  run.flush();
  const { open } = row;
  if (open === null || open.begin > window.to) return;
  const [from, to] = [Math.max(-1, xOf(scene, open.begin)), Math.min(width + 1, xOf(scene, Math.max(open.begin, model.end)))];
  const colour = colours.of(open.kind, open.name, open.flags);
  run.add(Math.min(from, to - 1), to, colour, 0.7);
  run.flush();
  if (to - from > TEXT_WIDTH) {
    labels.push({
      text: `${labelOf(model, open)} …`,
      x: Math.max(0, from),
      width: to - Math.max(0, from),
      y: place.y,
      isPale: isQuiet(scene, colour),
    });
  }
}

const isQuiet = ({ palette }: Scene, colour: string): boolean => colour === palette.line || colour === palette.raised;

/** Waits and batches stay behind what is done in them; a run that is mostly gaps is paler than one that is full. */
function paleness(kind: number, count: number, busy: number, length: number): number {
  const base = kind === SpanKind.wait || kind === SpanKind.batch ? 0.45 : 1;
  return count > 1 && busy < 0.5 * length ? 0.5 * base : base;
}

function paintLabels({ context, palette, layout, axis, height }: Scene, labels: readonly Label[]): void {
  context.font = `${Math.round(0.85 * palette.size)}px system-ui, "Open Sans", sans-serif`;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  const letter = context.measureText('abcdefghmnopst').width / 14;
  for (const { text, x, width, y, isPale } of labels) {
    if (y + layout.rowHeight < axis || y > height) continue;
    const room = Math.floor((width - 2 * PADDING) / letter);
    if (room < 2) continue;
    context.fillStyle = isPale ? palette.text : palette.panel;
    context.fillText(text.length > room ? `${text.slice(0, room - 1)}…` : text, x + PADDING, y + layout.rowHeight / 2 + 0.5);
  }
}
