/**
 * Runs a few random walks before a search, to learn how long a world's executions and processes are.
 *
 * Invariant: what it learns depends on the world and the seed alone, so that samplers which need it stay the same whoever runs them. Failures of
 * these executions are not looked at: they count as none of the search's.
 */
import { Prng } from '../../base/prng.js';
import { Execution, PROCESS_MASK } from '../execution.js';
import { Kind } from '../operation.js';

/** Figures of a world; each the largest of all pilot executions. */
export interface Estimate {
  /** Points of an execution at which more than one process can run; at least 1. */
  readonly points: number;
  /** Of each process, its operations; at least 1. */
  readonly lengths: Int32Array;
  /** Of each process, which one spawns it; -1: none was seen to. */
  readonly spawners: Int32Array;
}

const PILOTS = 16;

export class Pilot {
  private estimate: Estimate | null = null;

  constructor(private readonly seed: number) {}

  /** The figures of the world of an execution, which is left as it is. A pilot serves one world. */
  of(execution: Execution): Estimate {
    this.estimate ??= this.measure(new Execution(execution.world));
    return this.estimate;
  }

  private measure(execution: Execution): Estimate {
    const prng = new Prng(this.seed ^ 0x70_696c6f);
    let points = 1;
    let lengths = new Int32Array(0);
    let spawners = new Int32Array(0);
    for (let pilot = 0; pilot < PILOTS; pilot++) {
      execution.begin();
      if (pilot === 0) {
        lengths = new Int32Array(execution.count).fill(1);
        spawners = new Int32Array(execution.count).fill(-1);
      }
      points = Math.max(points, walk(execution, prng, spawners));
      const counts = new Int32Array(execution.count);
      for (const choice of execution.schedule.subarray(0, execution.steps))
        counts[choice & PROCESS_MASK] = (counts[choice & PROCESS_MASK] ?? 0) + 1;
      for (const [process, count] of counts.entries()) lengths[process] = Math.max(lengths[process] ?? 1, count);
    }
    return { points, lengths, spawners };
  }
}

/** Runs an execution to its end, notes who spawns whom, and counts its points. */
function walk(execution: Execution, prng: Prng, spawners: Int32Array): number {
  let points = 0;
  while (execution.enabledCount > 0) {
    if (hasRivals(execution)) points++;
    const choice = execution.enabled[prng.below(execution.enabledCount)] ?? 0;
    const process = choice & PROCESS_MASK;
    const child = execution.targetOf(process);
    if (execution.kindOf(process) === Kind.spawn && child) spawners[child.owner] = process;
    execution.step(choice);
  }
  return points;
}

/** Whether more than one process can run: choices of a process stand side by side, so the first and the last tell. */
export function hasRivals(execution: Execution): boolean {
  const { enabled, enabledCount } = execution;
  return (((enabled[0] ?? 0) ^ (enabled[enabledCount - 1] ?? 0)) & PROCESS_MASK) !== 0;
}
