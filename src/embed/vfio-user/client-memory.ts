/**
 * A client's guest memory on the device's map, by the names that its mappings have.
 *
 * Invariants: when unmap() has resolved nothing of this process can touch the client's memory any more. Mappings outlive the device, so that one which
 * goes on from a saved one finds its memory; so each has a descriptor of its own. Runs on the thread that made the device.
 */
import { MAX_REGIONS } from '../../base/limits.js';
import { checked, type PvgBridge } from '../../bridge/native.js';
import type { Device } from '../../device.js';
import type { GuestDevice } from '../../runtime/guest-device.js';
import type { GuestMemory, GuestMemoryOptions } from '../../runtime/guest-memory.js';
import { DirtyPages } from './dirty-pages.js';
import type { DmaMapping } from './dma-table.js';
import { PAGE_BYTES } from './protocol.js';
import type { TwinChannel } from './twin-channel.js';

/** Above the device's own register window, which is nowhere on the client's map. */
const PRIORITY = 2;

interface Piece {
  readonly mapping: DmaMapping;
  /** null: it came without, and is reached by messages. */
  readonly descriptor: number | null;
  /** null while there is no device, and where there is no descriptor. */
  memory: GuestMemory | null;
  /** What stands for it on the map where there is no descriptor. */
  far: GuestDevice | null;
  /** Pages that were written and not told of; null: none. */
  dirty: DirtyPages | null;
}

export class ClientMemory {
  /** The most mappings there can be: the device's register window is on the map too. */
  static readonly maximum = MAX_REGIONS - 2;
  private readonly pieces = new Map<number, Piece>();
  private latest = 0;
  private twin: TwinChannel | null = null;
  private logging = false;
  private device: Device | null;

  constructor(
    private readonly bridge: PvgBridge,
    device: Device,
    /** Told why memory can't be had that the device wants. */
    private readonly onRefused: (reason: string) => void,
  ) {
    this.device = device;
  }

  /** Puts a mapping on the map; resolves to its name. Throws ArgumentError or BridgeError if its memory can't be had. */
  async map(mapping: DmaMapping, descriptor: number | null): Promise<number> {
    const name = ++this.latest;
    const piece: Piece = {
      mapping,
      descriptor: descriptor === null ? null : this.duplicate(descriptor),
      memory: null,
      far: null,
      dirty: null,
    };
    try {
      await this.show(piece);
    } catch (error) {
      this.forget(piece);
      throw error;
    }
    if (this.logging) piece.memory?.takeDirtyPages(PAGE_BYTES);
    this.pieces.set(name, piece);
    return name;
  }

  /** Another second socket of the client's, or none; resolves when the one before is closed. */
  async setTwin(twin: TwinChannel | null): Promise<void> {
    const before = this.twin;
    this.twin = twin;
    await before?.close();
  }

  /** Takes mappings away, whoever uses them. */
  async unmap(names: readonly number[]): Promise<void> {
    await Promise.all(names.map((name) => this.drop(name)));
  }

  /** What a device needs that goes on from a saved one. */
  get options(): readonly GuestMemoryOptions[] {
    return [...this.pieces.values()].flatMap(({ mapping, descriptor }) => (descriptor === null ? [] : [optionsOf(mapping, descriptor)]));
  }

  /** The device has ended, and the memory with it. */
  detach(): void {
    this.device = null;
    for (const piece of this.pieces.values()) piece.memory = piece.far = null;
  }

  /** Another device has been made, with what `options` said. */
  async attach(device: Device): Promise<void> {
    this.device = device;
    for (const piece of this.pieces.values()) {
      piece.memory = device.memory.find(({ gpa }) => gpa === Number(piece.mapping.address)) ?? null;
      if (piece.descriptor === null) await this.show(piece);
    }
  }

  /** Closes what is left. */
  close(): void {
    void this.setTwin(null);
    for (const piece of this.pieces.values()) this.forget(piece);
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
    await Promise.all([piece.memory?.remove({ revoke: true }), piece.far?.remove()]);
    this.forget(piece);
  }

  /** Puts a piece on the device's map. */
  private async show(piece: Piece): Promise<void> {
    const { mapping, descriptor } = piece;
    if (descriptor !== null) piece.memory = (await this.device?.addMemory(optionsOf(mapping, descriptor))) ?? null;
    else if (mapping.readable) {
      const place = { gpa: Number(mapping.address), bytes: Number(mapping.bytes), priority: PRIORITY };
      piece.far =
        (await this.device?.addDevice({ ...place, readBytes: (offset, length) => this.readFar(mapping, offset, length) })) ?? null;
    }
  }

  private readFar({ address }: DmaMapping, offset: number, length: number): Promise<Uint8Array | null> | null {
    if (this.twin) return this.twin.read(address + BigInt(offset), length);
    this.onRefused(`memory at 0x${address.toString(16)} came without a descriptor, and the client has no second socket to be asked for it`);
    return null;
  }

  private duplicate(descriptor: number): number {
    return checked(this.bridge, 'map memory', this.bridge.pvg_descriptor_duplicate(descriptor));
  }

  private forget({ descriptor }: Piece): void {
    if (descriptor !== null) this.bridge.pvg_descriptor_close(descriptor);
  }
}

function optionsOf({ address, bytes, writable, offset }: DmaMapping, descriptor: number): GuestMemoryOptions {
  return {
    ...{ gpa: Number(address), bytes: Number(bytes), priority: PRIORITY, kind: writable ? 'ram' : 'rom' },
    source: { fd: descriptor, offset: Number(offset) },
  };
}
