/**
 * The device's machines, and their charts, laid out.
 *
 * Invariant: neither XState nor the device is loaded for it, and ELK only where a layout isn't there: those that the build made are in dist/charts, and one
 * counts only if it was made of the same chart.
 */
import { readFileSync } from 'node:fs';
import { MACHINES } from '../../actors/machines.js';
import { sourceOf } from '../runtime/machine-definition.js';
import { readChart } from '../visualiser/chart/check.js';
import { chartOf } from '../visualiser/chart/from-machine.js';
import type { ChartModel } from '../visualiser/chart/model.js';

/** The charts of the device's machines, without layouts. */
export function machineCharts(): readonly ChartModel[] {
  return MACHINES.map(({ definition }) => chartOf(sourceOf(definition).config));
}

const withoutLayout = ({ name, states, transitions }: ChartModel): ChartModel => ({ name, states, transitions });

/** What the build has laid out. */
function builtCharts(): readonly ChartModel[] {
  try {
    const value: unknown = JSON.parse(readFileSync(new URL('../../charts/machines.json', import.meta.url), 'utf8'));
    return Array.isArray(value) ? value.map((chart) => readChart(chart)) : [];
  } catch {
    // Without them the charts are laid out anew, which takes a second.
    return [];
  }
}

/** Charts with the layouts that the build made, where it made one. */
function withBuilt(charts: readonly ChartModel[]): readonly ChartModel[] {
  const built = new Map(builtCharts().map((chart) => [JSON.stringify(withoutLayout(chart)), chart]));
  return charts.map((chart) => (chart.layout === undefined ? (built.get(JSON.stringify(withoutLayout(chart))) ?? chart) : chart));
}

/** Charts by the machine's name, for the header of a recording: with a layout if the build made one. */
export function recordedCharts(): (machine: { readonly name: string }) => ChartModel | null {
  const charts = withBuilt(machineCharts());
  return ({ name }) => charts.find((chart) => chart.name === name) ?? null;
}

/** Charts with a layout: the one that the build made, or a new one. */
export async function laidOut(charts: readonly ChartModel[]): Promise<readonly ChartModel[]> {
  const known = withBuilt(charts);
  if (known.every(({ layout }) => layout !== undefined)) return known;
  return layOutAnew(known);
}

/** Charts with a layout, by ELK for those that have none. */
export async function layOutAnew(known: readonly ChartModel[]): Promise<readonly ChartModel[]> {
  const { layOut } = await import('../visualiser/chart/elk-layout.js');
  const laid: ChartModel[] = [];
  for (const chart of known) laid.push(chart.layout === undefined ? await layOut(chart) : chart);
  return laid;
}
