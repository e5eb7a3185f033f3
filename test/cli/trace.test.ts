/**
 * `run --trace`: which events, in what form, and where they go.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { TRACE_FORMATS, tracePattern } from '../../src/trace/events.js';
import { formatLogLine } from '../../src/trace/log.js';

const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-'));
afterAll(() => rmSync(folder, { recursive: true }));
const run = (...args: string[]) =>
  spawnSync(process.execPath, ['dist/src/cli/main.js', 'run', '--frames', '3', '--mode', '320x200@60', ...args], {
    encoding: 'utf8',
    timeout: 60_000,
  });

describe('run --trace', () => {
  it('writes the events that the globs leave on, to stderr', () => {
    const { stderr, status } = run('--trace', 'apple_gfx_*', '--trace', '-apple_gfx_map*', '--trace', '-apple_gfx_read');
    expect(status).toBe(0);
    const names = new Set(
      stderr
        .trim()
        .split('\n')
        .map((line) => line.split(' ')[0]),
    );
    expect([...names].filter((name) => !((name ?? '') in TRACE_FORMATS))).toEqual([]);
    expect(names).toContain('apple_gfx_write');
    expect(names).toContain('apple_gfx_new_frame');
    expect(names).toContain('apple_gfx_mode_change');
    expect(names).not.toContain('apple_gfx_map_memory');
    expect(names).not.toContain('apple_gfx_read');
    expect(stderr).toMatch(/^apple_gfx_mode_change x=320 y=200$/m);
    expect(stderr.split('\n')[0]).toBe('apple_gfx_common_init device: apple-gfx-mmio; MMIO size: 16384 bytes');
  });

  it('puts thread and time in front if asked, and writes all of it to a file', () => {
    const file = join(folder, 'trace.log');
    const { stderr, status } = run('--trace', 'apple_gfx_*', '--trace-prefix', '--trace-file', file);
    expect([status, stderr]).toEqual([0, '']);
    const lines = readFileSync(file, 'utf8').trim().split('\n');
    for (const line of lines) expect(line).toMatch(/^\d+@\d{10}\.\d{6}:apple_gfx_\w+( .*)?$/);
    const times = lines.map((line) => Number(/@([\d.]+):/.exec(line)?.[1]));
    expect(times).toEqual([...times].sort((a, b) => a - b));
    expect(lines.filter((line) => line.endsWith(':apple_gfx_new_frame'))).toHaveLength(3);
  });

  it('fails at once if the file cannot be opened', () => {
    const { stderr, status } = run('--trace', 'apple_gfx_*', '--trace-file', '/proc/nope');
    expect(status).toBe(1);
    expect(stderr).toMatch(/^apple-gfx: .*\/proc\/nope/);
  });
});

it('globs act in order', () => {
  const on = (globs: string[], name: string): boolean => tracePattern(globs)(name);
  expect(on([], 'apple_gfx_read')).toBe(false);
  expect(on(['*read'], 'apple_gfx_read')).toBe(true);
  expect(on(['apple_gfx_rea?'], 'apple_gfx_read')).toBe(true);
  expect(on(['apple.gfx_read'], 'apple_gfx_read')).toBe(false);
  expect(on(['*', '-*read'], 'apple_gfx_read')).toBe(false);
  expect(on(['-*read', '*'], 'apple_gfx_read')).toBe(true);
});

it('a prefix has six digits of microseconds', () => {
  expect(formatLogLine('e x=1', { thread: 7, microseconds: 1_700_000_000_000_042 })).toBe('7@1700000000.000042:e x=1');
  expect(formatLogLine('e', null)).toBe('e');
});
