/**
 * All the memory and the other devices that an embedder has put on a device's map.
 *
 * Invariant: every value is checked here, on the embedder's thread, so that what reaches the BQL actor is right.
 */
import { integer, object } from '../base/arguments.js';
import { ArgumentError, DeviceClosedError, SavedStateError } from '../base/errors.js';
import { MAX_MEMORY_BYTES, MAX_REGION_SLOTS, MAX_REGIONS } from '../base/limits.js';
import { checked, checkedHandle, type PvgBridge } from '../bridge/native.js';
import type { RegionReferences } from '../memory/references.js';
import type { BackedRegion, DeviceRegion } from '../memory/region.js';
import { checkReaders, type GuestDevice, type GuestDeviceOptions, GuestDevices } from './guest-device.js';
import { GuestMemory, type GuestMemoryOptions, type MemoryOwner } from './guest-memory.js';
import { importSource } from './memory-source.js';

const MAX_PRIORITY = 1000;
const MAX_GPA = 2 ** 52;
const KINDS = ['ram', 'rom', 'deviceRam'] as const;
/** Pages of the arm64 guests of the mmio variant. */
const MMIO_GRANULE = 16_384;

/** What a region of memory is made with. */
export interface RegionParts {
  readonly bridge: PvgBridge;
  readonly group: number;
  readonly variant: 'mmio' | 'pci';
  readonly references: RegionReferences;
}

const granuleOf = ({ bridge, variant }: RegionParts): number => (variant === 'mmio' ? MMIO_GRANULE : bridge.pvg_page_size());

/**
 * Memory of the device's own, or of what it is given as, as a region with that id that is on no map yet; `count`: regions that there are. Throws ArgumentError
 * for a wrong option, BridgeError if there is no memory.
 */
export function makeRegion(parts: RegionParts, options: GuestMemoryOptions, { id, count }: { id: number; count: number }): BackedRegion {
  const { gpa, bytes, kind = 'ram', priority = 0, source } = object('options', options);
  const granule = granuleOf(parts);
  checkPlace({ gpa, bytes, priority }, granule, count);
  if (!KINDS.includes(kind)) throw new ArgumentError(`kind is "${String(kind)}", expected one of ${KINDS.join(', ')}`);
  const { bridge, group, references } = parts;
  const slot = references.claim();
  if (slot === null) throw new ArgumentError(`${MAX_REGION_SLOTS} memory regions are in use, most of them removed but still mapped`);
  const what = `guest memory of ${bytes} bytes at 0x${gpa.toString(16)}`;
  try {
    const ram =
      source === undefined
        ? checkedHandle(bridge, what, bridge.pvg_ram_create(group, bytes))
        : importSource(bridge, source, { group, what, bytes, granule, writable: kind !== 'rom' });
    const hostAddress = Number(bridge.pvg_ram_address(ram));
    return { kind, id, name: `${kind} ${id}`, gpa, length: bytes, priority, ram, ramOffset: 0, hostAddress, slot };
  } catch (error) {
    references.remove(slot);
    throw error;
  }
}

function checkPlace({ gpa, bytes, priority }: { gpa: number; bytes: number; priority: number }, granule: number, count: number): void {
  integer('gpa', gpa, 0, MAX_GPA);
  integer('bytes', bytes, granule, MAX_MEMORY_BYTES);
  integer('priority', priority, 0, MAX_PRIORITY);
  if (gpa % granule !== 0 || bytes % granule !== 0) throw new ArgumentError(`gpa and bytes must be multiples of ${granule}`);
  if (count >= MAX_REGIONS) throw new ArgumentError(`a device has at most ${MAX_REGIONS} memory regions`);
}

/** How the map is changed; the supervisor does. */
export interface MemoryMap {
  addRegion(region: BackedRegion | DeviceRegion): Promise<void>;
  removeRegion(id: number): Promise<boolean>;
  /** Tasks give back what references they have on a region that was removed. */
  forgetRegion(id: number): Promise<void>;
}

/** What the pieces of one device need. */
export interface GuestMemoriesParts extends RegionParts {
  /** PVG's device. */
  readonly device: number;
  readonly map: MemoryMap;
  /** Region ids from here on are free. */
  readonly nextId: number;
  /** Regions that exist already. */
  readonly count: number;
  /** Told why a read of another device failed. */
  readonly onError: (text: string) => void;
}

/** The pieces of one device. */
export class GuestMemories implements MemoryOwner {
  /** Other devices, by their regions. */
  readonly devices: GuestDevices;
  readonly bridge: PvgBridge;
  readonly writesUnlogged: boolean;
  private nextId: number;
  private count: number;
  private readonly pieces = new Map<number, { readonly region: BackedRegion; readonly memory: GuestMemory }>();
  /** Memory that was removed while something mapped it, and where its references are counted. */
  private removed: { readonly gpa: number; readonly slot: number }[] = [];
  /** The region that each slot was last claimed for. */
  private readonly claims = new Map<number, number>();

  constructor(private readonly parts: GuestMemoriesParts) {
    this.bridge = parts.bridge;
    this.writesUnlogged = parts.variant === 'mmio';
    this.nextId = parts.nextId;
    this.count = parts.count;
    this.devices = new GuestDevices(parts.onError);
  }

  /** What is on the map, in the order in which it was added. */
  get list(): readonly GuestMemory[] {
    return [...this.pieces.values()].map(({ memory }) => memory);
  }

  /** Throws ArgumentError for a wrong option, BridgeError if there is no memory. */
  async add(options: GuestMemoryOptions): Promise<GuestMemory> {
    const region = makeRegion(this.parts, options, { id: this.nextId, count: this.count });
    this.nextId++;
    this.count++;
    this.claims.set(region.slot, region.id);
    await this.parts.map.addRegion(region);
    return this.adopt(region, options.source);
  }

  /** Takes over a region that is on the map. */
  adopt(region: BackedRegion, source: GuestMemoryOptions['source']): GuestMemory {
    const memory = new GuestMemory(this, region, source);
    this.claims.set(region.slot, region.id);
    this.pieces.set(region.id, { region, memory });
    return memory;
  }

  /** Throws ArgumentError for a wrong option. */
  async addDevice(options: GuestDeviceOptions): Promise<GuestDevice> {
    const { gpa, bytes, priority = 1, readBytes } = object('options', options);
    checkPlace({ gpa, bytes, priority }, granuleOf(this.parts), this.count);
    checkReaders(options);
    const id = this.nextId++;
    this.count++;
    this.devices.set(id, options);
    const region: DeviceRegion = {
      kind: 'device',
      id,
      name: `device ${id}`,
      gpa,
      length: bytes,
      priority,
      wholePieces: readBytes !== undefined,
    };
    await this.parts.map.addRegion(region);
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

  /** Takes a piece off the map; its memory goes when nothing maps it any more. */
  async remove({ id, gpa, ram, slot }: BackedRegion): Promise<void> {
    const { bridge, map, references } = this.parts;
    await map.removeRegion(id);
    this.count--;
    this.pieces.delete(id);
    // From now on nobody finds the region; what maps it keeps its memory until it lets go.
    if (references.remove(slot)) bridge.pvg_ram_destroy(ram);
    else this.removed.push({ gpa, slot });
  }

  /** Takes a piece, which is off the map, from everybody. References of tasks go too, so that its slot can be another's. */
  async revoke({ id, ram, slot }: BackedRegion): Promise<void> {
    const { bridge, map, device } = this.parts;
    checked(bridge, 'revoke guest memory', bridge.pvg_ram_revoke(ram));
    // Were it claimed anew by now, there would be no references of the old region's left to give back.
    if (this.claims.get(slot) === id) bridge.pvg_device_own_forget(device, slot);
    await map.forgetRegion(id).catch((error: unknown) => {
      if (!(error instanceof DeviceClosedError)) throw error;
    });
  }

  /** The pieces on the map, for a save. Throws SavedStateError if one that was removed is still mapped, since nothing could map it again. */
  saved(): readonly BackedRegion[] {
    this.removed = this.removed.filter(({ slot }) => this.parts.references.isHeld(slot));
    const [lost] = this.removed;
    if (lost) throw new SavedStateError('mismatch', `memory at 0x${lost.gpa.toString(16)} was removed, but the guest still maps it`);
    return [...this.pieces.values()].map(({ region }) => region);
  }
}
