/**
 * What strategies that make one execution of each trace have in common: the path from the beginning to where the search is, what sleeps along
 * it, what happened before what, and what is still to be explored at each depth.
 *
 * Depth d is the state after d steps. Invariant: `heads[d]` is the list of choices to be made at depth d, the first of which is the one that
 * the path makes there; whatever was explored at depth d sleeps there. What is not here: what a race asks for (source-dpor.ts,
 * optimal-dpor.ts).
 *
 * A trace is what executions have in common that differ only in the order of independent steps. They end in the same state, so failures
 * of processes, deadlocks and properties of the end are found whenever there are any. States on the way are not all met: an `always` that
 * looks at objects of several processes at once, a `sometimes` or a cost may differ within a trace, and only a search of states or
 * schedules sees every one.
 */
import { ABANDON, type Coverage, type Strategy } from '../strategy.js';
import { type Execution, PROCESS_BITS, PROCESS_MASK } from '../execution.js';
import { Status } from '../slot.js';
import { WorldError } from '../failure.js';
import { Kind, KIND_BITS } from '../operation.js';
import { UNKNOWN } from './footprints.js';
import { grown } from './grown.js';
import { HappensBefore } from './happens-before.js';
import { RELATION, type Relation } from './relation.js';
import { SleepSets } from './sleep-sets.js';
import { WakeupTrees } from './wakeup-trees.js';

const NOBODY = -1;

export abstract class TraceSearch implements Strategy {
  abstract readonly name: string;
  protected readonly order: HappensBefore;
  protected readonly sleeping = new SleepSets();
  protected readonly trees = new WakeupTrees();
  /** The choices of the path. */
  protected path = new Int32Array(64);
  protected heads = new Int32Array(65);
  /** Choices that could be made at each depth: `enabled[enabledFrom[depth] .. enabledFrom[depth + 1])`. */
  private enabled = new Int32Array(256);
  private enabledFrom = new Int32Array(66);
  /** How many choices have been explored at each depth. */
  private explored = new Int32Array(64);
  /** Depths below this one are as they were in the execution before. */
  protected known = 0;
  /** Depths below this one are given: what is explored there is for others to say. */
  protected given = 0;
  private started = false;
  protected finished = false;
  private traces = 0;
  private cut = false;
  private furthest = 0;
  /** There are properties of states on the way, not all of which are met. */
  private watchesStates = false;
  private names: readonly string[] = [];
  /** Events of the execution that did run. */
  protected ran = 0;

  constructor(relation: Relation = RELATION) {
    this.order = new HappensBefore(relation, (depth, process) => this.outcomesAt(depth, process) > 0);
  }

  /**
   * Whether races are dealt with as soon as they show; otherwise at the end of an execution, with all that happened in it. With actors it is
   * always the end: what a race's later step depends on in place of the earlier one may come only after it.
   */
  protected isEager = true;
  /**
   * Whether an operation was met that has several outcomes, or a world has actors. Without, a race asks for the same whatever comes behind
   * it, so those that the execution before had as well have been dealt with.
   */
  protected hasOutcomes = false;

  /** Sees to it that the later event of a race is explored in place of the earlier one. */
  protected abstract reverse(race: number): void;

  /** The first depth that is not given was reached. */
  protected arriveAtOwn(): void {
    // Of a search of all traces that is the beginning.
  }

  /** A choice was taken from the list of a depth; what is asked for behind it is the next depth's list. */
  protected chose(_depth: number): void {
    // The path has it.
  }

  /** All behind the path's choice at a depth is explored. */
  protected hasExplored(_depth: number): void {
    // It sleeps.
  }

  /** A depth for which nothing was asked was reached, and this process is the first to be explored there, or another one. */
  protected opened(_depth: number, _process: number, _isFirst: boolean): void {
    // Wake-up trees have nothing to note.
  }

  begin(execution: Execution): boolean {
    if (this.started) return !this.finished;
    this.started = true;
    this.order.restart(execution);
    this.sleeping.restart();
    this.watchesStates = execution.builder.properties.some(({ kind }) => kind === 'always');
    this.names = execution.builder.processes.map(({ handle }) => handle.name);
    if (this.order.isActor.includes(1)) this.isEager = false;
    this.hasOutcomes = !this.isEager && this.order.isActor.includes(1);
    return true;
  }

  choose(execution: Execution): number {
    const depth = execution.steps;
    if (depth < this.order.length) return this.path[depth] ?? 0;
    if (this.order.length < depth) this.note(depth, execution);
    if (depth + 1 === this.path.length) this.grow();
    if ((this.explored[depth] ?? 0) === 0) this.look(execution, depth);
    if (depth < this.given) return this.path[depth] ?? 0;
    if (depth === this.given) this.arriveAtOwn();
    this.skip(depth);
    if (this.heads[depth] === 0) this.open(depth, execution);
    const head = this.heads[depth] ?? 0;
    if (head === 0) return ABANDON;
    if (this.trees.outcomes[head] === 0) this.addOthers(depth, head);
    this.heads[depth + 1] = this.trees.first[head] ?? 0;
    this.trees.first[head] = 0;
    this.explored[depth + 1] = 0;
    const choice = this.trees.choice[head] ?? 0;
    this.path[depth] = choice;
    this.chose(depth);
    return choice;
  }

  end(execution: Execution, abandoned: boolean): void {
    if (this.order.length < execution.steps) this.note(execution.steps, execution);
    if (!abandoned) {
      this.traces++;
      if (execution.steps >= execution.world.maxSteps) this.cut = true;
    }
    this.complete(execution);
    this.goBack();
  }

  coverage(): Coverage {
    if (!this.finished) return { kind: 'sampled', confidence: `${this.traces} traces, all different, of a search that is not over` };
    if (this.cut) return { kind: 'bounded', bound: 'traces up to the largest number of steps' };
    if (this.watchesStates) return { kind: 'bounded', bound: 'every trace, in one order of its independent steps' };
    return { kind: 'proved', by: 'traces' };
  }

  /**
   * As for depth first: what lies before the path, all that is known to be explored at a depth counted alike. More may become known, so this is
   * the largest that was estimated so far.
   */
  progress(): number {
    let done = 0;
    let weight = 1;
    for (let depth = 0; depth < this.order.length; depth++) {
      const before = this.explored[depth] ?? 0;
      let count = before;
      for (let node = this.heads[depth] ?? 0; node !== 0; node = this.trees.next[node] ?? 0) count++;
      weight /= Math.max(count, 1);
      done += weight * before;
    }
    this.furthest = this.finished ? 1 : Math.max(this.furthest, done);
    return this.furthest;
  }

  /** Whether that choice can be made at a depth of the path. */
  protected isEnabled(depth: number, choice: number): boolean {
    const end = this.enabledFrom[depth + 1] ?? 0;
    for (let at = this.enabledFrom[depth] ?? 0; at < end; at++) if (this.enabled[at] === choice) return true;
    return false;
  }

  /**
   * Independent steps don't make each other possible, so what could run in one order can run in another one; if not, the footprints are wrong.
   * For generators they are the engine's own.
   */
  protected mustBeEnabled(depth: number, choice: number): void {
    if (this.isEnabled(depth, choice)) return;
    const name = this.names[choice & PROCESS_MASK] ?? '';
    throw new WorldError(
      `${name} can't run where no step that it depends on is missing: it waits for something that its steps don't touch`,
    );
  }

  /** How many outcomes a process has at a depth of the path; 0: it can't run. */
  protected outcomesAt(depth: number, process: number): number {
    const end = this.enabledFrom[depth + 1] ?? 0;
    let outcomes = 0;
    for (let at = this.enabledFrom[depth] ?? 0; at < end; at++) if (((this.enabled[at] ?? 0) & PROCESS_MASK) === process) outcomes++;
    return outcomes;
  }

  /** Adds all that a process may do at a depth, but for what sleeps, to what is to be explored there. */
  protected addProcess(depth: number, process: number, footprint: number): void {
    const outcomes = this.outcomesAt(depth, process);
    for (let outcome = 0; outcome < outcomes; outcome++) {
      const choice = (outcome << PROCESS_BITS) | process;
      if (this.sleeping.has(depth, choice)) continue;
      this.heads[depth] = this.trees.append(this.heads[depth] ?? 0, this.trees.add(choice, footprint, outcomes));
    }
  }

  /**
   * The races of an execution, and those of operations that are pending at its end. An execution that was left has them too: what a sleeper
   * would do next makes nobody able to go on in the place of whom somebody else went on before.
   */
  private complete(execution: Execution): void {
    const { order } = this;
    const end = order.length;
    this.ran = end;
    if (!this.isEager) this.reverseFrom(this.hasOutcomes ? 0 : order.firstRace(this.known + 1));
    const wasCut = execution.steps >= execution.world.maxSteps;
    for (let process = 0; process < execution.count; process++) {
      if (execution.status[process] !== Status.active || (!wasCut && execution.isEnabled(process))) continue;
      if (!order.appendPending(execution, process, !execution.isEnabled(process))) continue;
      this.path[end] = process;
      this.reverseFrom(order.firstRace(end + 1));
      order.truncate(end);
    }
  }

  private reverseFrom(first: number): void {
    const { raceCount } = this.order;
    for (let race = first; race < raceCount; race++) this.reverse(race);
  }

  /** The step that brought the execution to that depth. */
  private note(depth: number, execution: Execution): void {
    const choice = this.path[depth - 1] ?? 0;
    const footprint = this.order.footprints.of(execution.footprint, execution.footprintLength);
    const early = (this.enabledFrom[depth] ?? 0) - (this.enabledFrom[depth - 1] ?? 0) > 1;
    this.order.append(choice & PROCESS_MASK, footprint, early);
    this.sleeping.inherit(depth, choice, footprint, this.order.footprints);
    this.ran = depth;
    if (this.isEager) this.reverseFrom(this.order.firstRace(depth));
  }

  /** Notes what can be done at a depth. */
  private look(execution: Execution, depth: number): void {
    const from = this.enabledFrom[depth] ?? 0;
    const { enabledCount } = execution;
    while (from + enabledCount > this.enabled.length) this.enabled = grown(this.enabled);
    for (let index = 0; index < enabledCount; index++) {
      const choice = execution.enabled[index] ?? 0;
      this.enabled[from + index] = choice;
      if (choice > PROCESS_MASK) this.hasOutcomes = true;
    }
    this.enabledFrom[depth + 1] = from + enabledCount;
  }

  /** Drops what need not or can't be done from the head of the list. */
  private skip(depth: number): void {
    for (let head = this.heads[depth] ?? 0; head !== 0; ) {
      const choice = this.trees.choice[head] ?? 0;
      const isForeseen = this.trees.footprint[head] !== UNKNOWN;
      if (isForeseen) this.mustBeEnabled(depth, choice);
      if ((isForeseen || this.isEnabled(depth, choice)) && !this.sleeping.has(depth, choice)) return;
      if (this.trees.outcomes[head] === 0) this.addOthers(depth, head);
      head = this.trees.removeFirst(head);
      this.heads[depth] = head;
    }
  }

  /**
   * Begins a depth for which nothing is asked: with the first process that does not sleep. If some of a process's outcomes sleep, the others
   * stand for none of the executions in which it has one of those; if that is so of all processes, all are needed, and executions with
   * outcomes that sleep are left here.
   */
  private open(depth: number, execution: Execution): void {
    if ((this.explored[depth] ?? 0) > 0) return;
    const end = this.enabledFrom[depth + 1] ?? 0;
    for (let at = this.enabledFrom[depth] ?? 0, last = NOBODY; at < end; at++) {
      const process = (this.enabled[at] ?? 0) & PROCESS_MASK;
      if (process === last || this.sleepersOf(depth, process) > 0) continue;
      last = process;
      this.addProcess(depth, process, this.foreseen(execution, process));
      this.opened(depth, process, true);
      return;
    }
    for (let at = this.enabledFrom[depth] ?? 0, last = NOBODY; at < end; at++) {
      const process = (this.enabled[at] ?? 0) & PROCESS_MASK;
      if (process === last || this.isAsleep(depth, process)) continue;
      this.addProcess(depth, process, this.foreseen(execution, process));
      this.opened(depth, process, last === NOBODY);
      if (last === NOBODY) this.complete(execution);
      last = process;
    }
  }

  /** Whether a process can run at a depth, but sleeps, whatever the outcome. */
  protected isAsleep(depth: number, process: number): boolean {
    const outcomes = this.outcomesAt(depth, process);
    return outcomes > 0 && this.sleepersOf(depth, process) === outcomes;
  }

  /** How many of a process's outcomes sleep. */
  private sleepersOf(depth: number, process: number): number {
    let count = 0;
    const end = this.sleeping.ends[depth] ?? 0;
    for (let at = this.sleeping.starts[depth] ?? 0; at < end; at++)
      if (((this.sleeping.choices[at] ?? 0) & PROCESS_MASK) === process) count++;
    return count;
  }

  /** The footprint of a step that has not been made: a choice's is known, an actor's is not. */
  private foreseen(execution: Execution, process: number): number {
    const target = execution.targetOf(process);
    if (this.order.isActor[process] === 1 || target === null || execution.kindOf(process) !== Kind.choose) return UNKNOWN;
    return (target.id << KIND_BITS) | Kind.choose;
  }

  /** Of a process of which nobody could know how many outcomes it has: the others, each to be explored as well. */
  private addOthers(depth: number, head: number): void {
    const process = (this.trees.choice[head] ?? 0) & PROCESS_MASK;
    const outcomes = this.outcomesAt(depth, process);
    this.trees.outcomes[head] = outcomes;
    for (let outcome = 0; outcome < outcomes && outcomes > 1; outcome++) {
      const choice = (outcome << PROCESS_BITS) | process;
      if (this.sleeping.has(depth, choice) || this.isListed(depth, choice)) continue;
      this.trees.append(head, this.trees.add(choice, UNKNOWN, outcomes));
    }
  }

  private isListed(depth: number, choice: number): boolean {
    for (let node = this.heads[depth] ?? 0; node !== 0; node = this.trees.next[node] ?? 0)
      if (this.trees.choice[node] === choice) return true;
    return false;
  }

  /** To the deepest depth at which there is something left to explore. */
  private goBack(): void {
    for (let depth = this.order.length - 1; depth >= this.given; depth--) {
      const head = this.heads[depth] ?? 0;
      this.sleeping.add(depth, this.path[depth] ?? 0, this.order.footprint[depth + 1] ?? 0);
      this.explored[depth] = (this.explored[depth] ?? 0) + 1;
      this.hasExplored(depth);
      this.order.truncate(depth);
      this.heads[depth] = this.trees.removeFirst(head);
      this.skip(depth);
      if (this.heads[depth] === 0) continue;
      this.known = depth;
      return;
    }
    this.finished = true;
  }

  protected grow(): void {
    this.path = grown(this.path);
    this.heads = grown(this.heads);
    this.enabledFrom = grown(this.enabledFrom);
    this.explored = grown(this.explored);
  }
}
