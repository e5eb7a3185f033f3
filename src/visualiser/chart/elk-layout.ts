/**
 * Lays a chart out with ELK's layered algorithm: states in layers, states within states, arrows with right angles, and a place of its
 * own for every label.
 *
 * Invariant: the same chart gets the same layout, whatever was laid out before. ELK is some megabytes of generated code, so this file is imported
 * when a layout is needed that isn't there yet; those of our own machines are made when the project is built. It never runs in a page.
 */
import type { ELK, ElkEdgeSection, ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js';
import elkjs from 'elkjs/lib/elk.bundled.js';
import { ChartError, childrenOf, type ChartModel, statesAround } from './model.js';
import { labelLines, labelSize, stateLines, stateSize, TITLE_LINE } from './label.js';
import type { ChartArrow, ChartBox, ChartLayout } from './layout.js';

type Direction = 'DOWN' | 'RIGHT';

/** The proportion of width to height that is wanted: a page's, a little less wide than a screen. */
const WANTED_RATIO = 1.3;
const DOT_SIZE = 10;

/** Ends of arrows, with the transitions that share them. */
interface Link {
  readonly transitions: number[];
  readonly initialOf: number;
  readonly source: number;
  readonly target: number;
}

/** One arrow for all transitions between two states. One with several targets is an arrow to each of them. */
function linksOf(chart: ChartModel): readonly Link[] {
  const links = new Map<string, Link>();
  for (const [state, { kind, initial }] of chart.states.entries()) {
    if (kind === 'compound') links.set(`dot ${state}`, { transitions: [], initialOf: state, source: -1, target: initial });
  }
  for (const [transition, { source, targets }] of chart.transitions.entries()) {
    for (const target of targets) {
      const key = `${source} ${target}`;
      const link = links.get(key) ?? { transitions: [], initialOf: -1, source, target };
      link.transitions.push(transition);
      links.set(key, link);
    }
  }
  return [...links.values()];
}

function optionsOf(direction: Direction): Record<string, string> {
  return {
    'elk.algorithm': 'layered',
    'elk.direction': direction,
    'elk.hierarchyHandling': 'INCLUDE_CHILDREN',
    'elk.edgeRouting': 'ORTHOGONAL',
    'elk.json.shapeCoords': 'ROOT',
    'elk.json.edgeCoords': 'ROOT',
    'elk.randomSeed': '1',
    'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
    'elk.layered.nodePlacement.favorStraightEdges': 'true',
    'elk.layered.cycleBreaking.strategy': 'DEPTH_FIRST',
    'elk.layered.thoroughness': '40',
    'elk.edgeLabels.inline': 'false',
    'elk.layered.edgeLabels.sideSelection': 'SMART_DOWN',
  };
}

const SPACING: Record<string, string> = {
  'elk.spacing.nodeNode': '28',
  'elk.spacing.edgeNode': '16',
  'elk.spacing.edgeEdge': '14',
  'elk.spacing.edgeLabel': '3',
  'elk.spacing.labelLabel': '6',
  'elk.layered.spacing.nodeNodeBetweenLayers': '24',
  'elk.layered.spacing.edgeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeEdgeBetweenLayers': '14',
};

/** Whether no transition leads from one region of a parallel state to another, or out of it: then each region is laid out for itself. */
function isClosed(chart: ChartModel, state: number): boolean {
  const regionOf = (at: number): number => [at, ...statesAround(chart, at)].find((each) => chart.states[each]?.parent === state) ?? -1;
  return chart.transitions.every(({ source, targets }) => targets.every((target) => regionOf(source) === regionOf(target)));
}

/** Regions that are laid out for themselves lie beside or below each other, as there is room. */
const PACKING: Record<string, string> = {
  'elk.algorithm': 'rectpacking',
  'elk.hierarchyHandling': 'SEPARATE_CHILDREN',
  'elk.aspectRatio': String(WANTED_RATIO),
  'elk.rectpacking.packing.strategy': 'COMPACTION',
  'elk.rectpacking.orderBySize': 'false',
};

function nodeOf(chart: ChartModel, state: number, direction: Direction): ElkNode {
  const kind = chart.states[state]?.kind;
  const size = stateSize(chart, state);
  if (kind !== 'compound' && kind !== 'parallel') return { id: `s${state}`, ...size };
  const children = childrenOf(chart, state).map((child) => nodeOf(chart, child, direction));
  if (kind === 'compound') children.unshift({ id: `d${state}`, width: DOT_SIZE, height: DOT_SIZE });
  const top = stateLines(chart, state).length > 0 ? size.height + 10 : TITLE_LINE + 18;
  return {
    id: `s${state}`,
    children,
    layoutOptions: {
      ...optionsOf(direction),
      ...SPACING,
      ...(kind === 'parallel' && isClosed(chart, state) ? PACKING : {}),
      'elk.padding': `[top=${top},left=16,bottom=16,right=16]`,
      'elk.nodeSize.constraints': '[MINIMUM_SIZE]',
      'elk.nodeSize.minimum': `(${size.width},${size.height})`,
    },
  };
}

function edgeOf(chart: ChartModel, { transitions, initialOf, source, target }: Link, index: number): ElkExtendedEdge {
  const lines = labelLines(chart, transitions);
  const text =
    lines.length > 0
      ? [{ id: `l${index}`, text: 'label', ...labelSize(lines), layoutOptions: { 'elk.edgeLabels.placement': 'CENTER' } }]
      : [];
  return { id: `e${index}`, sources: [initialOf >= 0 ? `d${initialOf}` : `s${source}`], targets: [`s${target}`], labels: text };
}

const rounded = (value: number | undefined): number => Math.round((value ?? 0) * 10) / 10;

const boxOf = ({ x, y, width, height }: { x?: number; y?: number; width?: number; height?: number }): ChartBox => ({
  x: rounded(x),
  y: rounded(y),
  width: rounded(width),
  height: rounded(height),
});

function pointsOf(sections: readonly ElkEdgeSection[] | undefined): number[] {
  return (sections ?? []).flatMap(({ startPoint, bendPoints = [], endPoint }) =>
    [startPoint, ...bendPoints, endPoint].flatMap(({ x, y }) => [rounded(x), rounded(y)]),
  );
}

async function layOutIn(elk: ELK, chart: ChartModel, direction: Direction): Promise<ChartLayout> {
  const links = linksOf(chart);
  const graph: ElkNode = {
    id: 'root',
    layoutOptions: { ...optionsOf(direction), ...SPACING, 'elk.padding': '[top=1,left=1,bottom=1,right=1]' },
    children: [nodeOf(chart, 0, direction)],
    edges: links.map((link, index) => edgeOf(chart, link, index)),
  };
  const root: ElkNode = await elk.layout(graph);
  const states: ChartBox[] = [];
  const visit = (node: ElkNode): void => {
    if (node.id.startsWith('s')) states[Number(node.id.slice(1))] = boxOf(node);
    for (const child of node.children ?? []) visit(child);
  };
  for (const child of root.children ?? []) visit(child);
  const arrows = links.map(({ transitions, initialOf }, index): ChartArrow => {
    const edge = root.edges?.find(({ id }) => id === `e${index}`);
    const [label] = edge?.labels ?? [];
    return { transitions, initialOf, points: pointsOf(edge?.sections), label: label === undefined ? null : boxOf(label) };
  });
  return { width: rounded(root.width), height: rounded(root.height), states, arrows };
}

/** How far a layout is from what is wanted: its proportions, and how much it takes. */
const badness = ({ width, height }: ChartLayout): number =>
  Math.abs(Math.log(width / Math.max(1, height) / WANTED_RATIO)) + Math.log(Math.max(1, width * height)) / 2;

/** Lays a chart out; its `layout` is where everything is. A machine that ELK can't lay out is refused by a ChartError. */
export async function layOut(chart: ChartModel): Promise<ChartModel & { readonly layout: ChartLayout }> {
  try {
    const elk = new elkjs.default();
    const down = await layOutIn(elk, chart, 'DOWN');
    const right = await layOutIn(elk, chart, 'RIGHT');
    return { ...chart, layout: badness(right) < badness(down) ? right : down };
  } catch (error) {
    throw new ChartError(`${chart.name} can't be laid out: ${error instanceof Error ? error.message : String(error)}`);
  }
}
