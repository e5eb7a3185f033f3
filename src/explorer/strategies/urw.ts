/**
 * Uniform random walk: a process is as likely as it has operations left, those of processes that it will spawn included.
 *
 * Where processes neither wait for each other nor branch, every schedule is as likely as the other, however uneven they are; random walk
 * would leave a long process's end nearly always to last. Invariant: every process that can run has a weight of 1 or more, so that what the pilot
 * didn't see stays possible. Source: Zhao, Wolff, Mathur and Roychoudhury, "Selectively uniform concurrency testing" (ASPLOS 2025).
 */
import { type Execution, PROCESS_MASK } from '../execution.js';
import { Kind } from '../operation.js';
import { Sampler } from './sampler.js';

export class UniformRandomWalk extends Sampler {
  readonly name = 'urw';
  protected readonly title = 'URW';
  /** Of each process: its own operations left, at least 1; and the weights of the processes that it has not spawned yet. */
  private own = new Int32Array(0);
  private unborn = new Int32Array(0);
  /** What both are when an execution begins. */
  private firstUnborn = new Int32Array(0);
  private spawners: Int32Array = new Int32Array(0);

  protected prepare(execution: Execution): void {
    const { lengths, spawners } = this.pilot.of(execution);
    if (this.own.length !== lengths.length) {
      this.own = new Int32Array(lengths.length);
      this.unborn = new Int32Array(lengths.length);
      this.firstUnborn = descendants(lengths, spawners);
      this.spawners = spawners;
    }
    this.own.set(lengths);
    this.unborn.set(this.firstUnborn);
  }

  choose(execution: Execution): number {
    const place = execution.enabledCount === 1 ? 0 : this.weighted(execution);
    const choice = this.anyOutcome(execution, place);
    this.account(execution, choice & PROCESS_MASK);
    return choice;
  }

  /** The place of the first choice of a process, drawn by weight. */
  private weighted(execution: Execution): number {
    const { enabled, enabledCount } = execution;
    let sum = 0;
    let before = -1;
    for (let index = 0; index < enabledCount; index++) {
      const process = (enabled[index] ?? 0) & PROCESS_MASK;
      if (process !== before) sum += this.weightOf(process);
      before = process;
    }
    let left = this.prng.below(sum);
    before = -1;
    for (let index = 0; index < enabledCount; index++) {
      const process = (enabled[index] ?? 0) & PROCESS_MASK;
      if (process === before) continue;
      left -= this.weightOf(process);
      if (left < 0) return index;
      before = process;
    }
    return 0;
  }

  private weightOf(process: number): number {
    return (this.own[process] ?? 1) + (this.unborn[process] ?? 0);
  }

  /** A process is about to run. */
  private account(execution: Execution, process: number): void {
    const left = this.own[process] ?? 1;
    if (left > 1) this.own[process] = left - 1;
    if (execution.kindOf(process) !== Kind.spawn) return;
    const child = execution.targetOf(process)?.owner ?? -1;
    const spawner = this.spawners[child] ?? -1;
    if (spawner >= 0) this.unborn[spawner] = (this.unborn[spawner] ?? 0) - this.weightOf(child);
  }
}

/** Of each process, the operations of all that it spawns, and all that those spawn. */
function descendants(lengths: Int32Array, spawners: Int32Array): Int32Array<ArrayBuffer> {
  const sums = new Int32Array(lengths.length);
  for (const [process, length] of lengths.entries()) {
    let ancestor = spawners[process] ?? -1;
    // Nobody is spawned twice, so the way up ends; the bound is for a world in which runs differ in who spawns whom.
    for (let level = 0; ancestor >= 0 && level < lengths.length; level++) {
      sums[ancestor] = (sums[ancestor] ?? 0) + length;
      ancestor = spawners[ancestor] ?? -1;
    }
  }
  return sums;
}
