/**
 * The rival: the same path as somebody would build it on the usual libraries, without mailboxes of our own. A vCPU's worker calls the
 * BQL's worker by comlink for each access, which has piscina run the call into PVG; PVG's upcalls are taken by a worker of their own and
 * served by a comlink call to the BQL's worker. PVG, memory and look-ups are the product's.
 *
 * `node test/bench/rival/main.mjs SCENARIO pinned|free WARM COUNT TRACEPOINT`, as test/bench/sides/ours.mjs. Invariant: libraries are used as
 * their documentation has it, with their fastest settings; nothing is added in order to be slow.
 */
import { once } from 'node:events';
import { MessageChannel, Worker } from 'node:worker_threads';
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { begin, countSystemCalls, pin } from '../sides/native.mjs';
import { makePlainDevice } from '../sides/plain-device.mjs';

const CLOSED = 1;
const [scenario, placement, warm, count, tracepoint] = process.argv.slice(2);

async function start(file, workerData, transferList) {
  const worker = new Worker(new URL(file, import.meta.url), { workerData, transferList });
  await once(worker, 'message');
  return worker;
}

async function main() {
  countSystemCalls(Number(tracepoint));
  if (placement === 'pinned') pin();
  const bridge = loadBridge();
  const attachment = makePlainDevice(bridge);
  const forVcpu = new MessageChannel();
  const forUpcalls = new MessageChannel();
  const ports = [forVcpu.port1, forUpcalls.port1];
  const bql = await start('./bql.mjs', { attachment, ports }, ports);
  const upcalls = await start('./upcalls.mjs', { attachment, bql: forUpcalls.port2 }, [forUpcalls.port2]);
  const vcpu = await start('./vcpu.mjs', { attachment, scenario, bql: forVcpu.port2 }, [forVcpu.port2]);
  const run = async (operations) => {
    if (placement === 'pinned') pin();
    const done = once(vcpu, 'message');
    const end = begin();
    vcpu.postMessage(operations);
    await done;
    return end(operations);
  };
  await run(Number(warm));
  const result = await run(Number(count));
  bridge.pvg_group_close(attachment.group, CLOSED);
  await Promise.all([vcpu, upcalls, bql].map((worker) => worker.terminate()));
  bridge.pvg_group_destroy(attachment.group);
  return result;
}

console.log(JSON.stringify(await main()));
