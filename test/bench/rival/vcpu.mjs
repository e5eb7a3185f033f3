/**
 * The rival's vCPU: an access is a comlink call to the BQL's worker.
 */
import { createRequire } from 'node:module';
import { parentPort, workerData } from 'node:worker_threads';
import * as Comlink from 'comlink';
import { loadBridge, ramView } from '../../../dist/src/bridge/native.js';
import { REG_FIFO_LENGTH } from '../../../dist/src/guest/layout.js';
import { MapGuest } from '../sides/guest.mjs';

const nodeEndpoint = createRequire(import.meta.url)('comlink/dist/umd/node-adapter.js');
const { attachment, scenario } = workerData;
const bql = Comlink.wrap(nodeEndpoint(workerData.bql));
const ram = ramView(loadBridge(), attachment.ram, 0, attachment.ramBytes);
const guest = new MapGuest({ attachment, ram, kick: (offset, value) => bql.write(offset, value) });
if (scenario === 'write-map') guest.start();

async function writes(count) {
  for (let value = 0; value < count; value++) await bql.write(REG_FIFO_LENGTH, value);
  if (guest.get(REG_FIFO_LENGTH) !== count - 1) throw new Error('a register has not the value that was written last');
}

async function mappingWrites(count) {
  for (let made = 0; made < count; made++) await guest.map();
  guest.check();
}

const work = { write: writes, 'write-map': mappingWrites }[scenario];

parentPort.on('message', async (count) => {
  await work(count);
  parentPort.postMessage('done');
});
parentPort.postMessage('ready');
