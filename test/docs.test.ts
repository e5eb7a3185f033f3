/**
 * docs/coverage.md is true: every row names a test, and every file and title that it names exists.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

interface Row {
  readonly says: string;
  readonly shownBy: readonly { readonly file: string; readonly title: string }[];
}

function rowsOf(markdown: string): Row[] {
  const cells = markdown
    .split('\n')
    .filter((line) => line.startsWith('| ') && !/^\| (says|---)/.test(line))
    .map((line) => line.slice(2, -2).split(' | '));
  return cells.map((cell) => ({
    says: cell[0] ?? '',
    shownBy: [...(cell.at(-1) ?? '').matchAll(/`([^`]+)`(?:: (.*?))?(?=<br>|$)/g)].map(([, file = '', title = '']) => ({ file, title })),
  }));
}

const rows = rowsOf(readFileSync('docs/coverage.md', 'utf8'));

it('has a row for each paragraph, and none twice', () => {
  expect(rows.length).toBeGreaterThan(70);
  expect(new Set(rows.map(({ says }) => says)).size).toBe(rows.length);
});

describe.each(rows)('$says', ({ shownBy }) => {
  it('is shown by tests that exist', () => {
    expect(shownBy.length).toBeGreaterThan(0);
    for (const { file, title } of shownBy) {
      const path = join('test', file);
      expect(existsSync(path), path).toBe(true);
      expect(readFileSync(path, 'utf8').includes(title), `${path} has no “${title}”`).toBe(true);
    }
  });
});
