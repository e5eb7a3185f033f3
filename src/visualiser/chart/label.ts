/**
 * What a chart says where: the lines of labels and of states, and how much room they need.
 *
 * Invariant: drawing and layout use the same lines, so a text never needs more room than it was given. Widths are estimates: no
 * font is measured, since charts are made without a browser. Names in arrows are set in a monospace font, whose characters are all
 * about three fifths of their height wide; for others, characters are sorted into a few widths, on the generous side.
 */
import { type ChartModel, eventText, guardText, isHistory } from './model.js';

/** One piece of a line, in a colour of its own. */
export interface LabelPiece {
  readonly kind: 'event' | 'guard' | 'action';
  readonly text: string;
}

/** A line of a label or of a state; several lines may belong to one transition. */
export interface LabelLine {
  readonly transition: number;
  readonly pieces: readonly LabelPiece[];
}

/** Sizes, in pixels. */
export const LABEL_SIZE = 11;
export const LABEL_LINE = 15;
export const TITLE_SIZE = 13;
export const TITLE_LINE = 20;
const MONOSPACE = 0.62;
/** Labels that are longer than so many characters get another line. */
const LONG_LINE = 36;

const NARROW = /[iljtfrI.,:;'|!()[\]{}/ ]/;
const WIDE = /[mwMW@%]/;
const CAPITAL = /[A-Z0-9_—–]/;

/** About how wide a text is in a proportional font. */
export function textWidth(text: string, size: number): number {
  let width = 0;
  for (const letter of text)
    width += NARROW.test(letter) ? 0.36 : WIDE.test(letter) ? 0.95 : CAPITAL.test(letter) ? 0.7 : letter > '⺀' ? 1.05 : 0.6;
  return width * size;
}

/** About how wide a text is in a monospace font. */
export function nameWidth(text: string, size = LABEL_SIZE): number {
  return [...text].length * MONOSPACE * size;
}

const lengthOf = (pieces: readonly LabelPiece[]): number =>
  pieces.reduce((sum, { text }) => sum + text.length, 0) + Math.max(0, pieces.length - 1);

/** Puts pieces into as few lines as their length allows. */
function wrapped(pieces: readonly LabelPiece[]): LabelPiece[][] {
  const lines: LabelPiece[][] = [];
  for (const piece of pieces) {
    const line = lines.at(-1);
    if (line !== undefined && lengthOf([...line, piece]) <= LONG_LINE) line.push(piece);
    else lines.push([piece]);
  }
  return lines;
}

/** Names of actions behind what says when they are run. */
function actionPieces(when: string, names: readonly string[]): LabelPiece[] {
  return names.map((name, index) => ({
    kind: 'action',
    text: `${index === 0 ? `${when}/ ` : ''}${name}${index < names.length - 1 ? ',' : ''}`,
  }));
}

/** The lines of some transitions, one after the other. */
export function labelLines(chart: ChartModel, transitions: readonly number[]): readonly LabelLine[] {
  return transitions.flatMap((transition) => {
    const { event = null, guard = null, actions = [] } = chart.transitions[transition] ?? {};
    const pieces = actionPieces('', actions);
    if (guard !== null) pieces.unshift({ kind: 'guard', text: `[${guardText(chart, guard)}]` });
    if (event !== null) pieces.unshift({ kind: 'event', text: eventText(event) });
    return wrapped(pieces).map((line) => ({ transition, pieces: line }));
  });
}

/** The room that lines of a label need; lines after a transition's first are indented. */
export function labelSize(lines: readonly LabelLine[]): { readonly width: number; readonly height: number } {
  const widths = lines.map(({ pieces }, index) => lengthOf(pieces) * MONOSPACE * LABEL_SIZE + indentOf(lines, index));
  return { width: Math.ceil(Math.max(0, ...widths)) + 6, height: lines.length * LABEL_LINE + 2 };
}

/** How far a line is to the right: the further lines of a transition are. */
export function indentOf(lines: readonly LabelLine[], index: number): number {
  return index > 0 && lines[index - 1]?.transition === lines[index]?.transition ? 10 : 0;
}

/** The lines below a state's title: what it does on the way in and out, which are no transition's (-1), and transitions that only act. */
export function stateLines(chart: ChartModel, state: number): readonly LabelLine[] {
  const { entry = [], exit = [], invokes = [], kind = 'atomic' } = chart.states[state] ?? {};
  if (isHistory(kind)) return [];
  const said = [actionPieces('entry ', entry), actionPieces('exit ', exit), actionPieces('invoke ', invokes)];
  const acting = chart.transitions.flatMap(({ source, targets }, index) => (source === state && targets.length === 0 ? [index] : []));
  return [...said.flatMap(wrapped).map((pieces) => ({ transition: -1, pieces })), ...labelLines(chart, acting)];
}

/** The room that a state's title and lines need. */
export function stateSize(chart: ChartModel, state: number): { readonly width: number; readonly height: number } {
  const { kind = 'atomic', name = '' } = chart.states[state] ?? {};
  if (isHistory(kind)) return { width: 24, height: 24 };
  const lines = stateLines(chart, state);
  const inner = labelSize(lines);
  const width = Math.max(textWidth(name, TITLE_SIZE) * 1.06, lines.length > 0 ? inner.width : 0);
  return { width: Math.ceil(width) + 28, height: lines.length > 0 ? TITLE_LINE + 12 + inner.height + 8 : TITLE_LINE + 16 };
}
