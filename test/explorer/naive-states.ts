/**
 * The plainest search of states there is: every state as a text, in a set; breadth first, each state executed from the beginning.
 *
 * It shares nothing with the searches that it checks but the engine's executions. Of a body it knows all that the body was told.
 */
import { Execution, PROCESS_MASK } from '../../src/explorer/execution.js';
import { Kind } from '../../src/explorer/operation.js';
import type { SharedObject } from '../../src/explorer/shared-object.js';
import type { World } from '../../src/explorer/world.js';

export interface NaiveStates {
  states: number;
  transitions: number;
  depth: number;
  ends: number;
  deadlocks: number;
  /** Properties that break, with the fewest steps that it takes. */
  readonly faults: Map<string, number>;
  /** States that are left if it does not count which process is which. */
  readonly orbits: Set<string>;
  /** By state: what it can do, and the properties that hold in it, or have held if they must once. */
  readonly graph: { readonly edges: { readonly process: number; readonly to: number }[]; fulfilled: readonly boolean[] }[];
}

/** What a process's next operation will tell it. */
function told(execution: Execution, process: number, outcome: number): number | undefined {
  const target = execution.targetOf(process);
  switch (execution.kindOf(process)) {
    case Kind.read:
    case Kind.update:
    case Kind.awaitReply:
      return target?.value;
    case Kind.receive:
      return target?.queue[target.head];
    case Kind.choose:
      return outcome;
    default:
      return undefined;
  }
}

type Permutation = readonly number[];

function permutations(items: readonly number[]): Permutation[] {
  if (items.length === 0) return [[]];
  return items.flatMap((item) => permutations(items.filter((other) => other !== item)).map((rest) => [item, ...rest]));
}

/** The least of a state's texts, whichever process is called which. */
function orbitOf(objects: readonly SharedObject[], processes: readonly unknown[], all: readonly Permutation[]): string {
  const texts = all.map((permutation) => {
    const name = (process: number): number => permutation.indexOf(process);
    const shared = objects.map((object) => {
      if (object.type === 'lock') return object.owner < 0 ? -1 : name(object.owner);
      return object.type === 'condition' ? object.queue.slice(object.head).map(name) : contents(object);
    });
    return JSON.stringify([shared, permutation.map((process) => processes[process])]);
  });
  return texts.sort()[0] ?? '';
}

function contents(object: SharedObject): unknown {
  const { type, value, owner, queue, head, full } = object;
  if (type === 'process' || type === 'choice') return null;
  return [type === 'reply' && !full ? 0 : value, owner, queue.slice(head), full];
}

/** All states of a world, or null if there are more than so many. */
export function naiveStates(world: World, most = 5000): NaiveStates | null {
  const execution = new Execution(world);
  const found: NaiveStates = {
    states: 0,
    transitions: 0,
    depth: 0,
    ends: 0,
    deadlocks: 0,
    faults: new Map(),
    orbits: new Set(),
    graph: [],
  };
  const seen = new Map<string, number>();
  let all: readonly Permutation[] = [];
  let level: number[][] = [];

  let histories: unknown[][] = [];
  const processTexts = (): unknown[] =>
    execution.builder.processes.map(({ run }, process) => [
      execution.status[process],
      execution.status[process] === 1 ? [execution.kindOf(process), execution.isUnsignalled(process)] : null,
      run === null ? histories[process] : [run.place, ...run.registers.subarray(0, run.program.locals)],
    ]);
  /** The state after a schedule, as a text. */
  const go = (schedule: readonly number[]): string => {
    execution.begin();
    histories = [];
    for (const choice of schedule) {
      const process = choice & PROCESS_MASK;
      const history = histories[process] ?? [];
      histories[process] = history;
      history.push([execution.kindOf(process), told(execution, process, choice >> 8)]);
      execution.step(choice);
    }
    const held = execution.builder.properties.map(({ kind }, property) => kind === 'eventually' && execution.held[property] === true);
    return JSON.stringify([execution.builder.objects.map(contents), processTexts(), held]);
  };
  const isFulfilled = (property: number): boolean => {
    const there = execution.builder.properties[property];
    return there?.kind === 'eventually' ? execution.held[property] === true : there?.holds() === true;
  };
  const visit = (schedule: number[], next: number[][]): number => {
    const state = go(schedule);
    for (const { property, step } of execution.failures) {
      if (step === schedule.length && !found.faults.has(property)) found.faults.set(property, step);
    }
    const known = seen.get(state);
    if (known !== undefined) return known;
    const number = found.states++;
    seen.set(state, number);
    if (execution.builder.symmetric.length > 0) {
      if (all.length === 0) all = permutations(Array.from({ length: execution.count }, (_, process) => process));
      found.orbits.add(orbitOf(execution.builder.objects, processTexts(), all));
    }
    found.graph.push({ edges: [], fulfilled: execution.builder.properties.map((_, property) => isFulfilled(property)) });
    found.depth = schedule.length;
    if (execution.enabledCount === 0) {
      found.ends++;
      if (Array.from({ length: execution.count }, (_, process) => process).some((process) => execution.isBlocked(process)))
        found.deadlocks++;
    }
    next.push(schedule);
    return number;
  };
  visit([], level);
  while (level.length > 0) {
    const next: number[][] = [];
    for (const schedule of level) {
      const from = seen.get(go(schedule)) ?? 0;
      for (const choice of execution.enabled.slice(0, execution.enabledCount)) {
        found.transitions++;
        const to = visit([...schedule, choice], next);
        found.graph[from]?.edges.push({ process: choice & PROCESS_MASK, to });
      }
      if (found.states > most) return null;
    }
    level = next;
  }
  return found;
}

/** States that a state reaches without leaving some, by at least one step. */
function reachable({ graph }: NaiveStates, from: number, inside: ReadonlySet<number>): Set<number> {
  const reached = new Set<number>();
  const queue = [from];
  for (let state = queue.pop(); state !== undefined; state = queue.pop()) {
    for (const { to } of graph[state]?.edges ?? []) {
      if (!inside.has(to) || reached.has(to)) continue;
      reached.add(to);
      queue.push(to);
    }
  }
  return reached;
}

/** Whether something can go on for ever in a fair way without a property: every set of processes is tried as those that go on. */
export function hasFairCycle(found: NaiveStates, property: number, fairness: 'weak' | 'strong' | 'none'): boolean {
  const { graph } = found;
  const ables = graph.map(({ edges }) => new Set(edges.map(({ process }) => process)));
  const count = 1 + Math.max(...ables.flatMap((able) => [...able]), 0);
  for (let movers = 1; movers < 1 << count; movers++) {
    const moves = (process: number): boolean => (movers & (1 << process)) !== 0;
    const inside = new Set<number>();
    for (const [state, { fulfilled }] of graph.entries()) {
      if (fulfilled[property] === true) continue;
      if (fairness !== 'strong' || [...(ables[state] ?? [])].every(moves)) inside.add(state);
    }
    for (const state of inside) {
      const around = [...reachable(found, state, inside)].filter((other) => reachable(found, other, inside).has(state));
      if (!around.includes(state)) continue;
      const steps = new Set(
        around.flatMap((at) => graph[at]?.edges.filter(({ to }) => around.includes(to)).map(({ process }) => process) ?? []),
      );
      const isFair = [...Array(count).keys()].every((process) => {
        if (fairness === 'none' || steps.has(process)) return true;
        return fairness === 'weak' ? around.some((at) => !ables[at]?.has(process)) : !around.some((at) => ables[at]?.has(process));
      });
      if (isFair) return true;
    }
    if (fairness !== 'strong') return false;
  }
  return false;
}
