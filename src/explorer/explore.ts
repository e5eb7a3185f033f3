/**
 * Runs executions of a world, as a strategy chooses them, until something is found, everything is seen, or the budget is used up.
 */
import { checkDeterminism, expectedOf } from './determinism.js';
import { Execution } from './execution.js';
import type { Failure } from './failure.js';
import { ExecutionMeter, measureFigures } from './measures.js';
import { ABANDON, type Coverage, type Strategy } from './strategy.js';
import type { World } from './world.js';

/** How long a search may go on. */
export interface Budget {
  /** Executions at most. */
  readonly schedules?: number;
  /** Asked now and then, with what there is so far; true: stop. The engine has no clock. */
  readonly stop?: (found: Exploration) => boolean;
}

/** How explore() searches. */
export interface ExploreOptions extends Budget {
  /** Go on after a failure, and collect the first of each property. Default false. */
  readonly keepGoing?: boolean;
  /** Replay the first execution, and each that is reported, to see whether the world is deterministic. Default true. */
  readonly verify?: boolean;
  /** Measure spans and peaks, which takes a look at every state. Default true. */
  readonly measure?: boolean;
  /** Told of each whole execution, while the world still stands at its end. */
  readonly onExecution?: (execution: Execution) => void;
}

/** A failure and the choices that lead to it. */
export interface Found extends Failure {
  /** The choices, one for each step, as Execution takes them. */
  readonly schedule: readonly number[];
  /** Number of the execution, from 1 on. */
  readonly execution: number;
}

/** What a search has found so far. */
export interface Exploration {
  /** Whole executions, those with a failure included. */
  schedules: number;
  /** Executions that were left because what came was known, or were known once they had ended. */
  abandoned: number;
  /** Steps of all executions together. */
  steps: number;
  /** The first of each property. */
  readonly faults: Found[];
  /** `sometimes` properties that held somewhere. */
  readonly reached: Set<string>;
  /** Largest value of each cost. */
  readonly costs: Map<string, number>;
  /** How much of all there is it has seen. */
  coverage: Coverage;
}

const ASK_EVERY = 256;

/** What there is before anything was run. */
export function emptyExploration(): Exploration {
  return {
    schedules: 0,
    abandoned: 0,
    steps: 0,
    faults: [],
    reached: new Set(),
    costs: new Map(),
    coverage: { kind: 'sampled', confidence: 'nothing was run' },
  };
}

/** Explores a world. Throws WorldError if the world can't be explored, or is not the same each time. */
export function explore(world: World, strategy: Strategy, options: ExploreOptions = {}): Exploration {
  const execution = new Execution(world);
  const meter = new ExecutionMeter(execution);
  const found: Exploration = { ...emptyExploration(), coverage: strategy.coverage() };
  const { schedules = Number.POSITIVE_INFINITY, stop, keepGoing = false, verify = true, measure = true, onExecution } = options;
  for (let count = 1; found.schedules < schedules; count++) {
    if (stop !== undefined && count % ASK_EVERY === 0 && stop(found)) break;
    execution.begin();
    if (!strategy.begin(execution)) break;
    const isMeasured = measure && meter.isWanted;
    const abandoned = isMeasured ? runMeasured(execution, strategy, meter) : runToEnd(execution, strategy);
    strategy.end(execution, abandoned);
    found.steps += execution.steps;
    if (abandoned || strategy.isRepeat?.()) found.abandoned++;
    else {
      found.schedules++;
      onExecution?.(execution);
    }
    if (execution.builder.properties.length > 0 || execution.builder.costs.length > 0) gather(execution, found);
    if (isMeasured) meter.end(found.costs);
    const isNew = execution.failures.length > 0 && collect(execution, found, count);
    if (verify && (isNew || count === 1)) checkDeterminism(world, execution.schedule.slice(0, execution.steps), expectedOf(execution));
    if (isNew && !keepGoing) break;
  }
  found.coverage = strategy.coverage();
  return found;
}

/** Whether the strategy left the execution. */
function runToEnd(execution: Execution, strategy: Strategy): boolean {
  while (execution.enabledCount > 0) {
    const choice = strategy.choose(execution);
    if (choice === ABANDON) return true;
    execution.step(choice);
  }
  return false;
}

/** As runToEnd(), with a look at each state. */
function runMeasured(execution: Execution, strategy: Strategy, meter: ExecutionMeter): boolean {
  meter.begin();
  while (execution.enabledCount > 0) {
    const choice = strategy.choose(execution);
    if (choice === ABANDON) return true;
    execution.step(choice);
    meter.note();
  }
  return false;
}

function gather(execution: Execution, found: Exploration): void {
  const { properties, costs } = execution.builder;
  for (let index = 0; index < properties.length; index++) {
    const property = properties[index];
    if (property?.kind === 'sometimes' && execution.held[index]) found.reached.add(property.name);
  }
  measureFigures(costs, found.costs);
}

/** Notes failures of properties that have none yet; whether there was one. */
function collect(execution: Execution, found: Exploration, count: number): boolean {
  let isNew = false;
  for (const failure of execution.failures) {
    if (found.faults.some(({ property }) => property === failure.property)) continue;
    const schedule = Array.from(execution.schedule.subarray(0, execution.steps));
    found.faults.push({ ...failure, schedule, execution: count });
    isNew = true;
  }
  return isNew;
}
