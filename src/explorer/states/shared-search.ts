/**
 * One thread's part of a search of states that several threads make together, each depth first, over one table of what was seen.
 *
 * A state is gone on from by whoever found it, and by those that were given some of its choices since they had nothing to do. Invariant: when no
 * thread has work any more, every choice of every state was made by exactly one of them; so the states, their edges, and what breaks
 * are the same whoever did what. The ways to them are not: a thread stops at the first failure, and all with it, and what failed is looked for in
 * one thread (parallel-states.ts).
 */
import type { World } from '../world.js';
import { Integers } from './integers.js';
import { openSpace } from './search-states.js';
import { SharedTable } from './shared-table.js';
import type { MarkTable } from './span-marks.js';
import type { StateSpace } from './state-space.js';
import type { Work, WorkExchange } from './work-exchange.js';

const TELL_EVERY = 1 << 8;

/** What one thread has seen. Numbers in it, other than counts, are those of the table. */
export interface StatePart {
  /** That this thread was the first to find. */
  readonly states: number;
  readonly transitions: number;
  readonly ends: number;
  readonly reached: readonly string[];
  readonly costs: readonly (readonly [string, number])[];
  /** Something failed, or states were left out: what there is must be found out in one thread. */
  readonly isSpoilt: boolean;
  /** Whether states may have been taken for one that are not quite. */
  readonly isInexact: boolean;
  /** Of a world in which something must happen in the end, or goes on for a while: from, to, choice and mark of each edge. */
  readonly edges: SharedArrayBuffer;
  /** What its marks mean; null if nothing goes on for a while. */
  readonly marks: MarkTable | null;
  /** And of each state that this thread has found: its number, and bits of what is fulfilled in it. */
  readonly fulfilled: SharedArrayBuffer;
}

/** What threads share, and each thread's number. */
export interface Sharing {
  readonly table: SharedArrayBuffer;
  readonly exchange: WorkExchange;
  readonly own: number;
  /** More states were found. */
  readonly tell: (states: number) => void;
}

export class SharedSearch {
  private readonly space: StateSpace;
  private readonly maxDepth: number;
  private readonly table: SharedTable;
  private readonly costs = new Map<string, number>();
  private readonly reached = new Set<string>();
  /** Numbers of the properties that must happen in the end, and of those that must be reached. */
  private readonly live: readonly number[];
  private readonly wanted: readonly number[];
  private readonly hasGraph: boolean;
  private readonly edges = new Integers();
  private readonly fulfilled = new Integers();
  /** Choices that lead to the state that is being left last, and where in `pool` those of each begin, and the next one is. */
  private readonly way = new Integers();
  private readonly pool = new Integers();
  private readonly states = new Integers();
  private readonly nexts = new Integers();
  private readonly begins = new Integers();
  /** States before this one of those that are being left have no choices left; and how long the way to the first of them is. */
  private firstOpen = 0;
  private wayToFirst = 0;
  private transitions = 0;
  private ends = 0;
  private found = 0;
  private told = 0;
  private isSpoilt = false;

  constructor(
    world: World,
    private readonly sharing: Sharing,
  ) {
    const { space, maxDepth } = openSpace(world, {}, this.costs);
    this.space = space;
    this.maxDepth = maxDepth;
    space.begin();
    const { properties } = this.space;
    const numbered = (kinds: readonly string[]): number[] =>
      [...properties.keys()].filter((property) => kinds.includes(properties[property]?.kind ?? ''));
    this.live = numbered(['eventually', 'alwaysEventually']);
    this.wanted = numbered(['sometimes']);
    this.hasGraph = this.live.length > 0 || space.spans !== null;
    this.table = new SharedTable(sharing.table, sharing.exchange);
  }

  /** Goes on until nobody has work any more, or all are to stop. */
  run(): StatePart {
    const { exchange, own } = this.sharing;
    if (own === 0) this.begin();
    for (;;) {
      this.leaveAll();
      if (this.isSpoilt) break;
      const work = exchange.take();
      if (work === null) break;
      this.goTo(work);
    }
    this.tell();
    return this.part();
  }

  /** The state at the beginning. */
  private begin(): void {
    const { space, table } = this;
    table.add(space.low, space.high);
    this.check();
    this.arrive();
    this.enter(table.number);
    space.choices(this.pool);
  }

  private goTo({ from, way, choices }: Work): void {
    const { space } = this;
    space.begin();
    for (const choice of way) {
      space.step(choice);
      this.way.push(choice);
    }
    this.wayToFirst = way.length;
    this.enter(from);
    for (const choice of choices) this.pool.push(choice);
  }

  /** Leaves the states that are being left, and all that are found meanwhile. */
  private leaveAll(): void {
    const { space, pool, states, nexts, begins, way } = this;
    const { exchange } = this.sharing;
    while (states.length > 0 && !this.isSpoilt) {
      if (exchange.isWanted) this.giveAway();
      const next = nexts.pop();
      // The state that is being left has the last choices of the pool.
      if (next === pool.length) {
        states.pop();
        pool.length = begins.pop();
        if (states.length === 0) break;
        way.pop();
        space.back();
        continue;
      }
      nexts.push(next + 1);
      const choice = pool.at(next);
      if (!this.move(states.last(), choice)) space.back();
      else if (this.isTooDeep()) break;
      else {
        way.push(choice);
        this.enter(this.table.number);
        space.choices(pool);
      }
      if (this.transitions % TELL_EVERY === 0 && this.isToldToStop()) break;
    }
    way.length = 0;
    pool.length = 0;
    states.length = 0;
    nexts.length = 0;
    begins.length = 0;
    this.firstOpen = 0;
    this.wayToFirst = 0;
  }

  private enter(state: number): void {
    this.states.push(state);
    this.begins.push(this.pool.length);
    this.nexts.push(this.pool.length);
  }

  /** Gives the choices that are left of the state that is nearest to the beginning to somebody who waits. */
  private giveAway(): void {
    const { states, nexts, begins, pool, way } = this;
    // The last state is kept: it is what there is to do here.
    for (this.firstOpen = Math.min(this.firstOpen, states.length - 1); this.firstOpen < states.length - 1; this.firstOpen++) {
      const at = this.firstOpen;
      const next = nexts.at(at);
      const end = begins.at(at + 1);
      if (next === end) continue;
      const work: Work = {
        from: states.at(at),
        way: Array.from(way.items.subarray(0, this.wayToFirst + at)),
        choices: Array.from(pool.items.subarray(next, end)),
      };
      if (this.sharing.exchange.give(work)) nexts.items[at] = end;
      return;
    }
  }

  /** Makes a choice in a state; whether it leads to one that nobody has found before. */
  private move(from: number, choice: number): boolean {
    const { space, table } = this;
    space.step(choice);
    this.transitions++;
    const isNew = table.add(space.low, space.high);
    const { number } = table;
    if (isNew) {
      this.arrive();
      if (table.isFull) this.isSpoilt = true;
    }
    if (this.hasGraph) {
      this.edges.push(from);
      this.edges.push(number);
      this.edges.push(choice);
      this.edges.push(space.spans?.mark ?? 0);
    }
    this.check();
    return isNew;
  }

  private check(): void {
    if (this.space.failures.some(({ property }) => property !== 'steps')) this.isSpoilt = true;
  }

  /** Looks at a new state. */
  private arrive(): void {
    const { space, live, reached } = this;
    this.found++;
    if (!space.arrive()) this.ends++;
    if (this.hasGraph) {
      let bits = 0;
      for (let index = 0; index < live.length; index++) if (space.isFulfilled(live[index] ?? 0)) bits |= 1 << index;
      this.fulfilled.push(this.table.number);
      this.fulfilled.push(bits);
    }
    for (const property of this.wanted) {
      const { name } = space.properties[property] ?? { name: '' };
      if (!reached.has(name) && space.isFulfilled(property)) reached.add(name);
    }
  }

  /** Which states are too far from the beginning depends on the way to them. */
  private isTooDeep(): boolean {
    if (this.space.depth < this.maxDepth) return false;
    this.isSpoilt = true;
    return true;
  }

  private isToldToStop(): boolean {
    this.tell();
    return this.sharing.exchange.isOver;
  }

  private tell(): void {
    this.sharing.tell(this.found - this.told);
    this.told = this.found;
  }

  private part(): StatePart {
    const { found: states, transitions, ends, isSpoilt } = this;
    return {
      ...{ states, transitions, ends, isSpoilt },
      reached: [...this.reached],
      costs: [...this.costs],
      isInexact: this.space.isInexact,
      edges: shared(this.edges),
      marks: this.space.spans?.table ?? null,
      fulfilled: shared(this.fulfilled),
    };
  }
}

/** A copy that other threads need not copy again. */
function shared({ items, length }: Integers): SharedArrayBuffer {
  const memory = new SharedArrayBuffer(4 * length);
  new Int32Array(memory).set(items.subarray(0, length));
  return memory;
}
