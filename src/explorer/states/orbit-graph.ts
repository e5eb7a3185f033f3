/**
 * The graph of states that a search has seen with processes taken as interchangeable, and the graph without that, which it stands for.
 *
 * A cycle of the former may come back with other processes in the roles, so who takes steps in it says nothing about fairness. Unfolded, a state is one
 * of the former and who plays whom in it. Invariant: the unfolded graph does as the states do that are not taken for one, so a
 * fair cycle of either is one of the other; and no cycle of it is none of the former's.
 */
import { PROCESS_BITS, PROCESS_MASK } from '../execution.js';
import type { Arrangements } from './arrangements.js';
import { Integers } from './integers.js';
import { StateGraph } from './state-graph.js';
import { StateTree } from './state-tree.js';

/** A graph, and how each of its states is reached. */
export interface Unfolded {
  readonly graph: StateGraph;
  readonly tree: StateTree;
}

export class OrbitGraph {
  /** By state: the arrangement in which it has its fingerprint. */
  private readonly orders = new Integers();
  private readonly froms = new Integers();
  /** By edge: the arrangement in which what the step made of it has that. */
  private readonly arrivals = new Integers();

  constructor(private readonly arrangements: Arrangements) {}

  addState(order: number): void {
    this.orders.push(order);
  }

  addEdge(from: number, order: number): void {
    this.froms.push(from);
    this.arrivals.push(order);
  }

  /** `folded`: the graph of the same states and edges, added in the same order, closed. `bits`: numbers of the properties that count. */
  unfold(folded: StateGraph, bits: number): Unfolded {
    const { arrangements, orders } = this;
    const { count } = arrangements;
    const arrivals = this.sorted(folded);
    const graph = new StateGraph();
    const tree = new StateTree();
    const numbers = new Int32Array(folded.states * count).fill(-1);
    const nodes = new Integers();
    const visit = (state: number, played: number, from: number, choice: number): number => {
      const node = state * count + played;
      const known = numbers[node] ?? 0;
      if (known >= 0) return known;
      const number = nodes.length;
      numbers[node] = number;
      nodes.push(node);
      tree.add(from, choice);
      let fulfilled = 0;
      for (let bit = 0; bit < bits; bit++) if (folded.isFulfilled(state, bit)) fulfilled |= 1 << bit;
      graph.addState(fulfilled);
      return number;
    };
    // At the beginning everybody plays himself.
    visit(0, 0, 0, 0);
    for (let number = 0; number < nodes.length; number++) {
      const node = nodes.at(number);
      const state = Math.floor(node / count);
      const played = node % count;
      for (let edge = folded.first[state] ?? 0; edge < (folded.first[state + 1] ?? 0); edge++) {
        const choice = folded.choice[edge] ?? 0;
        const made = ((choice >> PROCESS_BITS) << PROCESS_BITS) | arrangements.player(played, choice & PROCESS_MASK);
        const to = folded.to[edge] ?? 0;
        const turn = arrangements.between(orders.at(to), arrivals[edge] ?? 0);
        graph.addEdge(number, visit(to, arrangements.product(played, turn), number, made), made);
      }
    }
    graph.close(graph.states);
    return { graph, tree };
  }

  /** The edges' arrivals, in the order that the edges of the closed graph have. */
  private sorted({ first, to }: StateGraph): Int32Array {
    const next = first.slice();
    const arrivals = new Int32Array(to.length);
    // Those of states that were not left came last, and are none of the graph's.
    for (let edge = 0; edge < to.length; edge++) {
      const from = this.froms.at(edge);
      const place = next[from] ?? 0;
      next[from] = place + 1;
      arrivals[place] = this.arrivals.at(edge);
    }
    return arrivals;
  }
}
