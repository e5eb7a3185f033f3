/**
 * A guest's driver for the device: reset, FIFOs, shared pages, a task, memory, frames.
 *
 * Invariant: the device never reads memory that is being rewritten: a frame's commands stay in their slot until the stamp
 * of its swap has come. What it doesn't do: several tasks, several child FIFOs, unmapping.
 */
import { AppleGfxError } from '../base/errors.js';
import * as L from './layout.js';
import type { GuestMachine } from './machine.js';
import { CURSOR_SIDE, cursorBitmap, type Scene, type SceneCommand, SPRITE_SIDE, type Sprite, spritePixels } from './scene.js';

/** The device halted with a fault. */
export class GuestFaultError extends AppleGfxError {
  constructor(readonly fault: number) {
    super('ERR_GUEST_FAULT', `the device halted with fault ${fault >>> 16} at opcode 0x${(fault & 0xffff).toString(16)}`);
  }
}

/** The device does not do what this driver needs. */
export class GuestDriverError extends AppleGfxError {
  constructor(message: string) {
    super('ERR_GUEST_DRIVER', message);
  }
}

const RING_LENGTH = 0x1_0000;
const CHILD_DATA = 0x1_0000;
const SLOTS = 4;
const SLOT_LENGTH = 0x1_0000;
const SPRITE_BYTES = 4 * SPRITE_SIDE * SPRITE_SIDE;
const TASK = 1;
const CHILD = 1;
/** Frames that may be in the device at once. */
const AHEAD = 2;
const WAIT_MS = 100;
/** How long a stamp may take before the driver gives the device up. */
const STAMP_TIMEOUT_MS = 10_000;

const pair = (value: number): [number, number] => [value % 2 ** 32, Math.floor(value / 2 ** 32)];

export class GuestDriver {
  private readonly memory: DataView;
  private readonly page: number;
  private next: number;
  private readonly ring: number;
  private readonly shared: number;
  private readonly display: number;
  private readonly child: number;
  private readonly slots: number;
  private readonly sprites: number;
  private readonly glyph: number;
  private written = 0;
  private childWritten = 0;
  private stamp = 0;
  private frames = 0;

  constructor(private readonly machine: GuestMachine) {
    const { ram } = machine;
    this.memory = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
    this.page = 2 ** machine.pageShift;
    // The first mebibyte is left alone, as firmware would want it.
    this.next = 0x10_0000;
    this.ring = this.allocate(RING_LENGTH);
    this.shared = this.allocate(this.page);
    this.display = this.allocate(this.page);
    this.child = this.allocate(L.CHILD_RING_DATA + CHILD_DATA);
    this.slots = this.allocate(SLOTS * SLOT_LENGTH);
    this.sprites = this.allocate(2 * SPRITE_BYTES);
    this.glyph = this.allocate(4 * CURSOR_SIDE * CURSOR_SIDE);
  }

  /** Brings the device up in a mode of that size: FIFOs, task, memory, cursor. */
  start(width: number, height: number): void {
    const { machine, page } = this;
    this.memory.setUint32(this.display + L.DISPLAY_CURSOR, 0xffff_ffff, true);
    this.memory.setUint32(this.display + L.DISPLAY_CURSOR_SHOW, 1, true);
    this.memory.setUint32(this.display + L.DISPLAY_ENABLE, L.DISPLAY_EVENT_PRESENT, true);
    machine.write(L.REG_FIFO_BASE_PFN, this.gpa(this.ring) / page);
    machine.write(L.REG_FIFO_OFFSET, 0);
    machine.write(L.REG_FIFO_LENGTH, RING_LENGTH);
    machine.write(L.REG_SHARED_PFN, this.gpa(this.shared) / page);
    machine.write(L.REG_START, 1);
    this.check();
    this.setMode(width, height);
    this.control(L.OP_SHARED_STATE, [0, this.gpa(this.display) / page]);
    this.control(L.OP_ONLINE_ACK, [0]);
    this.makeTask();
    this.setCursor();
    this.kick();
  }

  /** Draws and presents one frame; waits while too many are in the device. */
  present(scene: Scene): void {
    this.frames++;
    this.awaitStamp(this.stamp - AHEAD + 1);
    const slot = (this.frames % SLOTS) * SLOT_LENGTH;
    const length = this.writeCommands(this.slots + slot, scene.commands);
    this.memory.setUint32(this.display + L.DISPLAY_CURSOR, scene.cursor.y * 0x1_0000 + scene.cursor.x, true);
    this.enqueue(L.OP_EXEC, 0, [TASK, length, ...pair(this.slotsOffset + slot)]);
    this.enqueue(L.OP_SWAP, ++this.stamp, [0, this.frames]);
    this.memory.setUint32(this.child, this.childWritten, true);
    this.machine.write(L.REG_CHILD_DOORBELL, CHILD);
  }

  /** Waits until every frame has been presented. */
  finish(): void {
    this.awaitStamp(this.stamp);
  }

  private get slotsOffset(): number {
    return this.slots - this.child;
  }

  private gpa(offset: number): number {
    return this.machine.ramBase + offset;
  }

  private allocate(length: number): number {
    const at = this.next;
    this.next += Math.ceil(length / this.page) * this.page;
    if (this.next > this.machine.ram.length)
      throw new GuestDriverError(`the guest needs ${this.next} bytes of RAM, it has ${this.machine.ram.length}`);
    return at;
  }

  private setMode(width: number, height: number): void {
    const { machine } = this;
    const count = machine.read(L.REG_MODE_COUNT);
    for (let index = 0; index < count; index++) {
      machine.write(L.REG_MODE_SELECT, index);
      if (machine.read(L.REG_MODE_SIZE) !== width * 0x1_0000 + height) continue;
      machine.write(L.REG_MODE, index);
      return;
    }
    throw new GuestDriverError(`the device offers no mode ${width}x${height}`);
  }

  private makeTask(): void {
    // The task shows the guest's memory from the child ring on, as it lies in RAM.
    const length = this.next - this.child;
    this.control(L.OP_DEFINE_TASK, [TASK, 0, ...pair(length)]);
    this.control(L.OP_MAP, [TASK, 0, 0, 0, 1, 0, ...pair(this.gpa(this.child)), ...pair(length)]);
    this.control(L.OP_DEFINE_FIFO, [CHILD, TASK, 0, 0, L.CHILD_RING_DATA + CHILD_DATA]);
    new Uint8Array(this.memory.buffer, this.memory.byteOffset + this.sprites, SPRITE_BYTES).set(
      new Uint8Array(spritePixels('opaque').buffer),
    );
    new Uint8Array(this.memory.buffer, this.memory.byteOffset + this.sprites + SPRITE_BYTES, SPRITE_BYTES).set(
      new Uint8Array(spritePixels('translucent').buffer),
    );
  }

  private setCursor(): void {
    this.machine.ram.set(cursorBitmap(), this.glyph);
    const side = CURSOR_SIDE;
    this.control(L.OP_CURSOR_GLYPH, [0, side, side, 4 * side, 32, 0, 0, 0, ...pair(this.gpa(this.glyph)), 4 * side * side]);
    this.control(L.OP_CURSOR_SHOW, [0, 1]);
  }

  /** Puts a packet into the control ring; kick() makes the device read it. */
  private control(opcode: number, body: readonly number[]): void {
    this.written = this.put({ data: this.ring, length: RING_LENGTH, written: this.written }, opcode, 0, body);
  }

  private kick(): void {
    this.machine.write(L.REG_FIFO_WRITTEN, this.written);
    this.machine.write(L.REG_MAIN_KICK, 1);
    this.check();
  }

  private enqueue(opcode: number, stamp: number, body: readonly number[]): void {
    // Room is certain: at most AHEAD frames of two short packets each are in the ring.
    const ring = { data: this.child + L.CHILD_RING_DATA, length: CHILD_DATA, written: this.childWritten };
    this.childWritten = this.put(ring, opcode, stamp, body);
  }

  /** Writes a packet, wrapped around the ring's end; returns the new count of bytes. */
  private put(ring: { data: number; length: number; written: number }, opcode: number, stamp: number, body: readonly number[]): number {
    const words = [opcode, L.PACKET_HEADER_SIZE + 4 * body.length, stamp, ...body];
    words.forEach((word, index) => {
      this.memory.setUint32(ring.data + ((ring.written + 4 * index) % ring.length), word >>> 0, true);
    });
    return (ring.written + 4 * words.length) % 2 ** 32;
  }

  private writeCommands(at: number, commands: readonly SceneCommand[]): number {
    let offset = at;
    for (const command of commands) {
      const words = this.encode(command);
      for (const word of words) {
        this.memory.setUint32(offset, word >>> 0, true);
        offset += 4;
      }
    }
    if (offset - at > SLOT_LENGTH) throw new GuestDriverError(`a frame's commands take ${offset - at} bytes, a slot has ${SLOT_LENGTH}`);
    return offset - at;
  }

  private encode(command: SceneCommand): number[] {
    const { x, y, width, height } = command;
    switch (command.kind) {
      case 'fill':
      case 'blendFill':
        return [command.kind === 'fill' ? L.DRAW_FILL : L.DRAW_BLEND_FILL, 32, x, y, width, height, command.colour, 0];
      case 'copy':
      case 'blend': {
        const source = this.spriteOffset(command.sprite);
        return [command.kind === 'copy' ? L.DRAW_COPY : L.DRAW_BLEND, 40, x, y, width, height, 4 * SPRITE_SIDE, 0, ...pair(source)];
      }
    }
  }

  private spriteOffset(sprite: Sprite): number {
    return this.sprites - this.child + (sprite === 'opaque' ? 0 : SPRITE_BYTES);
  }

  /** Waits until the child FIFO's stamp is at `stamp`, acknowledging interrupts on the way. */
  private awaitStamp(stamp: number): void {
    const { machine } = this;
    for (let waited = 0; this.memory.getUint32(this.shared + L.SHARED_STAMP + 4 * CHILD, true) < stamp; ) {
      if (machine.waitForInterrupt(WAIT_MS) === 0) waited += WAIT_MS;
      this.acknowledge();
      if (waited > STAMP_TIMEOUT_MS) throw new GuestDriverError(`stamp ${stamp} did not come within ${STAMP_TIMEOUT_MS} ms`);
    }
  }

  private acknowledge(): void {
    const { machine } = this;
    const status = machine.read(L.REG_GPU_STATUS);
    if (status !== 0) machine.write(L.REG_GPU_STATUS, status);
    if ((status & L.GPU_STATUS_FAULT) !== 0) this.check();
    const display = machine.read(L.REG_DISPLAY_STATUS);
    if (display === 0) return;
    this.memory.setUint32(this.display + L.DISPLAY_PENDING, 0, true);
    machine.write(L.REG_DISPLAY_STATUS, display);
  }

  private check(): void {
    const fault = this.machine.read(L.REG_FAULT);
    if (fault !== 0) throw new GuestFaultError(fault);
  }
}
