/**
 * Tarjan's search for the largest sets of states that reach each other, without recursion.
 */
import type { StateGraph } from './state-graph.js';

/** Sets with at least one edge inside, among the states whose color is 0; edges to others don't count. */
export function connectedSets(graph: StateGraph, color: Int32Array): number[][] {
  return new Tarjan(graph, color).run();
}

class Tarjan {
  private readonly index: Int32Array;
  private readonly low: Int32Array;
  private readonly isOpen: Uint8Array;
  private readonly open: number[] = [];
  private readonly path: number[] = [];
  private readonly edge: number[] = [];
  private readonly sets: number[][] = [];
  private count = 0;

  constructor(
    private readonly graph: StateGraph,
    private readonly color: Int32Array,
  ) {
    this.index = new Int32Array(graph.states);
    this.low = new Int32Array(graph.states);
    this.isOpen = new Uint8Array(graph.states);
  }

  run(): number[][] {
    for (let state = 0; state < this.graph.states; state++) if (this.color[state] === 0 && this.index[state] === 0) this.visit(state);
    return this.sets;
  }

  private visit(root: number): void {
    const { graph, path, edge, low, index } = this;
    this.enter(root);
    while (path.length > 0) {
      const state = path[path.length - 1] ?? 0;
      const at = edge[edge.length - 1] ?? 0;
      if (at < (graph.first[state + 1] ?? 0)) {
        edge[edge.length - 1] = at + 1;
        const to = graph.to[at] ?? 0;
        if (this.color[to] !== 0) continue;
        if (index[to] === 0) this.enter(to);
        else if (this.isOpen[to] === 1) low[state] = Math.min(low[state] ?? 0, index[to] ?? 0);
        continue;
      }
      path.pop();
      edge.pop();
      const parent = path[path.length - 1];
      if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[state] ?? 0);
      if (low[state] === index[state]) this.leave(state);
    }
  }

  private enter(state: number): void {
    this.count++;
    this.index[state] = this.count;
    this.low[state] = this.count;
    this.isOpen[state] = 1;
    this.open.push(state);
    this.path.push(state);
    this.edge.push(this.graph.first[state] ?? 0);
  }

  private leave(state: number): void {
    const set: number[] = [];
    for (;;) {
      const member = this.open.pop() ?? state;
      this.isOpen[member] = 0;
      set.push(member);
      if (member === state) break;
    }
    if (set.length > 1 || this.hasLoop(state)) this.sets.push(set);
  }

  private hasLoop(state: number): boolean {
    const { first, to } = this.graph;
    for (let edge = first[state] ?? 0; edge < (first[state + 1] ?? 0); edge++) if (to[edge] === state) return true;
    return false;
  }
}
