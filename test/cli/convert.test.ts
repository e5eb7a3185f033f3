/**
 * `apple-gfx trace`: logs of every revision fit, recordings are converted, and what is incomplete or wrong is said.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { REVISION_NAMES } from '../../src/revisions/revision.js';
import { encodeChunk } from '../../src/trace/recording/encoder.js';
import { ChunkKind } from '../../src/trace/recording/format.js';
import { checkedMachines } from '../../src/cli/trace-machines.js';
import { LogImport } from '../../src/visualiser/convert/import-log.js';
import { eventCounts, recordedRun, storeOf, sum } from '../visualiser/convert/recordings.js';

const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string): string => join(folder, name);
const cli = (args: readonly string[], input?: Buffer) => {
  const { status, stdout, stderr } = spawnSync(process.execPath, ['dist/src/cli/main.js', ...args], {
    timeout: 60_000,
    maxBuffer: 2 ** 28,
    ...(input !== undefined && { input }),
  });
  return { status, stdout, out: stdout.toString(), err: stderr.toString() };
};

describe('a log that run --trace wrote', () => {
  /** The log of three frames; in async-write of a run that came far enough, since there a write overtakes another sooner or later, which ends it. */
  const logOf = (revision: string): Buffer => {
    const log = path(`${revision}.log`);
    const frames = ['run', '--frames', '3', '--mode', '320x200@60', '--revision', revision];
    for (let runs = 1; ; runs++) {
      cli([...frames, '--trace', 'apple_gfx_*', '--trace-prefix', '--trace-file', log]);
      const text = readFileSync(log);
      if (revision !== 'async-write' || runs === 20 || text.toString().split('\n').length > 40) return text;
    }
  };

  it.each(REVISION_NAMES)('fits, of revision %s, and becomes a recording of as many events', (revision) => {
    const text = logOf(revision);
    const imported = new LogImport({ machines: checkedMachines(), producer: 'a test' });
    imported.push(text);
    const { chunks, summary } = imported.finish();
    expect(summary.complaints).toEqual([]);
    const counts: Record<string, number> = {};
    for (const [, name = ''] of text.toString().matchAll(/^\d+@[\d.]+:(\w+)/gm)) counts[name] = (counts[name] ?? 0) + 1;
    expect(sum(counts)).toBeGreaterThan(30);
    const { agfx_machine_started: _, agfx_machine_moved: __, ...events } = eventCounts(storeOf(Buffer.concat(chunks)));
    expect(events).toEqual(counts);
  });

  it('fits with the events of the actors in it, and its machines move as they should', () => {
    const log = path('actors.log');
    cli(['run', '--frames', '3', '--mode', '320x200@60', '--record', path('both'), '--trace', '*', '--trace-file', log, '--trace-prefix']);
    const { status, out } = cli(['trace', 'check', log]);
    expect([status, out]).toEqual([0, '']);
    expect(cli(['trace', 'check', path('both')])).toMatchObject({ status: 0, out: '' });
    expect(readFileSync(log, 'utf8')).toContain('agfx_machine_moved');
  });
});

describe('a recording', () => {
  let bytes: Buffer;
  beforeAll(() => {
    bytes = recordedRun();
    writeFileSync(path('run'), bytes);
  });

  it('is converted to a file, or from standard input to standard output, with the same bytes', () => {
    for (const format of ['perfetto', 'simpletrace']) {
      expect(cli(['trace', 'convert', '--to', format, path('run'), path(format)])).toMatchObject({ status: 0, out: '', err: '' });
      const piped = cli(['trace', 'convert', '--to', format, '-', '-'], bytes);
      expect([piped.status, piped.err]).toEqual([0, '']);
      expect(piped.stdout.equals(readFileSync(path(format)))).toBe(true);
      expect(existsSync(path(`${format}.part`))).toBe(false);
    }
  });

  it('is described: what made it, its threads and its events', () => {
    const { status, out } = cli(['trace', 'info', path('run')]);
    expect(status).toBe(0);
    expect(out).toMatch(/recording by apple-gfx .*, revision hardened, variant mmio, displays 1/);
    expect(out).toMatch(/^ {2}bql \d+ +bql +\d+ +[\d ]+$/m);
    expect(out).toMatch(/^ {2}apple_gfx_new_frame +8$/m);
  });

  it('that was cut off is converted as far as it is whole, which is said, with exit code 1', () => {
    writeFileSync(path('cut'), bytes.subarray(0, bytes.length - 200));
    const { status, err, out } = cli(['trace', 'convert', '--to', 'qemu-log', path('cut'), '-']);
    expect(status).toBe(1);
    expect(err).toMatch(/cut is incomplete: it ends within a chunk: its last \d+ bytes can't be read/);
    const events = out.trim().split('\n').length;
    expect(events).toBeGreaterThan(100);
    expect(events).toBeLessThanOrEqual(sum(eventCounts(storeOf(bytes))));
    expect(cli(['trace', 'info', path('cut')]).status).toBe(1);
  });

  it('with a chunk that is damaged is converted without it, which is said', () => {
    const damaged = Buffer.concat([bytes, encodeChunk(ChunkKind.events, Uint8Array.of(200, 3, 1))]);
    writeFileSync(path('damaged'), damaged);
    const { status, err } = cli(['trace', 'convert', '--to', 'qemu-log', path('damaged'), path('damaged.log')]);
    expect(status).toBe(1);
    expect(err).toMatch(/1 chunks can't be read/);
    expect(readFileSync(path('damaged.log'), 'utf8').trim().split('\n').length).toBe(sum(eventCounts(storeOf(bytes))));
  });
});

describe('what is wrong', () => {
  it('in a log is named with its line, and makes exit code 1', () => {
    writeFileSync(path('bad.log'), 'apple_gfx_raise_irq vector=0x99\napple_gfx_read offset=3\nelse\n');
    const { status, out, err } = cli(['trace', 'check', path('bad.log')]);
    expect(status).toBe(1);
    expect(out.split('\n')).toEqual([
      `${path('bad.log')}:1: raises vector 0x99, expected one below 64`,
      `${path('bad.log')}:2: apple_gfx_read: its arguments are "offset=3", expected "offset=0x… res=0x…"`,
      '',
    ]);
    expect(err).toMatch(/2 things don't fit, in 1 events/);
    const converted = cli(['trace', 'convert', '--to', 'chrome', path('bad.log'), '-']);
    expect([converted.status, JSON.parse(converted.out).traceEvents.length > 0]).toEqual([0, true]);
    expect(converted.err).toMatch(/bad.log:1: raises vector 0x99/);
  });

  it.each([
    ['a file that there is not', ['trace', 'info', '/nowhere/file'], 2, /\/nowhere\/file can't be read: ENOENT/],
    ['a folder', ['trace', 'info', '/tmp'], 2, /\/tmp is a folder, expected a file/],
    [
      'an output that can not be made',
      ['trace', 'convert', '--to', 'chrome', '%good', '/nowhere/out'],
      2,
      /\/nowhere\/out can't be written: ENOENT/,
    ],
    ['a format that there is not', ['trace', 'convert', '--to', 'pdf', '%good', '-'], 2, /Allowed choices are perfetto, chrome/],
    ['no format', ['trace', 'convert', '%good', '-'], 2, /--to <format>/],
    [
      'something else',
      ['trace', 'info', process.execPath],
      1,
      /is something else, expected a recording \(run --record\) or a log with apple_gfx_\* events/,
    ],
    ['a text without events', ['trace', 'info', 'package.json'], 1, /package.json is a text without such events/],
  ])('%s is said', (_, args, status, message) => {
    writeFileSync(path('good'), 'apple_gfx_new_frame\n');
    const run = cli(args.map((each) => each.replace('%', `${folder}/`)));
    expect(run.err).toMatch(message);
    expect(run.status).toBe(status);
  });

  it('an empty file, and one that is compressed, are called so', () => {
    expect(cli(['trace', 'info', '-'], Buffer.alloc(0))).toMatchObject({
      status: 1,
      err: expect.stringMatching(/standard input is empty/),
    });
    expect(cli(['trace', 'info', '-'], Buffer.from([0x1f, 0x8b, 8, 0]))).toMatchObject({
      status: 1,
      err: expect.stringMatching(/compressed by gzip/),
    });
  });
});

it('declares its events for simpletrace.py', () => {
  const { status, out } = cli(['trace', 'events']);
  expect(status).toBe(0);
  expect(out).toMatch(/^apple_gfx_read\(uint64_t offset, uint64_t res\) "offset=%"PRIu64" res=%"PRIu64$/m);
});
