/**
 * The demonstration guest on the calling thread: it draws so many frames and then stops, and what it drew last stays.
 *
 * It imports nothing of the device's, so that it can be bundled for scripts that aren't compiled.
 */
import { GuestDriver } from '../../src/guest/driver.js';
import { iosfcWindow } from '../../src/guest/machine.js';
import { sceneOf } from '../../src/guest/scene.js';

/** What it needs of a Vcpu. */
export interface Processor {
  readonly ram: Uint8Array;
  readonly ramBase: number;
  readonly pageShift: 12 | 14;
  readonly interrupts: { readonly sequence: number; wait(seen: number, timeoutMs: number): number; setMsiEnabled(on: boolean): void };
  read32(offset: number): number;
  write32(offset: number, value: number): void;
}

/** Brings a device up and draws that many frames on all its displays. Blocks until they are presented; they may not be shown yet. */
export function drawFrames(vcpu: Processor, frames: number): void {
  let seen = vcpu.interrupts.sequence;
  vcpu.interrupts.setMsiEnabled(true);
  const driver = GuestDriver.start({
    ram: vcpu.ram,
    ramBase: vcpu.ramBase,
    pageShift: vcpu.pageShift,
    ...iosfcWindow(null),
    read: (offset) => vcpu.read32(offset),
    write: (offset, value) => vcpu.write32(offset, value),
    waitForInterrupt(timeoutMs) {
      const before = seen;
      seen = vcpu.interrupts.wait(before, timeoutMs);
      return seen === before ? 0 : 1;
    },
  });
  for (let frame = 1; frame <= frames; frame++) {
    driver.present((number, { port, width, height }) => sceneOf(number, width, height, port));
  }
  driver.finish();
}

/** Resolves once a device shows all that was presented. */
export async function shown(device: { readonly upToDate: boolean }): Promise<void> {
  while (!device.upToDate) await new Promise((resolve) => setTimeout(resolve, 5));
  // What the actors have reported until now arrives before the event loop has turned.
  await new Promise((resolve) => setTimeout(resolve, 0));
}
