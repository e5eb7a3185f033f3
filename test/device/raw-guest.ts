/**
 * A guest for tests: packets of any content, put together word by word, and accesses as promises.
 *
 * It writes what it is told to. What the words mean stands in native/soft/layout.h.
 */
import type { Device } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';

const CONTROL_RING = 0x10_0000;
const CONTROL_LENGTH = 0x10_0000;
const SHARED_PAGE = 0x20_0000;
const CHILD_RING = 0x30_0000;
const CHILD_DATA = 0x1_0000;
const TASK_LENGTH = 0x20_0000;

/** A number's low and high half, as packets have it. */
export const pair = (value: number): [number, number] => [value % 2 ** 32, Math.floor(value / 2 ** 32)];

/** The word in memory that became a cursor's pixel: its bytes are R, G, B and A. */
export const wordOfPixel = (pixel: number): number => ((pixel & 0xff00_ff00) | ((pixel & 0xff) << 16) | ((pixel >>> 16) & 0xff)) >>> 0;

export class RawGuest {
  private readonly memory: DataView;
  private readonly base: number;
  /** Bytes of a page. */
  readonly page: number;
  private written = 0;
  private childWritten = 0;
  /** Where drawing commands may be put, as an offset in task 1. */
  readonly scratch = 0x10_0000;
  /** Where in RAM task 1 begins. */
  readonly taskOffset = CHILD_RING;

  constructor(private readonly device: Pick<Device, 'ram' | 'attachment' | 'mmioRead' | 'mmioWrite'>) {
    const ram = device.ram();
    this.memory = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
    this.base = device.attachment.ramBase;
    this.page = 2 ** device.attachment.pageShift;
  }

  /** Ring and shared page; what the guest has made stays. Clears a fault. */
  async restart(): Promise<void> {
    const { device, page, base } = this;
    await device.mmioWrite(L.REG_FIFO_BASE_PFN, (base + CONTROL_RING) / page);
    await device.mmioWrite(L.REG_FIFO_OFFSET, 0);
    await device.mmioWrite(L.REG_FIFO_LENGTH, CONTROL_LENGTH);
    await device.mmioWrite(L.REG_SHARED_PFN, (base + SHARED_PAGE) / page);
    await device.mmioWrite(L.REG_START, 1);
    this.written = 0;
  }

  /** As restart(), and mode 0, task 1 that shows RAM from the child ring on, child FIFO 1 in it. */
  async start(): Promise<void> {
    const { device, base } = this;
    await this.restart();
    await device.mmioWrite(L.REG_MODE, 0);
    this.control(L.OP_DEFINE_TASK, 0, 1, 0, TASK_LENGTH, 0);
    this.control(L.OP_MAP, 0, 1, 0, 0, 0, 1, 0, base + CHILD_RING, 0, TASK_LENGTH, 0);
    this.memory.setUint32(CHILD_RING, 0, true);
    this.childWritten = 0;
    this.control(L.OP_DEFINE_FIFO, 0, 1, 1, 0, 0, L.CHILD_RING_DATA + CHILD_DATA);
    await this.kick();
  }

  /** Clears a fault; ring and shared page stay where they are. */
  async clearFault(): Promise<void> {
    await this.device.mmioWrite(L.REG_START, 1);
    this.written = 0;
  }

  /** Puts a packet into the control ring. */
  control(opcode: number, stamp: number, ...body: number[]): void {
    this.written = this.put(CONTROL_RING, CONTROL_LENGTH, this.written, opcode, stamp, body);
  }

  /** Puts a packet into the ring of child FIFO 1. */
  child(opcode: number, stamp: number, ...body: number[]): void {
    this.childWritten = this.put(CHILD_RING + L.CHILD_RING_DATA, CHILD_DATA, this.childWritten, opcode, stamp, body);
  }

  /** One page of RAM mapped into task 1, far from what else is in it. */
  mapPage(stamp = 0): void {
    const { page, base } = this;
    this.control(L.OP_MAP, stamp, 1, 0, TASK_LENGTH - page, 0, 1, 0, base + page, 0, page, 0);
  }

  /** Says how much is in the control ring. */
  async announce(): Promise<void> {
    await this.device.mmioWrite(L.REG_FIFO_WRITTEN, this.written);
  }

  /** A cursor whose bitmap, `height` rows of `width` words that are `stride` bytes apart, is read from a guest-physical address. */
  cursor(bitmap: { gpa: number; width: number; height: number; stride: number }, stamp = 0): void {
    const { gpa, width, height, stride } = bitmap;
    this.control(L.OP_CURSOR_GLYPH, stamp, 0, width, height, stride, 32, 0, 0, 0, ...pair(gpa), height * stride);
  }

  async kick(): Promise<void> {
    await this.announce();
    await this.device.mmioWrite(L.REG_MAIN_KICK, 1);
  }

  /** Says how much is in the child ring, which PVG looks at when the doorbell rings. */
  announceChild(): void {
    this.memory.setUint32(CHILD_RING, this.childWritten, true);
  }

  async doorbell(): Promise<void> {
    this.announceChild();
    await this.device.mmioWrite(L.REG_CHILD_DOORBELL, 1);
  }

  /** A frame of one colour. */
  async presentColour(colour: number, stamp: number): Promise<void> {
    const command = [L.DRAW_FILL, 32, 0, 0, 16_384, 16_384, colour, 0];
    command.forEach((word, index) => {
      this.memory.setUint32(CHILD_RING + this.scratch + 4 * index, word >>> 0, true);
    });
    this.child(L.OP_EXEC, 0, 1, 32, this.scratch, 0);
    this.child(L.OP_SWAP, stamp, 0, 0);
    await this.doorbell();
  }

  /** Gives a display its shared page, and says which events raise its interrupt; kick() makes the device read it. */
  enableDisplay(port: number, events: number): void {
    const page = this.displayPage(port);
    this.memory.setUint32(page + L.DISPLAY_CURSOR, 0xffff_ffff, true);
    this.memory.setUint32(page + L.DISPLAY_CURSOR_SHOW, 1, true);
    this.memory.setUint32(page + L.DISPLAY_ENABLE, events, true);
    this.control(L.OP_SHARED_STATE, 0, port, (this.base + page) / this.page);
  }

  /** Events of a display that the guest has not cleared. */
  pendingOf(port: number): number {
    return this.memory.getUint32(this.displayPage(port) + L.DISPLAY_PENDING, true);
  }

  /** Takes all that is pending there. */
  clearPending(port: number): void {
    this.memory.setUint32(this.displayPage(port) + L.DISPLAY_PENDING, 0, true);
  }

  private displayPage(port: number): number {
    return SHARED_PAGE + (1 + port) * 0x4000;
  }

  /** Guest-physical address of an offset in RAM. */
  gpa(offset: number): number {
    return this.base + offset;
  }

  /** Writes words at an offset in RAM. */
  poke(offset: number, ...words: number[]): void {
    words.forEach((word, index) => {
      this.memory.setUint32(offset + 4 * index, word >>> 0, true);
    });
  }

  /** The last completion stamp of a FIFO. */
  stamp(fifo: number): number {
    return this.memory.getUint32(SHARED_PAGE + L.SHARED_STAMP + 4 * fifo, true);
  }

  async fault(): Promise<number> {
    return this.device.mmioRead(L.REG_FAULT);
  }

  private put(data: number, length: number, written: number, opcode: number, stamp: number, body: readonly number[]): number {
    const words = [opcode, L.PACKET_HEADER_SIZE + 4 * body.length, stamp, ...body];
    words.forEach((word, index) => {
      this.memory.setUint32(data + ((written + 4 * index) % length), word >>> 0, true);
    });
    return (written + 4 * words.length) % 2 ** 32;
  }
}

/** Looks again every few milliseconds until it is so; vitest ends a test that waits for ever. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}
