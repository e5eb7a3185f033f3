/**
 * A vCPU: runs the demonstration guest on a thread of its own, with guest RAM, synchronous MMIO and interrupts only.
 *
 * It is told what to do by a message, so that it can be started before there is a device, and loads its code while the device is made.
 */
import { parentPort } from 'node:worker_threads';
import { DeviceClosedError } from '../../src/base/errors.js';
import { loadBridge } from '../../src/bridge/native.js';
import { iosfcWindow } from '../../src/guest/machine.js';
import { type GuestProgram, type GuestResult, runGuest } from '../../src/guest/program.js';
import { GuestOrders } from '../../src/runtime/guest-orders.js';
import { Vcpu, type VcpuAttachment } from '../../src/runtime/vcpu.js';

/** What the thread is sent, once. */
export interface VcpuData {
  readonly attachment: VcpuAttachment;
  /** What the guest is to do; how it is stopped is `orders`' affair. */
  readonly program: Omit<GuestProgram, 'shouldStop'>;
  /** Of GuestOrders. */
  readonly orders: SharedArrayBuffer;
}

/** What it posts when it has ended. */
export type VcpuReport = GuestResult | { readonly error: string; readonly closed: boolean };

function report(message: VcpuReport): void {
  parentPort?.postMessage(message);
}

/** A function that waits for an interrupt and returns the vectors raised since its last call, as a bit set of the first 32. */
function interruptsOf({ interrupts }: Vcpu): (timeoutMs: number) => number {
  let seen = interrupts.sequence;
  const counts = new Int32Array(64);
  return (timeoutMs) => {
    seen = interrupts.wait(seen, timeoutMs);
    let raised = 0;
    for (let vector = 0; vector < 32; vector++) {
      const count = interrupts.count(vector);
      if (count !== counts[vector]) raised |= 1 << vector;
      counts[vector] = count;
    }
    return raised;
  };
}

function run({ attachment, program, orders: memory }: VcpuData): GuestResult {
  const orders = new GuestOrders(memory);
  const vcpu = new Vcpu(attachment);
  const waitForInterrupt = interruptsOf(vcpu);
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
  const shouldStop = (): boolean => orders.shouldEnd();
  let result = runGuest(machine, { ...program, shouldStop });
  // The device was reset, so there is nothing to go on from.
  while (orders.shouldRestart()) result = runGuest(machine, { ...program, resume: false, shouldStop });
  return result;
}

parentPort?.once('message', (data: VcpuData) => {
  try {
    report(run(data));
  } catch (error) {
    report({ error: error instanceof Error ? error.message : String(error), closed: error instanceof DeviceClosedError });
  }
});
loadBridge();
