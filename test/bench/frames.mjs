/**
 * Frames a second, and whether any was shown twice or out of order: `node test/bench/frames.mjs [--seconds 20] [--mode 1440x1080@60]`.
 *
 * A watcher on a thread of its own reads the number in the surface's pixels each time the surface changes.
 */
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { parseMode, Surface } from '../../dist/src/index.js';
import { startSession } from '../../dist/src/cli/session.js';
import { readFrameNumber } from '../../dist/src/guest/scene.js';

function watch() {
  const { memory, width, height, stop } = workerData;
  const surface = new Surface(width, height, memory);
  const stopped = new Int32Array(stop);
  const seen = { frames: 0, torn: 0, repeated: 0, backwards: 0, mismatched: 0 };
  let last = 0;
  let sequence = 0;
  while (Atomics.load(stopped, 0) === 0) {
    surface.wait(sequence, 100);
    const shot = surface.snapshot(256);
    if (!shot || shot.present === 0 || shot.sequence === sequence) continue;
    sequence = shot.sequence;
    const frame = readFrameNumber(shot.pixels);
    seen.frames++;
    if (frame === last) seen.repeated++;
    if (frame === null) seen.torn++;
    else if (frame < last) seen.backwards++;
    if (frame !== null && frame !== shot.present) seen.mismatched++;
    last = frame ?? last;
  }
  parentPort.postMessage(seen);
}

async function measure(mode, vsync, seconds) {
  const session = await startSession({ device: { vsync }, mode, frames: undefined });
  while (session.device.statistics.framesRendered < 5) await new Promise((resolve) => setTimeout(resolve, 5));
  const stop = new SharedArrayBuffer(4);
  const { memory, width, height } = session.device.surface;
  const watcher = new Worker(fileURLToPath(import.meta.url), { workerData: { memory, width, height, stop } });
  const watched = new Promise((resolve) => watcher.once('message', resolve));
  const before = session.device.statistics;
  const started = performance.now();
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
  const after = session.device.statistics;
  const elapsed = (performance.now() - started) / 1000;
  Atomics.store(new Int32Array(stop), 0, 1);
  const rendered = after.framesRendered - before.framesRendered;
  const result = {
    vsync,
    fps: +(rendered / elapsed).toFixed(2),
    rendered,
    dropped: after.framesDropped - before.framesDropped,
    ...(await watched),
  };
  session.stop();
  await session.ended;
  await session.finish();
  return result;
}

if (isMainThread) {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '20' }, mode: { type: 'string', default: '1440x1080@60' } },
  });
  for (const vsync of [false, true]) console.log(JSON.stringify(await measure(parseMode(values.mode), vsync, Number(values.seconds))));
} else watch();
