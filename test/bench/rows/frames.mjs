/**
 * Rows of the benchmark: a frame from encode done to visible in the surface, against one memcpy of it; and 4K frames at every vsync.
 *
 * The extremes of what a frame changes are in the rows' `pictures`, as ratios; what counts is the demonstration guest's picture.
 */
import { fileURLToPath } from 'node:url';
import { interleave, median, rounded, runProcess, scaled } from '../sides/sides.mjs';

const SIDE = fileURLToPath(new URL('../sides/frames.mjs', import.meta.url));
const GOAL = 0.8;
const COPIES = { 'frame/1440x1080': '1440x1080', 'frame/3840x2160': '3840x2160' };
const COUNT = 60;
const EXTREMES = ['whole', 'corner', 'same'];
const SUSTAINED = 'sustained/3840x2160';
const SUSTAINED_HZ = 60;
const SUSTAINED_SECONDS = 10;

export const names = [...Object.keys(COPIES), SUSTAINED];

const run = async (...args) => JSON.parse(await runProcess(process.execPath, [SIDE, ...args.map(String)]));
const ratio = ({ ours, reference }) => median(reference) / median(ours);

async function copyRow(name, { runs, scale, progress }) {
  const count = scaled(COUNT, scale);
  const sides = Object.fromEntries(['scene', ...EXTREMES].map((picture) => [picture, () => run('copy', COPIES[name], picture, count)]));
  const results = await interleave(sides, { runs, progress: (text) => progress(`${name}: ${text}`) });
  const times = results.scene.map(({ ours, reference }) => ({ ours: rounded(median(ours)), reference: rounded(median(reference)) }));
  return {
    name,
    what: `a frame of ${COPIES[name]}, encode done to visible in the surface, damage included; against one memcpy of it, same memory`,
    unit: 'ms',
    ours: rounded(median(times.map(({ ours }) => ours))),
    reference: rounded(median(times.map(({ reference }) => reference))),
    value: rounded(median(results.scene.map(ratio))),
    better: 'higher',
    goal: GOAL,
    runs: times,
    pictures: Object.fromEntries(Object.entries(results).map(([picture, each]) => [picture, rounded(median(each.map(ratio)), 3)])),
    note: `${Math.round(100 * median(results.scene.map(({ changed }) => changed)))} % of the tiles change from frame to frame`,
  };
}

async function sustainedRow({ runs, scale, progress }) {
  const seconds = Math.max(2, Math.round(SUSTAINED_SECONDS * scale));
  const side = { ours: () => run('sustained', `3840x2160@${SUSTAINED_HZ}`, seconds) };
  const results = (await interleave(side, { runs, progress: (text) => progress(`${SUSTAINED}: ${text}`) })).ours;
  // Three digits: the clock that frames are counted by is good to some 0.02 frames a second.
  const rates = results.map(({ framesPerSecond }) => rounded(framesPerSecond, 3));
  return {
    name: SUSTAINED,
    what: 'frames of 3840x2160 that the guest draws at every vsync and the surface shows; the ratio is their rate',
    unit: 'frames/s',
    ours: median(rates),
    reference: SUSTAINED_HZ,
    value: median(rates),
    better: 'higher',
    goal: SUSTAINED_HZ,
    runs: rates.map((ours) => ({ ours, reference: SUSTAINED_HZ })),
    note: `dropped: ${results.map(({ dropped }) => dropped).join(', ')}; CPU time a frame: ${rounded(median(results.map(({ cpuMsPerFrame }) => cpuMsPerFrame)), 3)} ms`,
  };
}

export async function measure(options) {
  const rows = [];
  for (const name of Object.keys(COPIES).filter(options.wanted)) rows.push(await copyRow(name, options));
  if (options.wanted(SUSTAINED)) rows.push(await sustainedRow(options));
  return rows;
}
