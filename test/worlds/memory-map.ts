/**
 * The embedder's side of the guest's memory map: what it adds and takes away while the device runs.
 *
 * The actors with a map are told one after the other, as the supervisor tells them. Invariant: memory that was taken off the map
 * stays until its last reference is given back.
 */
import { Message } from '../../actors/messages.js';
import { wordsOf } from '../../actors/region-message.js';
import { ArgumentError } from '../../src/base/errors.js';
import { PvgWindow } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { RegionReferences } from '../../src/memory/references.js';
import { type BackedRegion, type DeviceRegion, isBacked, type MemoryRegion, type MmioRegion } from '../../src/memory/region.js';
import type { Body } from '../../src/runtime/process.js';
import type { ModelMemory } from './memory.js';

export const RAM_BASE = 0x4000_0000;
export const WINDOW_BASE = 0x3000_0000;
const IOSFC_BASE = 0x3008_0000;
export const RAM_REGION = 1;

/** An answer that may not be there yet. */
export interface Answered {
  answer: { readonly value: number; readonly high: number } | null;
}

/** Memory that was added. */
export interface AddedMemory {
  readonly id: number;
  readonly ram: number;
}

export interface MapParts {
  readonly memory: ModelMemory;
  /** Sends a message that is answered to every actor with a map, in order. */
  readonly actors: () => readonly ((record: Omit<PvgRecord, 'id' | 'thread'>) => Answered)[];
}

export class WorldMemoryMap {
  readonly references = new RegionReferences();
  readonly ram: number;
  private readonly regions = new Map<number, MemoryRegion>();
  private readonly devices = new Map<number, (offset: number) => number | null>();
  private nextId: number;

  constructor(
    private readonly parts: MapParts,
    options: { readonly variant: 'mmio' | 'pci'; readonly ramBytes: number },
  ) {
    this.ram = parts.memory.createRam(options.ramBytes);
    this.keep(this.backed('ram', RAM_REGION, RAM_BASE, options.ramBytes, 0, this.ram));
    this.keep(windowRegion('gfx', RAM_REGION + 1, WINDOW_BASE, 0x4000, PvgWindow.gfx));
    if (options.variant === 'mmio') this.keep(windowRegion('iosfc', RAM_REGION + 2, IOSFC_BASE, 0x1_0000, PvgWindow.iosfc));
    this.nextId = RAM_REGION + 3;
  }

  /** Every region that was ever there. */
  get list(): readonly MemoryRegion[] {
    return [...this.regions.values()];
  }

  /** References on a region, whether it is still on a map or not. */
  referencesOf(id: number): number {
    const region = this.regions.get(id);
    return region && isBacked(region) ? this.references.count(region.slot) : 0;
  }

  /** New memory, which the body makes known. */
  addMemory(gpa: number, bytes: number, kind: 'ram' | 'rom', priority: number): AddedMemory & { readonly body: Body } {
    const ram = this.parts.memory.createRam(bytes);
    const region = this.backed(kind, this.nextId++, gpa, bytes, priority, ram);
    return { id: region.id, ram, body: this.add(region) };
  }

  /** Another device's registers, which the body makes known. */
  addDevice(gpa: number, length: number, read: (offset: number) => number | null): Body {
    const id = this.nextId++;
    this.devices.set(id, read);
    return this.add({ kind: 'device', wholePieces: false, id, name: `device ${id}`, gpa, length, priority: 1 });
  }

  /** The body takes a region off the maps. */
  *remove(id: number): Body {
    yield* this.tell({ kind: Message.regionRemoved, words: [], reserved: id });
    const region = this.regions.get(id);
    // From now on nobody finds the region; what maps it keeps its memory until it lets go.
    if (region && isBacked(region) && this.references.remove(region.slot)) this.parts.memory.destroyRam(region.ram);
  }

  /** The value of another device's register, null if the device is gone or failed. */
  readDevice(region: number, offset: number): number | null {
    return this.devices.get(region)?.(offset) ?? null;
  }

  private *add(region: BackedRegion | DeviceRegion): Body {
    this.keep(region);
    yield* this.tell({ kind: Message.regionAdded, words: wordsOf(region), reserved: region.id });
  }

  private *tell(record: Omit<PvgRecord, 'id' | 'thread'>): Body {
    for (const send of this.parts.actors()) {
      let told: Answered = { answer: null };
      const run = (): void => {
        told = send(record);
      };
      yield { mode: 'send', object: 'memory map', text: 'change the memory map', run };
      yield {
        mode: 'awaitReply',
        object: 'memory map',
        text: 'see the memory map changed',
        when: () => told.answer !== null,
        run: () => undefined,
      };
    }
  }

  private keep(region: MemoryRegion): void {
    this.regions.set(region.id, region);
  }

  private backed(kind: 'ram' | 'rom', id: number, gpa: number, length: number, priority: number, ram: number): BackedRegion {
    const slot = this.references.claim();
    if (slot === null) throw new ArgumentError('all slots of regions are taken');
    const hostAddress = this.parts.memory.ramAddress(ram);
    return { kind, id, name: `${kind} ${id}`, gpa, length, priority, ram, ramOffset: 0, hostAddress, slot };
  }
}

function windowRegion(name: string, id: number, gpa: number, length: number, window: 0 | 1): MmioRegion {
  return { kind: 'mmio', id, name, gpa, length, priority: 1, window };
}
