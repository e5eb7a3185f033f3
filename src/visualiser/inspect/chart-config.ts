/**
 * A chart as the configuration of an XState v5 machine, as inspectors take it.
 *
 * Invariant: chartOf() of what is given back is the same chart, but for what a configuration in JSON can't say (guards that are made of others). Targets are
 * ids, so that they mean the same wherever they stand.
 */
import { type ChartModel, type ChartState, childrenOf, guardText, statePath } from '../chart/model.js';

const TYPES: Readonly<Partial<Record<ChartState['kind'], string>>> = {
  parallel: 'parallel',
  final: 'final',
  history: 'history',
  deepHistory: 'history',
};

interface StateConfig {
  [field: string]: unknown;
}

export function chartConfig(chart: ChartModel): StateConfig {
  return { id: chart.name, ...stateConfig(chart, 0) };
}

function stateConfig(chart: ChartModel, number: number): StateConfig {
  const state = chart.states[number];
  if (state === undefined) return {};
  const config: StateConfig = {};
  const type = TYPES[state.kind];
  if (type !== undefined) config.type = type;
  if (state.kind === 'deepHistory') config.history = 'deep';
  if (state.description !== '') config.description = state.description;
  if (state.entry.length > 0) config.entry = state.entry;
  if (state.exit.length > 0) config.exit = state.exit;
  const initial = chart.states[state.initial];
  if (initial !== undefined) config.initial = initial.name;
  const children = childrenOf(chart, number);
  if (children.length > 0)
    config.states = Object.fromEntries(children.map((child) => [chart.states[child]?.name ?? '', stateConfig(chart, child)]));
  const { on, always } = transitions(chart, number);
  if (Object.keys(on).length > 0) config.on = on;
  if (always.length > 0) config.always = always;
  return config;
}

function transitions(chart: ChartModel, number: number): { readonly on: Record<string, StateConfig[]>; readonly always: StateConfig[] } {
  const on: Record<string, StateConfig[]> = {};
  const always: StateConfig[] = [];
  for (const { source, targets, event, guard, actions, reenter } of chart.transitions) {
    if (source !== number) continue;
    const config: StateConfig = {};
    if (targets.length > 0) config.target = targets.map((target) => `#${[chart.name, statePath(chart, target)].filter(Boolean).join('.')}`);
    if (guard !== null) config.guard = guardText(chart, guard);
    if (actions.length > 0) config.actions = actions;
    if (reenter) config.reenter = true;
    if (event === null) always.push(config);
    else on[event] = [...(on[event] ?? []), config];
  }
  return { on, always };
}
