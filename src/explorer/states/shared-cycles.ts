/**
 * Whether something that must happen in the end may be put off for ever: asked of the edges that several threads have seen.
 *
 * Invariant: the answer doesn't depend on which thread saw what, nor on how states were numbered. What is not here: which cycle it is; that is
 * looked for in one thread, so that it is always the same one.
 */
import { Execution } from '../execution.js';
import type { World } from '../world.js';
import { findFairCycle } from './fair-cycles.js';
import { openSpace } from './search-states.js';
import type { StatePart } from './shared-search.js';
import { StateGraph } from './state-graph.js';

/** Whether there is a fair cycle without something that must happen in the end, in all that the parts have seen together. */
export function hasFairCycle(world: World, parts: readonly Pick<StatePart, 'edges' | 'fulfilled'>[]): boolean {
  const execution = new Execution(world);
  execution.begin();
  const live = execution.builder.properties.filter(({ kind }) => kind === 'eventually' || kind === 'alwaysEventually').length;
  if (live === 0) return false;
  const graph = new StateGraph();
  const fulfilled = parts.map((part) => new Int32Array(part.fulfilled));
  const bitsOf = new Int32Array(fulfilled.reduce((sum, { length }) => sum + length / 2, 0));
  for (const pairs of fulfilled) for (let at = 0; at < pairs.length; at += 2) bitsOf[pairs[at] ?? 0] = pairs[at + 1] ?? 0;
  for (const bits of bitsOf) graph.addState(bits);
  for (const part of parts) {
    const edges = new Int32Array(part.edges);
    for (let at = 0; at < edges.length; at += 3) graph.addEdge(edges[at] ?? 0, edges[at + 1] ?? 0, edges[at + 2] ?? 0);
  }
  graph.close(graph.states);
  // Who is who in a cycle of interchangeable processes is found out in one thread (orbit-graph.ts); here it is enough that there is one.
  const { arrangements } = openSpace(world, {}, new Map()).space;
  const fairness = arrangements === null ? 'weak' : 'none';
  for (let bit = 0; bit < live; bit++) if (findFairCycle(graph, bit, fairness) !== null) return true;
  return false;
}
