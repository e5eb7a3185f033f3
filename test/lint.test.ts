/**
 * The tree passes `npm run lint`: biome's rules, and the compiler's on the tests, which the build leaves out.
 */
import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';

it('npm run lint finds nothing', () => {
  const { status, stdout, stderr } = spawnSync('npm', ['run', '--silent', 'lint'], { encoding: 'utf8' });
  expect(status, `${stdout}${stderr}`).toBe(0);
});
