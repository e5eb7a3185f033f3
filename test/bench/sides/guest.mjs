/**
 * A guest with a control ring and packets that map one page: what native/bench/twin_guest.c is, word for word.
 *
 * Invariant: a kick is one access on the way that is measured. How much is in the ring the guest tells PVG by itself, since that would be a
 * second access.
 */
import { loadBridge } from '../../../dist/src/bridge/native.js';
import * as L from '../../../dist/src/guest/layout.js';

const RING = 0x10_0000;
const RING_LENGTH = 0x10_0000;
const SHARED_PAGE = 0x20_0000;
const TASK_LENGTH = 0x20_0000;
const TASK = 1;
const GFX = 0;

export class MapGuest {
  written = 0;

  /** `attachment`: the device's; `ram`: its memory; `kick`: the access that is measured, which may be a promise. */
  constructor({ attachment, ram, kick }) {
    this.bridge = loadBridge();
    this.attachment = attachment;
    this.words = new Uint32Array(ram.buffer, ram.byteOffset, ram.byteLength / 4);
    this.kick = kick;
    const page = 2 ** attachment.pageShift;
    const base = attachment.ramBase;
    this.packet = [L.OP_MAP, 52, 0, TASK, 0, 0, 0, 1, 0, base + page, 0, page, 0];
  }

  /** Ring, shared page and task 1. Blocks, and its upcalls are the device's to answer. */
  start() {
    const { ramBase, pageShift } = this.attachment;
    this.set(L.REG_FIFO_BASE_PFN, (ramBase + RING) / 2 ** pageShift);
    this.set(L.REG_FIFO_OFFSET, 0);
    this.set(L.REG_FIFO_LENGTH, RING_LENGTH);
    this.set(L.REG_SHARED_PFN, (ramBase + SHARED_PAGE) / 2 ** pageShift);
    this.set(L.REG_START, 1);
    this.put([L.OP_DEFINE_TASK, 28, 0, TASK, 0, TASK_LENGTH, 0]);
    this.set(L.REG_FIFO_WRITTEN, this.written);
    this.set(L.REG_MAIN_KICK, 1);
  }

  /** One write with one map upcall inside; what kick() returns. */
  map() {
    this.put(this.packet);
    this.set(L.REG_FIFO_WRITTEN, this.written);
    return this.kick(L.REG_MAIN_KICK, 1);
  }

  /** Throws unless PVG has done everything and found no fault. */
  check() {
    const fault = this.get(L.REG_FAULT);
    const done = this.get(L.REG_FIFO_READ);
    if (fault !== 0 || done !== this.written) {
      throw new Error(`PVG has read ${done} of ${this.written} bytes, and its fault register is 0x${fault.toString(16)}`);
    }
  }

  put(packet) {
    for (const word of packet) {
      this.words[(RING + (this.written % RING_LENGTH)) / 4] = word;
      this.written = (this.written + 4) % 2 ** 32;
    }
  }

  set(offset, value) {
    const status = this.bridge.pvg_mmio_write(this.attachment.device, GFX, offset, value);
    if (status !== 0) throw new Error(`PVG refused to write register 0x${offset.toString(16)}: ${status}`);
  }

  get(offset) {
    const value = new Uint32Array(2);
    this.bridge.pvg_mmio_read(this.attachment.device, GFX, offset, value);
    return value[0];
  }
}
