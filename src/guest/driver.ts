/**
 * A guest's driver for the device: reset, FIFOs, shared pages, a task, memory, displays, IOSurfaces, frames.
 *
 * Invariant: it keeps nothing of its own. All it knows is in guest RAM (state.ts), so that a new driver on the same RAM goes on where
 * this one stopped, between any two calls. What it doesn't do: several tasks, unmapping of a task's memory, a display that is
 * plugged in later.
 */
import { GuestDisplay, type Size, TASK } from './display.js';
import { GuestDriverError, GuestFaultError } from './errors.js';
import * as L from './layout.js';
import type { GuestMachine } from './machine.js';
import { GuestMemory, pair } from './memory.js';
import { RING_LENGTH, SPRITE_BYTES } from './placement.js';
import { type Packet, putPackets } from './ring.js';
import { cursorBitmap, type Scene, spritePixels } from './scene.js';
import { DISPLAYS_MAX, DriverState } from './state.js';
import { GuestSurfaces } from './surfaces.js';

const WAIT_MS = 100;
/** How long a stamp may take before the driver gives the device up. */
const STAMP_TIMEOUT_MS = 10_000;

export interface StartOptions {
  /** How many displays to bring up, from port 0 on; undefined: all that the device has. */
  readonly displays?: number | undefined;
  /** The mode of the display at port 0; undefined: its preferred one, as the others'. */
  readonly size?: Size | undefined;
}

/** The scene of a frame on a display, whose size changes with its mode. */
export type Draw = (frame: number, display: Size & { readonly port: number }) => Scene;

export class GuestDriver {
  private readonly displays: readonly GuestDisplay[];
  private readonly surfaces: GuestSurfaces | null;

  private constructor(
    private readonly machine: GuestMachine,
    private readonly memory: GuestMemory,
    private readonly state: DriverState,
  ) {
    const places = state.placement.displays;
    this.displays = state.displays.flatMap((words, port) => {
      const place = places[port];
      return place ? [new GuestDisplay(machine, memory, state, { port, place, words })] : [];
    });
    this.surfaces = machine.hasIosfc ? new GuestSurfaces(machine, memory, state) : null;
  }

  /** Brings a device that was just reset up: FIFOs, modes, task, memory, cursors, surfaces. */
  static start(machine: GuestMachine, options: StartOptions = {}): GuestDriver {
    const memory = new GuestMemory(machine);
    const driver = new GuestDriver(machine, memory, DriverState.create(memory, machine, countDisplays(machine, options.displays)));
    driver.bringUp(options.size);
    driver.state.complete();
    return driver;
  }

  /** Goes on from RAM that a driver left, on a device that was resumed. Throws GuestDriverError if that RAM or device is another. */
  static resume(machine: GuestMachine): GuestDriver {
    const memory = new GuestMemory(machine);
    const driver = new GuestDriver(machine, memory, DriverState.open(memory, machine));
    countDisplays(machine, driver.displays.length);
    driver.check();
    if (machine.read(L.REG_START) !== 1) throw new GuestDriverError('the device does not run: it was not resumed');
    // Interrupts that the guest had not taken are gone; what they were for stands in the registers and in memory.
    driver.lookAround();
    for (const display of driver.displays) display.ringAgain();
    return driver;
  }

  /** Number of the last frame that was begun, 0 before the first; each is drawn on every display. */
  get frame(): number {
    return this.state.words.get('frame');
  }

  /** Draws and presents one frame on every display; waits while too many are in the device. */
  present(draw: Draw): void {
    for (const display of this.displays) {
      if (!display.modesChanged) continue;
      this.waitUntil(display, 'isIdle');
      display.followModes();
    }
    for (const display of this.displays) this.waitUntil(display, 'hasRoom');
    const frame = (this.frame + 1) % 2 ** 32;
    this.state.words.set('frame', frame);
    for (const display of this.displays) display.submit(frame, draw(frame, display));
    this.surfaces?.turn(frame);
  }

  /** Waits until every frame has been presented. */
  finish(): void {
    for (const display of this.displays) this.waitUntil(display, 'isIdle');
  }

  private bringUp(size: Size | undefined): void {
    const { machine, memory, displays } = this;
    const { placement } = this.state;
    const page = 2 ** machine.pageShift;
    memory.clear(placement.shared, page);
    for (const display of displays) display.prepare();
    machine.write(L.REG_FIFO_BASE_PFN, memory.gpa(placement.ring) / page);
    machine.write(L.REG_FIFO_OFFSET, 0);
    machine.write(L.REG_FIFO_LENGTH, RING_LENGTH);
    machine.write(L.REG_SHARED_PFN, memory.gpa(placement.shared) / page);
    machine.write(L.REG_START, 1);
    this.check();
    for (const display of displays) display.setMode(display.port === 0 ? size : undefined);
    memory.writeBytes(placement.sprites, new Uint8Array(spritePixels('opaque').buffer));
    memory.writeBytes(placement.sprites + SPRITE_BYTES, new Uint8Array(spritePixels('translucent').buffer));
    memory.writeBytes(placement.glyph, cursorBitmap());
    this.control([
      ...displays.flatMap((display) => display.announcement()),
      ...this.taskDefinition(),
      ...displays.map((display) => display.fifoDefinition()),
      ...displays.flatMap((display) => display.cursor()),
    ]);
    this.surfaces?.start();
  }

  /** The task shows the guest's memory from the first child ring on, as it lies in RAM. */
  private taskDefinition(): Packet[] {
    const { task, end } = this.state.placement;
    const length = pair(end - task);
    return [
      { opcode: L.OP_DEFINE_TASK, stamp: 0, body: [TASK, 0, ...length] },
      { opcode: L.OP_MAP, stamp: 0, body: [TASK, 0, 0, 0, 1, 0, ...pair(this.memory.gpa(task)), ...length] },
    ];
  }

  /** Has the device carry out packets of the control ring, which is empty again afterwards. */
  private control(packets: readonly Packet[]): void {
    const { machine, memory, state } = this;
    const ring = { data: state.placement.ring, length: RING_LENGTH, written: state.words.get('controlWritten') };
    const written = putPackets(memory, ring, packets);
    state.words.set('controlWritten', written);
    machine.write(L.REG_FIFO_WRITTEN, written);
    machine.write(L.REG_MAIN_KICK, 1);
    this.check();
  }

  /** Sleeps until the display is there, acknowledging interrupts on the way. */
  private waitUntil(display: GuestDisplay, condition: 'hasRoom' | 'isIdle'): void {
    for (let waited = 0; !display[condition]; ) {
      if (waited > STAMP_TIMEOUT_MS)
        throw new GuestDriverError(`the frames of display ${display.port} did not come within ${STAMP_TIMEOUT_MS} ms`);
      if (this.machine.waitForInterrupt(WAIT_MS) === 0) waited += WAIT_MS;
      const events = this.lookAround();
      // Registers are read only when memory doesn't say what the interrupt was for.
      if (!events && !display[condition]) this.check();
    }
  }

  /**
   * Clears what interrupts announce and then takes what there is; whether a display had events. In this order an event that
   * comes in between is either taken now or raises the interrupt again; in the other order it could do neither.
   */
  private lookAround(): boolean {
    const { machine, displays } = this;
    machine.write(L.REG_GPU_STATUS, L.GPU_STATUS_STAMP);
    machine.write(L.REG_DISPLAY_STATUS, 2 ** displays.length - 1);
    let events = false;
    for (const display of displays) events = display.takeEvents() || events;
    return events;
  }

  private check(): void {
    const fault = this.machine.read(L.REG_FAULT);
    if (fault !== 0) throw new GuestFaultError(fault);
  }
}

/** How many displays to use: those that the device has, or as many of them as asked for. */
function countDisplays(machine: GuestMachine, wanted: number | undefined): number {
  const ports = machine.read(L.REG_PORTS);
  if (ports < 1 || ports > DISPLAYS_MAX) throw new GuestDriverError(`the device has ${ports} displays`);
  if (wanted === undefined) return ports;
  if (!Number.isInteger(wanted) || wanted < 1 || wanted > ports)
    throw new GuestDriverError(`the device has ${ports} displays, not ${wanted}`);
  return wanted;
}
