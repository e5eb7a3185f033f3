/**
 * `apple-gfx diagram`.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as xstate from 'xstate';
import { afterAll, describe, expect, it } from 'vitest';
import { machineCharts } from '../../src/cli/machine-charts.js';
import { nearest } from '../../src/cli/nearest.js';
import { readScxml } from '../../src/visualiser/chart/scxml-reader.js';
import { readXml } from '../../src/visualiser/chart/xml.js';

const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-diagram-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const cli = 'dist/bundles/cli/main.cjs';
const diagram = (...args: string[]) => spawnSync(process.execPath, [cli, 'diagram', ...args], { encoding: 'utf8' });
const charts = machineCharts();

describe('apple-gfx diagram', () => {
  it('lists the machines, with a sentence on each', () => {
    const { status, stdout } = diagram();
    expect(status).toBe(0);
    for (const { name, states } of charts) expect(stdout).toMatch(new RegExp(`^${name} +${states[0]?.description}$`, 'm'));
  });

  it('prints one machine, as an SVG unless it is told otherwise', () => {
    expect(diagram('lock').stdout).toBe(readFileSync('docs/pictures/lock.svg', 'utf8'));
    expect(diagram('lock', '--theme', 'dark').stdout).toContain('color-scheme:dark');
    expect(diagram('lock', '--format', 'mermaid').stdout).toMatch(/^stateDiagram-v2\n {2}state "free" as lock_free/);
    expect(diagram('lock', '--format', 'dot').stdout).toMatch(/^digraph "lock" \{/);
    expect(readScxml(diagram('lock', '--format', 'scxml').stdout)).toEqual([charts[0]]);
    expect(JSON.parse(diagram('lock', '--format', 'json').stdout)).toEqual(charts[0]);
  });

  it('prints all machines as one document of each format', () => {
    const all = (format: string): string => diagram('--all', '--format', format).stdout;
    expect(readXml(all('svg')).children.filter(({ name }) => name === 'g').length).toBe(charts.length);
    expect(all('mermaid').match(/stateDiagram-v2/g)?.length).toBe(1);
    expect(all('dot').match(/digraph/g)?.length).toBe(1);
    expect(readScxml(all('scxml'))).toEqual(charts);
    expect(JSON.parse(all('json'))).toEqual(charts);
  });

  it('writes a file, or a file for each machine into a folder', () => {
    const file = join(folder, 'one.svg');
    expect(diagram('lock', '--out', file)).toMatchObject({ status: 0, stdout: '' });
    expect(readFileSync(file, 'utf8')).toBe(readFileSync('docs/pictures/lock.svg', 'utf8'));
    expect(diagram('--all', '--format', 'dot', '--out', join(folder, 'dot/'))).toMatchObject({ status: 0, stdout: '' });
    expect(readdirSync(join(folder, 'dot')).sort()).toEqual(charts.map(({ name }) => `${name}.dot`).sort());
    expect(readdirSync(join(folder, 'dot')).every((name) => readFileSync(join(folder, 'dot', name), 'utf8').startsWith('digraph'))).toBe(
      true,
    );
  });

  it("draws a user's own machine, of SCXML or of XState's JSON", () => {
    const machine = xstate.createMachine({ id: 'light', initial: 'red', states: { red: { on: { go: 'green' } }, green: {} } });
    writeFileSync(join(folder, 'light.json'), JSON.stringify(machine.definition));
    const scxml = diagram(join(folder, 'light.json'), '--format', 'scxml').stdout;
    expect(scxml).toContain('<transition event="go" target="green"/>');
    writeFileSync(join(folder, 'light.scxml'), scxml);
    expect(diagram(join(folder, 'light.scxml')).stdout).toContain('data-path="green"');
    writeFileSync(join(folder, 'odd.scxml'), '<scxml');
    expect(diagram(join(folder, 'odd.scxml'))).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/odd\.scxml: line 1 of the document: .*\n$/),
    });
  });

  it.each([
    [['lok'], /no machine "lok", did you mean lock\? There are lock, mmioJob, .*lifeCycle\n$/],
    [['zebra'], /no machine "zebra"\. There are lock/],
    [['gone.scxml'], /no file "gone\.scxml"/],
    [['lock', '--all'], /--all takes every machine, so "lock" is one too many/],
    [['lock', '--format', 'png'], /--format.*svg, mermaid, dot, scxml, json/],
    [['lock', '--theme', 'pink'], /--theme.*light, dark, auto/],
    [['lock', '--out', '/no/such/folder/x.svg'], /--out \/no\/such\/folder\/x\.svg: ENOENT/],
  ])('with %j says what is wrong in one line and exits 2', (args, text) => {
    const { status, stdout, stderr } = diagram(...args);
    expect([status, stdout, stderr.trim().split('\n').length]).toEqual([2, '', 1]);
    expect(stderr).toMatch(text);
  });

  it('loads neither the native library, nor koffi, nor XState, nor ELK for our own machines', () => {
    const spy = join(folder, 'spy.cjs');
    writeFileSync(
      spy,
      `process.on('exit', () => {
        const objects = process.report.getReport().sharedObjects.filter((path) => /koffi|pvg/.test(path));
        const modules = Object.keys(require.cache).filter((path) => /node_modules.(koffi|xstate|elkjs)/.test(path));
        process.stderr.write(JSON.stringify([...objects, ...modules]));
      });`,
    );
    const spied = (...args: string[]) => spawnSync(process.execPath, ['--require', spy, cli, ...args], { encoding: 'utf8' });
    expect(spied('diagram', '--all').stderr).toBe('[]');
    expect(spied('run', '--frames', '1', '--json').stderr).toMatch(/koffi/);
  });
});

describe('the nearest name', () => {
  it('is one with a letter or two wrong, or one that holds what was typed, and else there is none', () => {
    const names = charts.map(({ name }) => name);
    expect(['LOCK', 'frame', 'mioJob', 'lifecycle', 'zebra', 'x', ''].map((typed) => nearest(typed, names))).toEqual([
      'lock',
      'framePipeline',
      'mmioJob',
      'lifeCycle',
      undefined,
      undefined,
      undefined,
    ]);
  });
});
