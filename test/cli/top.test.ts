/**
 * `apple-gfx top`: snapshots, JSON, a terminal with keys, and how it finds a run.
 */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { announceDashboard, runningDashboards } from '../../src/cli/runtime-file.js';
import { paint } from '../../src/cli/top-paint.js';
import { sharesBar, sparkText } from '../../src/cli/top-screen.js';
import { keysOf } from '../../src/cli/top-terminal.js';
import { encodeHeader } from '../../src/trace/recording/encoder.js';
import { MAGIC } from '../../src/trace/recording/format.js';
import { type Dashboard, serveDashboard } from '../../dist/src/visualiser/server/dashboard.js';
import { HEADER, Recorded } from '../visualiser/model/recording.js';
import { FakeRun } from '../page/recordings.js';

const cli = 'dist/bundles/cli/main.cjs';
const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-top-'));
const file = join(folder, 'run.rec');
const MS = 1000;

/** The BQL is held by access 41 from 100 to 900 ms. */
const recorded = (): Recorded =>
  new Recorded()
    .events(
      ['bql', 0, 'agfx_batch_ended'],
      ['bql', 100 * MS, 'agfx_batch_taken', 1],
      ['bql', 100 * MS, 'agfx_bql_taken', 'access', 41, 0],
      ['bql', 200 * MS, 'agfx_bql_wait_began', 1, 1],
      ['bql', 200 * MS, 'agfx_batch_ended'],
      ['bql', 250 * MS, 'agfx_bql_requested', 'access', 42, 0],
      ['bql', 900 * MS, 'agfx_bql_released'],
      ['worker', 300 * MS, 'agfx_batch_taken', 1],
      ['worker', 800 * MS, 'agfx_batch_ended'],
    )
    .sample(0, {})
    .sample(1000 * MS, { mmioAccesses: 1000 })
    .note(950 * MS, 'guestError', 'bad \u001b[31mtext')
    .end(1000 * MS);

beforeAll(() => writeFileSync(file, Buffer.concat([MAGIC, ...recorded().bytes])));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const top = (...args: string[]) =>
  spawnSync(process.execPath, [cli, 'top', ...args], { encoding: 'utf8', env: { ...process.env, XDG_RUNTIME_DIR: join(folder, 'none') } });

describe('apple-gfx top --once', () => {
  it('prints a recording as plain text, at its end or at a moment', () => {
    const { status, stdout } = top('--once', file);
    expect(status).toBe(0);
    expect(stdout.split('\n').slice(0, 2)).toEqual([`apple-gfx top recording  1.000 s  ${file}`, '2 warnings']);
    expect(stdout).toContain('BQL free   held 80 % of the time, taken 1/s');
    expect(stdout).toMatch(/^! BQL held over 2\.00 ms by access: 1 time, at most 800 ms {2}last at 0\.100 s$/m);
    expect(stdout).toMatch(/^accesses {6}1 000\/s/m);
    const then = top('--once', '--at', '0.5', file).stdout;
    expect(then).toMatch(/^BQL access 41, which waits, for 400 ms/m);
    expect(then).toMatch(/^ {2}stack {5}access 41 400 ms › waits for job 1 300 ms$/m);
    expect(then).toMatch(/^ {2}waiting {2}1 {2}access 42 250 ms$/m);
    expect(then).toMatch(/^background-queue 1 busy {6}40 % {4}0 % █{8}·{12}/m);
  });

  it('has no control characters, whatever a recording says', () => {
    const { stdout } = top('--once', file);
    expect(stdout).toContain('! the guest: bad  [31mtext');
    expect(stdout).not.toContain('\u001b');
  });

  it('is what it does without a terminal, too', () => {
    expect(top(file).stdout).toBe(top('--once', file).stdout);
  });

  it('prints JSON, with the sentences', () => {
    const view = JSON.parse(top('--once', '--json', '--at', '0.5', file).stdout) as Record<string, unknown>;
    expect(view).toMatchObject({
      title: file,
      isLive: false,
      time: 500e6,
      lock: { holder: { kind: 'access', id: 41, since: 100e6 }, sections: [{ kind: 'access', id: 42, since: 250e6 }] },
      warnings: [{ kind: 'bqlHeld', text: 'BQL held over 2.00 ms by access: 1 time, at most 400 ms, now for 400 ms' }],
    });
  });

  it.each([
    [['/nowhere.rec'], 'there is no file "/nowhere.rec"; an address begins with http://'],
    [['package.json'], 'package.json: recording: it is none: it does not begin with AGFXREC'],
    [['http://127.0.0.1:1/'], '"http://127.0.0.1:1/": expected a dashboard\'s address as it was printed, http://HOST:PORT/#token=…'],
    [['http://127.0.0.1:1/#token=abc'], 'http://127.0.0.1:1/: connect ECONNREFUSED 127.0.0.1:1'],
    [[], 'no run of yours has a dashboard; start one with apple-gfx run --dashboard, or name a recording or an address'],
    [['--at', 'x'], "error: option '--at <seconds>' argument 'x' is invalid. Expected a number of seconds, as in 1.25."],
  ])('says of %j what is wrong', (args, text) => {
    const { status, stderr, stdout } = top('--once', ...args);
    expect(stderr.replace('apple-gfx: ', '').replace('Error: ', '')).toContain(text.replace('error: ', ''));
    expect([status, stdout]).toEqual([2, '']);
  });

  it('shows a recording that was cut short as far as it goes', () => {
    const cut = join(folder, 'cut.rec');
    writeFileSync(cut, Buffer.concat([MAGIC, ...recorded().bytes]).subarray(0, -20));
    expect(top('--once', cut).stdout).toContain('BQL free');
    writeFileSync(cut, MAGIC);
    expect(top('--once', cut)).toMatchObject({ status: 2, stderr: expect.stringContaining('it has no header') });
  });
});

let dashboard: Dashboard | null = null;
afterEach(async () => {
  await dashboard?.close();
  dashboard = null;
});

/** A run that has ended, whose dashboard is still there. */
async function serve(): Promise<Dashboard> {
  const run = new FakeRun();
  const pieces = recorded().bytes;
  run.preamble.splice(0, 2, encodeHeader(HEADER), ...pieces.slice(1).filter((piece) => piece[0] === 2));
  for (const piece of pieces.slice(1)) if (piece[0] !== 2) run.add(piece);
  run.finish();
  dashboard = await serveDashboard({ source: run });
  return dashboard;
}

describe('apple-gfx top of a run', () => {
  let forget: (() => void) | null = null;
  const before = process.env.XDG_RUNTIME_DIR;
  afterEach(() => {
    forget?.();
    forget = null;
    if (before === undefined) delete process.env.XDG_RUNTIME_DIR;
    else process.env.XDG_RUNTIME_DIR = before;
  });

  async function topOf(...args: string[]): Promise<{ status: unknown; stdout: string; stderr: string }> {
    const child = spawn(process.execPath, [cli, 'top', ...args]);
    const texts = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const)
      child[name].on('data', (text: Buffer) => {
        texts[name] += String(text);
      });
    const [status] = await once(child, 'close');
    return { status, ...texts };
  }

  it('shows what a dashboard sends to who knows its address', async () => {
    const { url } = await serve();
    const { status, stdout } = await topOf('--once', url);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^apple-gfx top closed {2}1\.000 s {2}a run$/m);
    expect(stdout).toContain('by access: 1 time, at most 800 ms');
  });

  it('is not let in with another token', async () => {
    const { url } = await serve();
    const { status, stderr } = await topOf('--once', url.replace(/token=.*/, 'token=wrong'));
    expect(stderr).toContain('wrong token: expected the whole address that the command printed');
    expect(status).toBe(2);
  });

  it('finds the latest run of the same user by its file, which nobody else can read and which goes with the run', async () => {
    process.env.XDG_RUNTIME_DIR = join(folder, 'runtime');
    mkdirSync(process.env.XDG_RUNTIME_DIR, { recursive: true });
    const { url } = await serve();
    forget = announceDashboard({ url, title: 'a run' });
    const ours = join(folder, 'runtime', 'apple-gfx');
    expect(statSync(ours).mode & 0o777).toBe(0o700);
    expect(readdirSync(ours)).toEqual([`dashboard-${process.pid}.json`]);
    expect(statSync(join(ours, `dashboard-${process.pid}.json`)).mode & 0o777).toBe(0o600);
    expect(runningDashboards()).toMatchObject([{ pid: process.pid, url, title: 'a run' }]);
    expect((await topOf('--once')).stdout).toContain('a run');
    forget();
    expect(readdirSync(ours)).toEqual([]);
    expect(runningDashboards()).toEqual([]);
  });

  it('believes no folder that others can read, and forgets processes that are gone', () => {
    process.env.XDG_RUNTIME_DIR = join(folder, 'other');
    const ours = join(folder, 'other', 'apple-gfx');
    mkdirSync(ours, { recursive: true, mode: 0o700 });
    const stale = join(ours, 'dashboard-4194303.json');
    const write = (pid: number, name: string, started: number): void =>
      writeFileSync(join(ours, name), JSON.stringify({ pid, url: 'http://x/', title: '', started }));
    write(4_194_303, 'dashboard-4194303.json', 3);
    write(process.pid, 'dashboard-1.json', 1);
    write(process.ppid, 'dashboard-2.json', 2);
    writeFileSync(join(ours, 'dashboard-3.json'), 'no JSON');
    expect(runningDashboards().map(({ started }) => started)).toEqual([2, 1]);
    expect(existsSync(stale)).toBe(false);
    chmodSync(ours, 0o755);
    expect(runningDashboards()).toEqual([]);
    announceDashboard({ url: 'http://y/', title: '' })();
    expect(readdirSync(ours)).not.toContain(`dashboard-${process.pid}.json`);
  });
});

/** In a terminal of its own, as util-linux makes one. */
describe.skipIf(spawnSync('script', ['--version']).status !== 0)('apple-gfx top in a terminal', () => {
  const ENTER = '\u001b[?1049h';
  const LEAVE = '\u001b[?1049l';

  /** Runs it; `until` waits for a text. */
  function terminal(env: Record<string, string> = {}, target = file) {
    const command = `stty rows 40 cols 100; ${process.execPath} ${cli} top '${target}'; echo status $?; stty -a | tr ' ;' '\\n' | grep -x -e icanon -e -icanon`;
    const child: ChildProcessWithoutNullStreams = spawn('script', ['-qec', command, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm', SHELL: '/bin/sh', ...env },
    });
    let text = '';
    let from = 0;
    child.stdout.on('data', (piece: Buffer) => {
      text += String(piece);
    });
    return {
      child,
      get text() {
        return text;
      },
      press: (keys: string) => child.stdin.write(keys),
      async until(pattern: RegExp): Promise<void> {
        while (!pattern.test(text.slice(from))) await once(child.stdout, 'data');
        from = text.length;
      },
      closed: once(child, 'close'),
    };
  }

  it('plays a recording, obeys its keys, and gives the terminal back', async () => {
    const tty = terminal();
    await tty.until(/recording .*0\.\d+ s/);
    expect(tty.text).toContain(ENTER);
    tty.press(' ');
    await tty.until(/paused/);
    tty.press('\u001b[C');
    await tty.until(/1\.000 s/);
    tty.press('s');
    await tty.until(/by busy/);
    tty.press('?');
    await tty.until(/Ctrl-C/);
    tty.press('q');
    await tty.closed;
    expect(tty.text.lastIndexOf(LEAVE)).toBeGreaterThan(tty.text.lastIndexOf('Ctrl-C'));
    expect(tty.text).toMatch(/status 0\r\nicanon/);
    expect(tty.text).toContain('\u001b[34m█');
  });

  it('shows a run, which has said nothing yet when it lets one in', async () => {
    const { url } = await serve();
    const tty = terminal({}, url);
    await tty.until(/status|closed {2}1\.000 s/);
    tty.press('q');
    await tty.closed;
    expect(tty.text).toContain('at most 800 ms');
    expect(tty.text).toMatch(/status 0\r\nicanon/);
  });

  it('has no colours if NO_COLOR says so', async () => {
    const tty = terminal({ NO_COLOR: '1' });
    await tty.until(/recording/);
    tty.press('\u0003');
    await tty.closed;
    expect(tty.text.split('\u001b[').filter((part) => /^3\dm/.test(part))).toEqual([]);
    expect(tty.text).toMatch(/status 0\r\nicanon/);
  });

  it('gives the terminal back when it is ended by a signal', async () => {
    const tty = terminal();
    await tty.until(/recording/);
    const { stdout } = spawnSync('pgrep', ['-P', String(tty.child.pid), '-f', 'top'], { encoding: 'utf8' });
    const shell = stdout.trim().split('\n')[0] ?? '';
    const node = spawnSync('pgrep', ['-P', shell], { encoding: 'utf8' }).stdout.trim();
    process.kill(Number(node), 'SIGTERM');
    await tty.closed;
    expect(tty.text).toContain(LEAVE);
    expect(tty.text).toMatch(/status 143\r\nicanon/);
  });
});

describe('its parts', () => {
  it('shares become a bar of the width, and a series a line', () => {
    const bar = (busy: number, waiting: number): string =>
      sharesBar({ busy, waiting, idle: 1 - busy - waiting }, 10)
        .map(([, text]) => text)
        .join('');
    expect([bar(0, 0), bar(1, 0), bar(0.5, 0.3), bar(0.96, 0.04)]).toEqual(['··········', '██████████', '█████▒▒▒··', '██████████']);
    expect(sparkText([Number.NaN, 0, 1, 2, 4], 6)).toBe('  ▁▃▅█');
    expect(sparkText([0, 0], 2)).toBe('▁▁');
  });

  it('a line is cut at the width, whatever the colours', () => {
    expect(
      paint(
        [
          ['bad', 'four'],
          ['plain', 'more'],
        ],
        6,
        false,
      ),
    ).toBe('fourmo');
    expect(
      paint(
        [
          ['bad', 'four'],
          ['plain', 'more'],
        ],
        6,
        true,
      ),
    ).toBe('\u001b[31mfour\u001b[0mmo');
    expect(paint([['plain', 'a\u001b]0;x\u0007b']], 20, false)).toBe('a ]0;x b');
  });

  it('keys are told apart, several at once', () => {
    expect(keysOf('q\u001b[C\u001bOD\u001b[1~ \u001b')).toEqual(['q', 'right', 'left', 'home', ' ', 'escape']);
  });
});
