/**
 * Guest memory that an embedder adds to a running device, and takes away again.
 *
 * Invariant: every value is checked here, on the embedder's thread, so that what reaches the BQL actor is right.
 */
import { integer } from '../base/arguments.js';
import { ArgumentError } from '../base/errors.js';
import { MAX_RAM_BYTES, MAX_REGIONS } from '../base/limits.js';
import { checkedHandle, type PvgBridge, ramView } from '../bridge/native.js';
import type { BackedRegion } from '../memory/region.js';

/** What addMemory() is told. */
export interface GuestMemoryOptions {
  /** Guest-physical address, a multiple of 16 KiB. */
  readonly gpa: number;
  /** Length in bytes, a multiple of 16 KiB. */
  readonly bytes: number;
  /** A `rom` is memory that the guest can't have mapped for writing. Default `ram`. */
  readonly kind?: 'ram' | 'rom';
  /** Where memory overlaps, the highest priority is seen, of equal ones the one added last; 0..1000. RAM has 0, the register window 1. Default 0. */
  readonly priority?: number;
}

/** How the map is changed; the supervisor does. */
export interface MemoryMap {
  addRegion(region: BackedRegion): Promise<void>;
  removeRegion(id: number): Promise<boolean>;
}

const GRANULE = 16_384;
const MAX_PRIORITY = 1000;
const MAX_GPA = 2 ** 52;

/** A piece of guest memory; made by Device.addMemory(). */
export class GuestMemory {
  private removing: Promise<void> | null = null;

  constructor(
    private readonly map: MemoryMap,
    private readonly region: BackedRegion,
    /** The bytes, shared with the guest. They read as zeros once the memory was removed and nothing maps it any more. */
    readonly bytes: Uint8Array<ArrayBuffer>,
    private readonly onRemoved: () => void,
  ) {}

  get gpa(): number {
    return this.region.gpa;
  }

  get kind(): 'ram' | 'rom' {
    return this.region.kind;
  }

  /** Takes it off the guest's memory map. What tasks have mapped of it stays with them until they are destroyed. Idempotent. */
  remove(): Promise<void> {
    this.removing ??= this.map.removeRegion(this.region.id).then(() => this.onRemoved());
    return this.removing;
  }
}

/** The pieces of one device. */
export class GuestMemories {
  private count: number;

  /** `nextId` and up are free; `count` regions exist already. */
  constructor(
    private readonly bridge: PvgBridge,
    private readonly group: number,
    private readonly map: MemoryMap,
    private nextId: number,
    count: number,
  ) {
    this.count = count;
  }

  /** Throws ArgumentError for a wrong option, BridgeError if there is no memory. */
  async add(options: GuestMemoryOptions): Promise<GuestMemory> {
    const { gpa, bytes, kind = 'ram', priority = 0 } = options;
    integer('gpa', gpa, 0, MAX_GPA);
    integer('bytes', bytes, GRANULE, MAX_RAM_BYTES);
    integer('priority', priority, 0, MAX_PRIORITY);
    if (gpa % GRANULE !== 0 || bytes % GRANULE !== 0) throw new ArgumentError(`gpa and bytes must be multiples of ${GRANULE}`);
    if (kind !== 'ram' && kind !== 'rom') throw new ArgumentError(`kind is "${String(kind)}", expected "ram" or "rom"`);
    if (this.count >= MAX_REGIONS) throw new ArgumentError(`a device has at most ${MAX_REGIONS} memory regions`);
    const ram = checkedHandle(this.bridge, `guest memory of ${bytes} bytes`, this.bridge.pvg_ram_create(this.group, bytes));
    const id = this.nextId++;
    const hostAddress = Number(this.bridge.pvg_ram_address(ram));
    const region: BackedRegion = { kind, id, name: `${kind} ${id}`, gpa, length: bytes, priority, ram, ramOffset: 0, hostAddress };
    const view = ramView(this.bridge, ram, 0, bytes);
    this.count++;
    await this.map.addRegion(region);
    return new GuestMemory(this.map, region, view, () => {
      this.count--;
    });
  }
}
