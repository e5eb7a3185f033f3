/**
 * A client's guest memory on the device's map, by the names that its mappings have.
 *
 * Invariants: when unmap() has resolved nothing of this process can touch the client's memory any more. Mappings outlive the device, so that one which
 * goes on from a saved one finds its memory; so each has a descriptor of its own. Runs on the thread that made the device.
 */
import { ArgumentError } from '../../base/errors.js';
import { MAX_REGIONS } from '../../base/limits.js';
import { checked, type PvgBridge } from '../../bridge/native.js';
import type { Device } from '../../device.js';
import type { GuestMemory, GuestMemoryOptions } from '../../runtime/guest-memory.js';
import { DirtyPages } from './dirty-pages.js';
import type { DmaMapping } from './dma-table.js';
import { PAGE_BYTES } from './protocol.js';

/** Above the device's own register window, which is nowhere on the client's map. */
const PRIORITY = 2;

interface Piece {
  readonly mapping: DmaMapping;
  readonly options: GuestMemoryOptions;
  readonly descriptor: number;
  /** null while there is no device. */
  memory: GuestMemory | null;
  /** Pages that were written and not told of; null: none. */
  dirty: DirtyPages | null;
}

export class ClientMemory {
  /** The most mappings there can be: the device's register window is on the map too. */
  static readonly maximum = MAX_REGIONS - 2;
  private readonly pieces = new Map<number, Piece>();
  private latest = 0;
  private logging = false;
  private device: Device | null;

  constructor(
    private readonly bridge: PvgBridge,
    device: Device,
  ) {
    this.device = device;
  }

  /** Puts a mapping on the map; resolves to its name. Throws ArgumentError or BridgeError if its memory can't be had. */
  async map(mapping: DmaMapping, descriptor: number | null): Promise<number> {
    const { address, bytes, writable, offset } = mapping;
    const name = ++this.latest;
    if (bytes > BigInt(Number.MAX_SAFE_INTEGER)) throw new ArgumentError(`a mapping has ${bytes} bytes`);
    // What is reached by messages only can't be mapped, and PVG does nothing else with memory.
    if (descriptor === null) return name;
    const own = checked(this.bridge, 'map memory', this.bridge.pvg_descriptor_duplicate(descriptor));
    const options: GuestMemoryOptions = {
      ...{ gpa: Number(address), bytes: Number(bytes), priority: PRIORITY, kind: writable ? 'ram' : 'rom' },
      source: { fd: own, offset: Number(offset) },
    };
    try {
      const memory = this.device && (await this.device.addMemory(options));
      if (this.logging) memory?.takeDirtyPages(PAGE_BYTES);
      this.pieces.set(name, { mapping, options, descriptor: own, memory, dirty: null });
    } catch (error) {
      this.bridge.pvg_descriptor_close(own);
      throw error;
    }
    return name;
  }

  /** Takes mappings away, whoever uses them. */
  async unmap(names: readonly number[]): Promise<void> {
    await Promise.all(names.map((name) => this.drop(name)));
  }

  /** What a device needs that goes on from a saved one. */
  get options(): readonly GuestMemoryOptions[] {
    return [...this.pieces.values()].map(({ options }) => options);
  }

  /** The device has ended, and the memory with it. */
  detach(): void {
    this.device = null;
    for (const piece of this.pieces.values()) piece.memory = null;
  }

  /** Another device has been made, with what `options` said. */
  attach(device: Device): void {
    this.device = device;
    for (const piece of this.pieces.values()) piece.memory = device.memory.find(({ gpa }) => gpa === piece.options.gpa) ?? null;
  }

  /** Closes what is left. */
  close(): void {
    for (const { descriptor } of this.pieces.values()) this.bridge.pvg_descriptor_close(descriptor);
    this.pieces.clear();
  }

  /** From now on pages are noted that are written, or no more. */
  setLogging(on: boolean): void {
    this.logging = on;
    for (const piece of this.pieces.values()) {
      piece.dirty = null;
      if (!on) piece.memory?.endDirtyLog();
    }
    // What was written before is of no interest.
    if (on) for (const piece of this.pieces.values()) piece.memory?.takeDirtyPages(PAGE_BYTES);
  }

  /** Asks the device which pages were written, as long as there is one. */
  noteDirtyPages(): void {
    if (!this.logging) return;
    for (const piece of this.pieces.values()) {
      if (!piece.memory || !piece.mapping.writable) continue;
      piece.dirty ??= new DirtyPages(piece.mapping.address, piece.mapping.bytes);
      piece.dirty.note(piece.memory.takeDirtyPages(PAGE_BYTES));
    }
  }

  /** A bit for each page of a range that was written since it was last asked, the lowest first. */
  takeDirtyPages(address: bigint, bytes: bigint, pageBytes: number): Uint8Array {
    this.noteDirtyPages();
    const bitmap = new Uint8Array(8 * Number((bytes / BigInt(pageBytes) + 63n) / 64n));
    for (const { dirty } of this.pieces.values()) dirty?.take(address, bytes, pageBytes, bitmap);
    return bitmap;
  }

  private async drop(name: number): Promise<void> {
    const piece = this.pieces.get(name);
    if (!piece) return;
    this.pieces.delete(name);
    await piece.memory?.remove({ revoke: true });
    this.bridge.pvg_descriptor_close(piece.descriptor);
  }
}
