/**
 * The vCPU's thread of our side: asked for a number of accesses, it makes them one after the other and says when they are done.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { REG_FIFO_LENGTH } from '../../../dist/src/guest/layout.js';
import { Vcpu } from '../../../dist/src/runtime/vcpu.js';
import { MapGuest } from './guest.mjs';

const { attachment, scenario } = workerData;
const vcpu = new Vcpu(attachment);
let guest = null;

function writes(count) {
  for (let value = 0; value < count; value++) vcpu.write32(REG_FIFO_LENGTH, value);
  if (vcpu.read32(REG_FIFO_LENGTH) !== count - 1) throw new Error('a register has not the value that was written last');
}

function mappingWrites(count) {
  if (guest === null) {
    guest = new MapGuest({ attachment, ram: vcpu.ram, kick: (offset, value) => vcpu.write32(offset, value) });
    guest.start();
  }
  for (let made = 0; made < count; made++) guest.map();
  guest.check();
}

const work = { write: writes, 'write-map': mappingWrites }[scenario];

parentPort.on('message', (count) => {
  if (count === 0) {
    vcpu.detach();
    parentPort.close();
    return;
  }
  work(count);
  parentPort.postMessage('done');
});
parentPort.postMessage('ready');
