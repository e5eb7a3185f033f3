/**
 * The device's machines, and their charts, laid out.
 *
 * Invariant: neither XState nor the device is loaded for it, and ELK only where a layout isn't there: those that the build made are in dist/charts, and one
 * counts only if it was made of the same chart.
 */
import { readFileSync } from 'node:fs';
import type { AnyStateMachine } from 'xstate';
import { lockMachine } from '../../actors/bql/lock.machine.js';
import { renderQueueMachine } from '../../actors/render-queue/render-queue.machine.js';
import { framePipelineMachine } from '../device/frame-pipeline.machine.js';
import { lifeCycleMachine } from '../device/life-cycle.machine.js';
import { mappingJobMachine } from '../device/mapping-job.machine.js';
import { mmioJobMachine } from '../device/mmio-job.machine.js';
import { type MachineDefinition, sourceOf } from '../runtime/machine-definition.js';
import { readChart } from '../visualiser/chart/check.js';
import { chartOf } from '../visualiser/chart/from-machine.js';
import type { ChartModel } from '../visualiser/chart/model.js';

/** Every machine of the device. */
export const MACHINE_DEFINITIONS: readonly MachineDefinition<AnyStateMachine>[] = [
  lockMachine,
  mmioJobMachine,
  mappingJobMachine,
  framePipelineMachine,
  renderQueueMachine,
  lifeCycleMachine,
];

/** The charts of the device's machines, without layouts. */
export function machineCharts(): readonly ChartModel[] {
  return MACHINE_DEFINITIONS.map((definition) => chartOf(sourceOf(definition).config));
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

/** Charts with a layout: the one that the build made, or a new one. */
export async function laidOut(charts: readonly ChartModel[]): Promise<readonly ChartModel[]> {
  const built = new Map(builtCharts().map((chart) => [JSON.stringify(withoutLayout(chart)), chart]));
  const known = charts.map((chart) => (chart.layout === undefined ? (built.get(JSON.stringify(withoutLayout(chart))) ?? chart) : chart));
  if (known.every(({ layout }) => layout !== undefined)) return known;
  const { layOut } = await import('../visualiser/chart/elk-layout.js');
  const laid: ChartModel[] = [];
  for (const chart of known) laid.push(chart.layout === undefined ? await layOut(chart) : chart);
  return laid;
}
