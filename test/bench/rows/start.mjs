/**
 * A row of the benchmark: from the start of `apple-gfx run --frames 1` until it has shown its frame and ended, beyond what Node takes by itself.
 *
 * The disk is warm: the first run of each is not counted.
 */
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
  const sides = {
    ours: () => seconds([MAIN, 'run', '--frames', '1']),
    node: () => seconds(['-e', '0']),
  };
  const options = { progress: (text) => progress(`start: ${text}`) };
  await interleave(sides, { ...options, runs: 1 });
  const { ours, node } = await interleave(sides, { ...options, runs });
  return {
    name: 'start',
    what: 'start to first frame, warm disk, until the end; beyond `node -e 0`',
    unit: 's',
    ours: rounded(median(ours)),
    reference: rounded(median(node)),
    value: rounded(median(ours) - median(node)),
    better: 'lower',
    goal: GOAL_SECONDS,
    runs: ours.map((each, run) => ({ ours: rounded(each), reference: rounded(node[run]) })),
    note: 'the ratio is the difference, in seconds',
  };
}
