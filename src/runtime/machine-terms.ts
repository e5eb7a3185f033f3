/**
 * Guards and actions of a machine, read from its definition into the few forms that a table runs.
 *
 * Invariant: what is read here means the same as in XState; what would not is refused with the machine, the state and the thing
 * by name. An action that is no `assign` becomes an effect: a name and its parameters, never executed here. Guards and assigners get
 * the context and the event and have to be pure. What is not here: raise, sendTo, emit, spawn, enqueueActions, inline actions.
 */
import { DefectError } from '../base/errors.js';

/** What a machine asks for. */
export interface MachineEffect {
  readonly type: string;
  readonly params: unknown;
}

/** No effects. */
export const NO_EFFECTS: readonly MachineEffect[] = [];

/** What guards and assigners look at. The runner uses one such object again and again, so none of them may keep it. */
export interface StepArguments {
  context: unknown;
  event: unknown;
}

/** A guard, before it is known which states are active. `N` stands for a state. */
export type GuardTerm<N> =
  | { readonly kind: 'test'; readonly test: (args: StepArguments) => boolean }
  | { readonly kind: 'all' | 'any'; readonly terms: readonly GuardTerm<N>[] }
  | { readonly kind: 'not'; readonly term: GuardTerm<N> }
  | { readonly kind: 'in'; readonly nodes: readonly N[] };

export type Action =
  | { readonly kind: 'assign'; readonly assign: (args: StepArguments) => unknown }
  | { readonly kind: 'effect'; readonly effect: MachineEffect }
  | { readonly kind: 'madeEffect'; readonly make: (args: StepArguments) => MachineEffect };

/** Where in a machine something stands, and what its names mean. */
export interface Place<N> {
  readonly machine: string;
  readonly state: string;
  readonly guards: Readonly<Record<string, unknown>>;
  readonly actions: Readonly<Record<string, unknown>>;
  /** The states that `stateIn` means by an id or a value. */
  readonly statesOf: (value: unknown) => readonly N[];
}

type Expression = (args: StepArguments, params: unknown) => unknown;

/** Refuses a definition. */
export function refuse(place: { readonly machine: string; readonly state: string }, what: string): never {
  throw new DefectError(`machine ${place.machine}, ${place.state === '' ? 'its root' : `state ${place.state}`}: can't compile ${what}`);
}

/** A value that has to be an object with no keys but the given ones. */
export function fieldsOf(value: unknown, known: readonly string[], place: { machine: string; state: string }): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(place, `${String(value)} where an object is expected`);
  for (const key of Object.keys(value)) if (!known.includes(key)) refuse(place, `"${key}"`);
  return value as Record<string, unknown>;
}

/** One or several, as XState's configurations have it. */
export function listOf(value: unknown): readonly unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

/** Property of an object or function, undefined if it has none. */
function property(value: unknown, key: string): unknown {
  return (typeof value === 'function' || typeof value === 'object') && value !== null ? (value as Record<string, unknown>)[key] : undefined;
}

/** The name that a reference gives, and its parameters: a value, or a function of context and event. */
function referenceOf(value: unknown, what: string, place: Place<unknown>): { readonly type: string; readonly params: unknown } {
  if (typeof value === 'string') return { type: value, params: undefined };
  const { type, params } = fieldsOf(value, ['type', 'params'], place);
  if (typeof type !== 'string') refuse(place, `${what} without a type`);
  return { type, params };
}

/** Calls `run` with parameters that are a value or are made anew each time. */
function applied(run: Expression, params: unknown): (args: StepArguments) => unknown {
  if (params === undefined) return run as (args: StepArguments) => unknown;
  if (typeof params !== 'function') return (args) => run(args, params);
  return (args) => run(args, (params as (args: StepArguments) => unknown)(args));
}

/** Reads a guard; `names` are the guards by name that led here, so that a circle is seen. */
export function readGuard<N>(guard: unknown, place: Place<N>, names: readonly string[] = []): GuardTerm<N> {
  if (typeof guard === 'function') return guardFunction(guard as Expression, undefined, { place, names });
  const { type, params } = referenceOf(guard, 'a guard', place);
  if (names.includes(type)) refuse(place, `the guard "${type}", which is made of itself`);
  if (!Object.hasOwn(place.guards, type)) refuse(place, `the guard "${type}", which the machine does not have`);
  const known = place.guards[type];
  const inside = { place, names: [...names, type] };
  return typeof known === 'function' ? guardFunction(known as Expression, params, inside) : readGuard(known, place, inside.names);
}

function guardFunction<N>(
  guard: Expression,
  params: unknown,
  { place, names }: { readonly place: Place<N>; readonly names: readonly string[] },
): GuardTerm<N> {
  if (!('check' in guard)) return { kind: 'test', test: applied(guard, params) as (args: StepArguments) => boolean };
  // XState's own guards are functions that carry what they were made of.
  if (guard.name === 'stateIn') return { kind: 'in', nodes: place.statesOf(property(guard, 'stateValue')) };
  const terms = listOf(property(guard, 'guards')).map((inner) => readGuard(inner, place, names));
  const [first] = terms;
  if (guard.name === 'and') return { kind: 'all', terms };
  if (guard.name === 'or') return { kind: 'any', terms };
  if (guard.name === 'not' && first) return { kind: 'not', term: first };
  return refuse(place, `the guard "${guard.name}"`);
}

/** Reads an action. */
export function readAction(action: unknown, place: Place<unknown>): Action {
  if (typeof action === 'function') {
    if (!('resolve' in action)) refuse(place, `the inline action "${action.name}", since actions have names here`);
    return builtIn(action, undefined, place);
  }
  const { type, params } = referenceOf(action, 'an action', place);
  const known = Object.hasOwn(place.actions, type) ? place.actions[type] : undefined;
  if (typeof known === 'function' && 'resolve' in known) return builtIn(known, params, place);
  if (typeof params !== 'function') return { kind: 'effect', effect: Object.freeze({ type, params }) };
  const make = params as (args: StepArguments) => unknown;
  return { kind: 'madeEffect', make: (args) => ({ type, params: make(args) }) };
}

function builtIn(action: unknown, params: unknown, place: Place<unknown>): Action {
  const type = property(action, 'type');
  if (type !== 'xstate.assign') refuse(place, `the action "${String(type ?? property(action, 'name'))}"`);
  return { kind: 'assign', assign: applied(assignerOf(property(action, 'assignment')), params) as (args: StepArguments) => unknown };
}

/** A function that makes the next context. */
function assignerOf(assignment: unknown): Expression {
  if (typeof assignment === 'function') return updateAssigner(assignment as Expression);
  const fields = Object.entries(assignment as Record<string, unknown>);
  return (args, params) => {
    const next = { ...(args.context as Record<string, unknown>) };
    for (const [key, value] of fields) next[key] = typeof value === 'function' ? (value as Expression)(args, params) : value;
    return next;
  };
}

/** For a function that makes an update. One that has all of the context's fields is the next context; merging would be most of a step's cost. */
function updateAssigner(update: Expression): Expression {
  let fields: readonly string[] | null = null;
  return (args, params) => {
    const context = args.context as object;
    const made = update(args, params) as object;
    fields ??= Object.keys(context);
    for (let index = 0; index < fields.length; index++) if (!((fields[index] as string) in made)) return { ...context, ...made };
    return made;
  };
}
