/**
 * The hops of the data path in JavaScript, and nothing else: threads that pass records on by the product's mailboxes, without machines, lock, look-ups or
 * traces. What it takes is what Node, koffi and the mailboxes cost by themselves, to which the device adds.
 *
 * `node test/bench/sides/bare.mjs SCENARIO pinned|free WARM COUNT TRACEPOINT`, as ours.mjs; SCENARIO: map-1 or write. Invariant: the answers are
 * checked, and PVG's upcalls are really carried out.
 */
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { POLL_MICROSECONDS, TAKE_BATCH } from '../../../dist/src/base/limits.js';
import { checkedHandle, loadBridge } from '../../../dist/src/bridge/native.js';
import { PvgWindow, Upcall } from '../../../dist/src/bridge/pvg.js';
import { REG_FIFO_LENGTH } from '../../../dist/src/guest/layout.js';
import { Mailboxes } from '../../../dist/src/runtime/mailbox.js';
import { begin, countSystemCalls, mapCalls, pin } from './native.mjs';
import { makePlainDevice } from './plain-device.mjs';

const CLOSED = 1;
const Kind = { access: 0x100, jobDone: 0x101, job: 0x110, reply: 0x130 };
const WRITE = 1;
const JOBS = 1024;

const bridge = loadBridge();

/** Carries out what PVG asks of its tasks; the value that it is answered, -1: refused. */
function carryOut({ group, ram, ramBase }, taken, at) {
  switch (taken.kindAt(at)) {
    case Upcall.createTask:
      return bridge.pvg_range_create(group, taken.lowAt(at, 0)) || -1;
    case Upcall.destroyTask:
      return bridge.pvg_range_destroy(taken.lowAt(at, 0)) === 0 ? 0 : -1;
    case Upcall.mapMemory: {
      const [range, offset, gpa, length] = [taken.lowAt(at, 0), taken.lowAt(at, 1), taken.lowAt(at, 4), taken.lowAt(at, 5)];
      return bridge.pvg_range_map(range, offset, ram, gpa - ramBase, length, 0) === 0 ? 0 : -1;
    }
    default:
      return -1;
  }
}

function serve(device, mailboxes, tokens, at) {
  const { taken } = mailboxes;
  const [kind, id] = [taken.kindAt(at), taken.idAt(at)];
  if (kind < Kind.access) {
    const value = carryOut(device, taken, at);
    if (id !== 0) bridge.pvg_upcall_answer(device.device, id, value < 0 ? 0 : 1, Math.max(0, value));
    return;
  }
  const posted = mailboxes.begin();
  if (kind === Kind.access) {
    const job = (tokens.last + 1) % JOBS;
    tokens.last = job;
    tokens.by[job] = id;
    posted.putHead(0, Kind.job, job, 0);
    posted.putWords(0, taken.lowAt(at, 0), taken.lowAt(at, 1), taken.lowAt(at, 2), taken.lowAt(at, 3), taken.lowAt(at, 4), 0);
    return mailboxes.leave(device.background);
  }
  posted.putHead(0, Kind.reply, tokens.by[id], 0);
  posted.putWords(0, taken.lowAt(at, 0), 0, 0, 0, 0, 0);
  mailboxes.leave(device.replies);
}

const roles = {
  bql(device, mailboxes) {
    const tokens = { last: 0, by: new Uint32Array(JOBS) };
    for (;;) {
      const count = mailboxes.takeRaw(device.upcalls, -1, TAKE_BATCH);
      if (count < 0) return;
      for (let at = 0; at < count; at++) serve(device, mailboxes, tokens, at);
    }
  },
  background(device, mailboxes) {
    const { taken } = mailboxes;
    for (;;) {
      const count = mailboxes.takeRaw(device.background, -1, 1);
      if (count < 0) return;
      const job = taken.idAt(0);
      const posted = mailboxes.begin();
      bridge.pvg_mmio_carry(device.device);
      posted.putHead(0, Kind.jobDone, job, 0);
      mailboxes.leave(device.upcalls);
    }
  },
  vcpu(device, mailboxes) {
    const { taken } = mailboxes;
    let token = 0;
    parentPort.on('message', (count) => {
      if (count === 0) return parentPort.close();
      for (let value = 0; value < count; value++) {
        token = (token + 1) >>> 0;
        const posted = mailboxes.begin();
        posted.putHead(0, Kind.access, token, 0);
        posted.putWords(0, WRITE, PvgWindow.gfx, 4, REG_FIFO_LENGTH, value, 0);
        mailboxes.leave(device.upcalls);
        const answered = mailboxes.takeRaw(device.replies, -1, 1) === 1 && taken.idAt(0) === token && taken.lowAt(0, 0) === 1;
        if (!answered) throw new Error('a write was not answered');
      }
      const value = new Uint32Array(2);
      bridge.pvg_mmio_read(device.device, PvgWindow.gfx, REG_FIFO_LENGTH, value);
      if (value[0] !== count - 1) throw new Error('a register has not the value that was written last');
      parentPort.postMessage('done');
    });
  },
};

async function start(role, device) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { role, device } });
  await once(worker, 'message');
  return worker;
}

async function main([scenario, placement, ...numbers]) {
  const [warm, count, tracepoint] = numbers.map(Number);
  if (scenario !== 'map-1' && scenario !== 'write') throw new Error(`expected the scenario map-1 or write, not ${scenario}`);
  countSystemCalls(tracepoint);
  if (placement === 'pinned') pin();
  const plain = makePlainDevice(bridge);
  const mailbox = (capacity) => checkedHandle(bridge, 'mailbox', bridge.pvg_mailbox_create(plain.group, capacity, POLL_MICROSECONDS));
  const device = { ...plain, background: mailbox(4096), replies: mailbox(16) };
  const [bql, background, vcpu] = [await start('bql', device), await start('background', device), await start('vcpu', device)];
  const run = async (operations) => {
    if (placement === 'pinned') pin();
    if (scenario === 'map-1') return mapCalls(device.device, 1, operations);
    const done = once(vcpu, 'message');
    const end = begin();
    vcpu.postMessage(operations);
    await done;
    return end(operations);
  };
  await run(warm);
  const result = await run(count);
  const ended = [bql, background, vcpu].map((worker) => once(worker, 'exit'));
  vcpu.postMessage(0);
  bridge.pvg_group_close(device.group, CLOSED);
  await Promise.all(ended);
  bridge.pvg_group_destroy(device.group);
  return result;
}

if (isMainThread) {
  console.log(JSON.stringify(await main(process.argv.slice(2))));
} else {
  parentPort.postMessage('ready');
  roles[workerData.role](workerData.device, new Mailboxes(bridge));
}
