/**
 * Charts in Graphviz's language, for `dot`.
 *
 * Invariant: whatever names a machine has, Graphviz reads the graph. States with states in them are clusters; an arrow to or from one ends at its
 * border (`compound=true`). Several machines are clusters of one graph, since programs that read one file often show its first graph only.
 */
import { childrenOf, type ChartModel, isContainer, statePath, statesAround, transitionText } from './model.js';

/** A text in quotes. A backslash begins Graphviz's own escapes. */
function quoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\0', '')}"`;
}

/** Lines of a label; each ends with Graphviz's mark for a line that begins at the left. */
const linesOf = (lines: readonly string[]): string => quoted(lines.join('\n')).replaceAll('\n', '\\l').replace(/"$/, '\\l"');

class DotWriter {
  constructor(private readonly chart: ChartModel) {}

  private idOf(state: number): string {
    return quoted([this.chart.name, statePath(this.chart, state)].join('.').replace(/\.$/, ''));
  }

  private isCluster(state: number): boolean {
    return isContainer(this.chart.states[state]?.kind ?? 'atomic');
  }

  /** The cluster's name; Graphviz knows clusters by how their names begin. */
  private clusterOf(state: number): string {
    return quoted(`cluster ${this.chart.name} ${state}`);
  }

  /** A node that stands for a state: the state's own, or one within it. */
  private nodeFor(state: number): string {
    let at = state;
    while (this.isCluster(at)) {
      const { initial = -1 } = this.chart.states[at] ?? {};
      const next = initial >= 0 ? initial : childrenOf(this.chart, at)[0];
      if (next === undefined) break;
      at = next;
    }
    return this.idOf(at);
  }

  private linesOf(state: number): string[] {
    const { entry = [], exit = [], invokes = [] } = this.chart.states[state] ?? {};
    const acting = this.chart.transitions.filter(({ source, targets }) => source === state && targets.length === 0);
    return [
      ...(entry.length > 0 ? [`entry / ${entry.join(', ')}`] : []),
      ...(exit.length > 0 ? [`exit / ${exit.join(', ')}`] : []),
      ...(invokes.length > 0 ? [`invoke / ${invokes.join(', ')}`] : []),
      ...acting.map((each) => transitionText(this.chart, each)),
    ];
  }

  state(number: number): string[] {
    const { name = '', kind = 'atomic', initial = -1, parent = -1, description = '' } = this.chart.states[number] ?? {};
    const lines = this.linesOf(number);
    const label = lines.length > 0 ? linesOf([name, ...lines]) : quoted(name);
    const tooltip = quoted(description);
    if (!this.isCluster(number)) {
      if (kind === 'history' || kind === 'deepHistory')
        return [`${this.idOf(number)} [label=${kind === 'history' ? '"H"' : '"H*"'}, shape=circle, style=solid];`];
      return [`${this.idOf(number)} [label=${label}, tooltip=${tooltip}${kind === 'final' ? ', peripheries=2' : ''}];`];
    }
    const dot = quoted(`${this.chart.name} ${number} initial`);
    const arrow = `${dot} -> ${this.nodeFor(initial)}${this.isCluster(initial) ? ` [lhead=${this.clusterOf(initial)}]` : ''};`;
    const region = this.chart.states[parent]?.kind === 'parallel';
    return [
      `subgraph ${this.clusterOf(number)} {`,
      `  label=${label}; tooltip=${tooltip}; style="rounded${region ? ',dashed' : ''}";`,
      ...(initial >= 0 ? [`  ${dot} [shape=point, width=0.12, label=""];`] : []),
      ...childrenOf(this.chart, number).flatMap((child) => this.state(child).map((line) => `  ${line}`)),
      ...(initial >= 0 ? [`  ${arrow}`] : []),
      '}',
    ];
  }

  transitions(): string[] {
    return this.chart.transitions.flatMap((transition) =>
      transition.targets.map((target) => {
        const { source } = transition;
        // Graphviz can't end an arrow at the border of a cluster that holds its other end.
        const tail = this.isCluster(source) && !statesAround(this.chart, target).includes(source) && target !== source;
        const head = this.isCluster(target) && !statesAround(this.chart, source).includes(target) && target !== source;
        const attributes = [
          `label=${quoted(transitionText(this.chart, transition))}`,
          ...(tail ? [`ltail=${this.clusterOf(source)}`] : []),
          ...(head ? [`lhead=${this.clusterOf(target)}`] : []),
        ];
        return `${this.nodeFor(source)} -> ${this.nodeFor(target)} [${attributes.join(', ')}];`;
      }),
    );
  }
}

/** One machine or several as one graph. */
export function toDot(charts: readonly ChartModel[]): string {
  const writers = charts.map((chart) => new DotWriter(chart));
  const lines = [
    'compound=true;',
    'fontname="Helvetica";',
    'node [shape=box, style=rounded, fontname="Helvetica", fontsize=12];',
    'edge [fontname="Courier", fontsize=9];',
    ...writers.flatMap((writer) => [...writer.state(0), ...writer.transitions()]),
  ];
  return `digraph ${quoted(charts.map(({ name }) => name).join(', '))} {\n${lines.map((line) => `  ${line}\n`).join('')}}\n`;
}
