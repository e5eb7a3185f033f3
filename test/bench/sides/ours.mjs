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
import { mapperScenario } from './mapper.mjs';
import { begin, countSystemCalls, iosfcPairs, mapBeside, mapCalls, pin } from './native.mjs';
import { residentAccesses, residentFrames, residentMaps } from './resident.mjs';

/** Scenarios that native threads do, or that block the calling thread: functions of the device and of how much to do before and in the count. */
function blockingScenario(name) {
  const alive = Number(/^beside-(\d+)$/.exec(name)?.[1]);
  const native = {
    'map-1': (device, count) => mapCalls(device, 1, count),
    'map-4': (device, count) => mapCalls(device, 4, count),
    iosfc: iosfcPairs,
    ...(alive > 0 && { [name]: (device, count) => mapBeside(device, alive, count) }),
  }[name];
  const twice = ({ attachment }, before, counted) => {
    native(attachment.device, before);
    return native(attachment.device, counted);
  };
  return native ? twice : name === 'resident-maps' ? residentMaps : mapperScenario(name);
}

const [scenario, placement, ...numbers] = process.argv.slice(2);
const options = numbers[3] ?? '{}';
const [warm, count, tracepoint] = numbers.slice(0, 3).map(Number);
/** Room for 50 000 surfaces of one page; it costs what is touched. */
const RAM_BYTES = 2 ** 30;

/** Scenarios that a guest does, on a vCPU's thread. */
async function onVcpu(attachment) {
  const workerData = { attachment, scenario: scenario === 'resident-accesses' ? 'write' : scenario };
  const worker = new Worker(new URL('./vcpu.mjs', import.meta.url), { workerData, name: 'bench vcpu' });
  await once(worker, 'message');
  const run = async (operations) => {
    if (placement === 'pinned') pin();
    const done = once(worker, 'message');
    const end = begin();
    worker.postMessage(operations);
    await done;
    return end(operations);
  };
  const inTurn = async (before, counted) => {
    await run(before);
    return run(counted);
  };
  const result = scenario === 'resident-accesses' ? await residentAccesses(run, warm, count) : await inTurn(warm, count);
  worker.postMessage(0);
  await once(worker, 'exit');
  return result;
}

async function main() {
  countSystemCalls(tracepoint);
  if (scenario === 'resident-frames') return residentFrames(warm, count);
  // Before anything looks how many cores there are, and, in each run, once every thread is there.
  if (placement === 'pinned') pin();
  const device = await createDevice({ vsync: false, ramBytes: RAM_BYTES, ...JSON.parse(options) });
  try {
    const blocking = blockingScenario(scenario);
    if (!blocking) return await onVcpu(device.attachment);
    if (placement === 'pinned') pin();
    return blocking(device, warm, count);
  } finally {
    await device.close();
  }
}

console.log(JSON.stringify(await main()));
