/**
 * Charts as SCXML: valid, and read back as they were.
 */
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { machineCharts } from '../../../src/cli/machine-charts.js';
import { chartOf } from '../../../src/visualiser/chart/from-machine.js';
import type { ChartModel } from '../../../src/visualiser/chart/model.js';
import { toScxml } from '../../../src/visualiser/chart/scxml.js';
import { readScxml } from '../../../src/visualiser/chart/scxml-reader.js';
import { anyChart } from './random-chart.js';

const charts = machineCharts();
const schema = { fileName: 'scxml.xsd', contents: readFileSync('test/visualiser/chart/scxml.xsd', 'utf8') };

/** What a validator has against some documents. */
async function faultsOf(documents: readonly string[]): Promise<readonly string[]> {
  const xml = documents.map((contents, index) => ({ fileName: `machine${index}.scxml`, contents }));
  const { errors, valid } = await validateXML({ xml, schema: [schema] });
  return valid ? [] : errors.map(({ rawMessage }) => rawMessage);
}

describe('SCXML of our machines', () => {
  it('is valid, one by one and all together', async () => {
    expect(await faultsOf([...charts.map((chart) => toScxml([chart])), toScxml(charts)])).toEqual([]);
  });

  it('is not valid with one thing wrong, so the schema says something', async () => {
    const [lock = ''] = charts.map((chart) => toScxml([chart]));
    const spoiled = [
      lock.replace('id="free"', 'id="running"'),
      lock.replace('target="running"', 'target="run ning 1"'),
      lock.replace(' version="1.0" datamodel', ' datamodel'),
      lock.replaceAll('<log label', '<print label'),
      lock.replace('event="bh.offered"', 'event=".offered"'),
    ];
    for (const document of spoiled) expect((await faultsOf([document])).length).toBeGreaterThan(0);
  });

  it('is read back to the same machines', () => {
    for (const chart of charts) expect(readScxml(toScxml([chart]))).toEqual([chart]);
    expect(readScxml(toScxml(charts))).toEqual(charts);
  });

  it('has each guard as a field of its data, and each action as a line of its log', () => {
    const document = toScxml(charts.filter(({ name }) => name === 'framePipeline'));
    expect(document).toContain(
      'expr="{ insideUpdate: false, countsRefusals: false, shown: false, restartsAfterRefusal: false, answersEveryUpdate: false }"',
    );
    expect(document).toContain(`cond="guards.answersEveryUpdate &amp;&amp; In('framePipeline.pipeline.rendering.single')"`);
    expect(document).toContain('<log label="startRendering"/>');
  });

  it('has no event that begins with another of its machine, since SCXML would take them for the same', () => {
    for (const { transitions } of charts) {
      const events = [...new Set(transitions.map(({ event }) => event ?? ''))];
      expect(events.filter((event) => events.some((other) => event.startsWith(`${other}.`)))).toEqual([]);
    }
  });
});

describe('SCXML of any chart', () => {
  it('is read back to the same chart', () => {
    fc.assert(
      fc.property(anyChart, (chart) => {
        expect(readScxml(toScxml([chart]))).toEqual([chart]);
      }),
      { numRuns: 300 },
    );
  });

  it('is valid', async () => {
    const samples = fc.sample(anyChart, { numRuns: 40, seed: 7 });
    expect(await faultsOf(samples.map((chart) => toScxml([chart])))).toEqual([]);
  });

  it('says what a state remembers', () => {
    const states = {
      a: { initial: 'b', states: { b: {}, c: {}, h: { type: 'history', history: 'deep', target: 'c' }, i: { type: 'history' } } },
    };
    const chart = chartOf({ id: 'm', initial: 'a', states, on: { back: '.a.h' } });
    expect(readScxml(toScxml([chart]))).toEqual([chart]);
    expect(toScxml([chart])).toMatch(/<history id="m\.a\.h" type="deep">\s*<transition target="m\.a\.c"\/>/);
  });
});

describe('SCXML of others', () => {
  const only = (document: string): ChartModel => readScxml(document)[0] as ChartModel;
  const scxml = (inner: string, attributes = ''): string =>
    `<scxml xmlns="http://www.w3.org/2005/07/scxml" version="1.0" ${attributes}>${inner}</scxml>`;

  it('is read as far as a chart goes', () => {
    const chart = only(
      scxml(
        `<!-- two --> <state id="a"><onentry><assign location="x" expr="1"/></onentry><transition event="e f" cond="x == 1" target="b"><raise event="g"/></transition></state><final id="b"/>`,
        'name="m"',
      ),
    );
    expect(chart.states.map(({ name, kind, entry }) => [name, kind, entry])).toEqual([
      ['m', 'compound', []],
      ['a', 'atomic', ['assign x']],
      ['b', 'final', []],
    ]);
    expect(chart.states[0]?.initial).toBe(1);
    expect(chart.transitions.map(({ event, guard, actions, targets }) => [event, guard, actions, targets])).toEqual([
      ['e', { kind: 'name', name: 'x == 1' }, ['raise g'], [2]],
      ['f', { kind: 'name', name: 'x == 1' }, ['raise g'], [2]],
    ]);
  });

  it.each([
    ['', /line 1 of the document: the end, expected an element/],
    ['<scxml', /expected an attribute/],
    ['<scxml xmlns="urn:x"/>', /namespace is urn:x, expected http:\/\/www\.w3\.org/],
    ['<svg xmlns="http://www.w3.org/2005/07/scxml"/>', /element is svg, expected scxml/],
    [scxml('<state id="a"><transition target="b"/></state>'), /there is no state "b"/],
    [scxml('<state id="a"/><state id="a"/>'), /two states have the id "a"/],
    [scxml('<state id="a">'), /expected the end of the element state/],
    [scxml('<state id="&bomb;"/>'), /no entity &bomb;/],
    [`<!DOCTYPE scxml [<!ENTITY a "b">]>${scxml('')}`, /no document type/],
    [scxml('<state>'.repeat(100)), /64 deep/],
    [scxml('<state id="a"/>', 'initial="c"'), /there is no state "c"/],
    [scxml('<state id="a" id="b"/>'), /"id" once only/],
    [`${scxml('<state/>')}<b/>`, /expected the end of the document/],
    [scxml(`${'<state/>'.repeat(3000)}`), /more than 2000 states/],
    [`<a>${' '.repeat(4 * 2 ** 20)}</a>`, /expected 4194304 at most/],
  ])('%# is refused with what is wrong in it', (document, message) => {
    expect(() => readScxml(document)).toThrow(expect.objectContaining({ code: 'ERR_CHART', message: expect.stringMatching(message) }));
  });
});
