/**
 * A vCPU on a thread of its own, for tests: makes the accesses that it is given, in order, again and again until it is told to stop.
 *
 * workerData: `attachment`; `accesses`, each the name of a method of Vcpu and its arguments; `cells`, an Int32Array that says in 0 whether to stop
 * (written by the test) and in 1 how many rounds are over. It posts what the last round read, or what an access threw, and ends.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { Vcpu } from '../../../dist/src/index.js';

const { attachment, accesses, cells } = workerData;
const vcpu = new Vcpu(attachment);
try {
  let values;
  do {
    values = accesses.map(([method, ...values]) => vcpu[method](...values));
    Atomics.add(cells, 1, 1);
  } while (Atomics.load(cells, 0) === 0);
  parentPort.postMessage({ values });
} catch (error) {
  parentPort.postMessage({ error: { code: error.code, message: error.message } });
}
vcpu.detach();
