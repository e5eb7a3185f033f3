/**
 * Scenarios of resident memory: much of one kind of work in one process, which is asked for its size early and late.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { startSession } from '../../../dist/src/cli/session.js';
import { mapCalls } from './native.mjs';

const MODE = { width: 640, height: 480, rateHz: 60 };
const LOOK_MS = 2;

const size = () => process.memoryUsage.rss();

/** Map upcalls of one native caller. */
export function residentMaps(device, warm, count) {
  mapCalls(device.attachment.device, 1, warm);
  const early = size();
  mapCalls(device.attachment.device, 1, count - warm);
  return { early, late: size() };
}

/** Accesses, by a function that makes so many. */
export async function residentAccesses(run, warm, count) {
  await run(warm);
  const early = size();
  await run(count - warm);
  return { early, late: size() };
}

/** Frames as they come, with a device and a guest of its own. */
export async function residentFrames(warm, count) {
  const session = await startSession({ device: { vsync: false }, mode: MODE, frames: undefined });
  const failed = session.ended.then(() => Promise.reject(new Error('the guest stopped')));
  const until = async (frames) => {
    while (session.device.statistics.framesRendered < frames) await sleep(LOOK_MS);
    return size();
  };
  try {
    const measure = async () => ({ early: await until(warm), late: await until(count) });
    return await Promise.race([measure(), failed]);
  } finally {
    failed.catch(() => undefined);
    session.stop();
    await session.finish();
  }
}
