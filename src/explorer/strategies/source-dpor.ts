/**
 * Source-DPOR: one execution of each trace, and now and then one that is left half way since what comes is known.
 *
 * Each race asks that at the state before its earlier step one of the processes be explored that could begin an execution in which the race is
 * the other way round; if one of them is, or sleeps, nothing is to be done. Invariant: what is explored at a state is a source set of it:
 * every execution from there is equivalent to one that begins with a process of the set.
 * After Abdulla, Aronis, Jonsson, Sagonas, "Source sets: a foundation for optimal dynamic partial order reduction" (2017).
 */
import { PROCESS_MASK } from '../execution.js';
import { UNKNOWN } from '../reduction/footprints.js';
import { TraceSearch } from '../reduction/trace-search.js';

const NOBODY = -1;

export class SourceDpor extends TraceSearch {
  readonly name: string = 'source-dpor';
  protected readonly isEager = true;
  /** By depth and process: whether it is explored there, or will be. */
  private backtrack = new Uint8Array(256);

  protected override opened(depth: number, process: number, isFirst: boolean): void {
    const { width } = this.order;
    const from = depth * width;
    if (from + width > this.backtrack.length) {
      const larger = new Uint8Array(2 * (from + width));
      larger.set(this.backtrack);
      this.backtrack = larger;
    }
    if (isFirst) this.backtrack.fill(0, from, from + width);
    this.backtrack[from + process] = 1;
  }

  /** An event begins an execution with the race reversed if all that comes before it comes before the race. */
  protected reverse(race: number): void {
    const { order } = this;
    const earlier = order.earlier[race] ?? 0;
    const later = order.later[race] ?? 0;
    const depth = earlier - 1;
    let first = NOBODY;
    for (let event = earlier + 1; event <= later; event++) {
      if (((event === later ? order.floor[race] : order.latest[event]) ?? 0) >= earlier) continue;
      const process = order.processes[event] ?? 0;
      if (this.backtrack[depth * order.width + process] === 1) return;
      const choice = this.path[event - 1] ?? 0;
      if (this.sleeping.has(depth, choice)) return;
      if (first === NOBODY && this.isEnabled(depth, event === later ? this.anyChoice(depth, process) : choice))
        first = choice & PROCESS_MASK;
    }
    if (first === NOBODY) return;
    this.backtrack[depth * order.width + first] = 1;
    this.addProcess(depth, first, UNKNOWN);
  }

  /** A choice of a process that can be made at that depth, if there is one. */
  private anyChoice(depth: number, process: number): number {
    return this.outcomesAt(depth, process) > 0 ? process : NOBODY;
  }
}
