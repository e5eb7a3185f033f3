/**
 * Pictures of charts: where everything is, that texts have the room that they were given, in a real browser, and that others' programs read what is
 * written for them.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { instance } from '@viz-js/viz';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { laidOut, machineCharts } from '../../../src/cli/machine-charts.js';
import { chartOf } from '../../../src/visualiser/chart/from-machine.js';
import { toDot } from '../../../src/visualiser/chart/dot.js';
import { layOut } from '../../../src/visualiser/chart/elk-layout.js';
import type { ChartBox } from '../../../src/visualiser/chart/layout.js';
import { toMermaid } from '../../../src/visualiser/chart/mermaid.js';
import type { ChartModel } from '../../../src/visualiser/chart/model.js';
import { toSvg } from '../../../src/visualiser/chart/svg.js';
import { readXml, type XmlElement } from '../../../src/visualiser/chart/xml.js';
import { Rig } from '../../page/rig.js';
import { anyChart } from './random-chart.js';

const charts = (await laidOut(machineCharts())) as readonly Required<ChartModel>[];
const elements = (root: XmlElement): XmlElement[] => [root, ...root.children.flatMap(elements)];
const overlap = (a: ChartBox, b: ChartBox): boolean =>
  Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) > 0.5 && Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) > 0.5;
const within = (outer: ChartBox, inner: ChartBox): boolean =>
  inner.x >= outer.x - 0.5 &&
  inner.y >= outer.y - 0.5 &&
  inner.x + inner.width <= outer.x + outer.width + 0.5 &&
  inner.y + inner.height <= outer.y + outer.height + 0.5;

/** What is wrong with where things are. */
function faultsOf({ states, layout }: Required<ChartModel>): string[] {
  const leaves = states.flatMap(({ kind }, index) => (kind === 'compound' || kind === 'parallel' ? [] : [index]));
  const box = (state: number): ChartBox => layout.states[state] as ChartBox;
  const labels = layout.arrows.flatMap(({ label }) => (label === null ? [] : [label]));
  return [
    ...states.flatMap(({ parent, name }, index) =>
      parent >= 0 && !within(box(parent), box(index)) ? [`${name} is not within the state around it`] : [],
    ),
    ...leaves.flatMap((a, index) =>
      leaves.slice(index + 1).flatMap((b) => (overlap(box(a), box(b)) ? [`states ${a} and ${b} overlap`] : [])),
    ),
    ...labels.flatMap((a, index) => labels.slice(index + 1).flatMap((b) => (overlap(a, b) ? [`labels overlap at ${a.x} ${a.y}`] : []))),
    ...labels.flatMap((label) => leaves.flatMap((state) => (overlap(label, box(state)) ? [`a label is on state ${state}`] : []))),
    ...labels.flatMap((label) => (within(box(0), label) ? [] : ['a label is outside of the machine'])),
  ];
}

describe('the layout of a chart', () => {
  it.each(charts)('of $name has every state within another, and nothing on anything else', (chart) => {
    expect(faultsOf(chart)).toEqual([]);
  });

  it.each(charts)('of $name has an arrow for each transition with a target and each initial state', ({ states, transitions, layout }) => {
    const shown = layout.arrows.flatMap((arrow) => arrow.transitions).sort((a, b) => a - b);
    expect(shown).toEqual(transitions.flatMap(({ targets }, index) => (targets.length > 0 ? [index] : [])));
    const dots = layout.arrows.flatMap(({ initialOf }) => (initialOf >= 0 ? [initialOf] : []));
    expect(dots.sort()).toEqual(states.flatMap(({ kind }, index) => (kind === 'compound' ? [index] : [])).sort());
    for (const {
      points,
      transitions: [first = -1],
    } of layout.arrows) {
      const ends = transitions[first];
      if (ends === undefined) continue;
      const touches = (state: number, [x = 0, y = 0]: readonly number[]): boolean =>
        within(layout.states[state] as ChartBox, { x, y, width: 0, height: 0 });
      expect([touches(ends.source, points.slice(0, 2)), touches(ends.targets[0] ?? 0, points.slice(-2))]).toEqual([true, true]);
    }
  });

  it('is the one that the build has made, and the same each time', async () => {
    const built = JSON.parse(readFileSync('dist/charts/machines.json', 'utf8')) as unknown;
    expect(built).toEqual(await Promise.all(machineCharts().map(layOut)));
  });

  it('is there for any chart', async () => {
    for (const chart of fc.sample(anyChart, { numRuns: 15, seed: 3 })) {
      const { layout } = await layOut(chart);
      expect(layout.states.length).toBe(chart.states.length);
      expect(toSvg([{ ...chart, layout }], 'auto')).toContain('</svg>');
    }
  });
});

describe('the SVG of a chart', () => {
  it.each(charts)('of $name is well-formed, and has all states and transitions to be marked', (chart) => {
    const all = elements(readXml(toSvg([chart], 'auto')));
    const numbers = (name: string): number[] =>
      all.flatMap(({ attributes }) => (attributes.has(name) ? [Number(attributes.get(name))] : []));
    expect(numbers('data-state')).toEqual(chart.states.map((_, index) => index));
    expect(numbers('data-transition').sort((a, b) => a - b)).toEqual(chart.transitions.map((_, index) => index));
  });

  it('fetches nothing and runs nothing', () => {
    const text = toSvg(charts, 'auto');
    expect(text.replaceAll('http://www.w3.org/2000/svg', '')).not.toMatch(/https?:|<script|@import|url\(|href/);
  });

  it('takes names of any characters', async () => {
    const name = '<b>&"\u0000\ud800]]>';
    const chart = await layOut(chartOf({ id: name, initial: name, states: { [name]: { on: { [name]: name } } } }));
    expect(() => readXml(toSvg([chart], 'light'))).not.toThrow();
  });

  it('in docs/pictures is what npm run docs:pictures makes', () => {
    expect(readdirSync('docs/pictures').filter((file) => charts.some(({ name }) => file === `${name}.svg`)).length).toBe(charts.length);
    for (const chart of charts) expect(readFileSync(`docs/pictures/${chart.name}.svg`, 'utf8')).toBe(toSvg([chart], 'auto'));
    for (const { name } of charts) expect(readFileSync('docs/machines.md', 'utf8')).toContain(`](pictures/${name}.svg)`);
  });
});

describe('in a browser', () => {
  let rig: Rig;
  beforeAll(async () => {
    rig = await Rig.start();
  });
  afterAll(() => rig.close());

  /** Boxes of what a selector finds, as far as it has any text. */
  const FIND = `(selector) => [...document.querySelectorAll(selector)].map((each) => {
    const { x, y, width, height } = each.getBBox();
    return { x, y, width, height, text: each.textContent };
  })`;
  type Found = ChartBox & { readonly text: string };

  it.each(charts)('texts of $name are within the room that they were given', async (chart) => {
    const page = await rig.open(`data:image/svg+xml;base64,${Buffer.from(toSvg([chart], 'auto')).toString('base64')}`);
    const find = async (selector: string): Promise<Found[]> => (await page.evaluate(`(${FIND})(${JSON.stringify(selector)})`)) as Found[];
    const { layout } = chart;
    const rooms = layout.arrows.flatMap(({ label }) => (label === null ? [] : [label]));
    const labels = await find('.arrow text');
    expect(labels.length).toBeGreaterThan(3);
    expect(labels.filter((label) => !rooms.some((room) => within({ ...room, x: room.x - 1, width: room.width + 2 }, label)))).toEqual([]);
    const inStates = await find('.state text');
    expect(inStates.filter((text) => !layout.states.some((box) => within(box, text)))).toEqual([]);
    await page.close();
  });

  it('a chart is dark where dark is preferred, unless it was told not to', async () => {
    const fillIn = async (theme: 'light' | 'dark' | 'auto', preferred: 'light' | 'dark'): Promise<string> => {
      const page = await rig.open(`data:image/svg+xml;base64,${Buffer.from(toSvg(charts, theme)).toString('base64')}`, {
        theme: preferred,
      });
      const fill = (await page.evaluate("getComputedStyle(document.querySelector('.page')).fill")) as string;
      await page.close();
      return fill;
    };
    const [white, black] = ['rgb(255, 255, 255)', 'rgb(13, 17, 23)'];
    expect([await fillIn('auto', 'light'), await fillIn('auto', 'dark')]).toEqual([white, black]);
    expect([await fillIn('light', 'dark'), await fillIn('dark', 'light')]).toEqual([white, black]);
  });

  it('Mermaid renders every machine, and all of them as one diagram', async () => {
    const page = await rig.open('data:text/html,<meta charset="utf-8"><body>');
    await page.addScriptTag({ path: 'node_modules/mermaid/dist/mermaid.min.js' });
    const render = async (text: string): Promise<string> => {
      await page.evaluate('mermaid.initialize({ startOnLoad: false })');
      return (await page.evaluate(
        `mermaid.render('drawn', ${JSON.stringify(text)}).then(({ svg }) => new DOMParser().parseFromString(svg, 'text/html').body.textContent)`,
      )) as string;
    };
    for (const drawn of [...charts.map((chart) => [chart]), charts]) {
      const text = (await render(toMermaid(drawn))).replace(/\s+/g, '');
      for (const { states, transitions } of drawn) {
        for (const { name, parent } of states) if (parent >= 0) expect(text).toContain(name);
        for (const { event, actions } of transitions)
          for (const word of [event ?? '', ...actions]) expect(text).toContain(word.replace(' ', ''));
      }
    }
    const odd = chartOf({
      id: 'm',
      initial: 'end',
      states: { end: { on: { 'a:b;c#d"e<f>%%': { target: 'state', guard: '{x} --> y' } } }, state: {} },
    });
    expect(await render(toMermaid([odd]))).toContain('{x}');
    await page.close();
  });
});

describe('DOT of a chart', () => {
  it('is read by Graphviz, with every state, every arrow and every cluster, alone and all together', async () => {
    const viz = await instance();
    for (const drawn of [...charts.map((chart) => [chart]), charts]) {
      const { status, output, errors } = viz.render(toDot(drawn), { format: 'json' });
      expect([status, errors]).toEqual(['success', []]);
      const { objects = [], edges = [] } = JSON.parse(output ?? '{}') as { objects?: { name: string }[]; edges?: unknown[] };
      const states = drawn.flatMap((chart) => chart.states);
      const dots = states.filter(({ kind }) => kind === 'compound').length;
      expect(objects.length).toBe(states.length + dots);
      expect(objects.filter(({ name }) => name.startsWith('cluster')).length).toBe(
        dots + states.filter(({ kind }) => kind === 'parallel').length,
      );
      expect(edges.length).toBe(dots + drawn.flatMap(({ transitions }) => transitions.filter(({ targets }) => targets.length > 0)).length);
    }
  });

  it('is read by Graphviz whatever names a machine has', async () => {
    const viz = await instance();
    for (const chart of fc.sample(anyChart, { numRuns: 40, seed: 5 }))
      expect(viz.render(toDot([chart]), { format: 'dot' }).status).toBe('success');
  });
});
