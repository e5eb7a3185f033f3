import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

const objects = 'dist/native/objects';
const build = (environment: Record<string, string> = {}): ReturnType<typeof spawnSync> =>
  spawnSync(process.execPath, ['native/build.mjs'], { encoding: 'utf8', env: { ...process.env, ...environment } });
const times = (): ReadonlyMap<string, number> =>
  new Map(
    readdirSync(objects)
      .filter((name) => name.endsWith('.o'))
      .map((name) => [name, statSync(join(objects, name)).mtimeMs]),
  );
const exported = (library: string): readonly string[] =>
  [...execFileSync('nm', ['-D', '--defined-only', library], { encoding: 'utf8' }).matchAll(/ T (pvg_bench_\w+)/g)].map(
    ([, name]) => name ?? '',
  );

describe('the native build', () => {
  it('compiles nothing anew when nothing has changed', () => {
    expect(build().status).toBe(0);
    const before = times();
    expect(before.size).toBeGreaterThan(30);
    expect(build().status).toBe(0);
    expect(times()).toEqual(before);
  });

  it("puts the benchmark's callers into the benchmark's library only", () => {
    expect(exported('dist/native/libpvg_bridge.so')).toEqual([]);
    expect(exported('dist/native/bench/libpvg_bridge.so')).toContain('pvg_bench_map_calls');
  });

  it('leaves nothing unfinished behind, and the old library in place, when it fails', () => {
    const { status, stderr } = build({ CC: 'no-such-compiler' });
    expect(status).toBe(1);
    expect(stderr).toContain('no C compiler: tried "no-such-compiler" (from CC)');
    expect(existsSync('dist/native/libpvg_bridge.so')).toBe(true);
    expect(readdirSync('dist/native', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.tmp'))).toEqual([]);
    expect(build().status).toBe(0);
  });
});

describe('the bundles', () => {
  const files = readdirSync('dist/bundles', { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.cjs'));
  const text = (name: string): string => readFileSync(join('dist/bundles', name), 'utf8');

  it('are one for each thread, and the command, which is what the package installs', () => {
    const threads = readdirSync('actors', { recursive: true, encoding: 'utf8' }).filter(
      (name) => name.endsWith('thread.ts') && name.includes('/'),
    );
    expect(files.sort()).toEqual(['cli/main.cjs', ...threads.map((name) => name.replace('.ts', '.cjs'))].sort());
    const { bin } = JSON.parse(readFileSync('package.json', 'utf8')) as { bin: Record<string, string> };
    expect(bin).toEqual({ 'apple-gfx': './dist/bundles/cli/main.cjs' });
    expect(text('cli/main.cjs')).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it('run as modules do, in strict mode, and hold no package', () => {
    for (const name of files) {
      expect(text(name).replace(/^#![^\n]*\n/, '')).toMatch(/^'use strict';/);
      expect(text(name)).not.toContain('node_modules/');
    }
  });
});

describe('the page', () => {
  const read = (name: string): Buffer => readFileSync(join('dist/page', name));

  it.each(['app.js', 'app.css', 'index.html'])('has %s twice: as it is, and compressed as small as it gets', (name) => {
    const compressed = read(`${name}.gz`);
    expect(gunzipSync(compressed).equals(read(name))).toBe(true);
    expect(compressed.length).toBeLessThan(gzipSync(read(name), { level: 9 }).length);
  });
});
