/**
 * The demonstration guest: brings the device up, or goes on with one that was resumed, and draws frame after frame.
 *
 * Invariant: when it returns, the device is done with every frame, and RAM holds all that another run needs to go on.
 */
import { GuestDriver } from './driver.js';
import type { GuestMachine } from './machine.js';
import { sceneOf } from './scene.js';

export interface GuestProgram {
  /** The mode of the display at port 0; undefined: its preferred one. Other displays have their preferred one. */
  readonly mode?: { readonly width: number; readonly height: number } | undefined;
  /** How many frames to draw in this run; undefined: until shouldStop() says so. */
  readonly frames: number | undefined;
  /** How many displays to draw on; undefined: all there are. */
  readonly displays?: number | undefined;
  /** Goes on from what RAM holds, with its displays in their modes, instead of bringing the device up. */
  readonly resume?: boolean | undefined;
  /** Asked before each frame. */
  shouldStop(): boolean;
}

export interface GuestResult {
  /** Frames of this run; each was drawn on every display. */
  readonly framesPresented: number;
  /** Frames since the device was brought up, those of earlier runs included. */
  readonly framesTotal: number;
}

/** Runs the guest on the calling thread. Throws GuestFaultError, GuestDriverError or DeviceClosedError. */
export function runGuest(machine: GuestMachine, program: GuestProgram): GuestResult {
  const { mode, displays } = program;
  const driver = program.resume ? GuestDriver.resume(machine) : GuestDriver.start(machine, { size: mode, displays });
  let framesPresented = 0;
  while (framesPresented < (program.frames ?? Number.POSITIVE_INFINITY) && !program.shouldStop()) {
    driver.present((frame, { port, width, height }) => sceneOf(frame, width, height, port));
    framesPresented++;
  }
  driver.finish();
  return { framesPresented, framesTotal: driver.frame };
}
