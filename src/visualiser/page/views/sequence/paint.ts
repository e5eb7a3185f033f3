/**
 * Draws the rows of a story that are to be seen: actors' lines downwards, bars of what they do, messages across.
 *
 * Invariant: it costs by the rows that are to be seen; what is drawn beside them is looked at, but not drawn. A label is in a row of its own, so no two
 * overlap; to scale, one that would is left out.
 */
import { ArrowKind } from '../../../model/spans-arrows.js';
import { SpanFlag, SpanKind } from '../../../model/spans-table.js';
import type { Colours, Palette } from '../timeline/palette.js';
import { durationText, momentText } from '../timeline/time-text.js';
import type { SequenceBar, SequenceMessage, SequenceRow, SequenceRows } from './rows.js';

export interface SequenceScene extends SequenceRows {
  readonly context: CanvasRenderingContext2D;
  readonly palette: Palette;
  readonly colours: Colours;
  readonly width: number;
  readonly height: number;
  readonly scrollTop: number;
  readonly geometry: Geometry;
  readonly names: readonly string[];
  /** Of the recording. */
  readonly start: number;
  readonly chosen: number;
}

/** How rows and columns become pixels. */
export interface Geometry {
  readonly head: number;
  readonly rowHeight: number;
  readonly gutter: number;
  readonly columnWidth: number;
  /** Of everything below the head. */
  readonly height: number;
  /** Null: one row after the other. */
  readonly scale: { readonly from: number; readonly to: number } | null;
}

export function geometryOf(
  size: number,
  room: { readonly width: number; readonly height: number },
  { columns, rows }: { readonly columns: number; readonly rows: number },
  scale: Geometry['scale'],
): Geometry {
  const rowHeight = Math.round(1.6 * size);
  const gutter = 9 * size;
  const head = 2 * size;
  const columnWidth = (room.width - gutter) / Math.max(1, columns);
  return { head, rowHeight, gutter, columnWidth, height: Math.max(room.height - head, (rows + 1) * rowHeight), scale };
}

const xOf = ({ gutter, columnWidth }: Geometry, column: number): number => gutter + (column + 0.5) * columnWidth;

/** Where a place between rows, or a time, is in the content. */
export function yOf({ scale, rowHeight, height }: Geometry, place: number, time: number): number {
  if (scale === null) return (place + 0.5) * rowHeight;
  const share = (time - scale.from) / Math.max(1, scale.to - scale.from);
  return rowHeight / 2 + Math.min(1, Math.max(0, share)) * (height - rowHeight);
}

export function paintSequence(scene: SequenceScene): void {
  const { context, palette, width, height, geometry, names } = scene;
  context.fillStyle = palette.bg;
  context.fillRect(0, 0, width, height);
  context.font = `${Math.round(0.9 * palette.size)}px system-ui, "Open Sans", sans-serif`;
  context.textBaseline = 'middle';
  for (const bar of scene.bars) if (bar.span.kind === SpanKind.hold) paintBar(scene, bar);
  context.fillStyle = palette.line;
  for (const column of names.keys()) context.fillRect(xOf(geometry, column) - 0.5, geometry.head, 1, height);
  for (const bar of scene.bars) if (bar.span.kind !== SpanKind.hold) paintBar(scene, bar);
  for (const message of scene.messages) paintMessage(scene, message);
  paintRows(scene);
  context.fillStyle = palette.panel;
  context.fillRect(0, 0, width, geometry.head);
  context.fillStyle = palette.line;
  context.fillRect(0, geometry.head - 1, width, 1);
  context.fillStyle = palette.text;
  context.textAlign = 'center';
  for (const [column, name] of names.entries()) context.fillText(name, xOf(geometry, column), geometry.head / 2, geometry.columnWidth - 8);
}

const topOf = ({ geometry, scrollTop }: SequenceScene, place: number, time: number): number =>
  geometry.head + yOf(geometry, place, time) - scrollTop;

function paintBar(scene: SequenceScene, { span, column, from, to }: SequenceBar): void {
  const { context, colours, geometry, height } = scene;
  const { kind, name, flags, depth, begin, end } = span;
  const [top, bottom] = [topOf(scene, from, begin), topOf(scene, to, end)];
  if (top > height || bottom < geometry.head) return;
  // From the actor's line to the left, how wide, and how opaque.
  let [left, width, alpha] = [4 - 3 * Math.max(0, depth - 1), 8, 1];
  if (kind === SpanKind.hold) [left, width, alpha] = [0.36 * geometry.columnWidth, 0.72 * geometry.columnWidth, 0.16];
  if (kind === SpanKind.batch) [left, width, alpha] = [6, 12, 0.35];
  if (kind === SpanKind.wait) [left, width] = [10 + 2 * depth, 3];
  context.fillStyle = colours.of(kind, name, flags);
  context.globalAlpha = alpha;
  context.fillRect(xOf(geometry, column) - left, top, width, Math.max(2, bottom - top));
  context.globalAlpha = 1;
}

function paintMessage(scene: SequenceScene, { arrow, from, to }: SequenceMessage): void {
  const { context, palette, geometry, height } = scene;
  const [y1, y2] = [topOf(scene, from.place, arrow.from), topOf(scene, to.place, arrow.to)];
  if (Math.max(y1, y2) < geometry.head || Math.min(y1, y2) > height) return;
  const { column, other } = from;
  const side = other >= column ? 1 : -1;
  const x1 = xOf(geometry, column) + 5 * side;
  // One to itself leaves to the right and comes back from there.
  const [x2, bend, angle] =
    column === other
      ? [x1 + 2, 26, Math.PI]
      : [xOf(geometry, other) - 5 * side, 0, Math.atan2(y2 - y1, xOf(geometry, other) - 5 * side - x1)];
  context.strokeStyle = palette.accent;
  context.fillStyle = palette.accent;
  context.lineWidth = 1.3;
  context.setLineDash(arrow.kind === ArrowKind.answer || arrow.kind === ArrowKind.reply ? [5, 3] : []);
  context.beginPath();
  context.moveTo(x1, y1);
  context.bezierCurveTo(x1 + bend, y1, x2 + bend, y2, x2, y2);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(x2, y2);
  for (const turn of [-0.4, 0.4]) context.lineTo(x2 - 8 * Math.cos(angle + turn), y2 - 8 * Math.sin(angle + turn));
  context.fill();
}

function paintRows(scene: SequenceScene): void {
  const { rows, geometry, height, context, palette, chosen, width, start } = scene;
  const { rowHeight, gutter } = geometry;
  const first = rows[0]?.time ?? 0;
  let free = Number.NEGATIVE_INFINITY;
  for (const row of rows) {
    const y = topOf(scene, row.place, row.time);
    if (y < geometry.head - rowHeight || y > height + rowHeight) continue;
    if (row.place === chosen) {
      context.fillStyle = palette.accent;
      context.globalAlpha = 0.14;
      context.fillRect(0, y - rowHeight / 2, width, rowHeight);
      context.globalAlpha = 1;
    }
    if (row.kind === 'event') paintMark(scene, row, y);
    if (geometry.scale !== null && row.place !== chosen && y < free) continue;
    free = y + 0.75 * rowHeight;
    paintLabel(scene, row, y);
    context.textAlign = 'right';
    context.fillStyle = palette.muted;
    context.fillText(row.place === 0 ? momentText(first - start) : `+${durationText(row.time - first)}`, gutter - 10, y);
  }
}

function paintMark({ context, geometry, colours }: SequenceScene, { column, span }: SequenceRow, y: number): void {
  context.fillStyle = colours.of(SpanKind.event, span?.name ?? 0, 0);
  context.beginPath();
  context.arc(xOf(geometry, column), y, 3.5, 0, 2 * Math.PI);
  context.fill();
}

function paintLabel(
  { context, palette, geometry, width }: SequenceScene,
  { kind, column, other, label, span }: SequenceRow,
  y: number,
): void {
  const x = xOf(geometry, column);
  const room = context.measureText(label).width;
  const isSent = other >= 0 && kind !== 'take';
  const goesLeft = isSent ? other < column : x + room + 30 > width;
  const from = goesLeft ? Math.max(geometry.gutter, x - 18 - room) : Math.min(x + 18, width - room - 4);
  context.fillStyle = palette.bg;
  context.globalAlpha = 0.82;
  context.fillRect(from - 2, y - 0.45 * geometry.rowHeight, room + 4, 0.9 * geometry.rowHeight);
  context.globalAlpha = 1;
  context.textAlign = 'left';
  const isBad = kind === 'end' && span !== null && (span.flags & SpanFlag.failed) !== 0;
  context.fillStyle = isBad ? palette.bad : kind === 'end' || kind === 'take' ? palette.muted : isSent ? palette.accent : palette.text;
  context.fillText(label, from, y);
}
