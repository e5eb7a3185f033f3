/**
 * The graph of states that a search has seen: who can go where, by whose step.
 *
 * Edges are gathered in any order and sorted by where they begin once the search is over. Invariant: a state that was left has all of its
 * edges, so that who can take a step in it is whose edges begin there.
 */
import { PROCESS_MASK } from '../execution.js';
import { Integers } from './integers.js';

export class StateGraph {
  /** Edges of state s: `to`, `choice` and `mark` at `first[s]..first[s + 1]`. */
  first = new Int32Array(1);
  to = new Int32Array(0);
  choice = new Int32Array(0);
  /** What the step is to the world's spans (span-marks.ts); empty if it has none. */
  mark = new Int32Array(0);
  private readonly froms = new Integers();
  private readonly tos = new Integers();
  private readonly choices = new Integers();
  private readonly marks: Integers | null;
  /** By state: bits of the properties that are fulfilled in it. */
  private readonly fulfilled = new Integers();

  constructor(hasMarks = false) {
    this.marks = hasMarks ? new Integers() : null;
  }

  addState(fulfilled: number): void {
    this.fulfilled.push(fulfilled);
  }

  addEdge(from: number, to: number, choice: number, mark = 0): void {
    this.froms.push(from);
    this.tos.push(to);
    this.choices.push(choice);
    this.marks?.push(mark);
  }

  get states(): number {
    return this.fulfilled.length;
  }

  isFulfilled(state: number, bit: number): boolean {
    return (this.fulfilled.at(state) & (1 << bit)) !== 0;
  }

  processOf(edge: number): number {
    return (this.choice[edge] ?? 0) & PROCESS_MASK;
  }

  /** Whether a process has a step in a state. */
  canStep(state: number, process: number): boolean {
    for (let edge = this.first[state] ?? 0; edge < (this.first[state + 1] ?? 0); edge++) if (this.processOf(edge) === process) return true;
    return false;
  }

  /** Sorts the edges; called once, before anything is asked. Edges of states from number `left` on, which were not left yet, don't count. */
  close(left: number): void {
    const { froms, tos, choices, marks, states } = this;
    let edges = froms.length;
    while (edges > 0 && froms.at(edges - 1) >= left) edges--;
    this.first = new Int32Array(states + 1);
    this.to = new Int32Array(edges);
    this.choice = new Int32Array(edges);
    if (marks !== null) this.mark = new Int32Array(edges);
    const next = new Int32Array(states + 1);
    for (let edge = 0; edge < edges; edge++) next[froms.at(edge) + 1] = (next[froms.at(edge) + 1] ?? 0) + 1;
    for (let state = 0; state < states; state++) next[state + 1] = (next[state + 1] ?? 0) + (next[state] ?? 0);
    this.first.set(next);
    for (let edge = 0; edge < edges; edge++) {
      const place = next[froms.at(edge)] ?? 0;
      next[froms.at(edge)] = place + 1;
      this.to[place] = tos.at(edge);
      this.choice[place] = choices.at(edge);
      if (marks !== null) this.mark[place] = marks.at(edge);
    }
  }
}
