/**
 * A chart: what a state machine looks like, as plain JSON.
 *
 * Invariants: states and transitions are lists in the order of the document, and are referred to by their numbers; a state comes behind
 * the one around it, and state 0 is the machine itself. A transition without targets only acts, one whose event is null needs none. What
 * is not here: where anything is drawn (layout.ts), and what guards and actions do.
 */
import { AppleGfxError } from '../../base/errors.js';
import type { ChartLayout } from './layout.js';

/** What a state is; a history state stands for where the state around it was left. */
export type ChartStateKind = 'atomic' | 'compound' | 'parallel' | 'final' | 'history' | 'deepHistory';

/** A condition: a name, or made of others; `in` holds while a state is active. */
export type ChartGuard =
  | { readonly kind: 'name'; readonly name: string }
  | { readonly kind: 'all' | 'any'; readonly terms: readonly ChartGuard[] }
  | { readonly kind: 'not'; readonly term: ChartGuard }
  /** Never the machine itself, which is always active. */
  | { readonly kind: 'in'; readonly state: number };

/** A state of a chart. */
export interface ChartState {
  /** Its name within the state around it; that of the machine for state 0. */
  readonly name: string;
  /** The number of the state around it, -1 for state 0. */
  readonly parent: number;
  readonly kind: ChartStateKind;
  /** The number of the state that is entered by default, -1 where there is none to choose. */
  readonly initial: number;
  /** A sentence on it, or ''. */
  readonly description: string;
  /** Names of actions: on the way in, on the way out, and on the way to the initial state. */
  readonly entry: readonly string[];
  readonly exit: readonly string[];
  readonly initialActions: readonly string[];
  /** Names of what runs while it is active. */
  readonly invokes: readonly string[];
}

/** A transition of a chart. */
export interface ChartTransition {
  readonly source: number;
  readonly targets: readonly number[];
  readonly event: string | null;
  readonly guard: ChartGuard | null;
  /** Names. */
  readonly actions: readonly string[];
  /** Leaves and enters its source even if the target lies within. */
  readonly reenter: boolean;
}

/** A machine's chart. */
export interface ChartModel {
  readonly name: string;
  readonly states: readonly ChartState[];
  readonly transitions: readonly ChartTransition[];
  /** Where everything is, if that is known already. */
  readonly layout?: ChartLayout;
}

/** XState's state value. */
export type ChartStateValue = string | { readonly [key: string]: ChartStateValue };

/** Something is no chart; the message says what was wrong, what was expected and where. */
export class ChartError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_CHART', message);
  }
}

/** Names from the outermost state within the machine inwards, joined by dots; '' for the machine itself. */
export function statePath({ states }: ChartModel, state: number): string {
  const names: string[] = [];
  for (let at = states[state]; at !== undefined && at.parent >= 0; at = states[at.parent]) names.unshift(at.name);
  return names.join('.');
}

/** Whether it has states within it. */
export const isContainer = (kind: ChartStateKind): boolean => kind === 'compound' || kind === 'parallel';

/** Whether it stands for what was active when the state around it was left. */
export const isHistory = (kind: ChartStateKind): boolean => kind === 'history' || kind === 'deepHistory';

/** The numbers of the states within a state, outermost only. */
export function childrenOf({ states }: ChartModel, state: number): readonly number[] {
  return states.flatMap(({ parent }, index) => (parent === state ? [index] : []));
}

/** The states around a state, from the inside out; without it. */
export function statesAround({ states }: ChartModel, state: number): readonly number[] {
  const around: number[] = [];
  for (let at = states[state]?.parent ?? -1; at >= 0; at = states[at]?.parent ?? -1) around.push(at);
  return around;
}

/** The states that are active together in a state value, the machine itself first. Names that the chart doesn't know are left out. */
export function activeStates(chart: ChartModel, value: ChartStateValue): readonly number[] {
  const active = [0];
  const enter = (parent: number, inner: ChartStateValue): void => {
    // In a damaged recording it may be null.
    const below = typeof inner === 'string' ? { [inner]: {} } : (inner ?? {});
    for (const [name, deeper] of Object.entries(below)) {
      const state = chart.states.findIndex((each) => each.parent === parent && each.name === name);
      if (state < 0) continue;
      active.push(state);
      enter(state, deeper);
    }
  };
  enter(0, value);
  return active;
}

/** Those of some states within which none of the others lies. */
export function innermost({ states }: ChartModel, some: Iterable<number>): readonly number[] {
  const all = [...some];
  const around = new Set(all.map((state) => states[state]?.parent));
  return all.filter((state) => !around.has(state));
}

/** A guard as people read it; within another one, one that is made of others has brackets. */
export function guardText(chart: ChartModel, guard: ChartGuard, isWithin = false): string {
  switch (guard.kind) {
    case 'name':
      return guard.name;
    case 'not':
      return `not ${guardText(chart, guard.term, true)}`;
    case 'in':
      return `in ${statePath(chart, guard.state)}`;
    case 'all':
    case 'any': {
      const text = guard.terms.map((term) => guardText(chart, term, true)).join(guard.kind === 'all' ? ' and ' : ' or ');
      return isWithin && guard.terms.length > 1 ? `(${text})` : text;
    }
  }
}

/** An event as people read it: XState's own have long names. */
export function eventText(event: string): string {
  return event
    .replace(/^xstate\.after\.([^.]*).*/, 'after $1')
    .replace(/^xstate\.done\.state\.(.*\.)?/, 'done ')
    .replace(/^xstate\.(done|error)\.actor\./, '$1 ');
}

/** What a transition says, as UML writes it: event [guard] / actions. */
export function transitionText(chart: ChartModel, { event, guard, actions }: ChartTransition): string {
  const words = [event === null ? '' : eventText(event), guard === null ? '' : `[${guardText(chart, guard)}]`];
  if (actions.length > 0) words.push(`/ ${actions.join(', ')}`);
  return words.filter((word) => word !== '').join(' ');
}
