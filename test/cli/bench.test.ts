/**
 * The benchmark as a program, with hardly any work: figures are not looked at, since a test's mean nothing.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const cli = 'dist/src/cli/main.js';
const twin = 'dist/native/bench/twin';
const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-bench-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Row {
  readonly name: string;
  readonly value?: number;
  readonly ours?: number;
  readonly reference?: number;
  readonly error?: string;
  readonly skipped?: string;
  readonly met: boolean;
  readonly goal?: number;
  readonly unit?: string;
  readonly better?: string;
  readonly runs?: readonly unknown[];
  readonly contextSwitches?: { readonly ours: number; readonly reference: number };
}

/** A run of the benchmark with a thousandth of the work, or less. */
function bench(options: Record<string, unknown>): { status: number | null; stdout: string; stderr: string } {
  const given = JSON.stringify({ rows: [], runs: 1, json: true, quick: false, scale: 0.001, ...options });
  const program = `import { bench } from './dist/src/cli/bench.js'; process.exitCode = await bench(${given});`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' });
}

describe('a benchmark of every row', () => {
  let rows: readonly Row[] = [];
  let run: ReturnType<typeof bench>;
  beforeAll(() => {
    run = bench({});
    rows = run.stdout === '' ? [] : JSON.parse(run.stdout).rows;
  }, 600_000);

  it('prints one JSON object, which says what machine it was, and ends well', () => {
    expect(run.status, run.stderr).toBe(0);
    expect(run.stdout.trim().split('\n')).toHaveLength(1);
    expect(JSON.parse(run.stdout).machine).toMatchObject({ node: process.version, cores: expect.any(Number), cpu: expect.any(String) });
  });

  it('says on stderr what it measures', () => {
    expect(run.stderr).toContain('measuring write-map');
  });

  it('has for each row both sides, their ratio, a goal and whether it is met, or says why not', () => {
    expect(rows.filter(({ error }) => error !== undefined)).toEqual([]);
    for (const row of rows.filter(({ skipped }) => skipped === undefined)) {
      expect([row.name, row.value, row.ours, row.reference, row.goal].filter((each) => each === undefined)).toEqual([]);
      for (const figure of [row.value, row.ours, row.reference]) expect(Number.isFinite(figure), `${row.name}: ${figure}`).toBe(true);
      expect(row).toMatchObject({ unit: expect.any(String), better: expect.stringMatching(/^(higher|lower)$/), runs: expect.any(Array) });
      expect(row.met).toBe(row.better === 'higher' ? Number(row.value) >= Number(row.goal) : Number(row.value) <= Number(row.goal));
    }
  });

  it('has no two rows of one name', () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
  });

  it('has each latency in both placements, with context switches of both sides', () => {
    for (const scenario of ['map-1', 'map-4', 'iosfc', 'write', 'write-map']) {
      for (const placement of ['pinned', 'free']) {
        const row = rows.find(({ name }) => name === `${scenario}/${placement}/twin`);
        expect(row?.contextSwitches, `${scenario}/${placement}`).toEqual({ ours: expect.any(Number), reference: expect.any(Number) });
      }
    }
  });
});

describe('the twin', () => {
  it.each(['map-1', 'map-4', 'iosfc', 'write', 'write-map'])('does %s and says what it took', (scenario) => {
    const result = JSON.parse(execFileSync(twin, [scenario, 'free', '8', '40', '0', '0'], { encoding: 'utf8' }));
    expect(result).toEqual({
      operations: 40,
      nanoseconds: expect.any(Number),
      processorNs: expect.any(Number),
      voluntary: expect.any(Number),
      involuntary: expect.any(Number),
      systemCalls: expect.any(Number),
    });
    expect(result.nanoseconds).toBeGreaterThan(0);
  });

  it.each([
    [[], /usage/],
    [['nothing', 'free', '8', '40', '0', '0'], /no such scenario/],
    [['write', 'free', '8', '41', '0', '0'], /multiple of 4/],
  ])('with %j says what is wrong and exits 2', (args, text) => {
    const { status, stderr } = spawnSync(twin, args, { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stderr).toMatch(text);
  });
});

describe('apple-gfx bench', () => {
  it.each([
    [['--runs', '0'], /--runs.*integer/],
    [['--baseline', '/no/such/file'], /--baseline.*no such file/],
    [['--baseline', 'package.json'], /--baseline package\.json: it has no rows/],
    [['--rows', 'nothing/*'], /--rows nothing\/\*: no row has such a name/],
    [['--fast'], /unknown option '--fast'/],
  ])('with %j says what is wrong in one line and exits 2', (args, text) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, [cli, 'bench', ...args], { encoding: 'utf8' });
    expect(status).toBe(2);
    expect(stdout).toBe('');
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toMatch(text);
  });

  it('--help names every option, the tolerance and the exit codes', () => {
    const help = execFileSync(process.execPath, [cli, 'bench', '--help'], { encoding: 'utf8' });
    for (const option of ['json', 'baseline', 'rows', 'runs', 'quick']) expect(help).toContain(`--${option}`);
    expect(help).toMatch(/Exit codes: 0 .* 1 .* 20 %; 2 wrong usage/);
  });

  it('measures the rows that are asked for, and prints a table', () => {
    const { stdout, status } = bench({ rows: ['iosfc/free/*'], json: false });
    expect(status).toBe(0);
    expect(
      stdout
        .trim()
        .split('\n')
        .slice(0, 2)
        .map((line) => line.split(' ')[0]),
    ).toEqual(['row', 'iosfc/free/twin']);
  });

  it('exits 1 if a row is worse than in the baseline, and says which', () => {
    const path = join(folder, 'baseline.json');
    writeFileSync(path, JSON.stringify({ rows: [{ name: 'iosfc/free/twin', value: 1e9 }] }));
    const { status, stdout, stderr } = bench({ rows: ['iosfc/free/twin'], baseline: path });
    expect(status).toBe(1);
    expect(stderr).toContain(`worse than ${path} by more than 20 %: iosfc/free/twin`);
    expect(JSON.parse(stdout).rows[0]).toMatchObject({ baseline: 1e9, change: -1 });
    writeFileSync(path, JSON.stringify({ rows: [{ name: 'iosfc/free/twin', value: 1e-9 }] }));
    expect(bench({ rows: ['iosfc/free/twin'], baseline: path }).status).toBe(0);
  });

  it('reports a row that fails, goes on with the rest, and exits 1', () => {
    // With an option that Node doesn't know, no side can start.
    const broken = join(folder, 'broken.mjs');
    writeFileSync(
      broken,
      `process.env.NODE_OPTIONS = '--no-such-option';
       const { bench } = await import(${JSON.stringify(new URL('../../dist/src/cli/bench.js', import.meta.url).href)});
       process.exitCode = await bench({ rows: ['start', 'iosfc/free/twin'], runs: 1, json: true, quick: false, scale: 0.001 });`,
    );
    const { status, stdout } = spawnSync(process.execPath, [broken], { encoding: 'utf8' });
    const rows = JSON.parse(stdout).rows as readonly Row[];
    expect(status).toBe(1);
    expect(rows.map(({ name, met }) => [name, met])).toEqual([
      ['iosfc/free/twin', false],
      ['start', false],
    ]);
    for (const row of rows) expect(row.error).toMatch(/no-such-option/);
  });
});

describe('APPLE_GFX_BRIDGE', () => {
  const load = (path: string): ReturnType<typeof spawnSync> =>
    spawnSync(process.execPath, ['--input-type=module', '-e', `import { loadBridge } from './dist/src/bridge/native.js'; loadBridge();`], {
      encoding: 'utf8',
      env: { ...process.env, APPLE_GFX_BRIDGE: path },
    });

  it('names another bridge library', () => {
    expect(load('dist/native/bench/libpvg_bridge.so').status).toBe(0);
  });

  it('that is not there is an error that names it', () => {
    const { status, stderr } = load('/no/such/bridge.so');
    expect(status).toBe(1);
    expect(stderr).toContain('APPLE_GFX_BRIDGE names the native bridge /no/such/bridge.so, which is not there');
  });
});

it('the package has what the benchmark needs', () => {
  const { files } = JSON.parse(readFileSync('package.json', 'utf8'));
  expect(files).toEqual(expect.arrayContaining(['dist/src', 'dist/native/bench', 'native', 'test/bench']));
});
