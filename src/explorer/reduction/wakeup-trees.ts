/**
 * Ordered trees of choices that are still to be made, in flat arrays: wake-up trees, and, one level deep, backtrack sets.
 *
 * Node 0 is none. A node is a choice; its children are what must be made after it, the first one first, and a leaf leaves it open what comes.
 * Nodes that were removed are used again.
 */
import { UNKNOWN } from './footprints.js';
import { grown } from './grown.js';

export class WakeupTrees {
  choice = new Int32Array(64);
  /** Of the step that the choice makes, as far as it is known: UNKNOWN is a promise of nothing. */
  footprint = new Int32Array(64);
  /** How many outcomes the process's operation has. */
  outcomes = new Int32Array(64);
  first = new Int32Array(64);
  next = new Int32Array(64);
  private free = 0;
  private count = 1;

  add(choice: number, footprint = UNKNOWN, outcomes = 1): number {
    let node = this.free;
    if (node !== 0) this.free = this.next[node] ?? 0;
    else {
      node = this.count++;
      if (node === this.choice.length) this.grow();
    }
    this.choice[node] = choice;
    this.footprint[node] = footprint;
    this.outcomes[node] = outcomes;
    this.first[node] = 0;
    this.next[node] = 0;
    return node;
  }

  /** Puts a node, or a list of them, at the end of a list; returns the list. */
  append(list: number, node: number): number {
    if (list === 0) return node;
    let last = list;
    for (let next = this.next[last] ?? 0; next !== 0; next = this.next[last] ?? 0) last = next;
    this.next[last] = node;
    return list;
  }

  appendChild(parent: number, node: number): void {
    this.first[parent] = this.append(this.first[parent] ?? 0, node);
  }

  /** Whether a process in a list or below has several outcomes, or an unknown number of them. */
  hasOutcomes(list: number): boolean {
    for (let node = list; node !== 0; node = this.next[node] ?? 0) {
      if (this.outcomes[node] !== 1 || this.hasOutcomes(this.first[node] ?? 0)) return true;
    }
    return false;
  }

  removeChildren(node: number): void {
    for (let child = this.first[node] ?? 0; child !== 0; ) child = this.removeFirst(child);
    this.first[node] = 0;
  }

  /** Removes the first of a list and all below it; returns the rest. */
  removeFirst(list: number): number {
    const rest = this.next[list] ?? 0;
    this.removeChildren(list);
    this.next[list] = this.free;
    this.free = list;
    return rest;
  }

  private grow(): void {
    this.choice = grown(this.choice);
    this.footprint = grown(this.footprint);
    this.outcomes = grown(this.outcomes);
    this.first = grown(this.first);
    this.next = grown(this.next);
  }
}
