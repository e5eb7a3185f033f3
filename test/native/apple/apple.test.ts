/**
 * The bridge to Apple's PVG, natively: on the stand-in in each guise of macOS, with the sanitizers, compiled for Apple's targets, and against the software PVG
 * frame by frame.
 */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { SHARED, SYSTEM } from './allowed-symbols.js';
import { frameworkOf, MACOS, type Macos, whyNoStandin } from './standin.js';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** What isn't built with the sanitizers: GNUstep and the Objective-C runtime, with what these keep for the life of the process. */
const suppressions = (name: string): string => `suppressions=${join(ROOT, 'test', 'native', 'apple', name)}`;
/** Make, run and close a device so often. */
const ROUNDS = 1000;
const FRAMES = 600;

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function runProgram(
  name: string,
  args: readonly string[],
  { flavour = 'plain', macos = '26' as Macos, memory = '', narrowMapper = false } = {},
): Ended {
  const folder = join(ROOT, 'dist', 'native', flavour === 'plain' ? 'standin' : `standin-${flavour}`);
  const env = {
    ...process.env,
    STANDIN_FRAMEWORK: frameworkOf(macos, folder),
    TSAN_OPTIONS: suppressions('tsan.suppressions'),
    LSAN_OPTIONS: `${suppressions('lsan.suppressions')}:print_suppressions=0`,
    ...(memory && { APPLE_GFX_MEMORY: memory }),
    ...(narrowMapper && { STANDIN_NARROW_MAPPER: '1' }),
  };
  // The thread sanitizer wants its shadow memory where address space randomisation may have put something else.
  const command = flavour === 'tsan' ? ['setarch', process.arch === 'arm64' ? 'aarch64' : 'x86_64', '-R'] : [];
  const [program = '', ...rest] = [...command, join(folder, name), ...args];
  return spawnSync(program, rest, { encoding: 'utf8', env, timeout: 100_000, maxBuffer: 2 ** 24 });
}

describe("the bridge to Apple's PVG", () => {
  it.for([...MACOS.map((macos) => ({ macos, memory: '' })), { macos: '15.4' as const, memory: 'ranges' }])(
    'draws, fails by errors, and leaves nothing behind, on macOS $macos $memory',
    ({ macos, memory }, { skip }) => {
      const missing = whyNoStandin();
      if (missing) skip(missing);
      expect(runProgram('bridge_test', ['3'], { macos, memory })).toMatchObject({ status: 0, stderr: '' });
    },
  );

  it('never calls a mapper whose methods have other types than it knows', ({ skip }) => {
    const missing = whyNoStandin();
    if (missing) skip(missing);
    expect(runProgram('bridge_test', [], { narrowMapper: true })).toMatchObject({ status: 0, stderr: '' });
  });

  it(`makes, runs and closes ${ROUNDS} devices`, ({ skip }) => {
    const missing = whyNoStandin();
    if (missing) skip(missing);
    expect(runProgram('bridge_test', [String(ROUNDS)])).toMatchObject({ status: 0, stderr: '' });
  });

  it.for(['asan', 'tsan'] as const)('has no report of %s', { timeout: 900_000 }, (flavour, { skip }) => {
    const missing = whyNoStandin(flavour);
    if (missing) skip(missing);
    for (const macos of ['26', '27'] as const) {
      expect(runProgram('bridge_test', ['2'], { flavour, macos })).toMatchObject({ status: 0, stderr: '' });
    }
  });

  it(`shows ${FRAMES} frames pixel by pixel as the software PVG alone does`, ({ skip }) => {
    const missing = whyNoStandin();
    if (missing) skip(missing);
    const expected = runProgram('frames_soft', [String(FRAMES)]).stdout;
    expect(expected.trim().split('\n')).toHaveLength(FRAMES);
    for (const macos of MACOS) expect(runProgram('frames_test', [String(FRAMES)], { macos }).stdout).toBe(expected);
  });

  it("compiles for Apple's targets without a warning, and needs no more than it may", ({ skip }) => {
    const { status, stdout, stderr } = spawnSync(process.execPath, ['test/native/apple/targets.mjs'], { cwd: ROOT, encoding: 'utf8' });
    if (status === 2) skip(stderr.trim());
    expect(stderr).toBe('');
    const allowed = [...SYSTEM, ...SHARED].sort();
    expect(JSON.parse(stdout)).toEqual({ 'arm64-apple-macos11': allowed, 'x86_64-apple-macos11': allowed });
  });
});
