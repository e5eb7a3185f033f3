/**
 * What the tree looks like: dependency direction, named edges, sizes, words that must not appear.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { describe, expect, it } from 'vitest';

const list = (folder: string, ending: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .map((path) => join(folder, path))
    .sort();
const sources = [...list('src', '.ts'), ...list('src', '.tsx'), ...list('actors', '.ts')];
const native = ['native', 'test/qemu'].flatMap((folder) => [...list(folder, '.c'), ...list(folder, '.h')]);
const text = (path: string): string => readFileSync(path, 'utf8');
const imports = (path: string): string[] =>
  [...text(path).matchAll(/(?:\bfrom|import\(|require\()\s*'([^'\s]+)'/g)].map(([, target]) => target ?? '');
const resolved = (path: string): string[] =>
  imports(path).map((target) => (target.startsWith('.') ? normalize(`${dirname(path)}/${target}`).replace(/\.js$/, '.ts') : target));
const page = sources.filter((path) => path.startsWith('src/visualiser/page/'));

/** What a file imports besides, because it is an edge of its folder. */
const EDGES: Readonly<Record<string, readonly string[]>> = {
  'src/explorer/packed-text.ts': ['node:zlib'],
  'src/explorer/vitest.ts': ['node:fs', 'node:os', 'node:path', 'vitest'],
  'src/explorer/workers.ts': ['node:module', 'piscina'],
  'src/visualiser/chart/elk-layout.ts': ['elkjs/'],
};

describe('edges', () => {
  it.each([
    ['koffi', ['src/bridge/native.ts']],
    ['piscina', ['src/cli/compare.ts', 'src/explorer/workers.ts', 'actors/background-queue/pool.ts']],
    ['comlink', ['actors/control.ts', 'actors/supervisor.ts']],
    ['commander', ['src/cli/argument-parsers.ts', 'src/cli/command.ts', 'src/cli/trace-commands.ts', 'src/cli/viewing-commands.ts']],
    ['pngjs', ['src/runtime/picture-file.ts']],
    ['elkjs/lib/elk.bundled.js', ['src/visualiser/chart/elk-layout.ts']],
    ['vitest', ['src/explorer/vitest.ts']],
    [
      'ws',
      ['src/embed/rfb/connection.ts', 'src/embed/rfb/server.ts', 'src/visualiser/server/dashboard.ts', 'src/visualiser/server/viewer.ts'],
    ],
    ['xstate', ['src/runtime/machine-definition.ts', 'src/runtime/machine-run.ts', 'actors/machines.ts']],
  ])('%s is imported in its edge files only', (name, files) => {
    expect(sources.filter((path) => imports(path).includes(name))).toEqual(files);
  });

  it.each([
    ['src/base/', ['src/base/']],
    ['src/trace/', ['src/base/', 'src/trace/']],
    [
      'src/device/',
      [
        'src/base/',
        'src/bridge/pvg.ts',
        'src/bridge/records.ts',
        'src/device/',
        'src/memory/',
        'src/revisions/',
        'src/runtime/',
        'src/trace/',
      ],
    ],
    ['src/revisions/', ['src/revisions/']],
    ['src/memory/', ['src/base/', 'src/bridge/pvg.ts', 'src/memory/']],
    ['src/guest/', ['src/base/', 'src/guest/']],
    ['src/explorer/', ['src/base/', 'src/explorer/']],
    ['src/visualiser/chart/', ['src/base/', 'src/visualiser/chart/']],
    ['src/visualiser/model/', ['src/base/', 'src/trace/', 'src/visualiser/chart/', 'src/visualiser/model/']],
    ['src/visualiser/server/', ['src/base/', 'src/trace/', 'src/visualiser/', 'node:', 'ws']],
    ['src/visualiser/', ['src/base/', 'src/trace/', 'src/explorer/', 'src/visualiser/', 'node:', 'ws', 'preact', '@preact/signals']],
  ])('%s imports only what is below it', (folder, allowed) => {
    const wrong = sources
      .filter((path) => path.startsWith(folder))
      .flatMap((path) =>
        resolved(path)
          .filter((target) => ![...allowed, ...(EDGES[path] ?? [])].some((prefix) => target.startsWith(prefix)))
          .map((target) => `${path} → ${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it('the page imports nothing of Node, and nothing but the page imports the page', () => {
    expect(page.length).toBeGreaterThan(10);
    for (const path of page) expect(imports(path).filter((target) => target.startsWith('node:') || target === 'ws')).toEqual([]);
    for (const path of sources.filter((each) => !page.includes(each))) {
      expect(resolved(path).filter((target) => target.startsWith('src/visualiser/page/') || target.includes('preact'))).toEqual([]);
    }
  });

  it('what looks for files by where it is lies where a bundle lies: two folders below dist/ (native/bundle.mjs)', () => {
    const looking = sources.filter((path) => /new URL\([^)]*import\.meta\.url/.test(text(path)));
    expect(looking).toContain('src/runtime/thread-file.ts');
    for (const path of looking) expect(path).toMatch(/^(src|actors)\/[\w-]+\/[\w.-]+$/);
  });

  it('no thread loads XState: its types are imported, its code is not', () => {
    for (const path of sources) expect(text(path)).not.toMatch(/^import (?!type )[^;]*'xstate/m);
  });

  it('the worlds of the device hold no logic of it: no machine is defined, compiled or run there', () => {
    const worlds = sources.filter((path) => path.startsWith('src/worlds/'));
    expect(worlds.length).toBeGreaterThan(10);
    for (const path of worlds) {
      expect(resolved(path).filter((target) => target.includes('machine'))).toEqual([]);
      expect(text(path)).not.toMatch(/createMachine|compileMachine|\.machine\b/);
    }
  });

  it('behaviours do no I/O', () => {
    for (const path of sources.filter((each) => each.endsWith('behaviour.ts'))) {
      expect(imports(path).filter((target) => target.startsWith('node:') || target.endsWith('native.js'))).toEqual([]);
      expect(text(path)).not.toMatch(/\bawait\b|performance\.now|Date\.|Math\.random|setTimeout/);
    }
  });
});

describe('files', () => {
  it.each([...sources, ...native])('%s opens with what it is and has at most 400 lines', (path) => {
    expect(text(path)).toMatch(/^(#![^\n]*\n)?\/\*/);
    expect(text(path).split('\n').length).toBeLessThanOrEqual(401);
  });

  it.each(sources)('%s has no any, no default export but where a library demands it, no bare error', (path) => {
    expect(text(path)).not.toMatch(/: any\b|<any>|as any\b|throw new Error\(/);
    if (path !== 'actors/background-queue/thread.ts') expect(text(path)).not.toMatch(/^export default/m);
  });
});
