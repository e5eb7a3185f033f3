/**
 * The states of a machine as a tree, read from its definition.
 *
 * Invariant: every target and every state that a guard names is found here, or the machine is refused; behind this file nobody looks
 * at the configuration again. What is not here, and refused: invocations, delays, history, routes, tags, output, wildcards, transitions of
 * completed states, final states other than the root's.
 */
import type { MachineSource } from './machine-definition.js';
import { type Action, fieldsOf, type GuardTerm, listOf, type Place, readAction, readGuard, refuse } from './machine-terms.js';

export interface Transition {
  readonly source: MachineNode;
  /** Empty if the transition only acts. */
  readonly targets: readonly MachineNode[];
  readonly guard: GuardTerm<MachineNode> | null;
  readonly actions: readonly Action[];
  /** Leaves and enters its source even if the target lies within. */
  readonly reenter: boolean;
}

export interface MachineNode {
  readonly key: string;
  /** Keys from the root, '' for the root itself. */
  readonly path: string;
  readonly kind: 'atomic' | 'compound' | 'parallel' | 'final';
  /** Place in the document. */
  readonly order: number;
  /** Place of the last state within it, its own if there is none. */
  readonly last: number;
  readonly parent: MachineNode | null;
  readonly children: readonly MachineNode[];
  /** The child that is entered by default, null where there is none to choose. */
  readonly initial: MachineNode | null;
  readonly initialActions: readonly Action[];
  readonly entry: readonly Action[];
  readonly exit: readonly Action[];
  readonly on: ReadonlyMap<string, readonly Transition[]>;
  readonly always: readonly Transition[];
}

export interface MachineTree {
  readonly machine: string;
  readonly root: MachineNode;
  /** All of them, in the order of the document. */
  readonly nodes: readonly MachineNode[];
  /** The first context, or a function of the input that makes it. */
  readonly context: unknown;
}

const NODE_KEYS = ['id', 'type', 'initial', 'states', 'on', 'always', 'entry', 'exit', 'description', 'meta'];
const ROOT_KEYS = [...NODE_KEYS, 'context', 'types', 'version', 'schemas'];
const TRANSITION_KEYS = ['target', 'guard', 'actions', 'reenter', 'description', 'meta'];
const KINDS: readonly unknown[] = ['atomic', 'compound', 'parallel', 'final'];

/** A state that is still being read. */
interface Draft extends MachineNode {
  readonly config: Record<string, unknown>;
  readonly children: Draft[];
  last: number;
  initial: Draft | null;
  initialActions: readonly Action[];
  entry: readonly Action[];
  exit: readonly Action[];
  readonly on: Map<string, readonly Transition[]>;
  always: readonly Transition[];
}

/** Reads a machine, or refuses it by an error. */
export function readMachine(source: MachineSource): MachineTree {
  return new MachineReader(source).read();
}

class MachineReader {
  private readonly machine: string;
  private readonly drafts: Draft[] = [];
  private readonly ids = new Map<string, Draft>();
  private readonly guards: Readonly<Record<string, unknown>>;
  private readonly actions: Readonly<Record<string, unknown>>;

  constructor(private readonly source: MachineSource) {
    const { config, implementations } = source;
    const id = typeof config === 'object' && config !== null && 'id' in config ? config.id : undefined;
    this.machine = typeof id === 'string' ? id : '(machine)';
    this.guards = (implementations.guards ?? {}) as Record<string, unknown>;
    this.actions = (implementations.actions ?? {}) as Record<string, unknown>;
  }

  read(): MachineTree {
    const root = this.drafted(this.source.config, this.machine, null);
    // Transitions may lead anywhere, so they are read once every state is there.
    for (const draft of this.drafts) this.fill(draft);
    return { machine: this.machine, root, nodes: this.drafts, context: root.config.context ?? {} };
  }

  private place(state: string): Place<MachineNode> {
    const { machine, guards, actions } = this;
    const place: Place<MachineNode> = { machine, state, guards, actions, statesOf: (value) => this.statesOf(value, place) };
    return place;
  }

  private drafted(value: unknown, key: string, parent: Draft | null): Draft {
    const path = parent === null ? '' : parent.path === '' ? key : `${parent.path}.${key}`;
    const place = this.place(path);
    const config = fieldsOf(value, parent === null ? ROOT_KEYS : NODE_KEYS, place);
    if (parent !== null && /[.\\#]/.test(key)) refuse(place, `the name "${key}"`);
    const states = Object.entries(fieldsOf(config.states ?? {}, Object.keys(config.states ?? {}), place));
    const kind = config.type ?? (states.length > 0 ? 'compound' : 'atomic');
    if (!KINDS.includes(kind) || states.length > 0 !== (kind === 'compound' || kind === 'parallel')) {
      refuse(place, `a state of type "${String(kind)}" with ${states.length} states in it`);
    }
    if (kind === 'final' && (parent?.parent !== null || parent.kind !== 'compound')) refuse(place, 'a final state that is not the root’s');
    const draft: Draft = {
      ...{ key, path, kind: kind as MachineNode['kind'], order: this.drafts.length, last: this.drafts.length, parent, config },
      ...{ children: [], initial: null, initialActions: [], entry: [], exit: [], on: new Map(), always: [] },
    };
    this.drafts.push(draft);
    this.ids.set(typeof config.id === 'string' ? config.id : parent === null ? this.machine : `${this.machine}.${path}`, draft);
    for (const [name, inner] of states) draft.children.push(this.drafted(inner, name, draft));
    draft.last = this.drafts.length - 1;
    return draft;
  }

  private fill(draft: Draft): void {
    const { config } = draft;
    const place = this.place(draft.path);
    draft.entry = listOf(config.entry).map((action) => readAction(action, place));
    draft.exit = listOf(config.exit).map((action) => readAction(action, place));
    draft.always = this.transitions(config.always, draft);
    if (draft.kind === 'compound') this.fillInitial(draft, place);
    else if (config.initial !== undefined) refuse(place, 'an initial state where there is none to choose');
    const on = fieldsOf(config.on ?? {}, Object.keys(config.on ?? {}), place);
    for (const [event, transitions] of Object.entries(on)) {
      if (event === '' || event.includes('*') || event.startsWith('xstate.')) refuse(place, `the event "${event}"`);
      // An event that is given nothing is forbidden: it does nothing, and no state around this one sees it.
      draft.on.set(event, transitions === undefined ? [this.transition({}, draft)] : this.transitions(transitions, draft));
    }
  }

  private fillInitial(draft: Draft, place: Place<MachineNode>): void {
    const { initial } = draft.config;
    const fields =
      typeof initial === 'string' ? { target: initial } : fieldsOf(initial, ['target', 'actions', 'description', 'meta'], place);
    const child = draft.children.find(({ key }) => key === fields.target);
    if (child === undefined) refuse(place, `the initial state "${String(fields.target)}"`);
    draft.initial = child;
    draft.initialActions = listOf(fields.actions).map((action) => readAction(action, place));
  }

  private transitions(value: unknown, source: Draft): Transition[] {
    return listOf(value).map((each) => this.transition(typeof each === 'string' ? { target: each } : (each ?? {}), source));
  }

  private transition(value: unknown, source: Draft): Transition {
    const place = this.place(source.path);
    const fields = fieldsOf(value, TRANSITION_KEYS, place);
    return {
      source,
      targets: listOf(fields.target).map((target) => this.target(target, source)),
      guard: fields.guard === undefined ? null : readGuard(fields.guard, place),
      actions: listOf(fields.actions).map((action) => readAction(action, place)),
      reenter: fields.reenter === true,
    };
  }

  /** The state that a transition's target names: `#id.a`, `.a` within its source, `a` beside it. */
  private target(target: unknown, source: Draft): Draft {
    const place = this.place(source.path);
    if (typeof target !== 'string') refuse(place, `the target ${String(target)}`);
    if (target.startsWith('#')) return this.byId(target, place);
    if (target.startsWith('.')) return this.below(source, target.slice(1), place);
    if (source.parent === null) refuse(place, `the target "${target}", since there is nothing beside the root`);
    return this.below(source.parent as Draft, target, place);
  }

  private byId(target: string, place: Place<MachineNode>): Draft {
    // An id may hold dots, so the longest one that is there counts.
    const keys = target.slice(1).split('.');
    for (let length = keys.length; length > 0; length--) {
      const node = this.ids.get(keys.slice(0, length).join('.'));
      if (node) return length === keys.length ? node : this.below(node, keys.slice(length).join('.'), place);
    }
    return refuse(place, `the target "${target}", which does not exist`);
  }

  private below(from: Draft, path: string, place: Place<MachineNode>): Draft {
    let node = from;
    for (const key of path.split('.')) {
      const child = node.children.find((each) => each.key === key);
      if (child === undefined) refuse(place, `the state "${path}", which does not exist in "${from.path}"`);
      node = child;
    }
    return node;
  }

  /** The innermost states of a state value, all of which are active when it holds. */
  private statesOf(value: unknown, place: Place<MachineNode>): readonly MachineNode[] {
    const [root] = this.drafts;
    if (root === undefined) return [];
    if (typeof value === 'string') return [value.startsWith('#') ? this.byId(value, place) : this.below(root, value, place)];
    return this.valueStates(root, value, place);
  }

  private valueStates(from: Draft, value: unknown, place: Place<MachineNode>): readonly MachineNode[] {
    if (typeof value === 'string') return [this.below(from, value, place)];
    const entries = Object.entries(fieldsOf(value, Object.keys(value ?? {}), place));
    if (entries.length === 0) refuse(place, 'a guard that names no state');
    return entries.flatMap(([key, inner]) => this.valueStates(this.below(from, key, place), inner, place));
  }
}
