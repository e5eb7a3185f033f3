/**
 * Every way of ending, twice; `node test/shutdown.mjs --runs 100` is the long form.
 */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('devices end cleanly, however they end', { timeout: 900_000 }, () => {
  const { status, stdout } = spawnSync(process.execPath, ['test/shutdown.mjs', '--runs', '2'], { encoding: 'utf8' });
  expect(
    stdout
      .trim()
      .split('\n')
      .every((line) => line.endsWith(': 2 of 2')),
    stdout,
  ).toBe(true);
  expect(status).toBe(0);
});
