/**
 * What a model says, in words, for tests to compare.
 */
import { ARROW_KIND_NAMES } from '../../../dist/src/visualiser/model/spans-arrows.js';
import type { SpanModel } from '../../../dist/src/visualiser/model/spans.js';
import { SPAN_KIND_NAMES } from '../../../dist/src/visualiser/model/spans-table.js';

/** All that has ended and all that is open, in words: `lane/depth kind name id begin-end`. */
export function said(model: SpanModel): string[] {
  const { spans } = model;
  const lines: string[] = [];
  for (const { name, rows } of model.lanes) {
    for (const [depth, row] of rows.entries()) {
      for (let place = 0; place < row.length; place++) {
        const span = row.at(place);
        const flags = ['', ' cut', ' failed', ' cut failed'][spans.flagsOf(span)];
        const kind = SPAN_KIND_NAMES[spans.kindOf(span)];
        lines.push(
          `${name}/${depth} ${kind} ${model.names.text(spans.nameOf(span))} ${spans.idOf(span)} ${spans.beginOf(span)}-${spans.endOf(span)}${flags}`,
        );
      }
      if (row.open)
        lines.push(
          `${name}/${depth} ${SPAN_KIND_NAMES[row.open.kind]} ${model.names.text(row.open.name)} ${row.open.id} ${row.open.begin}-`,
        );
    }
  }
  return lines;
}

export function arrowsOf(model: SpanModel): string[] {
  const lines: string[] = [];
  model.arrows.visit(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, (arrow) => {
    const { kind, name, id, fromLane, toLane, from, to } = model.arrows.at(arrow) ?? {
      kind: 0,
      name: 0,
      id: 0,
      fromLane: 0,
      toLane: 0,
      from: 0,
      to: 0,
    };
    lines.push(
      `${ARROW_KIND_NAMES[kind]} ${model.names.text(name)} ${id}: ${model.lanes[fromLane]?.name} ${from} → ${model.lanes[toLane]?.name} ${to}`,
    );
    return true;
  });
  return lines;
}
