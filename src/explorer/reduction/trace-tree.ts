/**
 * The tree above the parts of a search of traces: who begins where, and what races ask for there.
 *
 * A node is a state that several parts begin with. Its children are the choices that are explored there, or will be, in an order: behind each
 * child sleeps what is asleep at the node, and the children before it. What a race below one child asks for is explored already if something
 * asleep or a child before it may begin that. If a later child may, it belongs below that one: not at all if that child leaves it open what comes, for
 * then whatever may come is explored; else beside what is asked for there. A later child may have been run by then, so it is known of each
 * what was explored where something was asked for. Invariant: no child begins an execution that one before it begins, whatever order the parts are
 * run in, so each trace is met by one of them. Pure: what runs where is in parallel-traces.ts.
 */
import type { Asked, Explored, KnownChoice, PartBegin, PartEnd, Wanted } from '../strategies/trace-part.js';
import { Footprints } from './footprints.js';
import { RELATION } from './relation.js';
import { TraceSequence } from './trace-sequence.js';

/** A choice that is explored at a node, or will be. */
interface Child extends KnownChoice {
  /** What comes behind it was asked for here; null: it was left open. */
  below: TraceNode | null;
  /** Not run yet: what is asked for. */
  wanted: Wanted | null;
  /** While it is run: what came too late for it. Null if it was left open what comes. */
  late: TraceSequence[] | null;
  isRunning: boolean;
}

/** A state that parts begin with. */
interface TraceNode {
  readonly depth: number;
  readonly parent: TraceNode | null;
  /** The parent's child that leads to it. */
  readonly by: Child | null;
  readonly asleep: readonly KnownChoice[];
  readonly children: Child[];
}

/** A part that is to be run: one of a node's children. Null: all there is. */
export type TracePlace = { readonly node: TraceNode; readonly child: Child } | null;

export class TraceTree {
  /** Parts that are to be run. */
  readonly waiting: TracePlace[] = [null];
  private readonly footprints = new Footprints(RELATION);

  /** Takes a part to be run: where it begins. */
  begin(place: TracePlace): PartBegin {
    if (place === null) return { path: [], asleep: [], wanted: null, above: [] };
    const { node, child } = place;
    const path: number[] = [];
    const above: KnownChoice[][] = [];
    let by = child;
    for (let at: TraceNode | null = node; at !== null; at = at.parent) {
      above.unshift(before(at, by));
      if (at.by === null) break;
      path.unshift(at.by.choice);
      by = at.by;
    }
    const { wanted } = child;
    child.isRunning = true;
    child.late = wanted !== null && wanted.below.length > 0 ? [] : null;
    child.wanted = null;
    return { path, asleep: before(node, child), wanted, above };
  }

  /** A part was run. */
  end(place: TracePlace, { asked, left, explored }: PartEnd): void {
    let node = place?.node ?? null;
    let by = place?.child ?? null;
    if (place !== null && left.length === 0 && explored !== null) this.explored(place.node, place.child, explored);
    for (const each of left) {
      const below: TraceNode = { depth: each.depth, parent: node, by, asleep: each.asleep, children: [] };
      if (by !== null && each.explored !== null) by.below = below;
      for (const known of each.explored ?? []) this.addExplored(below, known);
      const current = each.current === null ? null : done(each.current);
      if (current !== null) below.children.push(current);
      for (const wanted of each.wanted) this.append(below, wanted);
      node = below;
      by = current;
    }
    if (place !== null) this.catchUp(place.child);
    for (const each of asked) if (place !== null) this.ask(place, each);
  }

  private catchUp(child: Child): void {
    const late = child.late ?? [];
    child.isRunning = false;
    child.late = null;
    for (const sequence of late) this.insertBehind(child, sequence);
  }

  /** A child was run to its end, and these are what was explored behind it. */
  private explored(node: TraceNode, child: Child, all: readonly Explored[]): void {
    const step = this.numberOf(child);
    const asleep = before(node, child).filter(
      (each) => each.choice !== child.choice && !this.footprints.dependent(this.numberOf(each), step),
    );
    const below: TraceNode = { depth: node.depth + 1, parent: node, by: child, asleep, children: [] };
    child.below = below;
    for (const each of all) this.addExplored(below, each);
  }

  private addExplored(node: TraceNode, known: Explored): void {
    const child = done(known);
    node.children.push(child);
    if (known.below !== null) this.explored(node, child, known.below);
  }

  private ask({ node: from, child }: { readonly node: TraceNode; readonly child: Child }, asked: Asked): void {
    let node = from;
    let by = child;
    while (node.depth > asked.depth && node.parent !== null && node.by !== null) {
      by = node.by;
      node = node.parent;
    }
    // The part knew what comes before it, and asks for nothing that this may begin.
    this.insert(node, new TraceSequence(asked, this.footprints), node.children.indexOf(by) + 1);
  }

  /** Puts a sequence below the first child, of those from that place on, that may begin it, or beside them. */
  private insert(node: TraceNode, sequence: TraceSequence, from: number): void {
    const child = node.children.slice(from).find((each) => sequence.mayBeginWith(each));
    if (child === undefined) {
      const [wanted] = sequence.chain();
      if (wanted !== undefined) this.append(node, wanted);
      return;
    }
    sequence.take(child);
    this.insertBehind(child, sequence);
  }

  private insertBehind(child: Child, sequence: TraceSequence): void {
    if (sequence.isEmpty) return;
    if (child.isRunning) child.late?.push(sequence);
    else if (child.wanted !== null) insertWanted(child.wanted, sequence);
    else if (child.below !== null) this.insert(child.below, sequence, 0);
  }

  private append(node: TraceNode, wanted: Wanted): void {
    const child: Child = { ...done(wanted), wanted };
    node.children.push(child);
    this.waiting.push({ node, child });
  }

  private numberOf({ footprint }: KnownChoice): number {
    return this.footprints.of(Int32Array.from(footprint), footprint.length);
  }
}

/** A leaf leaves it open what comes. */
function insertWanted(wanted: Wanted, sequence: TraceSequence): void {
  if (sequence.isEmpty || wanted.below.length === 0) return;
  const next = wanted.below.find((each) => sequence.mayBeginWith(each));
  if (next === undefined) {
    wanted.below.push(...sequence.chain());
    return;
  }
  sequence.take(next);
  insertWanted(next, sequence);
}

const done = ({ choice, footprint }: KnownChoice): Child => ({
  ...{ choice, footprint, below: null, wanted: null },
  ...{ late: null, isRunning: false },
});

/** What is explored before a child of a node: what sleeps behind it, but for what its step wakes. */
function before({ asleep, children }: TraceNode, child: Child): KnownChoice[] {
  const earlier = children.slice(0, children.indexOf(child));
  return [...asleep, ...earlier].map(({ choice, footprint }) => ({ choice, footprint }));
}
