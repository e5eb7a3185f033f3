/**
 * docs/explorer.md is true: its world is what the explorer makes of it, and its names are there.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const text = readFileSync('docs/explorer.md', 'utf8');
const block = (language: string): string => new RegExp(`\`\`\`${language}\n([\\s\\S]*?)\`\`\``).exec(text)?.[1] ?? '';

// Inside the package, so that its name resolves as it does for whoever installed it.
const folder = mkdtempSync(join('dist', 'docs-'));
afterAll(() => rmSync(folder, { recursive: true }));
writeFileSync(join(folder, 'bank.mjs'), block('js'));
const cli = resolve('dist/src/cli/main.js');
const run = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: 'utf8', cwd: folder });

describe('docs/explorer.md', () => {
  it('has a world of about twenty lines', () => {
    expect(block('js').trim().split('\n').length).toBeLessThanOrEqual(22);
  });

  it('shows the report that its world gives', () => {
    const { status, stdout } = run('explore', 'bank.mjs');
    expect(status).toBe(1);
    // Whatever the folder is, and whichever strategy is the default.
    const whatever = (report: string): string =>
      report
        .replace(/\([^()\n]*?(bank\.mjs:\d+:\d+)\)/g, '($1)')
        .replace(/^found by .*?; (\d+ steps, \d+ preemptions?).*$/m, '$1')
        .trim();
    expect(whatever(stdout)).toBe(whatever(block('text')));
  });

  it('shows a replay command that does what it says', () => {
    const [, , ...args] = (block('text').trim().split('\n').at(-1) ?? '').split(' ');
    const { status, stdout } = run(...args);
    expect([status, stdout]).toEqual([1, expect.stringContaining('broken: "deadlock"')]);
  });

  it('names options that there are', () => {
    const help = run('explore', '--help').stdout;
    for (const [, option = ''] of text.matchAll(/`(--[a-z-]+)/g)) expect(help).toContain(option);
  });

  it('names methods that worlds have', () => {
    const world = readFileSync('src/explorer/world.ts', 'utf8');
    for (const [, method = ''] of text.matchAll(/\bw\.(\w+)\(/g)) expect(world).toMatch(new RegExp(`^  (readonly )?${method}[(<:]`, 'm'));
  });
});
