/**
 * Guest memory that an embedder adds to a running device, and takes away again.
 *
 * Invariant: every value is checked here, on the embedder's thread, so that what reaches the BQL actor is right.
 */
import { integer } from '../base/arguments.js';
import { ArgumentError, SavedStateError } from '../base/errors.js';
import { MAX_RAM_BYTES, MAX_REGION_SLOTS, MAX_REGIONS } from '../base/limits.js';
import { checkedHandle, type PvgBridge, ramView } from '../bridge/native.js';
import type { RegionReferences } from '../memory/references.js';
import type { BackedRegion, DeviceRegion } from '../memory/region.js';

/** What addMemory() is told. */
export interface GuestMemoryOptions {
  /** Guest-physical address, a multiple of 16 KiB. */
  readonly gpa: number;
  /** Length in bytes, a multiple of 16 KiB. */
  readonly bytes: number;
  /** A `rom` can't be mapped for writing; a `deviceRam`, another device's memory, can be read by PVG but not mapped. Default `ram`. */
  readonly kind?: 'ram' | 'rom' | 'deviceRam';
  /** Where memory overlaps, the highest priority is seen, of equal ones the one added last; 0..1000. RAM has 0, the register window 1. Default 0. */
  readonly priority?: number;
}

/** How the map is changed; the supervisor does. */
export interface MemoryMap {
  addRegion(region: BackedRegion | DeviceRegion): Promise<void>;
  removeRegion(id: number): Promise<boolean>;
}

/** What addDevice() is told. */
export interface GuestDeviceOptions {
  /** Guest-physical address, a multiple of 16 KiB. */
  readonly gpa: number;
  /** Length in bytes, a multiple of 16 KiB. */
  readonly bytes: number;
  /** As of GuestMemoryOptions. Default 1. */
  readonly priority?: number;
  /**
   * Reads 4 bytes at an offset that is a multiple of 4: the value, or null to fail the read. Called on the thread that made the device, with the
   * BQL held: while it takes, no guest access is served; it must not make one itself.
   */
  read(offset: number): number | null;
}

/** Registers of another device on the guest's memory map; made by Device.addDevice(). */
export interface GuestDevice {
  /** Guest-physical address of its first register. */
  readonly gpa: number;
  /** Takes it off the guest's memory map. Idempotent. */
  remove(): Promise<void>;
}

const GRANULE = 16_384;
const KINDS = ['ram', 'rom', 'deviceRam'] as const;
const MAX_PRIORITY = 1000;
const MAX_GPA = 2 ** 52;

/** A piece of guest memory; made by Device.addMemory(). */
export class GuestMemory {
  private removing: Promise<void> | null = null;

  /** Use Device.addMemory(). @internal */
  constructor(
    private readonly map: MemoryMap,
    private readonly region: BackedRegion,
    /** The bytes, shared with the guest. They read as zeros once the memory was removed and nothing maps it any more. */
    readonly bytes: Uint8Array<ArrayBuffer>,
    private readonly onRemoved: () => void,
  ) {}

  /** Guest-physical address of its first byte. */
  get gpa(): number {
    return this.region.gpa;
  }

  /** The bridge's handle of the memory. */
  get handle(): number {
    return this.region.ram;
  }

  /** What it is to the guest. */
  get kind(): 'ram' | 'rom' | 'deviceRam' {
    return this.region.kind;
  }

  /** Takes it off the guest's memory map. What tasks have mapped of it stays with them until they are destroyed. Idempotent. */
  remove(): Promise<void> {
    this.removing ??= this.map.removeRegion(this.region.id).then(() => this.onRemoved());
    return this.removing;
  }
}

/** What the pieces of one device need. */
export interface GuestMemoriesParts {
  readonly bridge: PvgBridge;
  readonly group: number;
  readonly map: MemoryMap;
  readonly references: RegionReferences;
  /** Region ids from here on are free. */
  readonly nextId: number;
  /** Regions that exist already. */
  readonly count: number;
}

/** The pieces of one device. */
export class GuestMemories {
  private nextId: number;
  private count: number;
  private readonly regions = new Map<number, BackedRegion>();
  /** Memory that was removed while something mapped it, and where its references are counted. */
  private removed: { readonly gpa: number; readonly slot: number }[] = [];
  private readonly devices = new Map<number, GuestDeviceOptions>();

  constructor(private readonly parts: GuestMemoriesParts) {
    this.nextId = parts.nextId;
    this.count = parts.count;
  }

  /** Throws ArgumentError for a wrong option, BridgeError if there is no memory. */
  async add(options: GuestMemoryOptions): Promise<GuestMemory> {
    const { gpa, bytes, kind = 'ram', priority = 0 } = options;
    this.check({ gpa, bytes, priority });
    if (!KINDS.includes(kind)) throw new ArgumentError(`kind is "${String(kind)}", expected one of ${KINDS.join(', ')}`);
    const { bridge, group, map, references } = this.parts;
    const slot = references.claim();
    if (slot === null) throw new ArgumentError(`${MAX_REGION_SLOTS} memory regions are in use, most of them removed but still mapped`);
    const ram = bridge.pvg_ram_create(group, bytes);
    if (ram === 0) references.remove(slot);
    checkedHandle(bridge, `guest memory of ${bytes} bytes`, ram);
    const id = this.nextId++;
    const hostAddress = Number(bridge.pvg_ram_address(ram));
    const region: BackedRegion = { kind, id, name: `${kind} ${id}`, gpa, length: bytes, priority, ram, ramOffset: 0, hostAddress, slot };
    const view = ramView(bridge, ram, 0, bytes);
    this.count++;
    await map.addRegion(region);
    this.regions.set(id, region);
    return new GuestMemory(map, region, view, () => {
      this.count--;
      this.regions.delete(id);
      // From now on nobody finds the region; what maps it keeps its memory until it lets go.
      if (references.remove(slot)) bridge.pvg_ram_destroy(ram);
      else this.removed.push({ gpa, slot });
    });
  }

  /** Throws ArgumentError for a wrong option. */
  async addDevice(options: GuestDeviceOptions): Promise<GuestDevice> {
    const { gpa, bytes, priority = 1 } = options;
    this.check({ gpa, bytes, priority });
    const id = this.nextId++;
    this.count++;
    this.devices.set(id, options);
    await this.parts.map.addRegion({ kind: 'device', id, name: `device ${id}`, gpa, length: bytes, priority });
    let removing: Promise<void> | null = null;
    const remove = async (): Promise<void> => {
      await this.parts.map.removeRegion(id);
      this.devices.delete(id);
      this.count--;
    };
    return {
      gpa,
      remove: () => {
        removing ??= remove();
        return removing;
      },
    };
  }

  /** The pieces on the map, for a save. Throws SavedStateError if one that was removed is still mapped, since nothing could map it again. */
  list(): readonly BackedRegion[] {
    this.removed = this.removed.filter(({ slot }) => this.parts.references.isHeld(slot));
    const [lost] = this.removed;
    if (lost) throw new SavedStateError('mismatch', `memory at 0x${lost.gpa.toString(16)} was removed, but the guest still maps it`);
    return [...this.regions.values()];
  }

  /** The value of another device's registers, null if the device is gone or failed. */
  readDevice(region: number, offset: number): number | null {
    const value = this.devices.get(region)?.read(offset) ?? null;
    return value === null ? null : value >>> 0;
  }

  private check({ gpa, bytes, priority }: { gpa: number; bytes: number; priority: number }): void {
    integer('gpa', gpa, 0, MAX_GPA);
    integer('bytes', bytes, GRANULE, MAX_RAM_BYTES);
    integer('priority', priority, 0, MAX_PRIORITY);
    if (gpa % GRANULE !== 0 || bytes % GRANULE !== 0) throw new ArgumentError(`gpa and bytes must be multiples of ${GRANULE}`);
    if (this.count >= MAX_REGIONS) throw new ArgumentError(`a device has at most ${MAX_REGIONS} memory regions`);
  }
}
