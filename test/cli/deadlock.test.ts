/**
 * `run` with a revision that deadlocks: it says who waits for whom, and ends with a code of its own.
 */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

const run = (revision: string) =>
  spawnSync(process.execPath, ['dist/src/cli/main.js', 'run', '--frames', '3', '--mode', '320x200@60', '--revision', revision], {
    encoding: 'utf8',
    timeout: 60_000,
  });

it('run --revision sync exits 3 and says who waits for whom', () => {
  const { status, stdout, stderr } = run('sync');
  const [cycle, ...steps] = stderr.trim().split('\n');
  expect(cycle).toMatch(/^apple-gfx: deadlock: .* → /);
  expect(steps.length).toBeGreaterThanOrEqual(2);
  for (const step of steps) expect(step).toMatch(/^(also stuck: )?.+ waits for .+: .+$/);
  expect(stderr).toContain('the BQL actor waits for PVG');
  expect(stderr).toContain('waits for the BQL actor: the BQL, for the answer to ');
  expect([status, stdout]).toEqual([3, '']);
});

it('run --revision hardened exits 0 and says nothing of the kind', () => {
  const { status, stderr } = run('hardened');
  expect([status, stderr]).toEqual([0, '']);
});
