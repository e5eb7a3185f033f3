/**
 * Searches the states of a world instead of its schedules: each state is gone on from once, however many ways lead to it.
 *
 * Breadth first finds shortest failures; depth first needs no more than the way it is on. What must happen in the end is looked for in the
 * graph of states, as a fair cycle without it. Invariant: when it says `proved`, every state was gone on from, but for the chance
 * that it states that two of them were taken for one. What is not here: what a state is (state-space.ts and what implements it).
 */
import { Execution } from '../execution.js';
import type { Exploration, Found } from '../explore.js';
import type { World } from '../world.js';
import type { Fairness } from './fair-cycles.js';
import { Arrangements } from './arrangements.js';
import { KeptSpace } from './kept-space.js';
import { PackedLayout } from './packed-layout.js';
import { PackedSpace } from './packed-space.js';
import { ReplayedSpace } from './replayed-space.js';
import type { StateSpace } from './state-space.js';
import { StateSearch } from './state-search.js';

/** How states are gone to: as rows of integers, as objects that are put back, or by executing their schedules from the beginning. */
export type StateKind = 'packed' | 'kept' | 'replayed';

/** Breadth first, or depth first. */
export type StateOrder = 'bfs' | 'dfs-states';

/** Whether a strategy of that name searches states. */
export const isStateOrder = (name: string): name is StateOrder => name === 'bfs' || name === 'dfs-states';

/** How searchStates() searches. */
export interface StateOptions {
  /** Breadth first, the default, or depth first. */
  readonly order?: StateOrder;
  /** How states are gone to. Default: packed if the world is nothing but programs, kept if it is open, replayed if it is neither. */
  readonly states?: StateKind;
  /** States at most. */
  readonly maxStates?: number;
  /** Steps from the beginning at most; states that are so far away are not gone on from. Default: the world's. */
  readonly maxDepth?: number;
  /** Asked now and then; true: stop. */
  readonly stop?: (found: StateExploration) => boolean;
  /** Go on after a failure, and collect the first of each property. Default false. */
  readonly keepGoing?: boolean;
  /** Take states for one that differ by which of interchangeable processes is which. Default true; of what must happen in the end, only in kept states. */
  readonly symmetry?: boolean;
  /** Which executions that go on for ever count. Default weak. */
  readonly fairness?: Fairness;
}

/** A failure, the choices that lead to it, and, if it is that something never happens, which of them are repeated for ever. */
export interface StateFound extends Found {
  /** Choices of the schedule from this one on are a cycle; null: the execution ends with it. */
  readonly cycleFrom: number | null;
}

/** What a search of states has found. */
export interface StateExploration extends Exploration {
  readonly faults: StateFound[];
  /** How many different ones were seen. */
  states: number;
  /** Steps from one state to another, or to itself. */
  transitions: number;
  /** Most steps from the beginning. */
  depth: number;
  /** States where nobody can go on, and those of them where somebody waits. */
  ends: number;
  /** How many of the ends are deadlocks. */
  deadlocks: number;
  /** How likely it is that a state was taken for another and left out. */
  omission: number;
  /** Whether interchangeable processes were taken as such. */
  readonly symmetric: boolean;
  /** How states were gone to. */
  readonly by: StateKind;
}

/** Searches the states of a world. Throws WorldError if the world can't be explored. */
export function searchStates(world: World, options: StateOptions = {}): StateExploration {
  const { search, found } = openStates(world, options);
  search.run();
  return found;
}

/** A search that is not begun yet, and what it will have found. */
export function openStates(world: World, options: StateOptions): { readonly search: StateSearch; readonly found: StateExploration } {
  const costs = new Map<string, number>();
  const { space, by, symmetric, maxDepth } = openSpace(world, options, costs);
  const found: StateExploration = {
    schedules: 0,
    abandoned: 0,
    steps: 0,
    faults: [],
    reached: new Set(),
    costs,
    coverage: { kind: 'sampled', confidence: '' },
    states: 0,
    transitions: 0,
    depth: 0,
    ends: 0,
    deadlocks: 0,
    omission: 0,
    symmetric,
    by,
  };
  return { search: new StateSearch(space, found, { ...options, maxDepth }), found };
}

/** A world's states, and how they are gone to. */
export interface OpenSpace {
  readonly space: StateSpace;
  readonly by: StateKind;
  readonly symmetric: boolean;
  readonly maxDepth: number;
}

/** The states that a search with these options goes through. */
export function openSpace(world: World, options: StateOptions, costs: Map<string, number>): OpenSpace {
  const execution = new Execution(world);
  execution.begin();
  const { builder } = execution;
  const by = options.states ?? kindOf(execution);
  const isLive = builder.properties.some(({ kind }) => kind === 'eventually' || kind === 'alwaysEventually');
  const isWanted = (options.symmetry ?? true) && builder.symmetric.length > 0;
  const arrangements = isWanted && by === 'kept' ? Arrangements.of(builder.processes.length, builder.symmetric) : null;
  // Who is who in a cycle is known of kept states alone (orbit-graph.ts).
  const symmetric = by === 'kept' ? arrangements !== null : isWanted && !isLive;
  // An execution is cut off at the world's most steps; a packed state is no execution.
  const maxDepth = options.maxDepth ?? (by === 'packed' ? Number.POSITIVE_INFINITY : world.maxSteps - 1);
  return { space: spaceOf(execution, { by, symmetric, costs }, arrangements), by, symmetric, maxDepth };
}

function kindOf({ builder, world }: Execution): StateKind {
  if (builder.processes.every(({ run }) => run !== null)) return 'packed';
  return world.open === null ? 'replayed' : 'kept';
}

function spaceOf(
  { world, builder }: Execution,
  { by, symmetric, costs }: Pick<StateExploration, 'by' | 'symmetric' | 'costs'>,
  arrangements: Arrangements | null,
): StateSpace {
  if (by === 'packed') return new PackedSpace(new PackedLayout(builder), builder, symmetric, costs);
  return by === 'kept' ? new KeptSpace(world, costs, arrangements) : new ReplayedSpace(world, symmetric, costs);
}
