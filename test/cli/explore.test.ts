/**
 * `explore` as a command: exit codes, what goes to stdout, worlds of one's own, signals.
 */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { progressLine } from '../../src/cli/explore-progress.js';
import { junit } from '../../src/cli/junit.js';
import { nothingFound } from '../../src/explorer/search.js';
import { STRATEGIES } from '../../src/explorer/strategies/index.js';
import { REVISION_NAMES } from '../../src/revisions/revision.js';
import { WORLDS } from '../../src/worlds/index.js';

const CLI = 'dist/src/cli/main.js';
const run = (...args: string[]) => spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8', timeout: 60_000 });

// Inside the package, so that its name resolves as it does for whoever installed it.
const folder = mkdtempSync(join('dist', 'explore-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const HEAD = "import { defineWorld } from 'apple-gfx/explorer';\n";
const counts = (name: string, processes: number, steps: number): string =>
  `defineWorld('${name}', (w) => { const x = w.variable('x'); for (const n of Array.from({ length: ${processes} }, (_, i) => i))
     w.process('p' + n, function* () { for (let i = 0; i < ${steps}; i++) yield x.write(i); }); })`;
const clean = file('clean.mjs', `${HEAD}export const clean = ${counts('clean', 2, 2)};\nexport const ten = 10;\n`);
const pair = file('two.mjs', `${HEAD}export const worlds = [${counts('one', 2, 1)}, ${counts('other', 3, 1)}];\n`);
const large = file('large.mjs', `${HEAD}export const large = ${counts('large', 6, 20)};\n`);
const throwing = file(
  'throwing.mjs',
  `${HEAD}export const w = defineWorld('throwing', () => { throw new TypeError('no such thing'); });\n`,
);
const moody = file(
  'moody.mjs',
  `${HEAD}let runs = 0; export const w = defineWorld('moody', (w) => { const x = w.variable('x'); const bad = runs++ === 2;
     w.process('p', function* () { yield x.read(); w.assert(!bad, 'the mood is good'); }); });\n`,
);
const unlocks = file(
  'unlocks.mjs',
  `${HEAD}export const w = defineWorld('unlocks', (w) => { const m = w.lock('m'); w.process('p', function* () { yield m.unlock(); }); });\n`,
);

describe('apple-gfx explore', () => {
  it('lists worlds and strategies', () => {
    const { status, stdout } = run('explore');
    expect(status).toBe(0);
    for (const { name, summary } of WORLDS) expect(stdout).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 20)}`, 'm'));
    const strategies = run('explore', '--strategies');
    expect(strategies.status).toBe(0);
    for (const { name, summary } of STRATEGIES) expect(strategies.stdout).toMatch(new RegExp(`^  ${name} +${summary.slice(0, 10)}`, 'm'));
    expect(strategies.stdout.match(/\(default\)/g)).toHaveLength(1);
  });

  it('exits 1 with a report whose command shows the same failure, and exits 1 too', () => {
    const { status, stdout, stderr } = run('explore', 'philosophers');
    expect([status, stderr]).toEqual([1, '']);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.length).toBeLessThanOrEqual(25);
    const command = stdout.slice(stdout.indexOf('npx apple-gfx ')).replace(/\\\n/g, '').trim();
    const [, , ...args] = command.split(' ');
    const replayed = run(...args);
    expect(replayed.status).toBe(1);
    expect(replayed.stdout).toContain('broken: "deadlock"');
    expect(replayed.stdout).not.toContain('≠');
  });

  it('prints JSON of the agreed names', () => {
    const { status, stdout } = run('explore', 'bank', '--json');
    expect(status).toBe(1);
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ verdict: 'fault', schedules: expect.any(Number), states: null });
    expect(result.faults).toEqual([
      expect.objectContaining({
        property: 'no deposit is lost',
        schedule: expect.stringMatching(/^s1\/bank\//),
        steps: 4,
        preemptions: 1,
        report: expect.stringMatching(/^bank breaks "no deposit is lost"/),
      }),
    ]);
  });

  it('proves a small world of a module, and says what that guarantees', () => {
    const { status, stdout } = run('explore', clean, '--strategy', 'dfs');
    expect([status, stdout]).toEqual([0, 'clean: no fault\n  proved: all 6 schedules were run; nothing can fail in this world\n']);
    const sampled = run('explore', clean, '--strategy', 'random', '--budget', '100', '--json');
    expect([sampled.status, JSON.parse(sampled.stdout).verdict, JSON.parse(sampled.stdout).schedules]).toEqual([0, 'sampled', 100]);
  });

  it('explores all worlds of a module, or one of them', () => {
    const names = (stdout: string): string[] => [...stdout.matchAll(/^(\w+): no fault/gm)].map(([, name = '']) => name);
    expect(names(run('explore', pair, '--strategy', 'dfs').stdout)).toEqual(['one', 'other']);
    expect(names(run('explore', `${pair}#other`, '--strategy', 'dfs').stdout)).toEqual(['other']);
  });

  it('names the module in the replay command of its worlds', () => {
    const path = file(
      'racy.mjs',
      `${HEAD}export const racy = defineWorld('racy', (w) => { const x = w.variable('x');
      for (const n of ['a', 'b']) w.process(n, function* () { yield x.write((yield x.read()) + 1); });
      w.alwaysEventually('two', () => x.value === 2); });\n`,
    );
    const { stdout, status } = run('explore', path);
    expect(status).toBe(1);
    const schedule = /(s1\/racy\/\S+) (\S+)$/m.exec(stdout.trim());
    expect(schedule?.[2]).toBe(path);
    expect(stdout).toMatch(/race: \w: read x → 0 \(\S*racy\.mjs:\d+:\d+\)/);
    expect(run('replay', schedule?.[1] ?? '', path).status).toBe(1);
    expect(run('replay', schedule?.[1] ?? '', path).stdout).toContain('broken: "two"');
  });

  it('writes JUnit XML with a case for each property', () => {
    const path = join(folder, 'junit.xml');
    expect(run('explore', 'bank', '--junit', path).status).toBe(1);
    const text = readFileSync(path, 'utf8');
    expect(text).toContain('<testsuite name="bank" tests="4" failures="1"');
    expect(text).toMatch(/<testcase classname="bank" name="no deposit is lost">\s*<failure message="bank breaks &quot;no deposit/);
    expect(text).toContain('<testcase classname="bank" name="deadlock"/>');
  });

  it.each([
    ['a world of ours', 'frames', '--revision', 'v5'],
    ['the only world of a module', clean],
  ])('says the same of %s with two threads as with one', (_, ...world) => {
    const say = (workers: string) => run('explore', ...world, '--json', '--budget', '3000', '--workers', workers);
    const one = say('1');
    expect(JSON.parse(one.stdout).schedules).toBeGreaterThan(0);
    const both = say('2');
    expect([both.stdout, both.status]).toEqual([one.stdout, one.status]);
  });

  it('collects the first failure of each property when told to go on', () => {
    const { stdout } = run('explore', 'bank', '--keep-going', '--strategy', 'dfs', '--json');
    expect(JSON.parse(stdout)).toMatchObject({ verdict: 'fault', schedules: 6, faults: [{ property: 'no deposit is lost' }] });
  });

  it('finds the same on several threads, and says so where it can’t', () => {
    const [one, two] = ['1', '2'].map((workers) => run('explore', 'philosophers', '--workers', workers, '--json'));
    expect([one?.status, two?.status, two?.stderr]).toEqual([1, 1, '']);
    expect(JSON.parse(two?.stdout ?? '').faults).toEqual(JSON.parse(one?.stdout ?? '').faults);
    const states = ['1', '2'].map(
      (workers) => run('explore', 'reading', '--strategy', 'dfs-states', '--workers', workers, '--json').stdout,
    );
    expect(states[0]).toMatch(/"verdict":"proved".*"states":\d+/);
    expect(states[1]).toBe(states[0]);
    const inList = run('explore', pair, '--workers', '2');
    expect([inList.status, inList.stderr]).toEqual([2, expect.stringMatching(/is in a list, where threads can't find it/)]);
    const single = run('explore', clean, '--workers', '2', '--strategy', 'source-dpor');
    expect([single.status, single.stderr]).toEqual([0, expect.stringMatching(/source-dpor searches on one thread/)]);
  });

  it('shows what goes on for ever', () => {
    const path = file(
      'livelock.mjs',
      `${HEAD}export const livelock = defineWorld('livelock', (w) => { const x = w.variable('x');
        w.process('p', function* () { while ((yield x.read()) !== 1); }); w.eventually('x is 1', () => x.value === 1); });\n`,
    );
    const { status, stdout } = run('explore', path, '--strategy', 'bfs', '--budget', '5s');
    expect([status, stdout]).toEqual([1, expect.stringMatching(/and so on for ever: steps \d+-\d+ again and again/)]);
  });

  it('knows each of the device’s revisions by the name of the world', () => {
    const { stdout } = run('explore', 'accesses', '--revision', 'all', '--budget', '5', '--json');
    const worlds = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).world);
    expect(worlds).toEqual(REVISION_NAMES.map((revision) => `accesses@${revision}`));
  });

  it.each([
    [['nowhere'], 2, /no world and no file nowhere; worlds are/],
    [[clean, '--strategy', 'luck'], 2, /--strategy luck: expected /],
    [[clean, '--budget', '0'], 2, /--budget.*Expected a number of schedules, or seconds as in 30s/],
    [[clean, '--revision', 'v6'], 2, /--revision.*all/],
    [['--dashboard=:99999'], 2, /expected HOST:PORT, PORT in 0\.\.65535/],
    [['--dashboard', 'nowhere'], 2, /no world and no file nowhere/],
    [['bank', '--dashboard', '--revision', 'all'], 2, /the page shows one revision at a time/],
    [[`${pair}#third`], 2, /two\.mjs exports no world third, only one, other/],
    [[file('none.mjs', 'export const x = 1;\n')], 2, /exports no world; expected what defineWorld/],
    [[file('broken.mjs', 'export const = 1;\n')], 2, /broken\.mjs can't be loaded: /],
    [[unlocks], 2, /p unlocks m, which it has not locked/],
    [[moody], 3, /moody is not deterministic: /],
    [[throwing], 4, /no such thing/],
  ])('%j: exits with what is wrong in one line', (args, code, text) => {
    const { status, stdout, stderr } = run('explore', ...args);
    expect(stderr).toMatch(text);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([status, stdout]).toEqual([code, '']);
  });

  it('says what to do about TypeScript that this Node can’t load', () => {
    const { status, stderr, stdout } = run('explore', file('typed.ts', `${HEAD}export const typed: unknown = ${counts('typed', 1, 1)};\n`));
    if (status === 0) expect(stdout).toContain('typed: no fault');
    else expect([status, stderr]).toEqual([2, expect.stringMatching(/can't load \S*typed\.ts: compile it to JavaScript, or take a Node/)]);
  });

  it('prints what it has seen so far when it is interrupted, and progress meanwhile', async () => {
    const child = spawn(process.execPath, [CLI, 'explore', large, '--strategy', 'dfs', '--budget', '60s'], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => {
      stdout += chunk;
    });
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (chunk) => {
        stderr += chunk;
        resolve();
      });
    });
    child.kill('SIGINT');
    const code = await new Promise((resolve) => child.once('exit', resolve));
    expect(stderr).toMatch(/^\[[#.]{20}\] \S+ % · large: [\d ]+ schedules · [\d ]+ a second · about .+ left\n/);
    expect(stdout).toMatch(/^large: no fault\n {2}sampled: /);
    expect(code).toBe(130);
  });
});

describe('what is shown besides', () => {
  it('progress says how much is done, and about how long the rest takes', () => {
    const explored = { ...nothingFound(), schedules: 1_234_567 };
    expect(progressLine('w', explored, 0.25, 10)).toBe(
      '[#####...............] 25 % · w: 1 234 567 schedules · 123 457 a second · about 30 s left',
    );
    expect(progressLine('w', explored, null, 10)).toBe('w: 1 234 567 schedules · 123 457 a second');
    expect(progressLine('w', { ...explored, states: 12_000 }, 1e-12, 10)).toMatch(/ 1e-10 % .* · 12 000 states · .* · about years left$/);
  });

  it('JUnit XML holds whatever text there is', () => {
    const text = junit([{ world: 'a<b>&"', seconds: 1, coverage: '\u0000\u{1f600}', cases: [{ property: ']]>', failure: 'x < y\n"z"' }] }]);
    expect(text).toContain('name="a&lt;b&gt;&amp;&quot;"');
    expect(text).toContain('<failure message="x &lt; y">x &lt; y\n&quot;z&quot;</failure>');
    expect(text).toContain('<system-out>\u{fffd}\u{1f600}</system-out>');
  });
});
