/**
 * Charts of machines: they say what XState has, and what is no chart is refused.
 */
import fc from 'fast-check';
import * as xstate from 'xstate';
import { describe, expect, it } from 'vitest';
import { machineCharts } from '../../../src/cli/machine-charts.js';
import { readChart } from '../../../src/visualiser/chart/check.js';
import { chartOf, chartOfJson } from '../../../src/visualiser/chart/from-machine.js';
import {
  activeStates,
  ChartError,
  type ChartModel,
  type ChartStateValue,
  eventText,
  guardText,
  statePath,
  transitionText,
} from '../../../src/visualiser/chart/model.js';
import { MACHINES, nodesOf } from '../../device/machine-catalogue.js';
import { anyChart } from './random-chart.js';

const charts = machineCharts();
const chartNamed = (name: string): ChartModel => charts.find((chart) => chart.name === name) as ChartModel;
const texts = (chart: ChartModel): string[] =>
  chart.transitions.map((transition) => {
    const targets = transition.targets.map((target) => statePath(chart, target)).join(' ');
    return `${statePath(chart, transition.source)}: ${transitionText(chart, transition)} > ${targets}`;
  });

describe('the chart of a machine', () => {
  it.each(MACHINES.map(({ machine }) => machine))('$id has the states that XState has, each with a sentence', (machine) => {
    const chart = chartNamed(machine.id);
    const nodes = nodesOf(machine.root);
    expect(chart.states.map((_, state) => statePath(chart, state))).toEqual(nodes.map(({ path }) => path.join('.')));
    expect(chart.states.map(({ kind }) => kind)).toEqual(nodes.map(({ type }) => type));
    expect(chart.states.filter(({ description }) => description === '')).toEqual([]);
  });

  it.each(MACHINES.map(({ machine }) => machine))('$id has the transitions that XState has', (machine) => {
    const chart = chartNamed(machine.id);
    const theirs = nodesOf(machine.root).flatMap((node) =>
      [...node.transitions.values()].flat().map(({ eventType, target, actions, reenter }) => ({
        source: node.path.join('.'),
        event: eventType,
        targets: (target ?? []).map(({ path }) => path.join('.')),
        actions: actions.length,
        reenter,
      })),
    );
    const ours = chart.transitions.map(({ source, event, targets, actions, reenter }) => ({
      source: statePath(chart, source),
      event,
      targets: targets.map((target) => statePath(chart, target)),
      actions: actions.length,
      reenter,
    }));
    expect(ours).toEqual(theirs);
  });

  it('says guards, actions and ends in words', () => {
    expect(texts(chartNamed('lock'))).toContain('running: handler.ended [insideWait] > waiting');
    expect(texts(chartNamed('mmioJob'))).toContain('running: bridge.completed [anotherHalf] / assign halves, submitNextHalf > running');
    expect(texts(chartNamed('framePipeline'))).toContain(
      'freshness.requested: frame.refused [answersEveryUpdate and in pipeline.rendering.single] / signalUpdateDone > freshness.stale',
    );
  });

  it('knows which states are active in a state value', () => {
    const chart = chartNamed('framePipeline');
    const paths = (value: ChartStateValue): string[] => activeStates(chart, value).map((state) => statePath(chart, state));
    expect(paths({ pipeline: { rendering: 'double' }, freshness: 'stale' })).toEqual([
      '',
      'pipeline',
      'pipeline.rendering',
      'pipeline.rendering.double',
      'freshness',
      'freshness.stale',
    ]);
    expect(paths({ pipeline: 'gone', elsewhere: { a: 'b' } })).toEqual(['', 'pipeline']);
  });

  it('is JSON, and passes its own check', () => {
    for (const chart of charts) expect(readChart(JSON.parse(JSON.stringify(chart)))).toEqual(chart);
  });
});

describe("a user's own machine", () => {
  const config = {
    id: 'light',
    initial: 'red',
    context: {},
    entry: 'switchOn',
    states: {
      red: {
        description: 'Stop.',
        entry: ['stop', { type: 'count', params: { by: 1 } }],
        after: { 1000: 'green' },
        on: { PRESS: { guard: 'waited', target: 'green' } },
      },
      green: {
        initial: 'fast',
        exit: () => undefined,
        on: { BREAK: '#broken', '*': {}, PRESS: undefined },
        states: {
          fast: { always: { guard: 'late', target: 'slow' } },
          slow: {},
          past: { type: 'history', history: 'deep', target: 'slow' },
        },
        onDone: 'red',
      },
      broken: {
        id: 'broken',
        type: 'parallel',
        states: { lamp: {}, wire: { invoke: { src: 'repair', id: 'r', onDone: { target: '#light.red', reenter: true } } } },
      },
      gone: { type: 'final' },
    },
  } as const;

  it('is read as it was written', () => {
    const chart = chartOf(config);
    expect(chart.states.map(({ name, kind, entry, exit }) => [name, kind, ...entry, ...exit].join(' '))).toEqual([
      'light compound switchOn',
      'red atomic stop count',
      'green compound exit',
      'fast atomic',
      'slow atomic',
      'past deepHistory',
      'broken parallel',
      'lamp atomic',
      'wire atomic',
      'gone final',
    ]);
    expect(texts(chart)).toEqual([
      'red: PRESS [waited] > green',
      'red: after 1000 > green',
      'green: BREAK > broken',
      'green: * > ',
      'green: PRESS > ',
      'green: done green > red',
      'green.fast: [late] > green.slow',
      'green.past:  > green.slow',
      'broken.wire: done r > red',
    ]);
    expect(chart.states[8]?.invokes).toEqual(['repair (r)']);
  });

  it('is the same by the JSON of its definition, but for what XState leaves out', () => {
    const machine = xstate.createMachine(config as never);
    const chart = chartOfJson(JSON.stringify(machine.definition));
    const ours = chartOf(config);
    expect(chart.states.map(({ name, kind, initial, parent, invokes }) => ({ name, kind, initial, parent, invokes }))).toEqual(
      ours.states.map(({ name, kind, initial, parent, invokes }) => ({ name, kind, initial, parent, invokes })),
    );
    const lost = [/\[late\]/, /^green\.past/];
    expect(texts(chart).sort()).toEqual(
      texts(ours)
        .filter((text) => !lost.some((pattern) => pattern.test(text)))
        .sort(),
    );
    for (const { machine: own } of MACHINES) {
      const { states, transitions } = chartOfJson(JSON.stringify(own.definition));
      expect(states).toEqual(chartNamed(own.id).states);
      expect(transitions.map(({ source, targets, event }) => [source, targets, event])).toEqual(
        chartNamed(own.id).transitions.map(({ source, targets, event }) => [source, targets, event]),
      );
    }
  });

  it('has conditions of conditions, and names for what has none', () => {
    const { and, or, not, stateIn, assign, raise } = xstate;
    const guard = or([and(['a', not(stateIn({ x: 'y' }))]), 'b']);
    const chart = chartOf({
      id: 'm',
      initial: 'x',
      states: { x: { initial: 'y', states: { y: {} } } },
      on: { E: { guard, actions: [assign({ n: 1 }), assign(() => ({})), raise({ type: 'F' })] } },
    });
    const [transition] = chart.transitions;
    expect(guardText(chart, transition?.guard ?? { kind: 'name', name: '' })).toBe('(a and not in x.y) or b');
    expect(transition?.actions).toEqual(['assign n', 'assign', 'raise']);
    expect([eventText('xstate.error.actor.0.m.x'), eventText('xstate.done.state.m.x'), eventText('E')]).toEqual([
      'error 0.m.x',
      'done x',
      'E',
    ]);
  });

  it.each([
    [null, /^the definition is null, expected an object/],
    [{ initial: 'b', states: { a: {} } }, /^the initial state of machine is "b"/],
    [{ initial: 'a', states: { a: { on: { E: 'b' } } } }, /^a target in a is "b", expected the name of a state/],
    [{ initial: 'a', states: { a: { on: { E: 1 } } } }, /^a transition of a is 1/],
    [{ initial: 'a', states: { a: { type: 'odd' } } }, /^the type of state a is "odd"/],
    [{ initial: 'a', states: { a: 1 } }, /^state a is 1/],
    [{ id: 'x'.repeat(2000), states: {} }, /^the length of the chart\.states\[0\]\.name is 2000/],
  ])('%# is refused with what is wrong in it', (machine, message) => {
    expect(() => chartOf(machine)).toThrow(expect.objectContaining({ code: 'ERR_CHART', message: expect.stringMatching(message) }));
  });

  it('may not be larger or deeper than charts are', () => {
    let deep: object = {};
    for (let depth = 0; depth < 100; depth++) deep = { initial: 'a', states: { a: deep } };
    expect(() => chartOf(deep)).toThrow(/more than 64 deep/);
    const many = Object.fromEntries(Array.from({ length: 3000 }, (_, index) => [`s${index}`, {}]));
    expect(() => chartOf({ initial: 's0', states: many })).toThrow(/more than 2000 states/);
    const on = Object.fromEntries(Array.from({ length: 9000 }, (_, index) => [`e${index}`, {}]));
    expect(() => chartOf({ on })).toThrow(/more than 8000 transitions/);
    expect(() => chartOfJson('{')).toThrow('the definition is no JSON');
  });
});

describe('a chart from a file or a socket', () => {
  it('is taken as it is', () => {
    fc.assert(
      fc.property(anyChart, (chart) => {
        expect(readChart(JSON.parse(JSON.stringify(chart)))).toEqual(chart);
      }),
    );
  });

  it('is refused by name of the place, or is a chart, whatever was changed in it', () => {
    const spots: (readonly (string | number)[])[] = [];
    const visit = (value: unknown, path: readonly (string | number)[]): void => {
      spots.push(path);
      if (typeof value === 'object' && value !== null) for (const [key, inner] of Object.entries(value)) visit(inner, [...path, key]);
    };
    const base = chartNamed('framePipeline');
    visit(base, []);
    const values = fc.constantFrom<unknown>(null, -1, 1e9, 0.5, 'odd', '', true, [], {}, [[]], Number.NaN, 'x'.repeat(5000), undefined);
    fc.assert(
      fc.property(fc.constantFrom(...spots), values, (path, value) => {
        const copy = structuredClone({ root: base as unknown });
        let holder: Record<string | number, unknown> = copy;
        for (const key of ['root', ...path].slice(0, -1)) holder = holder[key] as Record<string | number, unknown>;
        holder[['root', ...path].at(-1) ?? ''] = value;
        try {
          expect(readChart(readChart(copy.root))).toEqual(readChart(copy.root));
        } catch (error) {
          expect(error).toBeInstanceOf(ChartError);
          expect((error as Error).message).toMatch(/the chart/);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it('has each state within one before it, and an initial state of its own', () => {
    const [state] = chartNamed('lock').states;
    const leaf = { ...state, kind: 'atomic', initial: -1, parent: 0 };
    const refused =
      (states: readonly unknown[]): (() => ChartModel) =>
      () =>
        readChart({ name: 'm', states, transitions: [] });
    expect(refused([])).toThrow('the length of the chart.states is 0, expected 1 at least');
    expect(
      refused([
        { ...state, initial: 1 },
        { ...leaf, parent: 1 },
      ]),
    ).toThrow('the chart.states[1].parent is 1, expected an integer in 0..0');
    expect(refused([{ ...state, initial: 0 }, leaf])).toThrow('the chart.states[0].initial is 0, expected a state within it');
    expect(refused([{ ...state, initial: -1 }])).toThrow(
      'the chart.states[0].kind is "compound", expected another one for 0 states within it',
    );
    expect(refused([{ ...state, initial: -1 }, leaf])).toThrow('the chart.states[0].initial is -1, expected a state within it');
  });
});
