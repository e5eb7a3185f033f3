/**
 * A vCPU: runs the demonstration guest on a thread of its own, with guest RAM, synchronous MMIO and interrupts only.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { DeviceClosedError } from '../../src/base/errors.js';
import { iosfcWindow } from '../../src/guest/machine.js';
import { type GuestProgram, type GuestResult, runGuest } from '../../src/guest/program.js';
import { Vcpu, type VcpuAttachment } from '../../src/runtime/vcpu.js';

/** What the thread is started with. */
export interface VcpuData {
  readonly attachment: VcpuAttachment;
  /** What the guest is to do; how it is stopped is `stop`'s affair. */
  readonly program: Omit<GuestProgram, 'shouldStop'>;
  /** Cell 0: set to 1 to stop the guest. */
  readonly stop: SharedArrayBuffer;
}

/** What it posts when it has ended. */
export type VcpuReport = GuestResult | { readonly error: string; readonly closed: boolean };

const data = workerData as VcpuData;
const stop = new Int32Array(data.stop);
const vcpu = new Vcpu(data.attachment);
let seen = vcpu.interrupts.sequence;
const counts = new Int32Array(64);

/** Vectors raised since the last call, as a bit set of the first 32. */
function waitForInterrupt(timeoutMs: number): number {
  seen = vcpu.interrupts.wait(seen, timeoutMs);
  let raised = 0;
  for (let vector = 0; vector < 32; vector++) {
    const count = vcpu.interrupts.count(vector);
    if (count !== counts[vector]) raised |= 1 << vector;
    counts[vector] = count;
  }
  return raised;
}

function report(message: VcpuReport): void {
  parentPort?.postMessage(message);
}

try {
  vcpu.interrupts.setMsiEnabled(true);
  const machine = {
    ram: vcpu.ram,
    ramBase: vcpu.ramBase,
    pageShift: vcpu.pageShift,
    read: (offset: number) => vcpu.read32(offset),
    write: (offset: number, value: number) => vcpu.write32(offset, value),
    waitForInterrupt,
    ...iosfcWindow(vcpu.hasIosfc ? vcpu : null),
  };
  report(runGuest(machine, { ...data.program, shouldStop: () => Atomics.load(stop, 0) === 1 }));
} catch (error) {
  report({ error: error instanceof Error ? error.message : String(error), closed: error instanceof DeviceClosedError });
}
