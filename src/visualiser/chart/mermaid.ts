/**
 * Charts as Mermaid's state diagrams (`stateDiagram-v2`).
 *
 * Invariant: whatever names a machine has, Mermaid reads the diagram; characters that it would take for its own are written by number. A
 * transition that only acts is a line in its state's box, or a note at a state with states in it. Several machines are states side by side in one diagram.
 */
import { childrenOf, type ChartModel, statePath, transitionText } from './model.js';

/** Texts in Mermaid: `#59;` is the character 59. */
function mermaidText(text: string): string {
  return text.replace(/[^\p{L}\p{N} ._,/[\]()'=+*-]/gu, (letter) => `#${letter.codePointAt(0)};`).replace(/--/g, '-#45;');
}

/** A name of word characters that no other state has. */
function idsOf(chart: ChartModel): readonly string[] {
  const taken = new Set<string>();
  return chart.states.map((_, state) => {
    const plain = [chart.name, statePath(chart, state)].join('_').replace(/[^A-Za-z0-9_]/g, '_');
    let id = plain;
    for (let count = 2; taken.has(id); count++) id = `${plain}_${count}`;
    taken.add(id);
    return id;
  });
}

class MermaidWriter {
  private readonly ids: readonly string[];

  constructor(private readonly chart: ChartModel) {
    this.ids = idsOf(chart);
  }

  /** A state with all that is in it. */
  state(number: number): string[] {
    const { chart, ids } = this;
    const { name = '', kind = 'atomic', entry = [], exit = [], invokes = [] } = chart.states[number] ?? {};
    const id = ids[number] ?? '';
    const acting = chart.transitions
      .filter(({ source, targets }) => source === number && targets.length === 0)
      .map((each) => transitionText(chart, each));
    const lines = [
      ...(entry.length > 0 ? [`entry / ${entry.join(', ')}`] : []),
      ...(exit.length > 0 ? [`exit / ${exit.join(', ')}`] : []),
      ...(invokes.length > 0 ? [`invoke / ${invokes.join(', ')}`] : []),
      ...acting,
    ].map(mermaidText);
    const title = kind === 'history' ? 'H' : kind === 'deepHistory' ? 'H*' : name;
    const head = `state "${mermaidText(title)}" as ${id}`;
    if (kind !== 'compound' && kind !== 'parallel') return [head, ...lines.map((line) => `${id} : ${line}`)];
    const notes = lines.length > 0 ? [`note right of ${id}`, ...lines.map((line) => `  ${line}`), 'end note'] : [];
    return [`${head} {`, ...this.within(number).map((line) => `  ${line}`), '}', ...notes];
  }

  /** What is in a state. */
  within(number: number): string[] {
    const { chart, ids } = this;
    const children = childrenOf(chart, number);
    if (chart.states[number]?.kind === 'parallel') {
      return children.flatMap((child, index) => [...(index > 0 ? ['--'] : []), ...this.state(child)]);
    }
    const initial = chart.states[number]?.initial ?? -1;
    const ends = children.filter((child) => chart.states[child]?.kind === 'final');
    return [
      ...children.flatMap((child) => this.state(child)),
      ...(initial >= 0 ? [`[*] --> ${ids[initial]}`] : []),
      ...ends.map((end) => `${ids[end]} --> [*]`),
    ];
  }

  transitions(): string[] {
    const { chart, ids } = this;
    return chart.transitions.flatMap((transition) =>
      transition.targets.map((target) => {
        const text = mermaidText(transitionText(chart, transition));
        return `${ids[transition.source]} --> ${ids[target]}${text === '' ? '' : ` : ${text}`}`;
      }),
    );
  }

  /** The whole machine; as a state of its own if it must be one, or if there are others. */
  machine(alone: boolean): string[] {
    const { chart } = this;
    const plain =
      alone &&
      chart.states[0]?.kind === 'compound' &&
      chart.transitions.every(({ source, targets }) => source !== 0 && !targets.includes(0));
    return [...(plain ? this.within(0) : this.state(0)), ...this.transitions()];
  }
}

/** One machine or several as one diagram. */
export function toMermaid(charts: readonly ChartModel[]): string {
  const machines = charts.map((chart) => new MermaidWriter(chart).machine(charts.length === 1));
  return `stateDiagram-v2\n${machines
    .flat()
    .map((line) => `  ${line}\n`)
    .join('')}`;
}
