import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
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
