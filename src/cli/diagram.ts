/**
 * `apple-gfx diagram`: charts of the device's state machines, without a browser.
 *
 * Neither the device nor its native library is loaded. Invariant: a document on stdout, or in one file, is whole in its format however many machines
 * are in it: one SVG, one Mermaid diagram, one graph, one SCXML document with a region for each, one list in JSON.
 */
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { basename, extname, join } from 'node:path';
import { describeError } from '../base/errors.js';
import { chartOfJson } from '../visualiser/chart/from-machine.js';
import { toDot } from '../visualiser/chart/dot.js';
import { toMermaid } from '../visualiser/chart/mermaid.js';
import type { ChartModel } from '../visualiser/chart/model.js';
import { readScxml } from '../visualiser/chart/scxml-reader.js';
import { toScxml } from '../visualiser/chart/scxml.js';
import { toSvg } from '../visualiser/chart/svg.js';
import type { ChartTheme } from '../visualiser/chart/theme.js';
import { laidOut, machineCharts } from './machine-charts.js';
import { nearest } from './nearest.js';
import { UsageError } from './usage-error.js';

export interface DiagramOptions {
  /** undefined: all are listed. */
  readonly machine: string | undefined;
  readonly all: boolean;
  readonly format: DiagramFormat;
  /** A file, or a folder, which gets a file for each machine; undefined: stdout. */
  readonly out: string | undefined;
  readonly theme: ChartTheme;
}

/** Which formats there are, with the ending of their files. */
export const DIAGRAM_FORMATS = { svg: '.svg', mermaid: '.mmd', dot: '.dot', scxml: '.scxml', json: '.json' } as const;
export type DiagramFormat = keyof typeof DIAGRAM_FORMATS;

/** Charts in a file of somebody's: SCXML, or the JSON of an XState machine's definition. */
function readFile(path: string): readonly ChartModel[] {
  try {
    const text = readFileSync(path, 'utf8');
    return extname(path) === '.json' ? [chartOfJson(text)] : readScxml(text);
  } catch (error) {
    throw new UsageError(`${path}: ${describeError(error)}`);
  }
}

function chosen({ machine, all }: DiagramOptions): readonly ChartModel[] {
  const charts = machineCharts();
  if (machine === undefined) return charts;
  if (all) throw new UsageError(`--all takes every machine, so "${machine}" is one too many`);
  const found = charts.filter(({ name }) => name === machine);
  if (found.length > 0) return found;
  const isFile = /\.(scxml|xml|json)$/.test(machine);
  if (isFile && statSync(machine, { throwIfNoEntry: false })?.isFile()) return readFile(machine);
  const names = charts.map(({ name }) => name);
  const near = nearest(machine, names);
  const what = isFile ? `there is no file "${machine}"` : `there is no machine "${machine}"`;
  throw new UsageError(`${what}${near === undefined ? '.' : `, did you mean ${near}?`} There are ${names.join(', ')}`);
}

async function written(charts: readonly ChartModel[], { format, theme }: DiagramOptions): Promise<string> {
  switch (format) {
    case 'svg':
      return toSvg(await laidOut(charts), theme);
    case 'mermaid':
      return toMermaid(charts);
    case 'dot':
      return toDot(charts);
    case 'scxml':
      return toScxml(charts);
    case 'json':
      return `${JSON.stringify(charts.length === 1 ? charts[0] : charts, null, 2)}\n`;
  }
}

/** One line for each machine: its name and its sentence. */
function listing(charts: readonly ChartModel[]): string {
  const width = Math.max(...charts.map(({ name }) => name.length));
  const lines = charts.map(({ name, states }) => `${name.padEnd(width)}  ${states[0]?.description ?? ''}\n`);
  return `${lines.join('')}\napple-gfx diagram MACHINE, or --all, prints a chart; a file of SCXML, or of an XState definition as JSON, does as well.\n`;
}

/** Writes a file for each machine, and says which. */
async function writeFolder(charts: readonly ChartModel[], folder: string, options: DiagramOptions): Promise<void> {
  mkdirSync(folder, { recursive: true });
  for (const chart of charts) {
    const path = join(folder, `${basename(chart.name).replace(/[^\w-]/g, '_')}${DIAGRAM_FORMATS[options.format]}`);
    writeFileSync(path, await written([chart], options));
    process.stderr.write(`${path}\n`);
  }
}

/** Prints or writes charts. Gives the exit code; throws UsageError. */
export async function diagram(options: DiagramOptions): Promise<number> {
  const charts = chosen(options);
  const { machine, all, out } = options;
  if (machine === undefined && !all) {
    process.stdout.write(listing(charts));
    return 0;
  }
  const isFolder = out !== undefined && (out.endsWith('/') || statSync(out, { throwIfNoEntry: false })?.isDirectory() === true);
  try {
    if (out === undefined) process.stdout.write(await written(charts, options));
    else if (isFolder) await writeFolder(charts, out, options);
    else writeFileSync(out, await written(charts, options));
  } catch (error) {
    if (error instanceof Error && 'syscall' in error) throw new UsageError(`--out ${out}: ${error.message}`);
    throw error;
  }
  return 0;
}
