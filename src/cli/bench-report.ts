/**
 * What the benchmark reports: rows, whether they reach their goals, how they compare with an earlier report, and the table of them.
 *
 * Pure. A row's value is a ratio, so that reports of different machines can be compared; which way is better the row says itself.
 */

/** Two sides of something that is counted per operation. */
export interface Sides {
  readonly ours: number;
  readonly reference: number;
}

/** What a row's module delivers. */
export interface Measured {
  /** Unique in a report, `module/what/against`. */
  readonly name: string;
  /** The same for people. */
  readonly what?: string;
  /** Of `ours` and `reference`. */
  readonly unit: string;
  readonly ours: number;
  readonly reference: number;
  /** The ratio that the goal is about. */
  readonly value: number;
  readonly better: 'higher' | 'lower';
  readonly goal: number;
  readonly runs: readonly unknown[];
  /** Time of all processors per operation, in µs, of all of a side's threads. */
  readonly processor?: Sides;
  /** Per operation. */
  readonly contextSwitches?: Sides;
  readonly systemCalls?: Sides;
  readonly note?: string;
  /** Only when compared: the value that it had, and by which part it has become better (above 0) or worse. */
  readonly baseline?: number;
  readonly change?: number;
}

/** A row whose measuring failed, or that can't be measured here. */
export interface Missing {
  readonly name: string;
  readonly error?: string;
  readonly skipped?: string;
}

export type Row =
  | (Measured & { readonly met: boolean; readonly baseline?: number; readonly change?: number })
  | (Missing & { readonly met: false });

export interface Report {
  readonly machine: Readonly<Record<string, unknown>>;
  readonly rows: readonly Row[];
}

/** A row counts as worse than it was if its value is worse by more than this part of it; medians of a busy machine differ by less. */
export const TOLERANCE = 0.2;

export function isMeasured<R extends Measured | Missing>(row: R): row is R & Measured {
  return 'value' in row && Number.isFinite(row.value);
}

/** Says whether the row reaches its goal. A value that is no number is an error of the row's. */
export function judged(row: Measured | Missing): Row {
  if (isMeasured(row)) return { ...row, met: row.better === 'higher' ? row.value >= row.goal : row.value <= row.goal };
  if ('value' in row) return { name: row.name, error: 'what was measured is no number', met: false };
  return { ...row, met: false };
}

/** The values of an earlier report, by name. Throws TypeError if the text is none. */
export function parseBaseline(text: string): ReadonlyMap<string, number> {
  let report: unknown;
  try {
    report = JSON.parse(text);
  } catch {
    throw new TypeError('it is not JSON');
  }
  const rows = (report as { rows?: unknown } | null)?.rows;
  if (!Array.isArray(rows)) throw new TypeError('it has no rows: expected what `apple-gfx bench --json` printed');
  const values = new Map<string, number>();
  for (const row of rows as readonly ({ name?: unknown; value?: unknown } | null)[]) {
    if (typeof row?.name !== 'string') throw new TypeError('it has a row without a name');
    // A row that failed, or was skipped, had no value.
    if (typeof row.value === 'number') values.set(row.name, row.value);
  }
  return values;
}

/** Notes in each row what it was and by which part it has become better (above 0) or worse. */
export function compared(rows: readonly Row[], baseline: ReadonlyMap<string, number>): readonly Row[] {
  return rows.map((row) => {
    const before = baseline.get(row.name);
    if (before === undefined || !isMeasured(row)) return row;
    const ratio = row.better === 'higher' ? row.value / before : before / row.value;
    return { ...row, baseline: before, change: Number((ratio - 1).toFixed(3)) };
  });
}

/** Names of the rows that are worse than they were, or had a value and have none. */
export function worse(rows: readonly Row[], baseline: ReadonlyMap<string, number>): readonly string[] {
  const isWorse = (row: Row): boolean => {
    if (!baseline.has(row.name)) return false;
    // Part of what it was: a value that is twice as bad has a change of -0.5.
    return !isMeasured(row) || (row.change ?? 0) < -TOLERANCE;
  };
  return rows.filter(isWorse).map(({ name }) => name);
}

const number = (value: number): string => (Math.abs(value) >= 1000 ? String(Math.round(value)) : String(Number(value.toPrecision(3))));

const sides = (pair: Sides | undefined): string => (pair ? `${number(pair.ours)} / ${number(pair.reference)}` : '');

function cells(row: Row, hasBaseline: boolean): readonly string[] {
  if (!isMeasured(row)) return [row.name, row.skipped === undefined ? 'failed' : 'skipped'];
  const change = row.change === undefined ? 'new' : `${row.change >= 0 ? '+' : ''}${Math.round(100 * row.change)} %`;
  return [
    row.name,
    `${number(row.ours)} ${row.unit}`,
    `${number(row.reference)} ${row.unit}`,
    number(row.value),
    `${row.better === 'higher' ? '≥' : '≤'} ${row.goal}`,
    row.met ? 'yes' : 'no',
    sides(row.contextSwitches),
    sides(row.systemCalls),
    ...(hasBaseline ? [change] : []),
  ];
}

/** The rows as a table, and what is to be said of them below it. */
export function table(rows: readonly Row[], hasBaseline: boolean): string {
  const head = ['row', 'ours', 'reference', 'ratio', 'goal', 'met', 'switches/op', 'syscalls/op', ...(hasBaseline ? ['change'] : [])];
  const lines = [head, ...rows.map((row) => cells(row, hasBaseline))];
  const widths = head.map((_, column) => Math.max(...lines.map((line) => (line[column] ?? '').length)));
  const text = lines.map((line) =>
    line
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
  const said = new Map<string, string[]>();
  for (const row of rows) {
    const remark = isMeasured(row) ? row.note : (row.error ?? `skipped: ${row.skipped}`);
    if (remark !== undefined) said.set(remark, [...(said.get(remark) ?? []), row.name]);
  }
  const remarks = [...said].map(([remark, names]) => `${names.join(', ')}: ${remark}`);
  return `${[...text, ...(remarks.length > 0 ? ['', ...remarks] : [])].join('\n')}\n`;
}
