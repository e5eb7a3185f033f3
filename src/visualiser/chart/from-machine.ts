/**
 * A chart from a machine: from what XState's builders were given, or from the JSON of an XState v5 machine (`machine.definition`, `machine.config`).
 *
 * Invariant: nothing of the machine is called, and XState isn't needed. What JSON leaves out can't be shown: XState's definitions have no
 * eventless transitions, and guards made by and(), or(), not() and stateIn() are functions. Actions without a name are
 * called `action`, assignments `assign` with the fields that they set, where those are known.
 */
import { CHART_MAX_DEPTH, CHART_MAX_STATES, CHART_MAX_TRANSITIONS } from '../../base/limits.js';
import { readChart, textOf, wrong } from './check.js';
import { ChartError, type ChartGuard, type ChartModel, type ChartState, type ChartStateKind, type ChartTransition } from './model.js';

type Fields = Readonly<Record<string, unknown>>;
type Draft = { -readonly [K in keyof ChartState]: ChartState[K] };

interface Place {
  readonly config: Fields;
  readonly where: string;
  readonly number: number;
  readonly id: string;
}

/** The chart of a machine that is given as XState's builders take it, or as XState's machines tell of themselves. */
export function chartOf(machine: unknown): ChartModel {
  return readChart(new Reader(machine).read());
}

/** As chartOf(), from a text of JSON. */
export function chartOfJson(text: string): ChartModel {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ChartError('the definition is no JSON');
  }
  return chartOf(value);
}

const hasFields = (value: unknown): value is Fields =>
  (typeof value === 'object' || typeof value === 'function') && value !== null && !Array.isArray(value);

const isFunction = (value: unknown): boolean => typeof value === 'function';

/** XState takes one thing where it takes a list of them. */
const listed = (value: unknown): readonly unknown[] =>
  value === undefined || value === null ? [] : Array.isArray(value) ? value : [value];

const plainName = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null);

/** What an action or a guard is called. */
function nameOf(value: unknown, otherwise: string): string {
  if (typeof value === 'string') return value;
  if (!hasFields(value)) return otherwise;
  const type = plainName(value.type);
  if (!isFunction(value)) return type ?? otherwise;
  if (type === 'xstate.assign') {
    const { assignment } = value;
    return ['assign', ...(hasFields(assignment) && !isFunction(assignment) ? Object.keys(assignment) : [])].join(' ');
  }
  return type?.replace(/^xstate\./, '') ?? plainName(value.name) ?? otherwise;
}

class Reader {
  private readonly states: Draft[] = [];
  private readonly places: Place[] = [];
  private readonly transitions: ChartTransition[] = [];
  private readonly byId = new Map<string, number>();
  private readonly name: string;

  constructor(private readonly machine: unknown) {
    if (!hasFields(machine)) wrong('the definition', machine, 'an object');
    this.name = plainName(machine.id) ?? plainName(machine.key) ?? 'machine';
  }

  read(): ChartModel {
    this.enter(this.machine, { name: this.name, parent: -1, depth: 0, where: '' });
    // Transitions may lead anywhere, so they are read once every state is there.
    for (const place of this.places) this.fill(place);
    return { name: this.name, states: this.states, transitions: this.transitions };
  }

  private enter(value: unknown, at: { name: string; parent: number; depth: number; where: string }): void {
    const { name, parent, where } = at;
    if (!hasFields(value)) wrong(`state ${where}`, value, 'an object');
    if (at.depth > CHART_MAX_DEPTH) throw new ChartError(`state ${where.slice(0, 80)}… lies more than ${CHART_MAX_DEPTH} deep`);
    if (this.states.length >= CHART_MAX_STATES) throw new ChartError(`the definition has more than ${CHART_MAX_STATES} states`);
    const inner = hasFields(value.states) ? Object.entries(value.states) : [];
    const number = this.states.length;
    const description = typeof value.description === 'string' ? value.description : '';
    const kind = this.kindOf(value, inner.length, where);
    this.states.push({ name, parent, kind, initial: -1, description, entry: [], exit: [], initialActions: [], invokes: [] });
    const id = plainName(value.id) ?? (parent < 0 ? this.name : `${this.name}.${where}`);
    this.places.push({ config: value, where, number, id });
    this.byId.set(id, number);
    for (const [key, child] of inner) {
      this.enter(child, { name: key, parent: number, depth: at.depth + 1, where: where === '' ? key : `${where}.${key}` });
    }
  }

  private kindOf({ type, history }: Fields, within: number, where: string): ChartStateKind {
    if (type === 'history') return history === 'deep' ? 'deepHistory' : 'history';
    if (type === 'final') return 'final';
    if (type !== undefined && type !== 'parallel' && type !== 'compound' && type !== 'atomic') {
      wrong(`the type of state ${where}`, type, 'atomic, compound, parallel, final or history');
    }
    return within === 0 ? 'atomic' : type === 'parallel' ? 'parallel' : 'compound';
  }

  private fill({ config, where, number, id }: Place): void {
    const state = this.states[number];
    if (state === undefined) return;
    const delayed = Object.values(hasFields(config.on) ? config.on : {}).some((each) =>
      listed(each).some((one) => hasFields(one) && 'delay' in one),
    );
    // XState's definitions begin and end delays by actions of its own.
    const named = (value: unknown): string[] =>
      listed(value)
        .map((action) => nameOf(action, 'action'))
        .filter((name) => !(delayed && (name === 'xstate.raise' || name === 'xstate.cancel')));
    state.entry = named(config.entry);
    state.exit = named(config.exit);
    this.fillInitial(state, { config, where, number, id });
    for (const [event, value] of Object.entries(hasFields(config.on) ? config.on : {})) this.add(number, event, value);
    for (const [delay, value] of Object.entries(hasFields(config.after) ? config.after : {}))
      this.add(number, `xstate.after.${delay}.${id}`, value);
    if (config.onDone !== undefined) this.add(number, `xstate.done.state.${id}`, config.onDone);
    this.add(number, null, config.always);
    if (state.kind === 'history' || state.kind === 'deepHistory') this.add(number, null, config.target);
    state.invokes = listed(config.invoke).map((invoke, index) => this.invoke(invoke, number, `${index}.${id}`));
  }

  private invoke(value: unknown, state: number, otherwise: string): string {
    if (!hasFields(value)) return nameOf(value, 'actor');
    const id = plainName(value.id) ?? otherwise;
    if (value.onDone !== undefined) this.add(state, `xstate.done.actor.${id}`, value.onDone);
    if (value.onError !== undefined) this.add(state, `xstate.error.actor.${id}`, value.onError);
    const source = nameOf(value.src, 'actor');
    return plainName(value.id) === null || value.id === source ? source : `${source} (${id})`;
  }

  private fillInitial(state: Draft, { config, where, number }: Place): void {
    if (state.kind !== 'compound') return;
    const initial = typeof config.initial === 'object' && hasFields(config.initial) ? config.initial : { target: config.initial };
    const [target] = listed(initial.target);
    const name = `the initial state of ${where === '' ? this.name : where}`;
    if (typeof target !== 'string') wrong(name, target, 'the name of a state within it');
    const found = target.startsWith('#') ? this.byId.get(target.slice(1)) : this.below(number, target.replace(/^\./, ''));
    if (found === undefined || this.states[found]?.parent !== number) wrong(name, target, 'the name of a state within it');
    state.initial = found;
    state.initialActions = listed(initial.actions).map((action) => nameOf(action, 'action'));
  }

  /** Adds what an event, or none, does in a state. */
  private add(source: number, event: string | null, value: unknown): void {
    // An event that is given nothing is forbidden: a transition that does nothing, and hides those of the states around it.
    const given = value === undefined && event !== null ? [{}] : listed(value);
    for (const each of given) {
      const fields = typeof each === 'string' ? { target: each } : each;
      if (!hasFields(fields)) wrong(`a transition of ${this.whereOf(source)}`, each, 'an object or the name of a state');
      if (this.transitions.length >= CHART_MAX_TRANSITIONS)
        throw new ChartError(`the definition has more than ${CHART_MAX_TRANSITIONS} transitions`);
      this.transitions.push({
        source,
        targets: listed(fields.target).map((target) => this.target(target, source)),
        event: event === null ? null : textOf(`an event of ${this.whereOf(source)}`, event),
        guard: fields.guard === undefined || fields.guard === null ? null : this.guard(fields.guard, 0),
        actions: listed(fields.actions).map((action) => nameOf(action, 'action')),
        reenter: fields.reenter === true,
      });
    }
  }

  private whereOf(state: number): string {
    const place = this.places[state];
    return place === undefined || place.where === '' ? this.name : place.where;
  }

  /** `#id.a`, `.a` within the source, `a` beside it. */
  private target(target: unknown, source: number): number {
    if (typeof target !== 'string') wrong(`a target in ${this.whereOf(source)}`, target, 'the name of a state');
    const beside = this.states[source]?.parent ?? -1;
    const found = target.startsWith('#')
      ? this.fromId(target.slice(1))
      : target.startsWith('.')
        ? this.below(source, target.slice(1))
        : this.below(Math.max(beside, 0), target);
    return found ?? wrong(`a target in ${this.whereOf(source)}`, target, 'the name of a state');
  }

  private fromId(path: string): number | undefined {
    // An id may hold dots, so the longest one that is there counts.
    const keys = path.split('.');
    for (let length = keys.length; length > 0; length--) {
      const found = this.byId.get(keys.slice(0, length).join('.'));
      if (found !== undefined) return length === keys.length ? found : this.below(found, keys.slice(length).join('.'));
    }
    return undefined;
  }

  private below(from: number, path: string): number | undefined {
    let at: number | undefined = from;
    for (const key of path.split('.')) {
      const around = at;
      const found = this.states.findIndex(({ name, parent }) => parent === around && name === key);
      if (found < 0) return undefined;
      at = found;
    }
    return at;
  }

  private guard(value: unknown, depth: number): ChartGuard {
    if (depth > CHART_MAX_DEPTH) throw new ChartError(`a guard has conditions within each other, more than ${CHART_MAX_DEPTH} deep`);
    if (!hasFields(value) || !isFunction(value) || !('check' in value)) return { kind: 'name', name: nameOf(value, 'guard') };
    const terms: readonly ChartGuard[] =
      value.name === 'stateIn'
        ? this.statesOf(value.stateValue).map((state) => ({ kind: 'in', state }))
        : listed(value.guards).map((term) => this.guard(term, depth + 1));
    const [first] = terms;
    if (value.name === 'not' && first !== undefined) return { kind: 'not', term: first };
    // A condition made of one is that one.
    return first !== undefined && terms.length === 1 ? first : { kind: value.name === 'or' ? 'any' : 'all', terms };
  }

  /** The innermost states that a state value names. */
  private statesOf(value: unknown): readonly number[] {
    const within = (from: number, inner: unknown): readonly number[] => {
      if (typeof inner === 'string') return [this.below(from, inner) ?? wrong('a state of a guard', inner, 'the name of a state')];
      if (!hasFields(inner)) return wrong('a state of a guard', inner, 'the name of a state');
      return Object.entries(inner).flatMap(([key, below]) => within(within(from, key)[0] ?? 0, below));
    };
    if (typeof value === 'string' && value.startsWith('#'))
      return [this.fromId(value.slice(1)) ?? wrong('a state of a guard', value, 'a state')];
    return within(0, value);
  }
}
