/**
 * docs/embedding.md is true: each of its programs type-checks and runs, and its table has every error that is exported.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from 'esbuild';
import { afterAll, expect, it } from 'vitest';
import * as library from '../dist/src/index.js';

const text = readFileSync('docs/embedding.md', 'utf8');
const programs = text.split('\n## ').flatMap((section) => {
  const [, program] = /```ts\n([\s\S]*?)```/.exec(section) ?? [];
  return program === undefined ? [] : [{ title: section.split('\n')[0], program }];
});
// Inside the package, so that its name resolves as it does for whoever installed it.
const folder = mkdtempSync(join('dist', 'embedding-'));
afterAll(() => rmSync(folder, { recursive: true }));

it('every program type-checks', () => {
  expect(programs.length).toBe(text.split('```ts').length - 1);
  const files = programs.map(({ program }, number) => {
    const file = join(folder, `program-${number}.mts`);
    writeFileSync(file, program);
    return file;
  });
  const options = [
    '--noEmit',
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2023',
    '--types',
    'node',
    '--skipLibCheck',
    '--ignoreConfig',
  ];
  const check = (): string =>
    execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', ...options, ...files], { encoding: 'utf8' });
  expect(check()).toBe('');
});

it.each([
  ['Accesses as promises', 'version 10001, 16384 bytes of registers\n'],
  ['Accesses that wait, on any thread', '4 accesses\n'],
  ['Interrupts', 'none within 10 ms; vector 0 was raised 0 times\n'],
  ['Displays', 'nothing was drawn yet\n'],
  ['Several devices', /^\[ \d+, \d+ \]\n$/],
  ['Errors', 'ERR_ARGUMENT ramBytes and ramBase must be multiples of 16384\n'],
  ['Viewers, monitors, trace', 'apple_gfx_write offset=0x1004 val=0x20\na viewer connects to port true, a monitor to true\n'],
])('%s: the program runs', (title, output) => {
  const { program } = programs.find((each) => each.title === title) ?? { program: 'throw "there is none"' };
  const file = join(folder, 'program.mjs');
  writeFileSync(file, transformSync(program, { loader: 'ts', target: 'node20', format: 'esm' }).code);
  const printed = execFileSync(process.execPath, [file], { encoding: 'utf8' });
  if (typeof output === 'string') expect(printed).toContain(output);
  else expect(printed).toMatch(output);
});

it('every exported error is in the table, with its code', () => {
  const rows = new Map([...text.matchAll(/^\| `(\w+)` \| `(ERR_\w+)` \|/gm)].map(([, name, code]) => [name, code]));
  const classes = Object.entries(library).filter(([name]) => name.endsWith('Error') && name !== 'AppleGfxError');
  expect([...rows.keys()].sort()).toEqual(classes.map(([name]) => name).sort());
});
