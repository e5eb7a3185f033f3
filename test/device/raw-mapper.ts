/**
 * The guest's side of the IOSurface mapper for tests: ring entries of any content, their results, and the surface table.
 *
 * It writes what it is told to. What the words mean stands in native/soft/layout.h.
 */
import type { Device } from '../../dist/src/index.js';
import * as L from '../../src/guest/layout.js';

export interface MapperEntry {
  readonly opcode: number;
  readonly surface: number;
  readonly gpa: number;
  readonly length: number;
  readonly flags: number;
}

/** Where ring and table lie in guest RAM, as offsets in it, and how many entries the ring has. */
export interface MapperPlaces {
  readonly ring: number;
  readonly capacity: number;
  readonly table: number;
}

export class RawMapper {
  private readonly memory: DataView;
  private produced = 0;

  constructor(
    private readonly device: Device,
    private readonly places: MapperPlaces,
  ) {
    const ram = device.ram();
    this.memory = new DataView(ram.buffer, ram.byteOffset, ram.byteLength);
  }

  /** Clears what went before and says where ring and table are. */
  async start(): Promise<void> {
    await this.device.iosfcWrite(L.IOSFC_STATUS, BigInt(L.IOSFC_STATUS_DONE | L.IOSFC_STATUS_FAULT));
    await this.device.iosfcWrite(L.IOSFC_RING_CAPACITY, BigInt(this.places.capacity));
    await this.moveRing();
    await this.moveTable();
  }

  /** Has the device let go of its ring, and count from 0. */
  async moveRing(): Promise<void> {
    await this.device.iosfcWrite(L.IOSFC_RING_BASE, this.gpa(this.places.ring));
    this.produced = 0;
  }

  /** Has the device let go of its table. */
  async moveTable(): Promise<void> {
    await this.device.iosfcWrite(L.IOSFC_TABLE, this.gpa(this.places.table));
  }

  /** Puts entries into the ring and hands them over, at most as many as it has; whether each succeeded. */
  async request(entries: readonly MapperEntry[]): Promise<boolean[]> {
    const first = this.produced;
    entries.forEach((entry, index) => {
      this.put(this.entryAt(first + index), entry);
    });
    this.produced = (first + entries.length) % 2 ** 32;
    await this.device.iosfcWrite(L.IOSFC_PRODUCER, BigInt(this.produced));
    return entries.map((_, index) => this.memory.getUint32(this.entryAt(first + index) + 28, true) === L.IOSFC_OK);
  }

  /** A surface's line in the table. */
  line(surface: number): { readonly length: number; readonly word: number; readonly times: number } {
    const at = this.places.table + surface * L.IOSFC_TABLE_ENTRY_SIZE;
    const word = (offset: number): number => this.memory.getUint32(at + offset, true);
    return { length: word(0) + word(4) * 2 ** 32, word: word(8), times: word(12) };
  }

  private put(at: number, { opcode, surface, gpa, length, flags }: MapperEntry): void {
    const words = [opcode, surface, gpa % 2 ** 32, Math.floor(gpa / 2 ** 32), length % 2 ** 32, Math.floor(length / 2 ** 32), flags, 0];
    words.forEach((word, index) => {
      this.memory.setUint32(at + 4 * index, word, true);
    });
  }

  private entryAt(count: number): number {
    return this.places.ring + (count % this.places.capacity) * L.IOSFC_ENTRY_SIZE;
  }

  private gpa(offset: number): bigint {
    return BigInt(this.device.attachment.ramBase + offset);
  }
}
