/**
 * docs/coverage.md is true: every row names a test, and every test that it names is there.
 *
 * It does not judge whether a test shows what its row says; that is read, not computed.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { REVISION_NAMES } from '../src/revisions/revision.js';

const text = readFileSync('docs/coverage.md', 'utf8');

interface Row {
  readonly says: string;
  readonly revision: string;
  /** Files below test/, and a part of the name of a test in each. */
  readonly shownBy: readonly { readonly file: string; readonly name: string }[];
}

/** The rows of every table, without its head. */
function rowsOf(markdown: string): Row[] {
  return markdown
    .split('\n')
    .filter((line) => line.startsWith('|') && !/^\| (says|---)/.test(line))
    .map((line) => {
      const [, says = '', revision = '', tests = '', ...end] = line.split('|').map((cell) => cell.trim());
      expect(end, line).toEqual(['']);
      const shownBy = tests.split('<br>').map((test) => {
        const [, file = '', name = ''] = /^`([^`]+)`: (.+)$/.exec(test) ?? [];
        return { file, name };
      });
      return { says, revision, shownBy };
    });
}

/**
 * Names of tests: in C of functions, in TypeScript the strings that a call begins with, or a line of its arguments. The cases of it.each()
 * are among them, since they stand in the name.
 */
function namesIn(path: string): readonly string[] {
  const source = readFileSync(path, 'utf8');
  if (path.endsWith('.c')) return [...source.matchAll(/^static void (test_\w+)\(/gm)].map(([, name = '']) => name);
  const strings = source.matchAll(/(?:\(|\[|^\s*|fault: )(['"`])((?:(?!\1|\n).|\\.)+)\1,/gm);
  return [...strings].map(([, , name = '']) => name.replaceAll("\\'", "'"));
}

const rows = rowsOf(text);
const named = rows.flatMap(({ shownBy }) => shownBy);
const files = [...new Set(named.map(({ file }) => file))].sort();

describe('the table of what shows what', () => {
  it('has the chapters of the specification, and hundreds of rows', () => {
    const chapters = [...text.matchAll(/^##? (?:Part )?(\d)/gm)].map(([, number]) => number);
    expect(chapters.join('')).toBe('1123456782123');
    expect(rows.length).toBeGreaterThan(250);
  });

  it('names a test in every row', () => {
    expect(rows.filter(({ shownBy }) => shownBy.some(({ name }) => name === '')).map(({ says }) => says)).toEqual([]);
  });

  it('says each thing once', () => {
    const said = rows.map(({ says, revision }) => `${says} (${revision})`);
    expect(said.filter((each, index) => said.indexOf(each) < index)).toEqual([]);
  });

  it('names revisions that there are', () => {
    const words = rows.flatMap(({ revision }) => revision.split(/, | to /)).filter((word) => word !== '');
    expect(words.filter((word) => !(REVISION_NAMES as readonly string[]).includes(word))).toEqual([]);
  });

  it.each(files)('names tests that are in %s', (file) => {
    const path = join('test', file);
    expect(file).toMatch(/\.test\.ts$|_test\.c$|^conformance\/\w+\.ts$/);
    expect(existsSync(path)).toBe(true);
    const known = namesIn(path);
    const wanted = named.filter((each) => each.file === file).map(({ name }) => name);
    const isThere = (name: string): boolean => known.some((each) => (file.endsWith('.c') ? each === name : each.includes(name)));
    expect(wanted.filter((name) => !isThere(name))).toEqual([]);
  });
});
