/**
 * The wait-for graph of a moment: who waits for whom, and which of them wait for ever.
 *
 * A node is live if it may still go on: it waits for nothing, or for something that a live node gives. The others are
 * dead, and among dead nodes there is a cycle, or one that waits for nobody. Nodes are whatever the caller makes of
 * them: threads, actors, nested waits, locks.
 *
 * Invariant: the answer depends on what the graph holds only, never on the order of its lists, so that two looks at the
 * same waits give the same deadlock.
 *
 * What it does not do: look at anything. A graph put together while threads run may show waits that never were at the
 * same time; two looks with sameDeadlock() in between tell.
 */

/** Somebody who may wait or be waited for. Ids are distinct; the label is for people. */
export interface WaitNode {
  /** Tells it from all others. */
  readonly id: string;
  /** For people. */
  readonly label: string;
}

/** One wait of a node; who has several needs them all to end. */
export interface Wait {
  /** Id of the node that waits. */
  readonly waiter: string;
  /** Ids of those who can end it. One that is not among the nodes is live. */
  readonly on: readonly string[];
  /** Whether all of them are needed, or any one will do. None at all is never enough for `any`: such a wait is for ever. */
  readonly mode: 'all' | 'any';
  /** What it waits for, for people: "the answer to mapMemory". */
  readonly what: string;
  /** Tells this wait from any other that the waiter has had. */
  readonly sequence: string;
}

/** Waits of a waiter that is not among the nodes are left out. */
export interface WaitForGraph {
  readonly nodes: readonly WaitNode[];
  readonly waits: readonly Wait[];
}

/** A dead node and the wait that keeps it so. */
export interface DeadlockStep {
  /** Who waits. */
  readonly from: WaitNode;
  /** For what. */
  readonly wait: Wait;
  /** Whom it leads to; null: it waits for nobody. */
  readonly to: WaitNode | null;
  /** Of an `any` wait, the others who could end it, were they not dead as well. */
  readonly or: readonly WaitNode[];
}

/** Nodes that wait for each other for ever. */
export interface Deadlock {
  /**
   * A shortest cycle, each step leading to the next and the last to the first; the least by ids if there are several.
   * One step that leads to null if there is no cycle at all.
   */
  readonly cycle: readonly DeadlockStep[];
  /** Of an `any` wait in the cycle, why its other targets can't end it either, and so on. Empty where only one can end each wait. */
  readonly support: readonly DeadlockStep[];
  /** The others that wait for the cycle, directly or not, by their ids. */
  readonly stuck: readonly DeadlockStep[];
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const waitKey = (wait: Wait): string => JSON.stringify([wait.waiter, [...wait.on].sort(compare), wait.mode, wait.what, wait.sequence]);

/** The dead part of a graph: nodes by id, in order, with the waits that keep each dead. */
class DeadPart {
  private readonly nodes = new Map<string, WaitNode>();
  /** Of every node its waits, ordered; of a dead one only those that no live node ends. */
  private readonly waits = new Map<string, Wait[]>();

  constructor(graph: WaitForGraph) {
    for (const node of [...graph.nodes].sort((a, b) => compare(a.id, b.id))) this.nodes.set(node.id, node);
    const ordered = graph.waits.map((wait) => ({ wait, key: waitKey(wait) })).sort((a, b) => compare(a.key, b.key));
    for (const id of this.nodes.keys()) this.waits.set(id, []);
    for (const { wait } of ordered) this.waits.get(wait.waiter)?.push(wait);
    // Life spreads from those who wait for nothing; who is not reached waits, in the end, for himself.
    let spreading = true;
    while (spreading) {
      spreading = false;
      for (const [id, waits] of this.waits) {
        if (!waits.every((wait) => this.canEnd(wait))) continue;
        this.waits.delete(id);
        spreading = true;
      }
    }
    for (const [id, waits] of this.waits) {
      this.waits.set(
        id,
        waits.filter((wait) => !this.canEnd(wait)),
      );
    }
  }

  private canEnd(wait: Wait): boolean {
    const isLive = (id: string): boolean => !this.waits.has(id);
    return wait.mode === 'all' ? wait.on.every(isLive) : wait.on.some(isLive);
  }

  get ids(): string[] {
    return [...this.waits.keys()];
  }

  /** Dead nodes that one waits for, each once, in order. */
  targets(id: string): string[] {
    const dead = (this.waits.get(id) ?? []).flatMap((wait) => wait.on).filter((target) => this.waits.has(target));
    return [...new Set(dead)].sort(compare);
  }

  /** The step from a dead node to one of its targets, by the first wait that leads there. */
  step(id: string, to: string | null): DeadlockStep[] {
    const from = this.nodes.get(id);
    const wait = this.waits.get(id)?.find((each) => (to === null ? each.on.length === 0 : each.on.includes(to)));
    if (!from || !wait) return [];
    const others = wait.mode === 'any' ? [...new Set(wait.on)].filter((target) => target !== to).sort(compare) : [];
    return [{ from, wait, to: this.nodes.get(to ?? '') ?? null, or: others.flatMap((target) => this.nodes.get(target) ?? []) }];
  }
}

/** The shortest cycle through `start`, or null. Targets are taken in order and each node is entered once, so of several it is the least. */
function shortestCycle(dead: DeadPart, start: string): string[] | null {
  const cameFrom = new Map<string, string | null>([[start, null]]);
  for (const id of cameFrom.keys()) {
    for (const target of dead.targets(id)) {
      if (target === start) {
        const path: string[] = [];
        for (let at: string | null = id; at !== null; at = cameFrom.get(at) ?? null) path.unshift(at);
        return path;
      }
      if (!cameFrom.has(target)) cameFrom.set(target, id);
    }
  }
  return null;
}

function findCycle(dead: DeadPart): DeadlockStep[] {
  // Strictly shorter ones only replace it: of equal ones the first stays, which starts at the least id.
  let best: string[] | null = null;
  for (const start of dead.ids) {
    const cycle = shortestCycle(dead, start);
    if (cycle && (!best || cycle.length < best.length)) best = cycle;
  }
  if (best) return best.flatMap((id, index) => dead.step(id, best[(index + 1) % best.length] ?? id));
  // Without a cycle, following the waits ends at a node that waits for nobody.
  return dead.ids.flatMap((id) => dead.step(id, null)).slice(0, 1);
}

/** What an `any` wait of the cycle relies on besides the cycle: that its other targets are dead, and what these rely on. */
function findSupport(dead: DeadPart, cycle: readonly DeadlockStep[]): DeadlockStep[] {
  const known = new Set(cycle.map((step) => step.from.id));
  const support: DeadlockStep[] = [];
  const open = cycle.flatMap((step) => step.or);
  for (const { id } of open) {
    if (known.has(id)) continue;
    known.add(id);
    for (const step of dead.step(id, dead.targets(id)[0] ?? null)) {
      support.push(step);
      open.push(...(step.to ? [step.to] : []), ...step.or);
    }
  }
  return support;
}

/** The dead nodes outside the cycle from which a wait leads towards it, each with a step on a shortest way there. */
function findStuck(dead: DeadPart, cycle: readonly DeadlockStep[]): DeadlockStep[] {
  const members = new Set(cycle.map((step) => step.from.id));
  const next = new Map<string, string>();
  const reached = (id: string): boolean => members.has(id) || next.has(id);
  for (;;) {
    const found = dead.ids
      .filter((id) => !reached(id))
      .flatMap((id) =>
        dead
          .targets(id)
          .filter(reached)
          .slice(0, 1)
          .map((target) => ({ id, target })),
      );
    if (found.length === 0) break;
    for (const { id, target } of found) next.set(id, target);
  }
  return [...next].sort(([a], [b]) => compare(a, b)).flatMap(([id, target]) => dead.step(id, target));
}

/** The deadlock in a graph, or null if every node may go on. Of several that have nothing to do with each other, one. */
export function findDeadlock(graph: WaitForGraph): Deadlock | null {
  const dead = new DeadPart(graph);
  const cycle = findCycle(dead);
  if (cycle.length === 0) return null;
  return { cycle, support: findSupport(dead, cycle), stuck: findStuck(dead, cycle) };
}

function describeStep({ from, wait, to, or }: DeadlockStep): string {
  const targets = to ? [to, ...or].map((node) => node.label).join(' or ') : 'nobody';
  return `${from.label} waits for ${targets}: ${wait.what}`;
}

/** The deadlock for people: the cycle in one line, then a line for each wait. */
export function describeDeadlock({ cycle, support, stuck }: Deadlock): string {
  const [first] = cycle;
  const end = first?.to ? first.from.label : 'nobody';
  const others = new Map([...support, ...stuck].map((step) => [step.from.id, step]));
  return [
    `deadlock: ${[...cycle.map((step) => step.from.label), end].join(' → ')}`,
    ...cycle.map(describeStep),
    ...[...others.values()].map((step) => `also stuck: ${describeStep(step)}`),
  ].join('\n');
}

/**
 * Whether two looks saw the same waits in the cycle and in its support: then all of them lasted from the end of the
 * first look to the beginning of the second, at once, and nobody is left to end one. Who is stuck behind proves
 * nothing and may have become more.
 */
export function sameDeadlock(a: Deadlock, b: Deadlock): boolean {
  const key = ({ cycle, support }: Deadlock): string => JSON.stringify([...cycle, ...support].map((step) => waitKey(step.wait)));
  return key(a) === key(b);
}
