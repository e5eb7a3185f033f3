/**
 * One display of the guest: its mode, shared page, cursor, child FIFO and the frames in it.
 *
 * Invariant: the device never reads memory that is being rewritten: a frame's commands stay in their slot until the stamp of
 * its swap has come. The state block is up to date before the device is told, so that a guest that is cut off at the access that tells
 * it can be continued: ringAgain() makes up for a doorbell that got lost. What it doesn't do: wait, which is the driver's part.
 */
import { writeCommands } from './commands.js';
import { GuestDriverError } from './errors.js';
import * as L from './layout.js';
import type { GuestMachine } from './machine.js';
import { type GuestMemory, pair } from './memory.js';
import { type DisplayPlacement, GLYPH_BYTES, type Placement, RING_LENGTH, SLOT_LENGTH, SLOTS, SPRITE_BYTES } from './placement.js';
import { type Packet, putPackets } from './ring.js';
import { CURSOR_SIDE, type Scene, type Sprite } from './scene.js';
import { AHEAD, type DisplayState, type DriverState, fifoOf, reached } from './state.js';

/** The task that all of the guest's memory is in. */
export const TASK = 1;

export interface Size {
  readonly width: number;
  readonly height: number;
}

export class GuestDisplay {
  private readonly placement: Placement;

  constructor(
    private readonly machine: GuestMachine,
    private readonly memory: GuestMemory,
    state: DriverState,
    /** Its port, its place in RAM and its words of the state block. */
    private readonly own: { readonly port: number; readonly place: DisplayPlacement; readonly words: DisplayState },
  ) {
    this.placement = state.placement;
  }

  get port(): number {
    return this.own.port;
  }

  get width(): number {
    return this.own.words.get('width');
  }

  get height(): number {
    return this.own.words.get('height');
  }

  /** Clears the shared page and the child ring, before the device is shown them. */
  prepare(): void {
    const { memory } = this;
    const { page, child } = this.own.place;
    memory.clear(page, 2 ** this.machine.pageShift);
    memory.store(page + L.DISPLAY_CURSOR, 0xffff_ffff);
    memory.store(page + L.DISPLAY_CURSOR_SHOW, 1);
    memory.store(page + L.DISPLAY_ENABLE, L.DISPLAY_EVENT_PRESENT | L.DISPLAY_EVENT_MODES);
    memory.store(child, 0);
  }

  /** Sets the first mode of that size, or the preferred one. */
  setMode(size: Size | undefined): void {
    const { machine, port } = this;
    machine.write(L.REG_DISPLAY, port);
    const count = machine.read(L.REG_MODE_COUNT);
    for (let index = 0; index < count; index++) {
      const offered = this.offeredMode(index);
      if (size !== undefined && (offered.width !== size.width || offered.height !== size.height)) continue;
      this.takeMode(index, offered);
      return;
    }
    throw new GuestDriverError(`display ${port} offers no mode${size ? ` ${size.width}x${size.height}` : ''}`);
  }

  /** What the device is told of the display before there is a task. */
  announcement(): Packet[] {
    const page = this.memory.gpa(this.own.place.page) / 2 ** this.machine.pageShift;
    return [
      { opcode: L.OP_SHARED_STATE, stamp: 0, body: [this.port, page] },
      { opcode: L.OP_ONLINE_ACK, stamp: 0, body: [this.port] },
    ];
  }

  /** Its child FIFO. */
  fifoDefinition(): Packet {
    const body = [fifoOf(this.port), TASK, ...pair(this.own.place.child - this.placement.task), L.CHILD_RING_DATA + RING_LENGTH];
    return { opcode: L.OP_DEFINE_FIFO, stamp: 0, body };
  }

  /** Its cursor, whose bitmap all displays share. */
  cursor(): Packet[] {
    const side = CURSOR_SIDE;
    const glyph = [this.port, side, side, 4 * side, 32, 0, 0, 0, ...pair(this.memory.gpa(this.placement.glyph)), GLYPH_BYTES];
    return [
      { opcode: L.OP_CURSOR_GLYPH, stamp: 0, body: glyph },
      { opcode: L.OP_CURSOR_SHOW, stamp: 0, body: [this.port, 1] },
    ];
  }

  /** Whether the device can be given one more frame. */
  get hasRoom(): boolean {
    return this.cameTo((this.own.words.get('stamp') - AHEAD + 1) >>> 0);
  }

  /** Whether every frame that the device was given is done. */
  get isIdle(): boolean {
    return this.cameTo(this.own.words.get('stamp'));
  }

  /** Hands the device one frame; hasRoom must hold. */
  submit(frame: number, scene: Scene): void {
    const { memory, own, placement } = this;
    const { words, place } = own;
    // 0 is no stamp.
    const stamp = words.get('stamp') === 0xffff_ffff ? 1 : words.get('stamp') + 1;
    const slot = place.slots + (stamp % SLOTS) * SLOT_LENGTH;
    const length = writeCommands(memory, slot, scene.commands, (sprite) => this.spriteOffset(sprite));
    memory.store(place.page + L.DISPLAY_CURSOR, scene.cursor.y * 0x1_0000 + scene.cursor.x);
    // Port 0 is what an exec without a port means.
    const port = own.port === 0 ? [] : [own.port];
    // Room is certain: at most AHEAD frames of two short packets each are in the ring.
    const written = putPackets(memory, { data: place.child + L.CHILD_RING_DATA, length: RING_LENGTH, written: words.get('written') }, [
      { opcode: L.OP_EXEC, stamp: 0, body: [TASK, length, ...pair(slot - placement.task), ...port] },
      { opcode: L.OP_SWAP, stamp, body: [own.port, frame] },
    ]);
    words.set('stamp', stamp);
    words.set('written', written);
    memory.store(place.child, written);
    this.machine.write(L.REG_CHILD_DOORBELL, fifoOf(own.port));
  }

  /** Rings for packets that the device has not read: the access that told it of them may have been cut off. */
  ringAgain(): void {
    const read = this.memory.load(this.placement.shared + L.SHARED_READ + 4 * fifoOf(this.port));
    if (read !== this.own.words.get('written')) this.machine.write(L.REG_CHILD_DOORBELL, fifoOf(this.port));
  }

  /** Whether the device has put other modes on offer since the last followModes(); looks at memory only. */
  get modesChanged(): boolean {
    // What else is pending stays there for the interrupt that was raised for it.
    if ((this.memory.load(this.own.place.page + L.DISPLAY_PENDING) & L.DISPLAY_EVENT_MODES) !== 0) this.takeEvents();
    return (this.own.words.get('events') & L.DISPLAY_EVENT_MODES) !== 0;
  }

  /** Takes what is pending in the shared page; whether anything was. Of interest later are other modes only. */
  takeEvents(): boolean {
    const { memory, own } = this;
    const pending = own.place.page + L.DISPLAY_PENDING;
    if (memory.load(pending) === 0) return false;
    own.words.set('events', own.words.get('events') | (memory.take(pending) & L.DISPLAY_EVENT_MODES));
    return true;
  }

  /** Takes the preferred mode of the new list, if it is of another size; nothing may be in the device, since the frames go with the mode. */
  followModes(): void {
    const { machine, own } = this;
    machine.write(L.REG_DISPLAY, own.port);
    const offered = this.offeredMode(0);
    const same = offered.width === this.width && offered.height === this.height;
    if (!same && offered.width > 0 && offered.height > 0) this.takeMode(0, offered);
    // Only now: until here a guest that is cut off has to look again. A list that came meanwhile is pending in the shared page.
    own.words.set('events', 0);
  }

  private offeredMode(index: number): Size {
    this.machine.write(L.REG_MODE_SELECT, index);
    const size = this.machine.read(L.REG_MODE_SIZE);
    return { width: size >>> 16, height: size & 0xffff };
  }

  private takeMode(index: number, { width, height }: Size): void {
    this.machine.write(L.REG_MODE, index);
    this.own.words.set('width', width);
    this.own.words.set('height', height);
  }

  private cameTo(stamp: number): boolean {
    return reached(this.memory.load(this.placement.shared + L.SHARED_STAMP + 4 * fifoOf(this.port)), stamp);
  }

  private spriteOffset(sprite: Sprite): number {
    return this.placement.sprites - this.placement.task + (sprite === 'opaque' ? 0 : SPRITE_BYTES);
  }
}
