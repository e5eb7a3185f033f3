/**
 * Exact probabilities of a fault under each sampler, by walking every schedule: what the samplers are measured against.
 *
 * Written from what each sampler is said to do, with nothing of its code. Probabilities are doubles; a sum has rounding errors of 1e-12 or so.
 */
import { Execution, PROCESS_MASK } from '../../src/explorer/execution.js';
import { Kind } from '../../src/explorer/operation.js';
import type { World } from '../../src/explorer/world.js';

/** A choice that can come next, how likely it is, and what the sampler then knows. */
type Branch<State> = readonly [choice: number, probability: number, state: State];
type Branches<State> = (execution: Execution, state: State) => readonly Branch<State>[];

const enabledOf = (execution: Execution): number[] => Array.from(execution.enabled.subarray(0, execution.enabledCount));
const processOf = (choice: number): number => choice & PROCESS_MASK;
const processesOf = (execution: Execution): number[] => [...new Set(enabledOf(execution).map(processOf))];
const isFaulty = (execution: Execution): boolean => execution.failures.length > 0;

function at(world: World, prefix: readonly number[]): Execution {
  const execution = new Execution(world);
  execution.begin();
  for (const choice of prefix) execution.step(choice);
  return execution;
}

/** Probability of a fault after a prefix. */
function walk<State>(world: World, prefix: readonly number[], state: State, branches: Branches<State>): number {
  const execution = at(world, prefix);
  const path = [...prefix];
  let now = state;
  for (;;) {
    if (execution.enabledCount === 0) return isFaulty(execution) ? 1 : 0;
    const next = branches(execution, now);
    const [only] = next;
    if (next.length !== 1 || only === undefined || only[1] !== 1) {
      return next.reduce((sum, [choice, probability, then]) => sum + probability * walk(world, [...path, choice], then, branches), 0);
    }
    execution.step(only[0]);
    path.push(only[0]);
    now = only[2];
  }
}

const uniform = (execution: Execution): Branch<null>[] => enabledOf(execution).map((choice) => [choice, 1 / execution.enabledCount, null]);

/** Choices of a process, each as likely as the other, with a common weight. */
function outcomes<State>(execution: Execution, process: number, weight: number, state: State): Branch<State>[] {
  const choices = enabledOf(execution).filter((choice) => processOf(choice) === process);
  return choices.map((choice) => [choice, weight / choices.length, state]);
}

export const randomWalk = (world: World): number => walk(world, [], null, uniform);

interface Left {
  /** Operations left of each process. */
  readonly lengths: readonly number[];
  /** Processes that are to be spawned, all by process `spawner`. */
  readonly unborn: readonly number[];
}

/** `lengths`: operations of each process; the last one spawns those of `unborn`. */
export function uniformRandomWalk(world: World, lengths: readonly number[], unborn: readonly number[]): number {
  const weight = ({ lengths: left, unborn: children }: Left, process: number): number =>
    Math.max(1, left[process] ?? 0) +
    (process === lengths.length - 1 ? children.reduce((sum, child) => sum + Math.max(1, left[child] ?? 0), 0) : 0);
  return walk<Left>(world, [], { lengths, unborn }, (execution, state) => {
    const processes = processesOf(execution);
    const sum = processes.reduce((total, process) => total + weight(state, process), 0);
    return processes.flatMap((process) => {
      const spawned = execution.kindOf(process) === Kind.spawn ? execution.targetOf(process)?.owner : undefined;
      const next = {
        lengths: state.lengths.map((left, each) => (each === process ? left - 1 : left)),
        unborn: state.unborn.filter((child) => child !== spawned),
      };
      return outcomes(execution, process, weight(state, process) / sum, next);
    });
  });
}

interface Falling {
  /** Processes, the highest priority first. */
  readonly order: readonly number[];
  /** Processes that have fallen, by which fall it was: the one of fall 0 is the lowest of all. */
  readonly fallen: ReadonlyMap<number, number>;
  readonly point: number;
}

function* permutations(items: readonly number[]): Generator<number[]> {
  if (items.length === 0) yield [];
  for (const item of items) for (const rest of permutations(items.filter((each) => each !== item))) yield [item, ...rest];
}

function* tuples(length: number, bound: number): Generator<number[]> {
  if (length === 0) yield [];
  else for (const rest of tuples(length - 1, bound)) for (let first = 0; first < bound; first++) yield [first, ...rest];
}

/** Every order of processes and every place of the d-1 falls within `points`; after them, uniform. */
export function priorityChanges(world: World, depth: number, points: number): number {
  const { count } = at(world, []);
  const orders = [...permutations(Array.from({ length: count }, (_, process) => process))];
  const falls = [...tuples(depth - 1, points)];
  let sum = 0;
  for (const order of orders) {
    for (const fall of falls) {
      sum += walk<Falling>(world, [], { order, fallen: new Map(), point: 0 }, (execution, state) =>
        falling(execution, state, fall, points),
      );
    }
  }
  return sum / (orders.length * falls.length);
}

function falling(execution: Execution, state: Falling, falls: readonly number[], points: number): readonly Branch<Falling>[] {
  const processes = processesOf(execution);
  const [only] = processes;
  if (processes.length === 1 && only !== undefined) return outcomes(execution, only, 1, state);
  if (state.point >= points) return uniform(execution).map(([choice, probability]) => [choice, probability, state]);
  const fallen = new Map(state.fallen);
  // Those that fell are below the others, those of later numbers above those of earlier ones.
  const rank = (process: number): number => fallen.get(process) ?? 1000 - state.order.indexOf(process);
  const highest = (): number => processes.reduce((best, process) => (rank(process) > rank(best) ? process : best));
  for (const [number, point] of falls.entries()) if (point === state.point) fallen.set(highest(), number);
  return outcomes(execution, highest(), 1, { order: state.order, fallen, point: state.point + 1 });
}

/**
 * Priorities as they stand to each other, the highest first: a process's, or one that is no longer (-1). A new one is in each place among all that
 * were ever drawn with the same probability, so that what is known of the old ones is in their order alone.
 */
type Ranking = readonly number[];
type Rankings = ReadonlyMap<string, readonly [Ranking, number]>;

function collected(entries: Iterable<readonly [Ranking, number]>): Rankings {
  const result = new Map<string, [Ranking, number]>();
  for (const [ranking, mass] of entries) {
    const key = ranking.join();
    const known = result.get(key);
    if (known === undefined) result.set(key, [ranking, mass]);
    else known[1] += mass;
  }
  return result;
}

/** Draws for a process, where it has no priority. */
function* drawn(rankings: Rankings, process: number): Generator<readonly [Ranking, number]> {
  for (const [ranking, mass] of rankings.values()) {
    const places = ranking.length + 1;
    if (ranking.includes(process)) yield [ranking, mass];
    else for (let place = 0; place < places; place++) yield [[...ranking.slice(0, place), process, ...ranking.slice(place)], mass / places];
  }
}

/** Takes a process's priority away. What is left of it counts for nothing once nobody has one. */
function* dropped(rankings: Rankings, process: number): Generator<readonly [Ranking, number]> {
  for (const [ranking, mass] of rankings.values()) {
    const rest = ranking.map((each) => (each === process ? -1 : each));
    yield [rest.some((each) => each >= 0) ? rest : [], mass];
  }
}

/** Priorities are drawn when they are first needed, which makes no difference to their law. Only ratios of the masses count. */
export function partialOrderSampling(world: World): number {
  const { count } = at(world, []);
  return walk(world, [], collected([[[], 1]]), (execution, state: Rankings) => {
    const processes = processesOf(execution);
    let rankings = state;
    if (processes.length > 1) for (const process of processes) rankings = collected(drawn(rankings, process));
    const masses = processes.map((process) => {
      const won = [...rankings.values()].filter(([ranking]) => (ranking.find((each) => processes.includes(each)) ?? process) === process);
      return { process, won, mass: won.reduce((sum, [, mass]) => sum + mass, 0) };
    });
    const total = masses.reduce((sum, { mass }) => sum + mass, 0);
    return masses.flatMap(({ process, won, mass }) => {
      if (mass === 0) return [];
      let next = collected(won);
      for (let other = 0; other < count; other++)
        if (other === process || execution.conflicts(process, other)) next = collected(dropped(next, other));
      return outcomes(execution, process, mass / total, next);
    });
  });
}
