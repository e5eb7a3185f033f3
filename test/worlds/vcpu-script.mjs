/**
 * A vCPU on a thread of its own, for tests: in each round it carries out the steps that it is sent, at the same time as the others.
 *
 * workerData: `attachment`; `cells`, an Int32Array whose first is the round that may run, written by the test once all have their steps (-1: the end).
 * A step is `[what, place, value]`. It posts what it read.
 */
import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import { Vcpu } from '../../dist/src/index.js';

const { attachment, cells } = workerData;
const vcpu = new Vcpu(attachment);
const ram = new Int32Array(vcpu.ram.buffer, vcpu.ram.byteOffset, vcpu.ram.byteLength / 4);

const STEPS = {
  read: (offset) => [vcpu.read32(offset)],
  write: (offset, value) => vcpu.write32(offset, value),
  writeIosfc: (offset, value) => vcpu.writeIosfc64(offset, BigInt(value)),
  spin: (microseconds) => {
    const end = performance.now() + microseconds / 1000;
    while (performance.now() < end);
  },
  until: (offset, value) => {
    while (Atomics.load(ram, offset / 4) !== value);
  },
  // As a processor stores it: whole.
  poke: (offset, value) => void Atomics.store(ram, offset / 4, value),
};

for (let round = 0; ; ) {
  Atomics.wait(cells, 0, round);
  round = Atomics.load(cells, 0);
  if (round < 0) break;
  const steps = receiveMessageOnPort(parentPort)?.message ?? [];
  parentPort.postMessage(steps.flatMap(([what, place, value]) => STEPS[what](place, value) ?? []));
}
vcpu.detach();
