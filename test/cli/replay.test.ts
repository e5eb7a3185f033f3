/**
 * `replay` as a command: what it shows of each step, where schedules come from, exit codes.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const CLI = 'dist/src/cli/main.js';
const run = (...args: string[]) => spawnSync(process.execPath, [CLI, ...args], { encoding: 'utf8', timeout: 60_000 });

// Inside the package, so that its name resolves as it does for whoever installed it.
const folder = mkdtempSync(join('dist', 'replay-'));
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const one = (name: string): string =>
  `defineWorld('${name}', (w) => { const x = w.variable('x'); w.process('p', function* () { yield x.read(); }); })`;
const pair = file(
  'two.mjs',
  `import { defineWorld } from 'apple-gfx/explorer';\nexport const worlds = [${one('one')}, ${one('other')}];\n`,
);

describe('apple-gfx replay', () => {
  const LOST = 's1/bank/alice:read.balance/bob:read.balance,write.balance/alice:write.balance';

  it('shows each step, and where every process is behind it', () => {
    const { status, stdout } = run('replay', LOST);
    expect(status).toBe(1);
    expect(stdout.split('\n')).toEqual([
      'bank: 4 steps, 1 preemption',
      '    1   alice: read balance → 100',
      '          alice: at write balance · bob: at read balance',
      '    2 ! bob: read balance → 100',
      '          alice: at write balance · bob: at write balance',
      '    3   bob: write balance = 120',
      '          alice: at write balance · bob: ended',
      '    4   alice: write balance = 110',
      '          alice: ended · bob: ended',
      'broken: "no deposit is lost": the balance is 110, not 130',
      '',
    ]);
  });

  it('shows a deadlock, and who waits', () => {
    const { status, stdout } = run(
      'replay',
      's1/philosophers/philosopher+1:lock.fork+1/philosopher+0:lock.fork+0/philosopher+2:lock.fork+2',
    );
    expect(status).toBe(1);
    expect(stdout).toContain('philosopher 2: waits: lock fork 0');
    expect(stdout).toContain('philosopher 2 waits for philosopher 0: lock fork 0');
  });

  it('takes a file, with a report around the schedule or without', () => {
    const report = run('explore', 'lost-wakeup').stdout;
    for (const path of [file('report.txt', `Look:\n${report}`), file('plain.txt', `${LOST}\n`)]) expect(run('replay', path).status).toBe(1);
  });

  it('exits 0 if nothing fails, and says where it departs', () => {
    const { status, stdout } = run('replay', 's1/bank/alice:read.balance,read.log,write.balance/bob:read.balance,write.balance');
    expect(status).toBe(0);
    expect(stdout).toContain('      ≠ saved step 2: alice is at write balance, not read log: left out');
    expect(stdout).toContain('nothing failed');
  });

  it.each([
    [['s1/bank/alice'], /schedule: at character 8: expected PROCESS:OPERATION/],
    [['s1/nowhere/a:lock.m'], /the schedule is of nowhere, which is no world of this project: name its module behind it/],
    [['s1/third/a:lock.m', pair], /two\.mjs has no world third, only one, other/],
    [['s1/accesses@v6/a:lock.m'], /accesses@v6/],
    [['no-such-file'], /neither a schedule, which begins with s1\/, nor a file/],
    [[pair], /has no schedule/],
  ])('%j: exits 2 with what is wrong in one line', (args, text) => {
    const { status, stdout, stderr } = run('replay', ...args);
    expect(stderr).toMatch(text);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect([status, stdout]).toEqual([2, '']);
  });
});
