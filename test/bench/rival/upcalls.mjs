/**
 * The rival's taker of upcalls: waits for PVG in a call of its own, asks the BQL's worker, answers PVG.
 *
 * Invariant: it waits for PVG only while it waits for no answer, so that its event loop turns when the answer comes.
 */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { loadBridge } from '../../../dist/src/bridge/native.js';
import { RecordBuffer } from '../../../dist/src/bridge/records.js';

const nodeEndpoint = createRequire(import.meta.url)('comlink/dist/umd/node-adapter.js');
const { attachment } = workerData;
const bridge = loadBridge();
const bql = Comlink.wrap(nodeEndpoint(workerData.bql));
const records = new RecordBuffer(1);

parentPort.postMessage('ready');
while (bridge.pvg_mailbox_take(attachment.upcalls, records.bytes, 1, -1) === 1) {
  const { kind, id, words } = records.read(0);
  if (id === 0) continue;
  const { ok, value } = await bql.upcall({ kind, id, words });
  bridge.pvg_upcall_answer(attachment.device, id, ok ? 1 : 0, value);
}
