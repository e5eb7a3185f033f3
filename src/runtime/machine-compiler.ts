/**
 * Compiles a machine's tree of states to a flat table.
 *
 * A state of the table is a configuration: a whole set of states that are active together, parallel regions multiplied out. Starting
 * with the first one, each configuration that some step can end in gets a number. A step's guards become tests in the
 * order in which XState would ask them; those that look at active states only are answered here. Invariant: guards are pure, so one that
 * was asked is not asked again within a step. What a table can't express is refused in machine-nodes.ts; here are refused machines that
 * would be too large, or go round for ever.
 */
import { MACHINE_CONFIGURATIONS } from '../base/limits.js';
import type { MachineSource } from './machine-definition.js';
import { ancestors, type Configuration, enterMachine, type Microstep, takeTransitions } from './machine-microstep.js';
import { type MachineNode, type MachineTree, readMachine, type Transition } from './machine-nodes.js';
import type { FlatTable, StateValue, Step } from './machine-table.js';
import { type Action, type GuardTerm, NO_EFFECTS, refuse } from './machine-terms.js';

/** What the tests on the way have answered. */
type Known = ReadonlyMap<unknown, boolean>;
type Then = (known: Known) => Step;
type Found = (transitions: readonly Transition[], known: Known) => Step;

const NOTHING_KNOWN: Known = new Map();

export function compileTable(source: MachineSource): FlatTable {
  return new TableCompiler(readMachine(source)).compile();
}

function newStep(fields: Partial<Step>): Step {
  return { test: null, yes: null, no: null, actions: null, effects: NO_EFFECTS, next: null, state: -1, ...fields };
}

/** The actions of a step, as little of them as has to run: effects that depend on nothing are the same whatever is assigned before them. */
function acting(actions: readonly Action[]): Pick<Step, 'actions' | 'effects'> {
  if (actions.some(({ kind }) => kind === 'madeEffect')) return { actions, effects: NO_EFFECTS };
  const assigning = actions.filter(({ kind }) => kind === 'assign');
  const effects = actions.flatMap((action) => (action.kind === 'effect' ? [action.effect] : []));
  return { actions: assigning.length > 0 ? assigning : null, effects: effects.length > 0 ? effects : NO_EFFECTS };
}

/** XState's state value of what is active below a state. */
function valueBelow(node: MachineNode, active: Configuration): StateValue {
  const inner = node.children.filter((child) => active.includes(child));
  const [only] = inner;
  if (node.kind === 'compound' && only && only.children.length === 0) return only.key;
  return Object.freeze(Object.fromEntries(inner.map((child) => [child.key, valueBelow(child, active)])));
}

class TableCompiler {
  private readonly configurations: Configuration[] = [];
  private readonly numbers = new Map<string, number>();
  private readonly settles = new Map<string, Step>();
  private readonly events = new Map<string, number>();
  /** Whether the machine has eventless transitions at all. */
  private readonly settling: boolean;

  constructor(private readonly tree: MachineTree) {
    for (const { on } of tree.nodes) for (const event of on.keys()) if (!this.events.has(event)) this.events.set(event, this.events.size);
    this.settling = tree.nodes.some(({ always }) => always.length > 0);
  }

  compile(): FlatTable {
    const { machine, root, context } = this.tree;
    const { events } = this;
    const first = this.act(enterMachine(root), null);
    const cells: Step[] = [];
    // Compiling a row finds more configurations, whose rows follow.
    for (let state = 0; state < this.configurations.length; state++) cells.push(...this.row(this.configurations[state] ?? []));
    for (const step of this.settles.values()) this.checkEnds(step);
    const values = this.configurations.map((active) => valueBelow(root, active));
    const done = this.configurations.map((active) => active.some(({ kind }) => kind === 'final'));
    return { machine, events, width: events.size + 1, cells, values, done, first, context };
  }

  private row(active: Configuration): Step[] {
    const ignored = this.settle(active);
    // A machine that has ended takes nothing, as an actor of XState's that has ended.
    if (active.some(({ kind }) => kind === 'final')) return Array.from({ length: this.events.size + 1 }, () => ignored);
    const taken: Found = (transitions) => (transitions.length === 0 ? ignored : this.act(takeTransitions(transitions, active), null));
    const cells = [...this.events.keys()].map((event) => this.select(this.tree.root, { active, event, known: NOTHING_KNOWN }, taken));
    return [...cells, ignored];
  }

  /** A configuration's name. Where eventless transitions are, the order of the innermost states is part of it, since XState goes by it. */
  private keyOf(active: Configuration): string {
    const orders = active.map(({ order }) => order).sort((a, b) => a - b);
    if (!this.settling) return orders.join();
    return `${orders.join()} ${active.filter(({ children }) => children.length === 0).map(({ order }) => order)}`;
  }

  private numberOf(active: Configuration): number {
    const key = this.keyOf(active);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.configurations.push(active) - 1;
    if (number >= MACHINE_CONFIGURATIONS) {
      refuse({ machine: this.tree.machine, state: '' }, `more than ${MACHINE_CONFIGURATIONS} combinations of states`);
    }
    this.numbers.set(key, number);
    return number;
  }

  /** A step that acts, and goes on to eventless transitions unless it comes to rest; `from` is where an eventless one was taken. */
  private act({ actions, next, ends }: Microstep, from: Configuration | null): Step {
    // An eventless transition that changes neither states nor context is taken once, else it would be taken for ever.
    const changesNothing = next === from && actions.every(({ kind }) => kind !== 'assign');
    if (ends || changesNothing || !this.settling) return newStep({ ...acting(actions), state: this.numberOf(next) });
    const settle = this.settle(next);
    const rests =
      settle.test === null && settle.next === null && settle.state >= 0 && settle.actions === null && settle.effects.length === 0;
    return newStep({ ...acting(actions), ...(rests ? { state: settle.state } : { next: settle }) });
  }

  /** What happens in a configuration that was reached: its eventless transitions, or rest. */
  private settle(active: Configuration): Step {
    if (!this.settling) return newStep({ state: this.numberOf(active) });
    const key = this.keyOf(active);
    const known = this.settles.get(key);
    if (known) return known;
    // Eventless transitions may lead back here, so the step is there before it is filled in.
    const step = newStep({});
    this.settles.set(key, step);
    const ended = active.some(({ kind }) => kind === 'final');
    const innermost = !ended ? active.filter(({ children }) => children.length === 0) : [];
    const rest = (): Step => newStep({ state: this.numberOf(active) });
    const taken: Found = (transitions) => (transitions.length === 0 ? rest() : this.act(takeTransitions(transitions, active), active));
    return Object.assign(step, this.selectEventless(innermost, { active, known: NOTHING_KNOWN, found: [] }, taken));
  }

  /** Each innermost state, in the order of entering, offers the nearest eventless transition whose guard holds. */
  private selectEventless(
    innermost: readonly MachineNode[],
    { active, known, found }: { active: Configuration; known: Known; found: readonly Transition[] },
    then: Found,
  ): Step {
    const [node, ...others] = innermost;
    if (node === undefined) return then(found, known);
    const offered = [node, ...ancestors(node, null)].flatMap(({ always }) => always);
    return this.firstOf(offered, { active, known }, (more, nowKnown) => {
      const all = [...found, ...more.filter((transition) => !found.includes(transition))];
      return this.selectEventless(others, { active, known: nowKnown, found: all }, then);
    });
  }

  /** The transitions that an event takes: the innermost state's first, and one in each region. */
  private select(node: MachineNode, at: { active: Configuration; event: string; known: Known }, then: Found): Step {
    const { active, event } = at;
    const own = (known: Known): Step => this.firstOf(node.on.get(event) ?? [], { active, known }, then);
    const inner = node.children.filter((child) => active.includes(child));
    const region = (index: number, found: readonly Transition[], known: Known): Step => {
      const child = inner[index];
      if (child === undefined) return found.length > 0 ? then(found, known) : own(known);
      return this.select(child, { active, event, known }, (more, nowKnown) => region(index + 1, [...found, ...more], nowKnown));
    };
    return region(0, [], at.known);
  }

  /** The first of some transitions whose guard holds. */
  private firstOf(transitions: readonly Transition[], at: { active: Configuration; known: Known }, then: Found): Step {
    const [transition, ...others] = transitions;
    if (transition === undefined) return then([], at.known);
    const { active } = at;
    const taken: Then = (known) => then([transition], known);
    if (transition.guard === null) return taken(at.known);
    return this.branch(transition.guard, at, { yes: taken, no: (known) => this.firstOf(others, { active, known }, then) });
  }

  private branch(
    term: GuardTerm<MachineNode>,
    { active, known }: { active: Configuration; known: Known },
    { yes, no }: { yes: Then; no: Then },
  ): Step {
    switch (term.kind) {
      case 'in':
        return term.nodes.every((node) => active.includes(node)) ? yes(known) : no(known);
      case 'not':
        return this.branch(term.term, { active, known }, { yes: no, no: yes });
      case 'all':
      case 'any': {
        const [first, ...others] = term.terms;
        const all = term.kind === 'all';
        if (first === undefined) return all ? yes(known) : no(known);
        const on: Then = (now) => this.branch({ kind: term.kind, terms: others }, { active, known: now }, { yes, no });
        return this.branch(first, { active, known }, all ? { yes: on, no } : { yes, no: on });
      }
      case 'test': {
        const answer = known.get(term.test);
        if (answer !== undefined) return answer ? yes(known) : no(known);
        const ways = { yes: yes(new Map([...known, [term.test, true]])), no: no(new Map([...known, [term.test, false]])) };
        return newStep({ test: term.test, ...ways });
      }
    }
  }

  /** Refuses eventless transitions that follow each other for ever whatever the context is. */
  private checkEnds(step: Step): void {
    const seen = new Set<Step>();
    for (let at: Step | null = step; at !== null && at.test === null; at = at.next) {
      if (seen.has(at)) refuse({ machine: this.tree.machine, state: this.pathOf(step) }, 'eventless transitions that go round for ever');
      seen.add(at);
    }
  }

  private pathOf(settle: Step): string {
    const key = [...this.settles].find(([, step]) => step === settle)?.[0] ?? '';
    const orders = key.split(' ')[0]?.split(',').map(Number) ?? [];
    return this.tree.nodes.filter(({ order }) => orders.includes(order)).at(-1)?.path ?? '';
  }
}
