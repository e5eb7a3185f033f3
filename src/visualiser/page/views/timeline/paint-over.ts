/**
 * Draws what lies over the lanes: arrows, what is chosen, what is measured.
 */
import { ArrowKind } from '../../../model/spans-arrows.js';
import { arrowsAt, type Picked } from '../../../model/spans-pick.js';
import { extent } from './actions.js';
import { fill, rowMiddle, type Scene, xOf } from './scene.js';

/** More arrows than these are drawn of what is selected only. */
const FEW_ARROWS = 120;
const HEAD = 5;

export function paintMeasured(scene: Scene): void {
  const { state, palette, height } = scene;
  if (state.measured.value === null) return;
  const { from, to } = state.measured.value;
  const x = xOf(scene, from);
  fill(scene, palette.accent, [x, 0, xOf(scene, to) - x, height], 0.15);
}

/** An outline around a span. */
export function paintSpan(scene: Scene, picked: Picked | null, lineWidth: number): void {
  const { context, state, palette, width } = scene;
  const middle = picked === null ? null : rowMiddle(scene, picked.lane, picked.depth);
  if (picked === null || middle === null) return;
  const { rowHeight } = state.layout.value;
  const { from, to } = extent(state, picked);
  const [left, right] = [Math.max(-4, xOf(scene, from)), Math.min(width + 4, xOf(scene, to))];
  context.strokeStyle = palette.text;
  context.lineWidth = lineWidth;
  context.strokeRect(left - 1, middle - rowHeight / 2, Math.max(3, right - left + 2), rowHeight);
}

/** Arrows of what is selected, or all of the window when they are few. */
export function paintArrows(scene: Scene): void {
  const { state, window, palette } = scene;
  const { model } = state;
  const selected = state.selected.value;
  if (selected !== null) {
    for (const { arrow, isOut } of arrowsAt(model, selected, FEW_ARROWS)) paintArrow(scene, arrow, isOut ? palette.accent : palette.warn);
    return;
  }
  const few: number[] = [];
  model.arrows.visit(window.from, window.to, (arrow) => few.push(arrow) <= FEW_ARROWS);
  if (few.length <= FEW_ARROWS) for (const arrow of few) paintArrow(scene, arrow, palette.muted);
}

/** Messages have a line, what wakes or answers a dashed one. */
function paintArrow(scene: Scene, arrow: number, colour: string): void {
  const { context, state } = scene;
  const at = state.model.arrows.at(arrow);
  if (at === null) return;
  const [y1, y2] = [rowMiddle(scene, at.fromLane, 0), rowMiddle(scene, at.toLane, 0)];
  if (y1 === null || y2 === null) return;
  const [x1, x2, down] = [xOf(scene, at.from), xOf(scene, at.to), y2 < y1 ? -1 : 1];
  const back = y2 - down * HEAD;
  context.strokeStyle = colour;
  context.fillStyle = colour;
  context.lineWidth = 1.5;
  context.setLineDash(at.kind === ArrowKind.message ? [] : [4, 2]);
  context.beginPath();
  context.moveTo(x1, y1);
  context.bezierCurveTo(x1, (y1 + back) / 2, x2, (y1 + back) / 2, x2, back);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(x2, y2);
  context.lineTo(x2 - HEAD * 0.7, back);
  context.lineTo(x2 + HEAD * 0.7, back);
  context.fill();
}
