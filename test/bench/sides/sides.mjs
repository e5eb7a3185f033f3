/**
 * The sides of a comparison, each run in a fresh process: ours (ours.mjs), the twin in C (native/bench/), the rival (rival/main.mjs), and
 * the bare hops in JavaScript (bare.mjs).
 *
 * Invariant: sides take turns, run by run, so that what the machine does meanwhile meets all of them; a run is counted whole or not at all.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { POLL_MICROSECONDS } from '../../../dist/src/base/limits.js';

const BENCH_LIBRARY = fileURLToPath(new URL('../../../dist/native/bench/libpvg_bridge.so', import.meta.url));
const TWIN = fileURLToPath(new URL('../../../dist/native/bench/twin', import.meta.url));
const OURS = fileURLToPath(new URL('./ours.mjs', import.meta.url));
const BARE = fileURLToPath(new URL('./bare.mjs', import.meta.url));
const RIVAL = fileURLToPath(new URL('../rival/main.mjs', import.meta.url));
/** No side takes longer than that but one that hangs. */
const PATIENCE_MS = 900_000;

/** Runs a program in the benchmark's environment; resolves with its stdout, or rejects with its last words. */
export function runProcess(file, args, environment = {}) {
  const env = { ...process.env, APPLE_GFX_BRIDGE: BENCH_LIBRARY, ...environment };
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: PATIENCE_MS, killSignal: 'SIGKILL' });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr']) {
    child[name].setEncoding('utf8');
    child[name].on('data', (text) => {
      texts[name] += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', (error) => reject(new Error(`can't run ${file}: ${error.message}`)));
    child.once('close', (code, signal) => {
      if (code === 0) resolve(texts.stdout);
      else reject(new Error(`${file} ${args.join(' ')} ended with ${code ?? signal}: ${texts.stderr.trim().slice(-2000)}`));
    });
  });
}

let known;

/** The kernel's number of the tracepoint that counts system calls; 0 where this process may not count them. */
function tracepoint() {
  if (!existsSync(TWIN)) throw new Error('dist/native/bench/twin is not built: run `npm run build`');
  known ??= runProcess(TWIN, ['tracepoint']).then(Number);
  return known;
}

const lastLine = (text) => JSON.parse(text.trim().split('\n').at(-1));

/** The tracepoint if system calls are to be counted, else 0: where the kernel counts them each takes a good part longer, so no run that is timed does. */
const tracepointIf = (counted) => (counted ? tracepoint() : 0);

/** Our side; `counted`: its system calls are, and its time means nothing; `device`: createDevice()'s options; `program`: another build's side. */
export async function runOurs({ scenario, placement, warm, count, counted = false, device = {}, environment = {}, program = OURS }) {
  const args = [program, scenario, placement, warm, count, await tracepointIf(counted), JSON.stringify(device)];
  return lastLine(await runProcess(process.execPath, args.map(String), environment));
}

/** The same hops in C. */
export async function runTwin({ scenario, placement, warm, count, counted = false }) {
  const args = [scenario, placement, warm, count, POLL_MICROSECONDS, await tracepointIf(counted)];
  return lastLine(await runProcess(TWIN, args.map(String)));
}

/** The same path on comlink and piscina. */
export async function runRival({ scenario, placement, warm, count, counted = false }) {
  const args = [RIVAL, scenario, placement, warm, count, await tracepointIf(counted)];
  return lastLine(await runProcess(process.execPath, args.map(String)));
}

/** The same hops in JavaScript, without a device (bare.mjs). */
export async function runBare({ scenario, placement, warm, count, counted = false }) {
  const args = [BARE, scenario, placement, warm, count, await tracepointIf(counted)];
  return lastLine(await runProcess(process.execPath, args.map(String)));
}

/** Runs the sides in turn; for each its list of results, in order. */
export async function interleave(sides, { runs, progress }) {
  const results = Object.fromEntries(Object.keys(sides).map((name) => [name, []]));
  for (let run = 1; run <= runs; run++) {
    for (const [name, side] of Object.entries(sides)) {
      progress(`${name}, run ${run} of ${runs}`);
      results[name].push(await side());
    }
  }
  return results;
}

/** The middle of some numbers; of an even count the mean of the middle two. */
export function median(numbers) {
  const sorted = [...numbers].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** A number with as many digits as mean something. */
export const rounded = (number, digits = 4) => Number(number.toPrecision(digits));

/** `count` operations at a scale of work, a multiple of 4, never none. */
export const scaled = (count, scale) => Math.max(8, 4 * Math.round((count * scale) / 4));
