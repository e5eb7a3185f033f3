/**
 * The search itself, in both orders, over any space of states. It can be paused, so that whoever runs it can look at a clock in between.
 *
 * Invariant: a state is arrived at once, when it is found, and left once, when all of its choices were made. What is found goes into the
 * exploration that it was given.
 */
import type { Failure } from '../failure.js';
import type { Coverage } from '../strategy.js';
import { PATIENCE } from './body-history.js';
import { findFairCycle } from './fair-cycles.js';
import { Integers } from './integers.js';
import { OrbitGraph, type Unfolded } from './orbit-graph.js';
import type { StateExploration, StateOptions } from './search-states.js';
import { StateGraph } from './state-graph.js';
import type { StateSpace } from './state-space.js';
import { StateTable } from './state-table.js';
import { StateTree } from './state-tree.js';

const ASK_EVERY = 1 << 12;

export class StateSearch {
  private readonly table: StateTable;
  private readonly tree = new StateTree();
  /** Only if something must happen in the end. */
  private readonly graph: StateGraph | null = null;
  /** And only if processes are taken as interchangeable. */
  private readonly orbits: OrbitGraph | null = null;
  /** Numbers of the properties that must happen in the end, and of those that must be reached. */
  private readonly live: readonly number[];
  private readonly wanted: readonly number[];
  private readonly maxStates: number;
  private readonly maxDepth: number;
  /** Choices of the states that are being left. */
  private readonly pool = new Integers();
  /** Breadth first: states that were left. */
  private left = 0;
  private stopped = false;
  private cutOff = false;
  private begun = false;
  private paused = false;
  /** Asked now and then; true: pause. */
  private pause: (() => boolean) | null = null;
  /** Depth first: the states that are being left, and where in the pool the choices of each begin, and the next one is. */
  private readonly states = new Integers();
  private readonly nexts = new Integers();
  private readonly begins = new Integers();

  constructor(
    private readonly space: StateSpace,
    private readonly found: StateExploration,
    private readonly options: StateOptions,
  ) {
    space.begin();
    const numbered = (kinds: readonly string[]): number[] =>
      [...space.properties.keys()].filter((property) => kinds.includes(space.properties[property]?.kind ?? ''));
    this.live = numbered(['eventually', 'alwaysEventually']);
    this.wanted = numbered(['sometimes']);
    if (this.live.length > 0) this.graph = new StateGraph();
    if (this.live.length > 0 && space.arrangements !== null) this.orbits = new OrbitGraph(space.arrangements);
    this.table = new StateTable(this.graph !== null);
    this.maxStates = options.maxStates ?? Number.POSITIVE_INFINITY;
    this.maxDepth = options.maxDepth ?? Number.POSITIVE_INFINITY;
  }

  /** Goes on until it is over, something is found or `pause` says so; whether it is over. */
  run(pause: (() => boolean) | null = null): boolean {
    const isDepthFirst = this.options.order === 'dfs-states';
    this.pause = pause;
    this.paused = false;
    if (!this.begun) this.begin(isDepthFirst);
    if (!this.stopped) {
      if (isDepthFirst) this.depthFirst();
      else this.breadthFirst();
    }
    if (!this.paused) this.end(isDepthFirst);
    return !this.paused;
  }

  /** Arrives at the state at the beginning. */
  private begin(isDepthFirst: boolean): void {
    const { space, table } = this;
    this.begun = true;
    table.add(space.low, space.high);
    this.collect(space.failures, 0, -1);
    this.arrive(0, 0);
    if (isDepthFirst) this.enter(0);
    else space.keep();
  }

  private end(isDepthFirst: boolean): void {
    const { found, table } = this;
    found.states = table.count;
    found.steps = found.transitions;
    found.schedules = found.ends;
    found.omission = table.omission();
    // Depth first, many states are being left when it stops, and have only some of their edges.
    if (!isDepthFirst || !this.stopped) this.findCycles();
    found.coverage = this.coverage(isDepthFirst);
  }

  private coverage(isDepthFirst: boolean): Coverage {
    const { count } = this.table;
    if (this.stopped) return { kind: 'bounded', bound: `the first ${count} states, ${isDepthFirst ? 'depth' : 'breadth'} first` };
    if (this.cutOff) return { kind: 'bounded', bound: `states up to ${this.maxDepth} steps from the beginning` };
    if (this.space.isInexact)
      return { kind: 'bounded', bound: `who gets the same answers ${PATIENCE} times in a row learns nothing from asking again` };
    return { kind: 'proved', by: 'states', omission: this.found.omission };
  }

  private breadthFirst(): void {
    const { space, pool, table, tree } = this;
    const schedule = (): readonly number[] => tree.scheduleOf(this.left);
    // States where nobody can go on are kept too, so that they are gone to in the order of their numbers.
    for (; this.left < table.count; this.left++) {
      space.goTo(schedule);
      if (this.isTooDeep()) continue;
      pool.length = 0;
      const count = space.choices(pool);
      for (let index = 0; index < count; index++) {
        if (this.move(this.left, pool.at(index))) space.keep();
        space.back();
        if (this.stopped) return;
      }
      if (this.paused) {
        this.left++;
        return;
      }
    }
  }

  private depthFirst(): void {
    const { space, pool, states, nexts, begins } = this;
    while (states.length > 0 && !this.stopped && !this.paused) {
      const next = nexts.pop();
      // The state that is being left has the last choices of the pool.
      if (next === pool.length) {
        states.pop();
        pool.length = begins.pop();
        if (states.length > 0) space.back();
        continue;
      }
      nexts.push(next + 1);
      const isNew = this.move(states.last(), pool.at(next));
      if (isNew && !this.isTooDeep()) this.enter(this.table.count - 1);
      else space.back();
    }
  }

  private enter(state: number): void {
    const { pool } = this;
    this.states.push(state);
    this.begins.push(pool.length);
    this.nexts.push(pool.length);
    this.space.choices(pool);
  }

  private isTooDeep(): boolean {
    if (this.space.depth < this.maxDepth) return false;
    this.cutOff = true;
    return true;
  }

  /** Makes a choice in a state; whether it leads to a new one. */
  private move(from: number, choice: number): boolean {
    const { space, table, graph, found } = this;
    space.step(choice);
    if (++found.transitions % ASK_EVERY === 0) this.ask();
    const isNew = table.add(space.low, space.high);
    if (isNew) {
      this.arrive(from, choice);
      if (table.count >= this.maxStates) this.stopped = true;
    }
    if (graph !== null) graph.addEdge(from, table.number, choice);
    this.orbits?.addEdge(from, space.order);
    if (space.failures.length > 0) this.collect(space.failures, from, choice);
    return isNew;
  }

  /** Looks at a new state; whether anybody can go on. */
  private arrive(from: number, choice: number): boolean {
    const { space, found, graph } = this;
    this.tree.add(from, choice);
    if (space.depth > found.depth) found.depth = space.depth;
    const canGoOn = space.arrive();
    if (!canGoOn) {
      found.ends++;
      if (space.isDeadlocked()) found.deadlocks++;
    }
    if (graph !== null) {
      let bits = 0;
      for (let index = 0; index < this.live.length; index++) if (space.isFulfilled(this.live[index] ?? 0)) bits |= 1 << index;
      graph.addState(bits);
      this.orbits?.addState(space.order);
    }
    for (const property of this.wanted) {
      const { name } = space.properties[property] ?? { name: '' };
      if (!found.reached.has(name) && space.isFulfilled(property)) found.reached.add(name);
    }
    return canGoOn;
  }

  private ask(): void {
    this.found.states = this.table.count;
    if (this.options.stop?.(this.found)) this.stopped = true;
    if (this.pause?.()) this.paused = true;
  }

  /** Notes failures of properties that have none yet, which a choice in a state has shown; below 0: the beginning has. */
  private collect(failures: readonly Failure[], from: number, choice: number): void {
    for (const failure of failures) {
      if (failure.property === 'steps' || this.isKnown(failure.property)) continue;
      const schedule = this.tree.scheduleOf(from);
      if (choice >= 0) schedule.push(choice);
      this.found.faults.push({ ...failure, step: schedule.length, schedule, execution: this.table.count, cycleFrom: null });
      if (this.options.keepGoing !== true) this.stopped = true;
    }
  }

  private isKnown(property: string): boolean {
    return this.found.faults.some((fault) => fault.property === property);
  }

  /** What must happen in the end and never does in a fair cycle. */
  private findCycles(): void {
    const { graph, space, found } = this;
    if (graph === null || (found.faults.length > 0 && this.options.keepGoing !== true)) return;
    graph.close(this.options.order === 'dfs-states' ? graph.states : this.left);
    const { fairness = 'weak' } = this.options;
    let unfolded: Unfolded | null = null;
    for (const [bit, property] of this.live.entries()) {
      const { name } = space.properties[property] ?? { name: '' };
      if (this.isKnown(name)) continue;
      if (this.orbits !== null) {
        // Who is who counts only where there is a cycle at all.
        if (findFairCycle(graph, bit, 'none') === null) continue;
        unfolded ??= this.orbits.unfold(graph, this.live.length);
      }
      const cycle = findFairCycle(unfolded?.graph ?? graph, bit, fairness);
      if (cycle === null) continue;
      const stem = (unfolded?.tree ?? this.tree).scheduleOf(cycle.state);
      const schedule = [...stem, ...cycle.choices];
      found.faults.push({
        property: name,
        message: `${name}: it can go on for ever without, from step ${stem.length} on`,
        step: schedule.length,
        schedule,
        execution: this.table.count,
        cycleFrom: stem.length,
      });
      if (this.options.keepGoing !== true) return;
    }
  }
}
