/**
 * Rows of the benchmark: how fast the explorer samples schedules, next to fast-check's scheduler with the same program, and on a second core.
 *
 * The first three rows are of one core and one program (sides/explorer-world.mjs). Each side is warmed up by a run that does not count.
 */
import { explore } from '../../../dist/src/explorer/explore.js';
import { exploreInParallel } from '../../../dist/src/explorer/parallel.js';
import { RandomWalk } from '../../../dist/src/explorer/strategies/random-walk.js';
import { program, STEPS, underFastCheck } from '../sides/explorer-world.mjs';
import { interleave, median, rounded, scaled } from '../sides/sides.mjs';

const WORLD = { module: new URL('../sides/explorer-world.mjs', import.meta.url).href, name: 'program' };

/** Schedules of a run at full scale. */
const OURS = 400_000;
const THEIRS = 20_000;
/** Enough that starting the threads and ending the last parts is little of it. */
const SHARED = 1_000_000;

const SPEED = {
  'explorer/steps': { what: 'visible steps a second, by random walk, on one core', unit: 'M steps/s', goal: 5, scale: STEPS / 1e6 },
  'explorer/schedules': {
    what: `schedules of ${STEPS} steps a second, by random walk, on one core`,
    unit: 'k schedules/s',
    goal: 150,
    scale: 1e-3,
  },
};
const AGAINST = 'explorer/schedules/fast-check';
const SECOND_CORE = 'explorer/second-core';

export const names = [...Object.keys(SPEED), AGAINST, SECOND_CORE];

/** Calls a second of something that is done `count` times. */
async function rate(count, run) {
  const before = process.hrtime.bigint();
  await run();
  return count / (Number(process.hrtime.bigint() - before) / 1e9);
}

function ours(scale, seed) {
  const schedules = scaled(OURS, scale);
  return rate(schedules, () => explore(program, new RandomWalk({ seed }), { schedules }));
}

function theirs(fastCheck, scale, seed) {
  const schedules = scaled(THEIRS, scale);
  return rate(schedules, async () => {
    const steps = await underFastCheck(fastCheck, schedules, seed);
    if (steps !== schedules * STEPS) throw new Error(`fast-check made ${steps} steps in ${schedules} schedules`);
  });
}

function shared(scale, workers) {
  const schedules = scaled(SHARED, scale);
  return rate(schedules, () => exploreInParallel(WORLD, { strategy: 'random', workers, schedules }));
}

async function speed({ runs, scale, wanted, progress }) {
  let seed = 0;
  // Only developers have it.
  const fastCheck = wanted(AGAINST) ? await import('fast-check').catch(() => null) : null;
  const sides = { ours: () => ours(scale, seed++), ...(fastCheck ? { theirs: () => theirs(fastCheck.default, scale, seed++) } : {}) };
  const timed = (count) => interleave(sides, { runs: count, progress: (text) => progress(`explorer: ${text}`) });
  await timed(1);
  const results = await timed(runs);
  const rows = Object.entries(SPEED).map(([name, { what, unit, goal, scale: unitScale }]) => ({
    name,
    what,
    unit,
    ours: rounded(median(results.ours) * unitScale),
    reference: goal,
    value: rounded(median(results.ours) * unitScale),
    better: 'higher',
    goal,
    runs: results.ours.map((each) => ({ ours: rounded(each * unitScale) })),
  }));
  rows.push(fastCheck ? against(results) : { name: AGAINST, skipped: 'fast-check is not installed' });
  return rows.filter(({ name }) => wanted(name));
}

function against({ ours: mine, theirs: others }) {
  const thousands = (number) => rounded(number / 1000);
  return {
    name: AGAINST,
    what: "schedules a second of one program; against fast-check's scheduler",
    unit: 'k schedules/s',
    ours: thousands(median(mine)),
    reference: thousands(median(others)),
    value: rounded(median(mine) / median(others)),
    better: 'higher',
    goal: 10,
    runs: mine.map((each, run) => ({ ours: thousands(each), reference: thousands(others[run]) })),
  };
}

/** Threads are started and ended within what is timed, for one worker as for two. */
async function secondCore({ runs, scale, progress }) {
  const sides = { two: () => shared(scale, 2), one: () => shared(scale, 1) };
  const { one, two } = await interleave(sides, { runs, progress: (text) => progress(`${SECOND_CORE}: ${text}`) });
  const thousands = (number) => rounded(number / 1000);
  return {
    name: SECOND_CORE,
    what: 'schedules a second for each of two workers; against a single one',
    unit: 'k schedules/s',
    ours: thousands(median(two) / 2),
    reference: thousands(median(one)),
    value: rounded(median(two) / 2 / median(one)),
    better: 'higher',
    goal: 0.85,
    runs: one.map((each, run) => ({ ours: thousands(two[run] / 2), reference: thousands(each) })),
  };
}

export async function measure(options) {
  const wantsSpeed = names.some((name) => name !== SECOND_CORE && options.wanted(name));
  return [...(wantsSpeed ? await speed(options) : []), ...(options.wanted(SECOND_CORE) ? [await secondCore(options)] : [])];
}
