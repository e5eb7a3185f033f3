/**
 * A recording as a table: processes are its columns, and time goes down.
 *
 * A row is what one process does until another goes on. Invariant: no line is wider, and there are no more of them, than was asked for; what
 * is left out is said.
 */
import type { Race } from './adjacent.js';
import type { Explanation } from './explain.js';
import { Kind, kindName } from './operation.js';
import type { Recording, Standing, Step } from './recording.js';
import { blocks } from './schedule-text.js';

/** Columns of a step's number, at least, and of the sign of a preemption behind it. */
const NUMBER = 5;
const SIGN = 3;
const NARROWEST = 12;

interface Row {
  readonly process: number;
  readonly number: string;
  readonly preempts: boolean;
  readonly texts: readonly string[];
  /** Whether one of the racing steps is in it. */
  readonly races: boolean;
}

/** A step for people. */
export function describeStep(step: Pick<Step, 'kind' | 'target' | 'label' | 'value' | 'result'>): string {
  const { kind, target, label, value, result } = step;
  if (label !== null) return label;
  const operation = `${kindName(kind)} ${target?.name ?? ''}`.trim();
  if (kind === Kind.write || kind === Kind.send || kind === Kind.reply) return `${operation} = ${value}`;
  const gets = kind === Kind.read || kind === Kind.update || kind === Kind.receive || kind === Kind.awaitReply || kind === Kind.choose;
  return gets ? `${operation} → ${result}` : operation;
}

/** The table's lines. */
export function table({ recording, names, race }: Explanation, most: number, width: number): string[] {
  const columns = columnsOf(recording);
  const rows = rowsOf(recording, race);
  const numbers = Math.max(NUMBER, ...rows.map(({ number }) => number.length));
  const margin = numbers + SIGN;
  const share = Math.floor((width - margin) / Math.max(1, columns.length)) - 2;
  // Where not even one operation fits a column, a list says more.
  const needed = columns.map((process) =>
    Math.max(0, ...rows.filter((row) => row.process === process).flatMap(({ texts }) => texts.map(({ length }) => length))),
  );
  const isTight = needed.reduce((sum, length) => sum + length + 2, margin) > width;
  if ((isTight || share < NARROWEST) && columns.length > 2) return list(rows, names, most, width);
  const ends = columns.map((process) => endOf(recording.standings[process], race?.later === null && race.process === process));
  const widths = columns.map((process, column) => {
    const cells = rows.filter((row) => row.process === process).map(({ texts }) => texts.join(', ').length);
    return Math.max((names[process] ?? '').length, ends[column]?.length ?? 0, ...cells);
  });
  narrow(widths, width - margin - 2 * columns.length);
  const line = (head: string, cells: readonly string[]): string =>
    `${head.padEnd(margin)}${cells.map((cell, column) => clip(cell, widths[column] ?? 0).padEnd((widths[column] ?? 0) + 2)).join('')}`.trimEnd();
  const isStuck = ends.some((text) => text !== '');
  const room = most - 1 - (isStuck ? 1 : 0);
  const cells = rows.map(({ process, texts }) => wrap(texts, widths[columns.indexOf(process)] ?? 0));
  const isRoomy = cells.reduce((sum, { length }) => sum + length, 0) <= room;
  const lines = rows.flatMap(({ process, number, preempts, texts }, place) =>
    (isRoomy ? (cells[place] ?? []) : [fold(texts, widths[columns.indexOf(process)] ?? 0)]).map((cell, lineOfRow) =>
      line(
        lineOfRow === 0 ? `${number.padStart(numbers)} ${preempts ? '!' : ' '}` : '',
        columns.map((column) => (column === process ? cell : '')),
      ),
    ),
  );
  const kept = isRoomy ? lines : elide(lines, rows, room);
  const head = line(
    'step'.padStart(numbers),
    columns.map((process) => names[process] ?? ''),
  );
  return [head, ...kept, ...(isStuck ? [line('end'.padStart(numbers), ends)] : [])];
}

/** Too many processes for columns: a line for each block. */
function list(rows: readonly Row[], names: readonly string[], most: number, width: number): string[] {
  const longest = Math.min(width / 3, Math.max(...rows.map(({ process }) => (names[process] ?? '').length)));
  const lines = rows.map(({ process, number, preempts, texts }) => {
    const head = `${number.padStart(NUMBER)} ${preempts ? '!' : ' '} ${clip(names[process] ?? '', longest).padEnd(longest)}  `;
    return `${head}${fold(texts, Math.max(NARROWEST, width - head.length))}`;
  });
  return elide(lines, rows, most);
}

/** Who takes a step, or waits at the end. */
function columnsOf({ steps, standings }: Recording): number[] {
  const shown = new Set(steps.map(({ process }) => process));
  return standings.map((_, process) => process).filter((process) => shown.has(process) || endOf(standings[process]) !== '');
}

function endOf(standing: Standing | undefined, races = false): string {
  if (standing === undefined || !standing.active || standing.enabled || standing.target === null || standing.kind === Kind.timeout)
    return '';
  const { condition } = standing;
  const operation = condition === null ? `${kindName(standing.kind)} ${standing.target.name}` : `signal of ${condition.name}`;
  return `waits: ${races ? `[${operation}]` : operation}`;
}

function rowsOf({ steps }: Recording, race: Race | null): Row[] {
  let before = 0;
  return blocks(steps).map((block) => {
    const first = before + 1;
    before += block.length;
    const isRacing = (place: number): boolean => race !== null && [race.earlier, race.later].includes(first - 1 + place);
    return {
      process: block[0]?.process ?? 0,
      number: block.length === 1 ? `${first}` : `${first}-${before}`,
      preempts: block[0]?.preempts ?? false,
      texts: block.map((step, place) => (isRacing(place) ? `[${describeStep(step)}]` : describeStep(step))),
      races: block.some((_, place) => isRacing(place)),
    };
  });
}

/** A block's steps on as many lines as they take. */
function wrap(texts: readonly string[], width: number): string[] {
  const lines: string[] = [];
  for (const [place, text] of texts.entries()) {
    const piece = place === texts.length - 1 ? text : `${text},`;
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + piece.length <= width) lines[lines.length - 1] = `${last} ${piece}`;
    else lines.push(piece);
  }
  return lines;
}

/** As many of a block's steps as there is room for: the racing ones, the first and the last before others. */
function fold(texts: readonly string[], width: number): string {
  const all = texts.join(', ');
  if (all.length <= width) return all;
  const last = texts.length - 1;
  const important = texts.flatMap((text, place) => (text.startsWith('[') ? [place] : []));
  const shown = new Set<number>();
  let best = '';
  for (const place of [...important, 0, last, ...texts.keys()]) {
    shown.add(place);
    const candidate = joined(texts, shown);
    if (candidate.length <= width) best = candidate;
    else if (best !== '' || shown.size > 1) shown.delete(place);
  }
  return clip(best === '' ? joined(texts, new Set([important[0] ?? 0])) : best, width);
}

function joined(texts: readonly string[], shown: ReadonlySet<number>): string {
  const parts: string[] = [];
  texts.forEach((text, place) => {
    if (shown.has(place)) parts.push(text);
    else if (parts.at(-1) !== '…') parts.push('…');
  });
  return parts.join(', ');
}

/** Leaves out rows from the middle on: those that preempt or race, the first and the last stay as long as there is room. */
function elide(lines: readonly string[], rows: readonly Row[], most: number): string[] {
  if (lines.length <= most) return [...lines];
  const weight = (place: number): number => {
    const row = rows[place];
    const important = (row?.races ? 4 : 0) + (row?.preempts ? 2 : 0);
    return important + (place === 0 || place === lines.length - 1 ? 3 : 0) + place / lines.length;
  };
  // Each gap takes a line as well, so a few are kept back for them.
  const order = [...lines.keys()].sort((a, b) => weight(b) - weight(a));
  for (let count = Math.max(1, most - 1); count > 0; count--) {
    const shown = withGaps(lines, new Set(order.slice(0, count)));
    if (shown.length <= most) return shown;
  }
  return [];
}

function withGaps(lines: readonly string[], kept: ReadonlySet<number>): string[] {
  const shown: string[] = [];
  let gap = 0;
  const close = (): void => {
    if (gap > 0) shown.push(`${' '.repeat(NUMBER + SIGN)}… ${gap} ${gap === 1 ? 'row' : 'rows'} …`);
    gap = 0;
  };
  lines.forEach((line, place) => {
    if (!kept.has(place)) {
      gap++;
      return;
    }
    close();
    shown.push(line);
  });
  close();
  return shown;
}

/** Takes from the widest columns until all fit. */
function narrow(widths: number[], total: number): void {
  while (widths.reduce((sum, width) => sum + width, 0) > total) {
    const widest = widths.indexOf(Math.max(...widths));
    widths[widest] = (widths[widest] ?? 1) - 1;
  }
}

/** At most so many columns of a text. */
export function clip(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, Math.max(0, width - 1))}…`;
}
