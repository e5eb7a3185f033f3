/**
 * Draws what lies over the lanes: axis, arrows, what is chosen, what is measured, the moment that all views show.
 */
import { ArrowKind } from '../../../model/spans-arrows.js';
import { arrowsAt, type Picked } from '../../../model/spans-pick.js';
import { rowTop, type Scene, xOf } from './scene.js';
import { durationText, tickStep, tickText } from './time-text.js';

/** More arrows than these are drawn of what is chosen only. */
const FEW_ARROWS = 120;
const SELECTED_ARROWS = 200;
const HEAD = 5;

/** Lines behind the lanes, at the marks of the axis. */
export function paintGrid(scene: Scene): void {
  const { context, palette, height } = scene;
  context.fillStyle = palette.line;
  context.globalAlpha = 0.5;
  for (const { x } of ticks(scene)) context.fillRect(Math.round(x), 0, 0.5, height);
  context.globalAlpha = 1;
}

function ticks(scene: Scene): readonly { readonly x: number; readonly text: string }[] {
  const { window, width, model, palette } = scene;
  if (!(window.to > window.from)) return [];
  const step = tickStep(((window.to - window.from) * 7.5 * palette.size) / width);
  const first = Math.ceil((window.from - model.start) / step);
  const last = Math.floor((window.to - model.start) / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => {
    const time = (first + index) * step;
    return { x: xOf(scene, model.start + time), text: tickText(time, step) };
  });
}

export function paintAxis(scene: Scene): void {
  const { context, palette, width, axis, measured, height } = scene;
  context.fillStyle = palette.panel;
  context.fillRect(0, 0, width, axis);
  context.fillStyle = palette.line;
  context.fillRect(0, axis - 1, width, 1);
  context.font = `${Math.round(0.85 * palette.size)}px system-ui, "Open Sans", sans-serif`;
  context.textBaseline = 'middle';
  context.textAlign = 'left';
  for (const { x, text } of ticks(scene)) {
    context.fillStyle = palette.line;
    context.fillRect(Math.round(x), 0, 1, axis);
    context.fillStyle = palette.muted;
    context.fillText(text, Math.round(x) + 4, axis / 2);
  }
  if (measured === null) return;
  const [from, to] = [xOf(scene, measured.from), xOf(scene, measured.to)];
  context.fillStyle = palette.accent;
  context.globalAlpha = 0.12;
  context.fillRect(from, 0, to - from, height);
  context.globalAlpha = 1;
  for (const x of [from, to]) context.fillRect(Math.round(x), 0, 1, height);
  const text = durationText(measured.to - measured.from);
  const room = context.measureText(text).width + 10;
  const at = Math.min(Math.max(4, (from + to - room) / 2), width - room - 4);
  context.fillRect(at, 2, room, axis - 5);
  context.fillStyle = palette.panel;
  context.fillText(text, at + 5, axis / 2);
}

/** The moment that all views show. */
export function paintCursor(scene: Scene): void {
  const { context, palette, height, width, cursor, axis } = scene;
  const x = xOf(scene, cursor);
  if (!(x >= -6 && x <= width + 6)) return;
  context.fillStyle = palette.accent;
  context.fillRect(Math.round(x) - 0.5, 0, 1.5, height);
  context.beginPath();
  context.moveTo(x - 5, 0);
  context.lineTo(x + 5.5, 0);
  context.lineTo(x + 0.25, axis * 0.45);
  context.fill();
}

export function paintPicked(scene: Scene, picked: Picked, isSelected: boolean): void {
  const { context, palette, layout, width, model } = scene;
  const top = rowTop(scene, picked.lane, picked.depth);
  if (top === null) return;
  const from = Math.max(-4, xOf(scene, picked.begin));
  const to = Math.min(width + 4, xOf(scene, Math.min(picked.end, Math.max(model.end, picked.begin))));
  context.strokeStyle = isSelected ? palette.text : palette.muted;
  context.lineWidth = isSelected ? 2 : 1;
  context.strokeRect(from - 1, top, Math.max(3, to - from + 2), layout.rowHeight);
}

/** Arrows of what is chosen, or all of them when they are few. */
export function paintArrows(scene: Scene): void {
  const { model, window, selected, palette, allArrows } = scene;
  if (selected !== null) {
    for (const { arrow, isOut } of arrowsAt(model, selected, SELECTED_ARROWS))
      paintArrow(scene, arrow, isOut ? palette.accent : palette.warn, 1.5);
    if (!allArrows) return;
  }
  const few: number[] = [];
  model.arrows.visit(window.from, window.to, (arrow) => few.push(arrow) <= (allArrows ? 20 * FEW_ARROWS : FEW_ARROWS));
  if (!allArrows && few.length > FEW_ARROWS) return;
  for (const arrow of few) paintArrow(scene, arrow, palette.muted, 1);
}

function paintArrow(scene: Scene, arrow: number, colour: string, lineWidth: number): void {
  const { context, model, layout, axis } = scene;
  const at = model.arrows.at(arrow);
  if (at === null) return;
  const [fromTop, toTop] = [rowTop(scene, at.fromLane, 0), rowTop(scene, at.toLane, 0)];
  if (fromTop === null || toTop === null) return;
  const half = layout.rowHeight / 2;
  const [x1, y1, x2, y2] = [xOf(scene, at.from), fromTop + half, xOf(scene, at.to), toTop + half];
  const down = y2 >= y1 ? 1 : -1;
  const end = y2 - down * half * 0.7;
  if (Math.max(y1, y2) < axis) return;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = lineWidth;
  context.setLineDash(at.kind === ArrowKind.message ? [] : [4, 2]);
  context.beginPath();
  context.moveTo(x1, y1);
  const bend = Math.max(-60, Math.min(60, (x2 - x1) / 2));
  context.bezierCurveTo(x1 + bend, y1 + (end - y1) * 0.4, x2 - bend * 0.3, end - (end - y1) * 0.4, x2, end);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(x2, end + down);
  context.lineTo(x2 - HEAD * 0.7, end - down * HEAD);
  context.lineTo(x2 + HEAD * 0.7, end - down * HEAD);
  context.fill();
}
