/**
 * A chart as a picture: elements of an SVG, as plain objects, for a file (svg.ts) and for a page alike.
 *
 * Invariant: what can be marked has a data attribute and nothing else refers to it: `data-state` and `data-transition` are numbers of the
 * chart. Looks are in classes (theme.ts), so that marking something is one attribute. What is not here: texts of a page, marks themselves.
 */
import { indentOf, LABEL_LINE, type LabelLine, labelLines, stateLines, TITLE_LINE } from './label.js';
import type { ChartArrow, ChartBox, ChartLayout } from './layout.js';
import { type ChartModel, statePath, transitionText } from './model.js';

/** An element, with its attributes and what is in it. */
export interface Drawn {
  readonly tag: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly children: readonly (Drawn | string)[];
}

export function drawn(tag: string, attributes: Drawn['attributes'], ...children: readonly (Drawn | string)[]): Drawn {
  return { tag, attributes, children };
}

const RADIUS = 9;

/** Lines of text, each transition's in a group of its own. */
function textLines(lines: readonly LabelLine[], x: number, y: number): Drawn[] {
  const groups: { readonly transition: number; readonly texts: Drawn[] }[] = [];
  for (const [index, { transition, pieces }] of lines.entries()) {
    const spans = pieces.map(({ kind, text }, at) => drawn('tspan', { class: kind }, at === 0 ? text : ` ${text}`));
    const text = drawn(
      'text',
      { x: x + indentOf(lines, index), y: y + index * LABEL_LINE, class: 'label', 'xml:space': 'preserve' },
      ...spans,
    );
    const group = groups.at(-1);
    if (group !== undefined && group.transition === transition) group.texts.push(text);
    else groups.push({ transition, texts: [text] });
  }
  return groups.map(({ transition, texts }) =>
    transition < 0 ? drawn('g', {}, ...texts) : drawn('g', { class: 'transition', 'data-transition': transition }, ...texts),
  );
}

/** Right angles with round corners. */
function pathOf(points: readonly number[]): string {
  const corners: { readonly x: number; readonly y: number }[] = [];
  for (let at = 0; at + 1 < points.length; at += 2) corners.push({ x: points[at] ?? 0, y: points[at + 1] ?? 0 });
  return corners
    .map(({ x, y }, index) => {
      const before = corners[index - 1];
      const after = corners[index + 1];
      if (before === undefined) return `M${x} ${y}`;
      if (after === undefined) return `L${x} ${y}`;
      const toward = (other: { x: number; y: number }): string => {
        const far = Math.hypot(other.x - x, other.y - y);
        const part = far === 0 ? 0 : Math.min(6, far / 2) / far;
        return `${round(x + (other.x - x) * part)} ${round(y + (other.y - y) * part)}`;
      };
      return `L${toward(before)}Q${x} ${y} ${toward(after)}`;
    })
    .join('');
}

const round = (value: number): number => Math.round(value * 10) / 10;

/** The head of an arrow, at the end of its line. */
function headOf(points: readonly number[]): string {
  const [fromX = 0, fromY = 0, x = 0, y = 0] = points.slice(-4);
  const far = Math.hypot(x - fromX, y - fromY) || 1;
  const [dx, dy] = [(x - fromX) / far, (y - fromY) / far];
  const side = (sign: number): string => `${round(x - 8 * dx - sign * 3.6 * dy)} ${round(y - 8 * dy + sign * 3.6 * dx)}`;
  return `M${x} ${y}L${side(1)}L${side(-1)}Z`;
}

function arrowOf(chart: ChartModel, { transitions, initialOf, points, label }: ChartArrow): Drawn {
  const line = [drawn('path', { class: 'line', d: pathOf(points) }), drawn('path', { class: 'head', d: headOf(points) })];
  const [x = 0, y = 0] = points;
  const next = { x: points[2] ?? x, y: points[3] ?? y };
  if (initialOf >= 0) {
    const far = Math.hypot(next.x - x, next.y - y) || 1;
    const dot = { cx: round(x - (5 * (next.x - x)) / far), cy: round(y - (5 * (next.y - y)) / far), r: 5 };
    return drawn('g', { class: 'arrow initial', 'data-initial': initialOf }, drawn('circle', { class: 'dot', ...dot }), ...line);
  }
  const text = label === null ? [] : textLines(labelLines(chart, transitions), label.x + 3, label.y + LABEL_LINE - 3);
  return drawn('g', { class: 'arrow', 'data-transitions': transitions.join(' ') }, ...line, ...text);
}

function titleOf(chart: ChartModel, state: number): Drawn[] {
  const { description = '' } = chart.states[state] ?? {};
  const path = statePath(chart, state);
  return [drawn('title', {}, [path === '' ? chart.name : path, description].filter((text) => text !== '').join(': '))];
}

function stateOf(chart: ChartModel, state: number, { x, y, width, height }: ChartBox): Drawn {
  const { kind = 'atomic', name = '', parent = -1 } = chart.states[state] ?? {};
  const around = chart.states[parent]?.kind === 'parallel';
  const attributes = {
    class: `state ${kind}${parent < 0 ? ' machine' : ''}${around ? ' region' : ''}`,
    'data-state': state,
    'data-path': statePath(chart, state),
  };
  if (kind === 'history' || kind === 'deepHistory') {
    const middle = { x: round(x + width / 2), y: round(y + height / 2) };
    const letter = drawn('text', { class: 'name', x: middle.x, y: middle.y + 4, 'text-anchor': 'middle' }, kind === 'history' ? 'H' : 'H*');
    return drawn(
      'g',
      attributes,
      ...titleOf(chart, state),
      drawn('circle', { class: 'box', cx: middle.x, cy: middle.y, r: width / 2 }),
      letter,
    );
  }
  const box = drawn('rect', { class: 'box', x, y, width, height, rx: RADIUS });
  const inner =
    kind === 'final' ? [drawn('rect', { class: 'inner', x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: RADIUS - 3 })] : [];
  const lines = stateLines(chart, state);
  const container = kind === 'compound' || kind === 'parallel';
  const middle = !container && lines.length === 0;
  const text = container
    ? drawn('text', { class: 'name', x: x + 14, y: y + TITLE_LINE }, name)
    : drawn(
        'text',
        { class: 'name', x: round(x + width / 2), y: round(middle ? y + height / 2 + 4.5 : y + TITLE_LINE), 'text-anchor': 'middle' },
        name,
      );
  const top = y + TITLE_LINE + 10;
  const rule = lines.length > 0 ? [drawn('path', { class: 'rule', d: `M${x} ${top}H${round(x + width)}` })] : [];
  return drawn('g', attributes, ...titleOf(chart, state), box, ...inner, text, ...rule, ...textLines(lines, x + 14, top + LABEL_LINE + 1));
}

/** Everything of a chart, from the outermost state inwards, arrows above them. */
export function draw(chart: ChartModel, layout: ChartLayout): Drawn {
  const states = layout.states.map((box, state) => stateOf(chart, state, box));
  const arrows = layout.arrows.filter(({ points }) => points.length >= 4).map((arrow) => arrowOf(chart, arrow));
  return drawn('g', { class: 'chart', 'data-machine': chart.name }, ...states, ...arrows);
}

/** What the chart of a machine says in words, for those who can't see it. */
export function inWords(chart: ChartModel): string {
  const transitions = chart.transitions.map((transition) => {
    const targets = transition.targets.map((target) => statePath(chart, target)).join(', ');
    return `${statePath(chart, transition.source) || chart.name}: ${transitionText(chart, transition)}${targets === '' ? '' : ` to ${targets}`}`;
  });
  return transitions.join('; ');
}
