/**
 * Draws the rows of a story that are to be seen: actors' lines downwards, bars of what they do, messages across.
 *
 * Invariant: it costs by the rows that are to be seen; what is drawn beside them is looked at, but not drawn. A label is in a row of its own, so no two
 * overlap; to scale, one that would is left out.
 */
import { ArrowKind } from '../../../model/spans-arrows.js';
import { SpanKind } from '../../../model/spans-table.js';
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
  columns: number,
  rows: number,
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
  return rowHeight / 2 + ((time - scale.from) / Math.max(1, scale.to - scale.from)) * (height - rowHeight);
}

/** The row at a height of the content. */
export function rowAt({ rows, geometry }: Pick<SequenceScene, 'rows' | 'geometry'>, y: number): number {
  if (geometry.scale === null) return Math.floor(y / geometry.rowHeight);
  let nearest = -1;
  let away = Number.POSITIVE_INFINITY;
  rows.forEach(({ time }, row) => {
    const distance = Math.abs(yOf(geometry, row, time) - y);
    if (distance < away) [nearest, away] = [row, distance];
  });
  return nearest;
}

export function paintSequence(scene: SequenceScene): void {
  const { context, palette, width, height, geometry, names, scrollTop } = scene;
  context.fillStyle = palette.bg;
  context.fillRect(0, 0, width, height);
  context.font = `${Math.round(0.9 * palette.size)}px system-ui, "Open Sans", sans-serif`;
  context.textBaseline = 'middle';
  const top = (place: number, time: number): number => geometry.head + yOf(geometry, place, time) - scrollTop;
  const bars = scene.bars.filter(({ from, to, begin, end }) => top(to, end) >= geometry.head && top(from, begin) <= height);
  for (const bar of bars) if (bar.kind === SpanKind.hold) paintBar(scene, bar, top);
  names.forEach((_, column) => {
    context.fillStyle = palette.line;
    context.fillRect(xOf(geometry, column) - 0.5, geometry.head, 1, height);
  });
  for (const bar of bars) if (bar.kind !== SpanKind.hold) paintBar(scene, bar, top);
  for (const message of scene.messages) paintMessage(scene, message, top);
  paintRowTexts(scene, top);
  paintHead(scene);
}

type Top = (place: number, time: number) => number;

function paintBar({ context, palette, colours, geometry }: SequenceScene, bar: SequenceBar, top: Top): void {
  const { column, depth, kind, name, flags, from, to, begin, end } = bar;
  const x = xOf(geometry, column);
  const y = top(from, begin);
  const tall = Math.max(2, top(to, end) - y);
  context.fillStyle = colours.of(kind, name, flags);
  if (kind === SpanKind.hold) {
    context.globalAlpha = 0.16;
    context.fillRect(x - 0.36 * geometry.columnWidth, y, 0.72 * geometry.columnWidth, tall);
  } else if (kind === SpanKind.wait) {
    // A bracket.
    context.strokeStyle = palette.warn;
    context.lineWidth = 1.5;
    context.beginPath();
    const left = x - 8 - 2 * depth;
    context.moveTo(left + 4, y);
    context.lineTo(left, y);
    context.lineTo(left, y + tall);
    context.lineTo(left + 4, y + tall);
    context.stroke();
  } else if (kind === SpanKind.batch) {
    context.globalAlpha = 0.35;
    context.fillRect(x - 6, y, 12, tall);
  } else context.fillRect(x - 4 + 3 * Math.max(0, depth - 1), y, 8, tall);
  context.globalAlpha = 1;
}

function paintMessage(
  { context, palette, geometry, height }: SequenceScene,
  { fromColumn, toColumn, from, to, sent, taken, kind }: SequenceMessage,
  top: Top,
): void {
  const [y1, y2] = [top(from, sent), top(to, taken)];
  if (Math.max(y1, y2) < geometry.head || Math.min(y1, y2) > height) return;
  const isRight = toColumn >= fromColumn ? 1 : -1;
  const [x1, x2] = [xOf(geometry, fromColumn) + 5 * isRight, xOf(geometry, toColumn) - 7 * isRight];
  const isReply = kind === ArrowKind.answer || kind === ArrowKind.reply;
  context.strokeStyle = palette.accent;
  context.fillStyle = palette.accent;
  context.lineWidth = 1.3;
  context.setLineDash(isReply ? [5, 3] : []);
  context.beginPath();
  if (fromColumn === toColumn) {
    context.moveTo(x1, y1);
    context.bezierCurveTo(x1 + 26, y1, x1 + 26, y2, x1 + 3, y2);
  } else {
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
  }
  context.stroke();
  context.setLineDash([]);
  const angle = fromColumn === toColumn ? Math.PI : Math.atan2(y2 - y1, x2 - x1);
  const tip = fromColumn === toColumn ? x1 + 2 : x2 + 2 * isRight;
  context.beginPath();
  context.moveTo(tip, y2);
  context.lineTo(tip - 8 * Math.cos(angle - 0.4), y2 - 8 * Math.sin(angle - 0.4));
  context.lineTo(tip - 8 * Math.cos(angle + 0.4), y2 - 8 * Math.sin(angle + 0.4));
  context.fill();
}

/** The rows that are to be seen, first and last. */
function seen({ rows, geometry, scrollTop, height }: SequenceScene): readonly [number, number] {
  if (geometry.scale !== null) return [0, rows.length - 1];
  return [
    Math.max(0, Math.floor(scrollTop / geometry.rowHeight) - 1),
    Math.min(rows.length - 1, Math.ceil((scrollTop + height) / geometry.rowHeight)),
  ];
}

function paintRowTexts(scene: SequenceScene, top: Top): void {
  const { rows, geometry, height, context, palette, chosen, width, start } = scene;
  const [first, last] = seen(scene);
  let free = Number.NEGATIVE_INFINITY;
  const before = rows[first - 1];
  for (let index = first; index <= last; index++) {
    const row = rows[index] as SequenceRow;
    const y = top(index, row.time);
    if (y < geometry.head - geometry.rowHeight || y > height + geometry.rowHeight) continue;
    if (index === chosen) {
      context.fillStyle = palette.accent;
      context.globalAlpha = 0.14;
      context.fillRect(0, y - geometry.rowHeight / 2, width, geometry.rowHeight);
      context.globalAlpha = 1;
    }
    paintMark(scene, row, y);
    if (geometry.scale !== null && index !== chosen && y < free) continue;
    free = y + 0.75 * geometry.rowHeight;
    paintLabel(scene, row, y);
    context.textAlign = 'right';
    context.fillStyle = palette.muted;
    context.fillText(
      before === undefined ? momentText(row.time - start) : `+${durationText(row.time - before.time)}`,
      geometry.gutter - 10,
      y,
    );
  }
}

function paintMark({ context, palette, geometry, colours }: SequenceScene, row: SequenceRow, y: number): void {
  if (row.kind !== 'event') return;
  context.fillStyle = row.spanKind < 0 ? palette.muted : colours.of(row.spanKind, row.name, 0);
  context.beginPath();
  context.arc(xOf(geometry, row.column), y, 3.5, 0, 2 * Math.PI);
  context.fill();
}

function paintLabel({ context, palette, geometry, width }: SequenceScene, row: SequenceRow, y: number): void {
  // A message is called so where it leaves; where it comes to, the arrow says it.
  const text = row.kind === 'take' ? `takes ${row.label}` : row.label;
  const x = xOf(geometry, row.column);
  const room = context.measureText(text).width;
  const goesLeft = row.other >= 0 && row.kind !== 'take' ? row.other < row.column : x + room + 30 > width;
  const gap = 18;
  const from = goesLeft ? Math.max(geometry.gutter, x - gap - room) : Math.min(x + gap, width - room - 4);
  context.fillStyle = palette.bg;
  context.globalAlpha = 0.82;
  context.fillRect(from - 2, y - 0.45 * geometry.rowHeight, room + 4, 0.9 * geometry.rowHeight);
  context.globalAlpha = 1;
  context.textAlign = 'left';
  context.fillStyle = row.failed
    ? palette.bad
    : row.kind === 'end' || row.kind === 'take'
      ? palette.muted
      : row.other >= 0
        ? palette.accent
        : palette.text;
  context.fillText(text, from, y);
}

function paintHead({ context, palette, geometry, names, width }: SequenceScene): void {
  context.fillStyle = palette.panel;
  context.fillRect(0, 0, width, geometry.head);
  context.fillStyle = palette.line;
  context.fillRect(0, geometry.head - 1, width, 1);
  context.fillStyle = palette.text;
  context.textAlign = 'center';
  const letter = context.measureText('abcdefghmnopst').width / 14;
  const room = Math.max(3, Math.floor((geometry.columnWidth - 8) / letter));
  names.forEach((name, column) => {
    context.fillText(name.length > room ? `${name.slice(0, room - 1)}…` : name, xOf(geometry, column), geometry.head / 2);
  });
}
