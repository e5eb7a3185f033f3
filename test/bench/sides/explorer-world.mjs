/**
 * The program that the explorer's rows run: four processes, each of which reads a variable and writes it back four times, 32 steps in all.
 *
 * It is written twice, as a world of the explorer's and for fast-check's scheduler, operation by operation the same.
 */
import { defineWorld } from '../../../dist/src/explorer/world.js';

const PROCESSES = 4;
const ROUNDS = 4;

/** Steps of an execution. */
export const STEPS = PROCESSES * ROUNDS * 2;

/** Outside of the world, which is made anew for each execution: a generator function that is made each time is slow. */
function* addUp(x) {
  for (let round = 0; round < ROUNDS; round++) {
    const before = yield x.read();
    yield x.write(before + 1);
  }
}

/** Of the same program, for workers. */
export const program = defineWorld('lost updates', (w) => {
  const x = w.variable('x');
  for (let process = 0; process < PROCESSES; process++) {
    w.process(`p${process}`, () => addUp(x));
  }
});

/** Runs it so many times under fast-check, as its users do; resolves with how many steps were made in all. */
export async function underFastCheck(fc, runs, seed) {
  let steps = 0;
  const property = fc.asyncProperty(fc.scheduler(), async (scheduler) => {
    let x = 0;
    const step = (act) => {
      steps++;
      return scheduler.schedule(Promise.resolve()).then(act);
    };
    const process = async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const before = await step(() => x);
        await step(() => {
          x = before + 1;
        });
      }
    };
    const all = Array.from({ length: PROCESSES }, process);
    await scheduler.waitIdle();
    await Promise.all(all);
  });
  await fc.assert(property, { numRuns: runs, seed });
  return steps;
}
