/**
 * Guest RAM as the driver uses it: plain words, words that the device reads or writes at the same time, and bytes.
 *
 * Invariant: what is stored with store() or take() becomes visible after everything that was written before it. The device's
 * threads read a child ring's count at any time, so on a host with weak ordering a plain store could show them a packet that isn't there
 * yet. What it doesn't do: hand out space, which is placement.ts's business.
 */
import { GuestDriverError } from './errors.js';
import type { GuestMachine } from './machine.js';

export class GuestMemory {
  /** Bytes of RAM there are. */
  readonly length: number;
  private readonly view: DataView;
  private readonly shared: Int32Array;

  constructor(private readonly machine: GuestMachine) {
    const { ram } = machine;
    if (ram.byteOffset % 4 !== 0) throw new GuestDriverError(`guest RAM begins at ${ram.byteOffset}, not at a word`);
    this.length = ram.byteLength;
    this.view = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
    this.shared = new Int32Array(ram.buffer, ram.byteOffset, Math.floor(ram.byteLength / 4));
  }

  /** The guest-physical address of an offset. */
  gpa(offset: number): number {
    return this.machine.ramBase + offset;
  }

  read32(offset: number): number {
    return this.view.getUint32(offset, true);
  }

  write32(offset: number, value: number): void {
    this.view.setUint32(offset, value >>> 0, true);
  }

  /** A word that the device writes. */
  load(offset: number): number {
    return Atomics.load(this.shared, offset / 4) >>> 0;
  }

  /** A word that the device reads. */
  store(offset: number, value: number): void {
    Atomics.store(this.shared, offset / 4, value | 0);
  }

  /** Takes what the device has put into a word and leaves 0, so that nothing it adds meanwhile is lost. */
  take(offset: number): number {
    return Atomics.exchange(this.shared, offset / 4, 0) >>> 0;
  }

  writeBytes(offset: number, bytes: Uint8Array): void {
    this.machine.ram.set(bytes, offset);
  }

  clear(offset: number, length: number): void {
    this.machine.ram.fill(0, offset, offset + length);
  }
}

/** A 64-bit field of a packet or ring entry: low word, high word. */
export const pair = (value: number): [number, number] => [value % 2 ** 32, Math.floor(value / 2 ** 32)];
