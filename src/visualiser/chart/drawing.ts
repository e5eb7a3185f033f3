/**
 * A chart as a picture: elements of an SVG, as plain objects, for a file (svg.ts) and for a page alike.
 *
 * Invariant: what can be marked has a data attribute and nothing else refers to it: `data-state` and `data-transition` are numbers of the
 * chart. Looks are in classes (theme.ts), so that marking something is one attribute. What is not here: texts of a page, marks themselves.
 */
import { indentOf, LABEL_LINE, type LabelLine, labelLines, stateLines, TITLE_LINE } from './label.js';
import type { ChartArrow, ChartBox, ChartLayout } from './layout.js';
import { type ChartModel, isContainer, isHistory, statePath, transitionText } from './model.js';

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

const round = (value: number): number => Math.round(value * 10) / 10;

/** Lines of text, each transition's in a group of its own. */
function textLines(lines: readonly LabelLine[], x: number, y: number): Drawn[] {
  const groups = new Map<number, Drawn[]>();
  for (const [index, { transition, pieces }] of lines.entries()) {
    const spans = pieces.map(({ kind, text }, at) => drawn('tspan', { class: kind }, at === 0 ? text : ` ${text}`));
    const attributes = { x: x + indentOf(lines, index), y: y + index * LABEL_LINE, class: 'label', 'xml:space': 'preserve' };
    groups.set(transition, [...(groups.get(transition) ?? []), drawn('text', attributes, ...spans)]);
  }
  return [...groups].map(([transition, texts]) =>
    drawn('g', transition < 0 ? {} : { class: 'transition', 'data-transition': transition }, ...texts),
  );
}

/** A corner of an arrow, and the way to it: a direction of length 1, and how far it is. */
interface Corner {
  readonly x: number;
  readonly y: number;
  readonly dx: number;
  readonly dy: number;
  readonly far: number;
}

function cornersOf(points: readonly number[]): readonly Corner[] {
  const corners: Corner[] = [];
  for (let at = 0; at + 1 < points.length; at += 2) {
    const [x = 0, y = 0] = points.slice(at);
    const before = corners.at(-1) ?? { x, y };
    const far = Math.hypot(x - before.x, y - before.y) || 1;
    corners.push({ x, y, dx: (x - before.x) / far, dy: (y - before.y) / far, far });
  }
  return corners;
}

/** Right angles with round corners. */
function lineOf(corners: readonly Corner[]): string {
  return corners
    .map(({ x, y, dx, dy, far }, index) => {
      const next = corners[index + 1];
      if (index === 0 || next === undefined) return `${index === 0 ? 'M' : 'L'}${x} ${y}`;
      const [before, behind] = [Math.min(6, far / 2), Math.min(6, next.far / 2)];
      return `L${round(x - before * dx)} ${round(y - before * dy)}Q${x} ${y} ${round(x + behind * next.dx)} ${round(y + behind * next.dy)}`;
    })
    .join('');
}

/** The head of an arrow, at its last corner. */
function headOf({ x, y, dx, dy }: Corner): string {
  const side = (width: number): string => `${round(x - 8 * dx - width * dy)} ${round(y - 8 * dy + width * dx)}`;
  return `M${x} ${y}L${side(3.6)}L${side(-3.6)}Z`;
}

function arrowOf(chart: ChartModel, { transitions, initialOf, points, label }: ChartArrow): Drawn[] {
  const corners = cornersOf(points);
  const [first, second] = corners;
  const last = corners.at(-1);
  // ELK may have found no way for it.
  if (first === undefined || second === undefined || last === undefined) return [];
  const line = [drawn('path', { class: 'line', d: lineOf(corners) }), drawn('path', { class: 'head', d: headOf(last) })];
  if (initialOf >= 0) {
    const middle = { cx: round(first.x - 5 * second.dx), cy: round(first.y - 5 * second.dy) };
    return [drawn('g', { class: 'arrow initial', 'data-initial': initialOf }, drawn('circle', { class: 'dot', ...middle, r: 5 }), ...line)];
  }
  const text = label === null ? [] : textLines(labelLines(chart, transitions), label.x + 3, label.y + LABEL_LINE - 3);
  return [drawn('g', { class: 'arrow', 'data-transitions': transitions.join(' ') }, ...line, ...text)];
}

function stateOf(chart: ChartModel, state: number, { x, y, width, height }: ChartBox): Drawn {
  const { kind = 'atomic', name = '', parent = -1, description = '' } = chart.states[state] ?? {};
  const path = statePath(chart, state);
  const lines = stateLines(chart, state);
  const isPast = isHistory(kind);
  const isInRegion = chart.states[parent]?.kind === 'parallel';
  const children = [
    drawn('title', {}, [path || chart.name, description].filter((text) => text !== '').join(': ')),
    drawn('rect', { class: 'box', x, y, width, height, rx: isPast ? width / 2 : RADIUS }),
  ];
  if (kind === 'final') {
    children.push(drawn('rect', { class: 'inner', x: x + 3, y: y + 3, width: width - 6, height: height - 6, rx: RADIUS - 3 }));
  }
  const title = isContainer(kind)
    ? { class: 'name', x: x + 14, y: y + TITLE_LINE }
    : {
        class: 'name',
        x: round(x + width / 2),
        y: round(y + (lines.length > 0 ? TITLE_LINE : height / 2 + 4.5)),
        'text-anchor': 'middle',
      };
  children.push(drawn('text', title, kind === 'history' ? 'H' : isPast ? 'H*' : name));
  const top = y + TITLE_LINE + 10;
  if (lines.length > 0) children.push(drawn('path', { class: 'rule', d: `M${x} ${top}H${round(x + width)}` }));
  return drawn(
    'g',
    {
      class: `state ${kind}${parent < 0 ? ' machine' : ''}${isInRegion ? ' region' : ''}`,
      'data-state': state,
      'data-path': path,
    },
    ...children,
    ...textLines(lines, x + 14, top + LABEL_LINE + 1),
  );
}

/** Everything of a chart, from the outermost state inwards, arrows above them. */
export function draw(chart: ChartModel, layout: ChartLayout): Drawn {
  const states = layout.states.map((box, state) => stateOf(chart, state, box));
  return drawn('g', { class: 'chart', 'data-machine': chart.name }, ...states, ...layout.arrows.flatMap((arrow) => arrowOf(chart, arrow)));
}

/** What the chart of a machine says in words, for those who can't see it. */
export function inWords(chart: ChartModel): string {
  const transitions = chart.transitions.map((transition) => {
    const targets = transition.targets.map((target) => statePath(chart, target)).join(', ');
    return `${statePath(chart, transition.source) || chart.name}: ${transitionText(chart, transition)}${targets === '' ? '' : ` to ${targets}`}`;
  });
  return transitions.join('; ');
}
