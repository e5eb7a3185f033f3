/**
 * Checks that a value from a file or a socket is a chart.
 *
 * Invariant: whatever is given, the answer is a chart that keeps model.ts's invariants and limits.ts's bounds, made of new objects, or a
 * ChartError that names the place. Fields that a chart doesn't have are left out.
 */
import { CHART_MAX_DEPTH, CHART_MAX_STATES, CHART_MAX_TEXT, CHART_MAX_TRANSITIONS } from '../../base/limits.js';
import type { ChartArrow, ChartBox, ChartLayout } from './layout.js';
import {
  ChartError,
  type ChartGuard,
  type ChartModel,
  type ChartState,
  type ChartStateKind,
  type ChartTransition,
  isContainer,
} from './model.js';

const KINDS: readonly unknown[] = ['atomic', 'compound', 'parallel', 'final', 'history', 'deepHistory'];
/** The largest coordinate that a chart may have: beyond it, a browser draws nothing. */
const MAX_COORDINATE = 1_000_000;

/** Refuses a chart. */
export function wrong(where: string, value: unknown, expected: string): never {
  const shown =
    typeof value === 'string' ? JSON.stringify(value.slice(0, 40)) : Array.isArray(value) ? 'a list' : String(value).slice(0, 40);
  throw new ChartError(`${where} is ${shown}, expected ${expected}`);
}

export function fieldsOf(where: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) wrong(where, value, 'an object');
  return value as Record<string, unknown>;
}

export function listOf(where: string, value: unknown, most: number): readonly unknown[] {
  if (!Array.isArray(value)) wrong(where, value, 'a list');
  if (value.length > most) wrong(`the length of ${where}`, value.length, `${most} at most`);
  return value;
}

export function textOf(where: string, value: unknown): string {
  if (typeof value !== 'string') wrong(where, value, 'a text');
  if (value.length > CHART_MAX_TEXT) wrong(`the length of ${where}`, value.length, `${CHART_MAX_TEXT} at most`);
  return value;
}

function integerOf(where: string, value: unknown, low: number, high: number): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high)
    wrong(where, value, `an integer in ${low}..${high}`);
  return value;
}

function coordinateOf(where: string, value: unknown): number {
  if (typeof value !== 'number' || !(Math.abs(value) <= MAX_COORDINATE)) wrong(where, value, `a number of at most ${MAX_COORDINATE}`);
  return value;
}

const textsOf = (where: string, value: unknown): readonly string[] =>
  listOf(where, value, CHART_MAX_TEXT).map((each, index) => textOf(`${where}[${index}]`, each));

function stateOf(where: string, value: unknown, index: number, count: number): ChartState {
  const fields = fieldsOf(where, value);
  if (!KINDS.includes(fields.kind)) wrong(`${where}.kind`, fields.kind, KINDS.join(', '));
  return {
    name: textOf(`${where}.name`, fields.name),
    parent: integerOf(`${where}.parent`, fields.parent, index === 0 ? -1 : 0, index - 1),
    kind: fields.kind as ChartStateKind,
    initial: integerOf(`${where}.initial`, fields.initial, -1, count - 1),
    description: textOf(`${where}.description`, fields.description),
    entry: textsOf(`${where}.entry`, fields.entry),
    exit: textsOf(`${where}.exit`, fields.exit),
    initialActions: textsOf(`${where}.initialActions`, fields.initialActions),
    invokes: textsOf(`${where}.invokes`, fields.invokes),
  };
}

function guardOf(where: string, value: unknown, { count, depth }: { readonly count: number; readonly depth: number }): ChartGuard {
  if (depth > CHART_MAX_DEPTH) throw new ChartError(`${where} has conditions within each other, more than ${CHART_MAX_DEPTH} deep`);
  const fields = fieldsOf(where, value);
  const inner = { count, depth: depth + 1 };
  switch (fields.kind) {
    case 'name':
      return { kind: 'name', name: textOf(`${where}.name`, fields.name) };
    case 'not':
      return { kind: 'not', term: guardOf(`${where}.term`, fields.term, inner) };
    case 'in':
      return { kind: 'in', state: integerOf(`${where}.state`, fields.state, 1, count - 1) };
    case 'all':
    case 'any': {
      const terms = listOf(`${where}.terms`, fields.terms, CHART_MAX_TEXT);
      return { kind: fields.kind, terms: terms.map((term, index) => guardOf(`${where}.terms[${index}]`, term, inner)) };
    }
    default:
      return wrong(`${where}.kind`, fields.kind, 'name, all, any, not, in');
  }
}

function transitionOf(where: string, value: unknown, count: number): ChartTransition {
  const fields = fieldsOf(where, value);
  if (typeof fields.reenter !== 'boolean') wrong(`${where}.reenter`, fields.reenter, 'true or false');
  return {
    source: integerOf(`${where}.source`, fields.source, 0, count - 1),
    targets: listOf(`${where}.targets`, fields.targets, count).map((target, index) =>
      integerOf(`${where}.targets[${index}]`, target, 0, count - 1),
    ),
    event: fields.event === null ? null : textOf(`${where}.event`, fields.event),
    guard: fields.guard === null ? null : guardOf(`${where}.guard`, fields.guard, { count, depth: 0 }),
    actions: textsOf(`${where}.actions`, fields.actions),
    reenter: fields.reenter,
  };
}

/** Checks what single states can't say: who is whose initial state, who has states within, and how deep. */
function checkTree(where: string, states: readonly ChartState[]): void {
  const depths: number[] = [];
  const children = states.map(() => 0);
  for (const [index, { parent }] of states.entries()) {
    const depth = (depths[parent] ?? -1) + 1;
    if (depth > CHART_MAX_DEPTH) throw new ChartError(`${where}.states[${index}] lies more than ${CHART_MAX_DEPTH} deep`);
    depths.push(depth);
    if (parent >= 0) children[parent] = (children[parent] ?? 0) + 1;
  }
  for (const [index, { kind, initial }] of states.entries()) {
    if ((children[index] ?? 0) > 0 !== isContainer(kind))
      wrong(`${where}.states[${index}].kind`, kind, `another one for ${children[index]} states within it`);
    if (initial >= 0 && states[initial]?.parent !== index) wrong(`${where}.states[${index}].initial`, initial, 'a state within it');
    if (kind === 'compound' && initial < 0) wrong(`${where}.states[${index}].initial`, initial, 'a state within it');
  }
}

function boxOf(where: string, value: unknown): ChartBox {
  const { x, y, width, height } = fieldsOf(where, value);
  return {
    x: coordinateOf(`${where}.x`, x),
    y: coordinateOf(`${where}.y`, y),
    width: coordinateOf(`${where}.width`, width),
    height: coordinateOf(`${where}.height`, height),
  };
}

function arrowOf(where: string, value: unknown, counts: { readonly states: number; readonly transitions: number }): ChartArrow {
  const fields = fieldsOf(where, value);
  const transitions = listOf(`${where}.transitions`, fields.transitions, counts.transitions);
  const points = listOf(`${where}.points`, fields.points, CHART_MAX_TEXT);
  if (points.length < 4 || points.length % 2 !== 0) wrong(`the length of ${where}.points`, points.length, 'an even number from 4 on');
  return {
    transitions: transitions.map((each, index) => integerOf(`${where}.transitions[${index}]`, each, 0, counts.transitions - 1)),
    initialOf: integerOf(`${where}.initialOf`, fields.initialOf, -1, counts.states - 1),
    points: points.map((point, index) => coordinateOf(`${where}.points[${index}]`, point)),
    label: fields.label === null ? null : boxOf(`${where}.label`, fields.label),
  };
}

function layoutOf(where: string, value: unknown, counts: { readonly states: number; readonly transitions: number }): ChartLayout {
  const fields = fieldsOf(where, value);
  const states = listOf(`${where}.states`, fields.states, counts.states);
  if (states.length !== counts.states) wrong(`the length of ${where}.states`, states.length, `${counts.states}, as there are states`);
  return {
    width: coordinateOf(`${where}.width`, fields.width),
    height: coordinateOf(`${where}.height`, fields.height),
    states: states.map((box, index) => boxOf(`${where}.states[${index}]`, box)),
    arrows: listOf(`${where}.arrows`, fields.arrows, counts.states + counts.transitions).map((arrow, index) =>
      arrowOf(`${where}.arrows[${index}]`, arrow, counts),
    ),
  };
}

/** The chart that a value is. `where` is what messages call it. */
export function readChart(value: unknown, where = 'the chart'): ChartModel {
  const fields = fieldsOf(where, value);
  const listed = listOf(`${where}.states`, fields.states, CHART_MAX_STATES);
  if (listed.length === 0) wrong(`the length of ${where}.states`, 0, '1 at least');
  const states = listed.map((state, index) => stateOf(`${where}.states[${index}]`, state, index, listed.length));
  checkTree(where, states);
  const transitions = listOf(`${where}.transitions`, fields.transitions, CHART_MAX_TRANSITIONS).map((transition, index) =>
    transitionOf(`${where}.transitions[${index}]`, transition, states.length),
  );
  const chart = { name: textOf(`${where}.name`, fields.name), states, transitions };
  if (fields.layout === undefined) return chart;
  return { ...chart, layout: layoutOf(`${where}.layout`, fields.layout, { states: states.length, transitions: transitions.length }) };
}
