/**
 * What the edges that several threads have seen show together: whether something that must happen in the end can be put off for ever, and how long
 * what goes on for a while does.
 *
 * Invariant: the answer doesn't depend on which thread saw what, nor on how states and marks were numbered. What is not here: which cycle it is; that
 * is looked for in one thread, so that it is always the same one.
 */
import { Execution } from '../execution.js';
import type { World } from '../world.js';
import { findFairCycle } from './fair-cycles.js';
import { measureSpans } from './longest-spans.js';
import { openSpace } from './search-states.js';
import type { StatePart } from './shared-search.js';
import type { MarkTable } from './span-marks.js';
import { StateGraph } from './state-graph.js';

/** Of an edge in a part. */
const EDGE = 4;

export interface SharedFindings {
  /** There is a fair cycle, or may be one. */
  readonly hasFairCycle: boolean;
  /** The longest of each span. */
  readonly costs: readonly (readonly [string, number])[];
}

type Part = Pick<StatePart, 'edges' | 'fulfilled' | 'marks'>;

/** Looks at all that the parts have seen. */
export function lookTogether(world: World, parts: readonly Part[]): SharedFindings {
  const execution = new Execution(world);
  execution.begin();
  const { properties, spans } = execution.builder;
  const live = properties.filter(({ kind }) => kind === 'eventually' || kind === 'alwaysEventually').length;
  if (live === 0 && spans.length === 0) return { hasFairCycle: false, costs: [] };
  const { graph, marks } = joined(parts, spans.length > 0);
  const costs = new Map<string, number>();
  if (marks !== null) measureSpans(graph, marks, costs);
  let hasFairCycle = false;
  // Where states stand for others with processes exchanged, who is who in a cycle is not known here, so whatever goes round counts as fair.
  const fairness = openSpace(world, {}, new Map()).space.arrangements === null ? 'weak' : 'none';
  for (let bit = 0; bit < live && !hasFairCycle; bit++) hasFairCycle = findFairCycle(graph, bit, fairness) !== null;
  return { hasFairCycle, costs: [...costs] };
}

/** One graph of all edges. Each thread has numbered its marks, so those of each come behind those of the ones before. */
function joined(parts: readonly Part[], hasMarks: boolean): { readonly graph: StateGraph; readonly marks: MarkTable | null } {
  const graph = new StateGraph(hasMarks);
  const fulfilled = parts.map((part) => new Int32Array(part.fulfilled));
  const bitsOf = new Int32Array(fulfilled.reduce((sum, { length }) => sum + length / 2, 0));
  for (const pairs of fulfilled) for (let at = 0; at < pairs.length; at += 2) bitsOf[pairs[at] ?? 0] = pairs[at + 1] ?? 0;
  for (const bits of bitsOf) graph.addState(bits);
  let marks: MarkTable | null = null;
  for (const part of parts) {
    const first = marks === null ? 0 : marks.weights.length;
    const edges = new Int32Array(part.edges);
    for (let at = 0; at < edges.length; at += EDGE) {
      graph.addEdge(edges[at] ?? 0, edges[at + 1] ?? 0, edges[at + 2] ?? 0, first + (edges[at + 3] ?? 0));
    }
    if (part.marks === null) continue;
    const { names, weights, goings }: MarkTable = part.marks;
    marks = marks === null ? part.marks : { names, weights: [...marks.weights, ...weights], goings: [...marks.goings, ...goings] };
  }
  graph.close(graph.states);
  return { graph, marks };
}
