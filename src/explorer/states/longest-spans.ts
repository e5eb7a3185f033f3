/**
 * The longest of each span over all executions, from the graph of states: the longest path of steps that go on with it.
 *
 * States that reach each other by such steps are one set (Tarjan), and sets are done with in the order in which everything behind them is: so each
 * state is worked out once, in time and memory of the graph's size. A step inside a set can be made again and again: if it weighs anything, the span has no
 * longest. Invariant: for a graph of all states the figure is exact; for a part of them some execution is as long as that. What is not
 * here: whether it would be fair to go round for ever; a fair execution may go round as often as one likes.
 */
import { raise } from '../measures.js';
import { Integers } from './integers.js';
import type { MarkTable } from './span-marks.js';
import type { StateGraph } from './state-graph.js';

/** Adds the longest of each span to what a search has measured; of several by one name, the longest of them. The graph is closed. */
export function measureSpans(graph: StateGraph, { names, weights, goings }: MarkTable, costs: Map<string, number>): void {
  for (const [span, name] of names.entries()) {
    const ofSpan = new LongestSpan(
      graph,
      Float64Array.from(weights, (each) => each[span] ?? -1),
      Uint8Array.from(goings, (each) => (each[span] ? 1 : 0)),
    );
    raise(costs, name, ofSpan.length);
  }
}

/** Of one span. */
class LongestSpan {
  readonly length: number;
  /** By state: its place in the order of arriving, 0 if it was not arrived at; and the first one that it reaches among those whose set is open. */
  private readonly index: Int32Array;
  private readonly low: Int32Array;
  private readonly isOpen: Uint8Array;
  /** By state whose set is closed: the most that can still come of a span that is open in it. */
  private readonly rest: Float64Array;
  private readonly open = new Integers();
  private readonly path = new Integers();
  private readonly edges = new Integers();
  private count = 0;
  private isEndless = false;

  constructor(
    private readonly graph: StateGraph,
    /** By mark. */
    private readonly weights: Float64Array,
    private readonly goings: Uint8Array,
  ) {
    const { states } = graph;
    this.index = new Int32Array(states);
    this.low = new Int32Array(states);
    this.isOpen = new Uint8Array(states);
    this.rest = new Float64Array(states);
    this.length = this.find();
  }

  private find(): number {
    const { graph, weights, index, rest } = this;
    const { to, mark } = graph;
    let most = 0;
    for (let edge = 0; edge < to.length && !this.isEndless; edge++) {
      const weight = weights[mark[edge] ?? 0] ?? -1;
      if (weight < 0) continue;
      const state = to[edge] ?? 0;
      if (index[state] === 0) this.visit(state);
      most = Math.max(most, weight + (rest[state] ?? 0));
    }
    return this.isEndless ? Number.POSITIVE_INFINITY : most;
  }

  /** Goes everywhere that a span goes on to from a state. */
  private visit(root: number): void {
    const { graph, goings, path, edges, low, index } = this;
    const { first, to, mark } = graph;
    this.enter(root);
    while (path.length > 0) {
      const state = path.last();
      const edge = edges.last();
      if (edge < (first[state + 1] ?? 0)) {
        edges.pop();
        edges.push(edge + 1);
        if (goings[mark[edge] ?? 0] !== 1) continue;
        const next = to[edge] ?? 0;
        if (index[next] === 0) this.enter(next);
        else if (this.isOpen[next] === 1) low[state] = Math.min(low[state] ?? 0, index[next] ?? 0);
        continue;
      }
      path.pop();
      edges.pop();
      if (low[state] === index[state]) this.close(state);
      if (path.length > 0) low[path.last()] = Math.min(low[path.last()] ?? 0, low[state] ?? 0);
    }
  }

  private enter(state: number): void {
    this.count++;
    this.index[state] = this.count;
    this.low[state] = this.count;
    this.isOpen[state] = 1;
    this.open.push(state);
    this.path.push(state);
    this.edges.push(this.graph.first[state] ?? 0);
  }

  /** A set is whole: those of its states are at the end of the open ones, from the one that was arrived at first. */
  private close(state: number): void {
    const { open, rest, isOpen } = this;
    let from = open.length;
    do from--;
    while (open.at(from) !== state);
    let most = 0;
    for (let at = from; at < open.length; at++) most = Math.max(most, this.beyond(open.at(at)));
    while (open.length > from) {
      const member = open.pop();
      isOpen[member] = 0;
      rest[member] = most;
    }
  }

  /** The most that comes of a step from a state out of its set. What it reaches and is open is in the set. */
  private beyond(state: number): number {
    const { graph, weights, goings, rest } = this;
    const { first, to, mark } = graph;
    let most = 0;
    for (let edge = first[state] ?? 0; edge < (first[state + 1] ?? 0); edge++) {
      const kind = mark[edge] ?? 0;
      if (goings[kind] !== 1) continue;
      const weight = weights[kind] ?? 0;
      const next = to[edge] ?? 0;
      if (this.isOpen[next] !== 1) most = Math.max(most, weight + (rest[next] ?? 0));
      else if (weight > 0) this.isEndless = true;
    }
    return most;
  }
}
