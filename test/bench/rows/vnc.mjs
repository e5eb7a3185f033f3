/**
 * Row of the benchmark: whole pictures of 1280x800 at every vsync, by raw pixels of 32 bits, to one viewer in another process.
 *
 * Device, guest, server and viewer share the machine, and whoever else keeps a core from them for longer than a frame costs an update; the processor
 * time doesn't depend on that.
 */
import { fileURLToPath } from 'node:url';
import { interleave, median, rounded, runProcess } from '../sides/sides.mjs';

const SIDE = fileURLToPath(new URL('../sides/raw-viewer.mjs', import.meta.url));
const NAME = 'vnc/raw-1280x800';
const HZ = 60;
/** Each frame that the guest draws. */
const GOAL = 60;
const SECONDS = 8;

export const names = [NAME];

const run = async (...args) => JSON.parse(await runProcess(process.execPath, [SIDE, ...args.map(String)]));

export async function measure({ runs, scale, progress }) {
  const seconds = Math.max(1, Math.round(SECONDS * scale));
  const side = { ours: () => run(`1280x800@${HZ}`, seconds) };
  const results = (await interleave(side, { runs, progress: (text) => progress(`${NAME}: ${text}`) })).ours;
  const rates = results.map(({ updatesPerSecond }) => rounded(updatesPerSecond, 3));
  const middle = (name) => rounded(median(results.map((each) => each[name])), 3);
  return {
    name: NAME,
    what: 'updates that one viewer on this machine gets of a display whose every pixel changes at every vsync; the ratio is their rate',
    unit: 'updates/s',
    ours: median(rates),
    reference: HZ,
    value: median(rates),
    better: 'higher',
    goal: GOAL,
    runs: rates.map((ours) => ({ ours, reference: HZ })),
    note: `of ${middle('framesPerSecond')} frames a second; an update takes ${middle('threadMsPerUpdate')} ms of the server's thread, ${middle('serverMsPerUpdate')} ms with device and guest, ${middle('viewerMsPerUpdate')} ms of the viewer; the longest gap is ${middle('longestGapMs')} ms`,
  };
}
