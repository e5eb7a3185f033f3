/**
 * `apple-gfx bench`: measures the device against what its figures are about, and prints one table or one JSON object.
 *
 * Rows are modules in test/bench/rows: each exports measure(options), which resolves with a row or a list of them, and may export
 * `names`, the names of its rows; without, it is chosen by its file's name. Invariant: a module that fails is reported and the rest
 * goes on; stdout gets the report and nothing else. It measures nothing itself.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, totalmem } from 'node:os';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppleGfxError, describeError } from '../base/errors.js';
import { tracePattern } from '../trace/events.js';
import {
  compared,
  judged,
  type Measured,
  type Missing,
  parseBaseline,
  type Report,
  type Row,
  table,
  TOLERANCE,
  worse,
} from './bench-report.js';
import { UsageError } from './usage-error.js';

export interface BenchOptions {
  /** Globs on rows' names; empty: all. */
  readonly rows: readonly string[];
  readonly runs: number;
  readonly json: boolean;
  /** A file with an earlier report. */
  readonly baseline: string | undefined;
  /** A tenth of the work. */
  readonly quick: boolean;
  /** Part of the full work, instead; for tests of the benchmark. */
  readonly scale?: number;
}

/** What a row's module is told. */
export interface RowOptions {
  readonly runs: number;
  /** 1: as much work as makes figures steady. */
  readonly scale: number;
  /** Whether a row of that name is asked for. */
  wanted(name: string): boolean;
  /** Tells the person who waits what is being done. */
  progress(text: string): void;
}

interface RowModule {
  readonly names?: readonly string[];
  measure(options: RowOptions): Promise<Measured | Missing | readonly (Measured | Missing)[]>;
}

/** The benchmark can't run at all. */
export class BenchError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_BENCH', message);
  }
}

const QUICK_SCALE = 0.1;
const ROWS_FOLDER = new URL('../../../test/bench/rows/', import.meta.url);

/** What it is measured on, and how busy that is before anything is measured. */
function machine(): Report['machine'] & { readonly cores: number; readonly load: number } {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryMib: Math.round(totalmem() / 2 ** 20),
    kernel: `${process.platform} ${release()} ${process.arch}`,
    node: process.version,
    load: loadavg()[0] ?? 0,
    date: new Date().toISOString(),
  };
}

function rowFiles(): readonly string[] {
  try {
    return readdirSync(ROWS_FOLDER)
      .filter((name) => name.endsWith('.mjs'))
      .sort();
  } catch {
    throw new BenchError(`the benchmark's rows are not there: ${fileURLToPath(ROWS_FOLDER)} can't be read`);
  }
}

function readBaseline(path: string): ReadonlyMap<string, number> {
  try {
    return parseBaseline(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new UsageError(`--baseline ${path}: ${describeError(error)}`);
  }
}

/** Progress on stderr: one line that is overwritten for a person; in a file only each module's name. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

function announce(name: string): void {
  if (process.stderr.isTTY) showProgress(name);
  else process.stderr.write(`measuring ${name}\n`);
}

/** Rows of one module that are asked for; what it throws becomes rows that say so. */
async function measureModule(file: string, options: RowOptions): Promise<readonly Row[]> {
  const name = basename(file, '.mjs');
  let names: readonly string[] = [name];
  try {
    const module = (await import(new URL(file, ROWS_FOLDER).href)) as RowModule;
    names = (module.names ?? names).filter((each) => options.wanted(each));
    if (names.length === 0) return [];
    announce(name);
    return [await module.measure(options)].flat().map(judged);
  } catch (error) {
    return names.filter((each) => options.wanted(each)).map((each) => judged({ name: each, error: describeError(error) }));
  }
}

/** Measures and prints. The exit code: 0 measured, 1 a row failed or is worse than in the baseline. Throws UsageError. */
export async function bench(options: BenchOptions): Promise<number> {
  const baseline = options.baseline === undefined ? null : readBaseline(options.baseline);
  const matches = options.rows.length === 0 ? () => true : tracePattern(options.rows);
  const rowOptions: RowOptions = {
    runs: options.runs,
    scale: options.scale ?? (options.quick ? QUICK_SCALE : 1),
    wanted: matches,
    progress: showProgress,
  };
  const before = machine();
  const measured: Row[] = [];
  for (const file of rowFiles()) measured.push(...(await measureModule(file, rowOptions)));
  showProgress('');
  if (measured.length === 0) throw new UsageError(`--rows ${options.rows.join(' ')}: no row has such a name`);
  const rows = baseline ? compared(measured, baseline) : measured;
  const slower = baseline ? worse(rows, baseline) : [];
  if (options.json) process.stdout.write(`${JSON.stringify({ machine: before, rows })}\n`);
  else process.stdout.write(table(rows, baseline !== null));
  if (before.load > before.cores / 2) {
    process.stderr.write(`apple-gfx: the machine was busy, its load ${before.load} on ${before.cores} cores: figures are unsteady\n`);
  }
  if (slower.length > 0)
    process.stderr.write(`apple-gfx: worse than ${options.baseline} by more than ${100 * TOLERANCE} %: ${slower.join(', ')}\n`);
  return slower.length > 0 || rows.some((row) => 'error' in row) ? 1 : 0;
}
