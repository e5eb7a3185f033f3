/**
 * Optimal DPOR: exactly one execution of each trace, and none that is left half way.
 *
 * At the end of an execution each of its races gives a sequence of steps that turns it round: all that happened and does not come after the
 * race's earlier step, and then the later one. If no execution that was explored from the state before the race, or is about to be, may begin
 * with that, it is put into the state's wake-up tree. Invariant: the leaves of a wake-up tree are executions none of which is covered by
 * another. Two things are known only of generators, so actors may see executions left half way: the footprint of a step in a place where
 * it has not been run (taken to depend on everything), and whether a step can be run there at all (left out when it can't).
 * After Abdulla, Aronis, Jonsson, Sagonas, "Source sets: a foundation for optimal dynamic partial order reduction" (2017).
 */
import { PROCESS_MASK } from '../execution.js';
import { UNKNOWN } from '../reduction/footprints.js';
import { grown } from '../reduction/grown.js';
import { TraceSearch } from '../reduction/trace-search.js';

const NONE = -1;

export class OptimalDpor extends TraceSearch {
  readonly name: string = 'optimal-dpor';
  protected override isEager = false;
  /** The sequence that is to be inserted: events, the last of which is the race's later one; those taken out again are negative. */
  protected sequence = new Int32Array(64);
  /** Whose the sequence's events are, and their footprints: UNKNOWN for an actor's later event. */
  protected owners = new Int32Array(64);
  protected touched = new Int32Array(64);
  protected length = 0;
  protected left = 0;
  protected race = 0;
  /** What is to be explored at depths below this one is for others to say. */
  protected own = 0;

  /** The sequence is to be explored at a depth that is not this search's own. */
  protected askAbove(_depth: number): void {
    // Of a search of all traces every depth is its own.
  }

  protected reverse(race: number): void {
    const { order } = this;
    const depth = (order.earlier[race] ?? 0) - 1;
    this.race = race;
    this.build();
    const last = order.processes[order.later[race] ?? 0] ?? 0;
    if (this.length === 1 && this.outcomesAt(depth, last) === 0) return;
    if (depth < this.own) {
      this.askAbove(depth);
      return;
    }
    if (this.isCovered(depth)) return;
    const explored = this.heads[depth] ?? 0;
    const added = this.insert(this.trees.next[explored] ?? 0, depth);
    if (added !== 0) this.trees.append(explored, added);
  }

  /** The steps that don't come after the race's earlier one, and then its later one. */
  protected build(): void {
    const { order, race } = this;
    const earlier = order.earlier[race] ?? 0;
    const later = order.later[race] ?? 0;
    while (this.sequence.length <= this.ran + 1) {
      this.sequence = grown(this.sequence);
      this.owners = grown(this.owners);
      this.touched = grown(this.touched);
    }
    let length = 0;
    for (let event = earlier + 1; event <= this.ran; event++) {
      if (event !== later && !order.precedes(earlier, event)) this.put(length++, event, order.footprint[event] ?? 0);
    }
    const isForeseen = order.isActor[order.processes[later] ?? 0] === 0;
    this.put(length++, later, isForeseen ? (order.footprint[later] ?? 0) : UNKNOWN);
    this.length = length;
    this.left = length;
  }

  private put(place: number, event: number, footprint: number): void {
    this.sequence[place] = event;
    this.owners[place] = this.order.processes[event] ?? 0;
    this.touched[place] = footprint;
  }

  /** Whether something that sleeps at that depth may begin an execution that the sequence begins. */
  protected isCovered(depth: number): boolean {
    const { sleeping } = this;
    const end = sleeping.ends[depth] ?? 0;
    for (let at = sleeping.starts[depth] ?? 0; at < end; at++) {
      const choice = sleeping.choices[at] ?? 0;
      const footprint = sleeping.footprints[at] ?? 0;
      const process = choice & PROCESS_MASK;
      const place = this.find(process);
      if (place !== NONE) {
        if (this.beginsWith(place, choice, footprint, this.outcomesAt(depth, process))) return true;
      } else if (this.isIndependent(footprint, false) && this.isWhole(depth, process, 0)) return true;
    }
    return false;
  }

  /**
   * Puts the sequence, what is left of it, into a list of nodes; returns the node to be added to it, or 0. `depth` is that of the list if it
   * is one of the path's.
   */
  protected insert(list: number, depth: number): number {
    const { trees } = this;
    for (let node = list; node !== 0; node = trees.next[node] ?? 0) {
      const choice = trees.choice[node] ?? 0;
      const place = this.find(choice & PROCESS_MASK);
      if (place === NONE) {
        if (!this.isIndependent(trees.footprint[node] ?? 0, false)) continue;
        if ((trees.outcomes[node] ?? 0) === 1) {
          this.insertBelow(node);
          return 0;
        }
        if (!this.isWhole(depth, choice & PROCESS_MASK, list)) continue;
        this.insertBelowAll(list, choice & PROCESS_MASK);
        return 0;
      }
      if (!this.beginsWith(place, choice, trees.footprint[node] ?? 0, trees.outcomes[node] ?? 0)) continue;
      this.take(place);
      this.insertBelow(node);
      return 0;
    }
    return this.chain();
  }

  /**
   * A leaf says that whatever comes after it will be explored. So does any other node, but for processes with several outcomes: what is below
   * may ask for some of them only.
   */
  protected insertBelow(node: number): void {
    const { trees } = this;
    const first = trees.first[node] ?? 0;
    if (first === 0) return;
    if (this.left === 0) {
      if (trees.hasOutcomes(first)) trees.removeChildren(node);
      return;
    }
    const added = this.insert(first, NONE);
    if (added !== 0) trees.appendChild(node, added);
  }

  /** Below every outcome of a process that the sequence does not know of: it may begin behind each of them. */
  private insertBelowAll(list: number, process: number): void {
    const { trees } = this;
    const saved = this.sequence.slice(0, this.length);
    const { left } = this;
    for (let node = list; node !== 0; node = trees.next[node] ?? 0) {
      if (((trees.choice[node] ?? 0) & PROCESS_MASK) !== process) continue;
      this.insertBelow(node);
      this.sequence.set(saved);
      this.left = left;
    }
  }

  /** Whether each outcome of a process sleeps at that depth or is in the list, and is independent of the sequence. */
  private isWhole(depth: number, process: number, list: number): boolean {
    const { trees, sleeping } = this;
    let outcomes = depth === NONE ? 0 : this.outcomesAt(depth, process);
    let count = 0;
    for (let node = list; node !== 0; node = trees.next[node] ?? 0) {
      if (((trees.choice[node] ?? 0) & PROCESS_MASK) !== process) continue;
      outcomes = Math.max(outcomes, trees.outcomes[node] ?? 0);
      if (this.isIndependent(trees.footprint[node] ?? 0, false)) count++;
    }
    if (depth !== NONE) {
      const end = sleeping.ends[depth] ?? 0;
      for (let at = sleeping.starts[depth] ?? 0; at < end; at++) {
        if (((sleeping.choices[at] ?? 0) & PROCESS_MASK) === process && this.isIndependent(sleeping.footprints[at] ?? 0, false)) count++;
      }
    }
    return count === outcomes;
  }

  /** Nodes for what is left of the sequence, one below the other; returns the first. */
  protected chain(): number {
    const { order, sequence, trees } = this;
    const later = order.later[this.race] ?? 0;
    let first = 0;
    let parent = 0;
    for (let place = 0; place < this.length; place++) {
      const event = sequence[place] ?? 0;
      if (event < 0) continue;
      const process = order.processes[event] ?? 0;
      const isForeseen = event !== later || order.isActor[process] === 0;
      const footprint = isForeseen ? (order.footprint[event] ?? 0) : UNKNOWN;
      const outcomes = !isForeseen ? 0 : event > this.ran ? 1 : this.outcomesAt(event - 1, process);
      const node = trees.add(this.path[event - 1] ?? 0, footprint, outcomes);
      if (first === 0) first = node;
      else trees.appendChild(parent, node);
      parent = node;
    }
    return first;
  }

  /** The place of a process's first step in what is left of the sequence. */
  protected find(process: number): number {
    const { sequence, owners } = this;
    for (let place = 0; place < this.length; place++) if (owners[place] === process && (sequence[place] ?? 0) > 0) return place;
    return NONE;
  }

  /**
   * Whether the step at that place is that choice, and nothing that is left of the sequence must come before it. An actor's later event may have
   * other outcomes in place of the earlier one, and another footprint: that of the choice, which was run there.
   */
  protected beginsWith(place: number, choice: number, footprint: number, outcomes: number): boolean {
    const { sequence, order } = this;
    const event = sequence[place] ?? 0;
    const isLater = event === order.later[this.race];
    if (isLater && order.isActor[choice & PROCESS_MASK] === 1) {
      // Alone it is what it is, and a node of which nobody knows the outcomes stands for all of them.
      if (this.left === 1) return outcomes === 0 || (outcomes === 1 && this.path[event - 1] === choice);
      if (outcomes !== 1 || !this.isIndependent(footprint, true)) return false;
    }
    if (this.path[event - 1] !== choice) return false;
    for (let before = 0; before < place; before++) {
      const other = sequence[before] ?? 0;
      if (other > 0 && (isLater ? order.precedesRace(other, this.race) : order.precedes(other, event))) return false;
    }
    return true;
  }

  private take(place: number): void {
    this.sequence[place] = -(this.sequence[place] ?? 0);
    this.left--;
  }

  /** Whether a step with that footprint could be made anywhere in what is left of the sequence, or of all but its last step. */
  protected isIndependent(footprint: number, butLast: boolean): boolean {
    const { sequence, touched } = this;
    const { footprints } = this.order;
    const end = butLast ? this.length - 1 : this.length;
    for (let place = 0; place < end; place++) {
      if ((sequence[place] ?? 0) > 0 && footprints.dependent(touched[place] ?? 0, footprint)) return false;
    }
    return true;
  }
}
