/**
 * A row of the benchmark: from the start of `apple-gfx run --frames 1` until it has ended with its picture written, beyond what Node takes by itself.
 *
 * The disk is warm: the first run of each is not counted.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { interleave, median, rounded, runProcess } from '../sides/sides.mjs';

const MAIN = fileURLToPath(new URL('../../../dist/bundles/cli/main.cjs', import.meta.url));
const GOAL_SECONDS = 0.5;

async function seconds(args) {
  const began = performance.now();
  await runProcess(process.execPath, args);
  return (performance.now() - began) / 1000;
}

export async function measure({ runs, progress }) {
  const folder = mkdtempSync(join(tmpdir(), 'apple-gfx-bench-'));
  try {
    const sides = {
      ours: () => seconds([MAIN, 'run', '--frames', '1', '--out', join(folder, 'shot.png')]),
      node: () => seconds(['-e', '0']),
    };
    const options = { progress: (text) => progress(`start: ${text}`) };
    await interleave(sides, { ...options, runs: 1 });
    const { ours, node } = await interleave(sides, { ...options, runs });
    return {
      name: 'start',
      what: 'start to first frame and its picture written, warm disk; beyond `node -e 0`',
      unit: 's',
      ours: rounded(median(ours)),
      reference: rounded(median(node)),
      value: rounded(median(ours) - median(node)),
      better: 'lower',
      goal: GOAL_SECONDS,
      runs: ours.map((each, run) => ({ ours: rounded(each), reference: rounded(node[run]) })),
      note: 'the ratio is the difference, in seconds',
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
