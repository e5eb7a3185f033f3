/**
 * What taking transitions does to the active states: which are left, which are entered, and the actions on the way.
 *
 * Invariant: SCXML's algorithm in XState's reading of it. Deeper transitions win over those around them; states are left from the
 * last of the document to the first, and entered from the first to the last. Only states are decided on here: guards, contexts and the
 * order of events are the compiler's affair.
 */
import type { MachineNode, Transition } from './machine-nodes.js';
import type { Action } from './machine-terms.js';

/** Active states, in the order in which they were entered. */
export type Configuration = readonly MachineNode[];

export interface Microstep {
  readonly actions: readonly Action[];
  readonly next: Configuration;
  /** The machine has ended. */
  readonly ends: boolean;
}

/** A transition with what it leaves alone and what it leaves. */
interface Move {
  readonly transition: Transition;
  /** The state within which it happens; null if it leaves the root as well. */
  readonly domain: MachineNode | null;
  readonly exits: Configuration;
}

/** Whether a state lies within another; everything lies within null. */
function isBelow(node: MachineNode, outer: MachineNode | null): boolean {
  return outer === null || (node.order > outer.order && node.order <= outer.last);
}

/** The states around one, from the inside out, up to but without `end`. */
export function ancestors(node: MachineNode, end: MachineNode | null): readonly MachineNode[] {
  const around: MachineNode[] = [];
  if (node === end) return around;
  for (let at = node.parent; at !== null && at !== end; at = at.parent) around.push(at);
  return around;
}

function domainOf({ source, targets, reenter }: Transition): MachineNode | null {
  if (!reenter && targets.every((target) => target === source || isBelow(target, source))) return source;
  const [head = source, ...others] = [...targets, source];
  const common = ancestors(head, null).find((outer) => others.every((other) => isBelow(other, outer)));
  if (common) return common;
  return reenter ? null : (ancestors(source, null).at(-1) ?? source);
}

function moveOf(transition: Transition, active: Configuration): Move {
  const domain = domainOf(transition);
  return { transition, domain, exits: transition.targets.length === 0 ? [] : active.filter((node) => isBelow(node, domain)) };
}

/** Of moves that would leave the same state, the one of the deeper source stays, else the first. */
function withoutConflicts(moves: readonly Move[]): readonly Move[] {
  let kept: Move[] = [];
  for (const move of moves) {
    const rivals = kept.filter((other) => other.exits.some((node) => move.exits.includes(node)));
    if (!rivals.every((other) => isBelow(move.transition.source, other.transition.source))) continue;
    if (rivals.length > 0) kept = kept.filter((other) => !rivals.includes(other));
    kept.push(move);
  }
  return kept;
}

/** What transitions enter; those in `byDefault` run their initial transition's actions too. */
class Entries {
  readonly nodes = new Set<MachineNode>();
  readonly byDefault = new Set<MachineNode>();

  add({ transition, domain }: Move): void {
    const { source, targets, reenter } = transition;
    for (const target of targets) {
      if (target !== source || source !== domain || reenter) this.enter(target);
      this.descend(target);
    }
    for (const target of targets) {
      const around = domain?.kind === 'parallel' ? [...ancestors(target, domain), domain] : ancestors(target, domain);
      this.climb(around, source.parent === null && reenter ? null : domain);
    }
  }

  private enter(node: MachineNode): void {
    this.nodes.add(node);
    this.byDefault.add(node);
  }

  private descend(node: MachineNode): void {
    if (node.initial !== null) {
      this.enter(node.initial);
      this.descend(node.initial);
    } else if (node.kind === 'parallel') {
      for (const region of node.children.filter((child) => !this.reaches(child))) {
        this.enter(region);
        this.descend(region);
      }
    }
  }

  private climb(around: readonly MachineNode[], domain: MachineNode | null): void {
    for (const node of around) {
      if (isBelow(node, domain)) this.nodes.add(node);
      if (node.kind !== 'parallel') continue;
      for (const region of node.children) {
        if (this.reaches(region)) continue;
        // XState enters these without their initial transition's actions.
        this.nodes.add(region);
        this.descend(region);
      }
    }
  }

  private reaches(region: MachineNode): boolean {
    for (const node of this.nodes) if (isBelow(node, region)) return true;
    return false;
  }
}

const byOrder = (a: MachineNode, b: MachineNode): number => a.order - b.order;

function entryActions(entered: readonly MachineNode[], byDefault: ReadonlySet<MachineNode>): readonly Action[] {
  return entered.flatMap((node) => (byDefault.has(node) ? [...node.entry, ...node.initialActions] : node.entry));
}

function finished(actions: readonly Action[], entered: readonly MachineNode[], next: Configuration): Microstep {
  const ends = entered.some(({ kind }) => kind === 'final');
  // A machine that ends leaves all of its states, though its value goes on to name them.
  const parting = ends ? [...next].sort(byOrder).reverse() : [];
  return { actions: [...actions, ...parting.flatMap(({ exit }) => exit)], next, ends };
}

/** Takes what is left of the transitions when conflicts are gone. */
export function takeTransitions(transitions: readonly Transition[], active: Configuration): Microstep {
  const moves = withoutConflicts(transitions.map((transition) => moveOf(transition, active)));
  const left = new Set(moves.flatMap(({ exits }) => exits));
  const entries = new Entries();
  for (const move of moves) entries.add(move);
  const entered = [...entries.nodes].sort(byOrder);
  const next = new Set(active.filter((node) => !left.has(node)));
  for (const node of entered) next.add(node);
  const unchanged = next.size === active.length && active.every((node) => next.has(node));
  const actions = [
    ...[...left]
      .sort(byOrder)
      .reverse()
      .flatMap(({ exit }) => exit),
    ...moves.flatMap(({ transition }) => transition.actions),
    ...entryActions(entered, entries.byDefault),
  ];
  return finished(actions, entered, unchanged ? active : [...next]);
}

/** Enters a machine for the first time. */
export function enterMachine(root: MachineNode): Microstep {
  const nodes: MachineNode[] = [];
  const visit = (node: MachineNode): void => {
    nodes.push(node);
    if (node.initial !== null) visit(node.initial);
    else for (const region of node.children) visit(region);
  };
  visit(root);
  nodes.sort(byOrder);
  return finished(entryActions(nodes, new Set(nodes)), nodes, nodes);
}
