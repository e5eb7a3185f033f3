/**
 * The rival's BQL: owns tasks and the memory map, serves accesses and upcalls by comlink, has piscina enter PVG.
 *
 * Invariant: nothing here blocks; while an access is in PVG, upcalls are served.
 */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { Piscina } from 'piscina';
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { Upcall } from '../../../dist/src/bridge/pvg.js';
import { FlatView } from '../../../dist/src/memory/flat-view.js';

const nodeEndpoint = createRequire(import.meta.url)('comlink/dist/umd/node-adapter.js');
const { attachment, ports } = workerData;
const { device, group, ram, ramBase, ramBytes } = attachment;
const bridge = loadBridge();
const pool = new Piscina({ filename: new URL('./job.mjs', import.meta.url).href, minThreads: 2, maxThreads: 2, recordTiming: false });
const view = new FlatView([{ kind: 'ram', id: 1, name: 'ram', priority: 0, gpa: ramBase, length: ramBytes }]);
/** Bytes of each task, by its range. */
const tasks = new Map();

function createTask(length) {
  const range = bridge.pvg_range_create(group, length);
  if (range !== 0) tasks.set(range, length);
  return { ok: range !== 0, value: range };
}

function map(id, [range, start, readOnly, count]) {
  const pieces = new BigUint64Array(2 * count);
  let ok = bridge.pvg_upcall_pieces(device, id, 0, pieces, count) === count && tasks.has(range);
  for (let index = 0, target = start; ok && index < count; index++) {
    const [gpa, length] = [Number(pieces[2 * index]), Number(pieces[2 * index + 1])];
    const found = view.translate(gpa);
    ok = found !== null && found.contiguous >= length && target + length <= tasks.get(range);
    ok = ok && bridge.pvg_range_map(range, target, ram, found.offset, length, readOnly) === 0;
    target += length;
  }
  return { ok, value: 0 };
}

const api = {
  write: (offset, value) => pool.run({ device, offset, value }),
  upcall({ kind, id, words }) {
    switch (kind) {
      case Upcall.createTask:
        return createTask(words[0]);
      case Upcall.mapMemory:
        return map(id, words);
      case Upcall.unmapMemory:
        return { ok: bridge.pvg_range_unmap(words[0], words[1], words[2]) === 0, value: 0 };
      case Upcall.destroyTask:
        return { ok: tasks.delete(words[0]) && bridge.pvg_range_destroy(words[0]) === 0, value: 0 };
      default:
        return { ok: false, value: 0 };
    }
  },
};

for (const port of ports) Comlink.expose(api, nodeEndpoint(port));
// The pool's threads are there before anything is measured.
await api.write(0x1004, 0);
parentPort.postMessage('ready');
