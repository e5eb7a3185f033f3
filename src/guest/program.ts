/**
 * The demonstration guest: brings the device up and draws frame after frame.
 */
import { GuestDriver } from './driver.js';
import type { GuestMachine } from './machine.js';
import { sceneOf } from './scene.js';

export interface GuestProgram {
  readonly mode: { readonly width: number; readonly height: number; readonly rateHz: number };
  /** How many frames to draw; undefined: until shouldStop() says so. */
  readonly frames: number | undefined;
  /** Asked before each frame. */
  shouldStop(): boolean;
}

/** Runs the guest on the calling thread. Throws GuestFaultError, GuestDriverError or DeviceClosedError. */
export function runGuest(machine: GuestMachine, program: GuestProgram): { framesPresented: number } {
  const { width, height } = program.mode;
  const driver = new GuestDriver(machine);
  driver.start(width, height);
  let frame = 0;
  while (frame < (program.frames ?? Number.POSITIVE_INFINITY) && !program.shouldStop()) {
    frame++;
    driver.present(sceneOf(frame, width, height));
  }
  driver.finish();
  return { framesPresented: frame };
}
