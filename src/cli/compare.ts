/**
 * `apple-gfx explore --compare`: the table of revisions and properties, made by searching the states of every world of the device.
 *
 * The world that takes longest is searched by all threads together, the others by one each: so no thread is left with it when the others are done.
 * Invariant: the table says the same whatever the number of threads. Exit codes: 0 when the default revision has no fault and 1 when it has; the older
 * ones have theirs.
 */
import { ES_MODULES_BY_IMPORT } from '../explorer/workers.js';
import { createRequire } from 'node:module';
import type * as PiscinaModule from 'piscina';
import { exploreInParallel, type Progress } from '../explorer/parallel.js';
import { DEFAULT_REVISION } from '../revisions/revisions.js';
import { cellsOf, type Compared, type Comparison, comparisons, describeComparison, withoutFault } from '../worlds/compare.js';

export interface CompareOptions {
  readonly workers: number;
  readonly json: boolean;
}

/** The exit code. */
export async function compareCommand({ workers, json }: CompareOptions): Promise<number> {
  const jobs = comparisons();
  const [longest] = jobs;
  const { Piscina } = createRequire(import.meta.url)('piscina') as typeof PiscinaModule;
  const pool = new Piscina({
    // From a bundle too: both lie two folders below dist/.
    filename: new URL('../../src/worlds/compare-thread.js', import.meta.url).href,
    minThreads: workers,
    maxThreads: workers,
    idleTimeout: Number.POSITIVE_INFINITY,
    execArgv: ES_MODULES_BY_IMPORT,
  });
  const began = performance.now();
  let done = 0;
  const tell = ({ world, revision, states }: Compared): void => {
    done++;
    const seconds = Math.round((performance.now() - began) / 1000);
    const text = `${done} of ${jobs.length} worlds, ${seconds} s: ${world} in ${revision}, ${states} states`;
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
  };
  try {
    const first = longest !== undefined && workers > 1 ? await compareTogether(longest, workers) : null;
    if (first !== null) tell(first);
    const results = await Promise.all(
      jobs.map(async (job) => {
        if (job === longest && first !== null) return first;
        const result = (await pool.run(job, { name: 'run' })) as Compared;
        tell(result);
        return result;
      }),
    );
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    process.stdout.write(json ? `${JSON.stringify({ cells: cellsOf(results) })}\n` : `${describeComparison(results)}\n`);
    return cellsOf(results).some(({ revision, verdict }) => revision === DEFAULT_REVISION && verdict === 'fault') ? 1 : 0;
  } finally {
    await pool.destroy();
  }
}

/** Runs one on all threads; null: there is a fault, or more than was looked at, and what that is one thread finds out. */
async function compareTogether(job: Comparison, workers: number): Promise<Compared | null> {
  if (job.maxStates !== null) return null;
  // As for the threads above.
  const module = new URL('../../src/worlds/index.js', import.meta.url).href;
  const source = { module, name: 'makeWorld', arguments: [job.world, job.revision] };
  const onProgress = ({ states }: Progress): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${job.world} in ${job.revision}: ${states} states`);
  };
  return withoutFault(job, await exploreInParallel(source, { strategy: 'dfs-states', workers, onProgress }));
}
