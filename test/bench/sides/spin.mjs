/**
 * SPIN's side: a model compiled once, and run as often as asked.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Whether there is a SPIN, and a compiler for what it writes. */
export async function hasSpin() {
  try {
    await Promise.all([run('spin', ['-V']), run('gcc', ['--version'])]);
    return true;
  } catch {
    return false;
  }
}

/** No reduction, no dead variables reset: all states that the model has. */
const SPIN_OPTIONS = ['-o1', '-o2', '-a', 'model.pml'];
const GCC_OPTIONS = ['-O2', '-w', '-DNOREDUCE', '-DSAFETY', '-o', 'pan', 'pan.c'];
/** Depth, 2^22 places for states, no end at the first failure, nothing about code that wasn't reached. */
const PAN_OPTIONS = ['-m4000000', '-w22', '-c0', '-n'];

/** Compiles a model. */
export async function compileSpin(promela) {
  const cwd = mkdtempSync(join(tmpdir(), 'apple-gfx-spin-'));
  writeFileSync(join(cwd, 'model.pml'), promela);
  await run('spin', SPIN_OPTIONS, { cwd });
  await run('gcc', GCC_OPTIONS, { cwd });
  return {
    /** States, transitions and the seconds of the search alone, by SPIN's own clock. */
    async search() {
      const { stdout } = await run('./pan', PAN_OPTIONS, { cwd });
      const number = (pattern) => Number(pattern.exec(stdout)?.[1]);
      return {
        states: number(/(\d+) states, stored/),
        transitions: number(/(\d+) transitions/) - 1,
        seconds: number(/elapsed time ([\d.]+) seconds/),
      };
    },
    remove: () => rmSync(cwd, { recursive: true, force: true }),
  };
}
