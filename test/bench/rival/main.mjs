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
import { POLL_MICROSECONDS } from '../../../dist/src/base/limits.js';
import { encodeConfig, encodeModes, encodeRanges } from '../../../dist/src/bridge/device-config.js';
import { checkedHandle, loadBridge } from '../../../dist/src/bridge/native.js';
import { begin, countSystemCalls, pin } from '../sides/native.mjs';

const RAM_BYTES = 256 * 2 ** 20;
const RAM_BASE = 0x4000_0000;
const CLOSED = 1;
const [scenario, placement, warm, count, tracepoint] = process.argv.slice(2);

function makeDevice(bridge) {
  const made = (what, handle) => checkedHandle(bridge, what, handle);
  const group = made('group', bridge.pvg_group_create());
  const ram = made('RAM', bridge.pvg_ram_create(group, RAM_BYTES));
  const upcalls = made('mailbox', bridge.pvg_mailbox_create(group, 4096, POLL_MICROSECONDS));
  const name = [...new Uint32Array(new TextEncoder().encode('QEMU display'.padEnd(16, '\0')).buffer)];
  const config = encodeConfig({
    ...{ group, mailboxes: Array(7).fill(upcalls), wake: 0, mode_change_waits: 0, page_shift: 14, vectors: 1, iosfc: 1, gpu: 0 },
    ...{ ports: 1, display_serials: [1], display_name: name, display_mm: [400, 300], vsync: 0, refuse_every: 0 },
    ...{ encode_delay_us: 0, managed_textures: 0, announce_every_frame: 0, reads_wait: 0, poll_us: POLL_MICROSECONDS },
  });
  const range = { gpa: RAM_BASE, length: RAM_BYTES, ramOffset: 0, ram };
  const device = made('device', bridge.pvg_device_create(config, encodeRanges([range]), 1));
  bridge.pvg_display_set_modes(device, 0, encodeModes([{ width: 1440, height: 1080, rateHz: 60 }]), 1);
  return { group, ram, upcalls, device, ramBase: RAM_BASE, ramBytes: RAM_BYTES, pageShift: 14 };
}

async function start(file, workerData, transferList) {
  const worker = new Worker(new URL(file, import.meta.url), { workerData, transferList });
  await once(worker, 'message');
  return worker;
}

async function main() {
  countSystemCalls(Number(tracepoint));
  if (placement === 'pinned') pin();
  const bridge = loadBridge();
  const attachment = makeDevice(bridge);
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
