/**
 * A vCPU on a thread of its own, for tests: in each round it writes a register of its own and reads it back, at the same time as the others.
 *
 * workerData: `attachment`, `offset`, `values`, what to write; `cells`, an Int32Array: 0 the round that may run (written by the test; -1: the end), 1 how
 * many processors have ended it. It posts what it read.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Vcpu } from '../../dist/src/index.js';

const { attachment, offset, values, cells } = workerData;
const vcpu = new Vcpu(attachment);
for (let round = 0; ; ) {
  Atomics.wait(cells, 0, round);
  round = Atomics.load(cells, 0);
  if (round < 0) break;
  const read = values.map((value) => {
    vcpu.write32(offset, value);
    return vcpu.read32(offset);
  });
  parentPort.postMessage(read);
  Atomics.add(cells, 1, 1);
  Atomics.notify(cells, 1);
}
vcpu.detach();
