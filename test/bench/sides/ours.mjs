/**
 * Our side of a comparison: one scenario on the real device, in a process of its own; prints what it took as one line of JSON.
 *
 * `node test/bench/sides/ours.mjs SCENARIO pinned|free WARM COUNT TRACEPOINT [DEVICE-OPTIONS]`, as native/bench/twin.c has it; DEVICE-OPTIONS
 * are createDevice()'s, as JSON. APPLE_GFX_BRIDGE names the benchmark's library. Invariant: the answers are checked, and what is wrong ends
 * the process with exit code 1.
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createDevice } from '../../../dist/src/index.js';
import { begin, countSystemCalls, iosfcPairs, mapBeside, mapCalls, pin } from './native.mjs';

/** Scenarios that native threads do. */
const NATIVE = {
  'map-1': (device, count) => mapCalls(device, 1, count),
  'map-4': (device, count) => mapCalls(device, 4, count),
  'map-1000': (device, count) => mapBeside(device, 1000, count),
  'map-50000': (device, count) => mapBeside(device, 50_000, count),
  iosfc: iosfcPairs,
};

const [scenario, placement, warm, count, tracepoint, options = '{}'] = process.argv.slice(2);

/** Scenarios that a guest does, on a vCPU's thread. */
async function onVcpu(attachment) {
  const worker = new Worker(new URL('./vcpu.mjs', import.meta.url), { workerData: { attachment, scenario }, name: 'bench vcpu' });
  await once(worker, 'message');
  const run = async (operations) => {
    if (placement === 'pinned') pin();
    const done = once(worker, 'message');
    const end = begin();
    worker.postMessage(operations);
    await done;
    return end(operations);
  };
  await run(Number(warm));
  const result = await run(Number(count));
  worker.postMessage(0);
  await once(worker, 'exit');
  return result;
}

async function main() {
  countSystemCalls(Number(tracepoint));
  // Before anything looks how many cores there are, and, in each run, once every thread is there.
  if (placement === 'pinned') pin();
  const device = await createDevice({ vsync: false, ramBytes: 2 ** 30, ...JSON.parse(options) });
  try {
    const native = NATIVE[scenario];
    if (!native) return await onVcpu(device.attachment);
    if (placement === 'pinned') pin();
    native(device.attachment.device, Number(warm));
    return native(device.attachment.device, Number(count));
  } finally {
    await device.close();
  }
}

console.log(JSON.stringify(await main()));
