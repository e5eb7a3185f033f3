/**
 * The README is true: its library example runs, its two lines are two, and .ci/run calls the second.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const readme = readFileSync('README.md', 'utf8');
const block = (language: string): string[] => (new RegExp(`\`\`\`${language}\n([^]*?)\`\`\``).exec(readme)?.[1] ?? '').trim().split('\n');

it('has one line that runs and one that tests, which .ci/run calls', () => {
  const lines = block('sh');
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/npm start$/);
  expect(readFileSync('.ci/run', 'utf8').trim().split('\n').at(-1)).toBe(lines[1]);
});

it('shows a library example of ten lines that runs', () => {
  const lines = block('js');
  expect(lines.filter((line) => line !== '').length).toBeLessThanOrEqual(10);
  // Inside the package, so that its name resolves as it does for whoever installed it.
  const folder = mkdtempSync(join('dist', 'readme-'));
  try {
    writeFileSync(join(folder, 'example.mjs'), lines.join('\n'));
    const output = execFileSync(process.execPath, [join(folder, 'example.mjs')], { encoding: 'utf8' });
    expect(output).toMatch(/^10001 0 /);
    expect(output).toMatch(/1440/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
