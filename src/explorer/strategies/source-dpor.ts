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
    const isForeseen = order.isActor[order.processes[later] ?? 0] === 0;
    let first = NOBODY;
    for (let event = earlier + 1; event <= this.ran || event === later; event++) {
      if (event === later ? !isForeseen || (order.floor[race] ?? 0) >= earlier : (order.latest[event] ?? 0) >= earlier) continue;
      const process = order.processes[event] ?? 0;
      if (this.backtrack[depth * order.width + process] === 1) return;
      const choice = this.path[event - 1] ?? 0;
      if (this.sleeping.has(depth, choice)) return;
      this.mustBeEnabled(depth, choice);
      if (first === NOBODY) first = process;
    }
    if (!isForeseen) first = this.reverseActor(race, depth, first);
    if (first === NOBODY) return;
    this.backtrack[depth * order.width + first] = 1;
    this.addProcess(depth, first, UNKNOWN);
  }

  /**
   * If the later event is an actor's, it may touch other objects in place of the earlier one, and so depend on what it seems to be independent
   * of. It begins the execution only if it is alone, or was run there and found to be independent. Returns who is to be explored.
   */
  private reverseActor(race: number, depth: number, first: number): number {
    const { order, sleeping } = this;
    const process = order.processes[order.later[race] ?? 0] ?? 0;
    const outcomes = this.outcomesAt(depth, process);
    if (outcomes === 0 || (order.floor[race] ?? 0) > depth) return first;
    if (first === NOBODY) return this.backtrack[depth * order.width + process] === 1 || this.isAsleep(depth, process) ? NOBODY : process;
    let independent = 0;
    const end = sleeping.ends[depth] ?? 0;
    for (let at = sleeping.starts[depth] ?? 0; at < end; at++) {
      const isIts = ((sleeping.choices[at] ?? 0) & PROCESS_MASK) === process;
      if (isIts && this.isIndependent(race, sleeping.footprints[at] ?? 0)) independent++;
    }
    return independent === outcomes ? NOBODY : first;
  }

  /** Whether a step with that footprint is independent of all that does not come after a race's earlier event. */
  private isIndependent(race: number, footprint: number): boolean {
    const { order } = this;
    const earlier = order.earlier[race] ?? 0;
    for (let event = earlier + 1; event <= this.ran; event++) {
      if (event === order.later[race] || order.precedes(earlier, event)) continue;
      if (order.footprints.dependent(order.footprint[event] ?? 0, footprint)) return false;
    }
    return true;
  }
}
