/**
 * A piece of guest memory that an embedder adds to a device, and takes away again.
 *
 * Invariant: once it was revoked, nothing of this process touches its bytes any more, whatever tasks had mapped of it. What is known
 * of all pieces of a device together stands in guest-memories.ts.
 */
import { integer } from '../base/arguments.js';
import { ArgumentError, BridgeError, DeviceClosedError } from '../base/errors.js';
import { checked, MAX_VIEW_BYTES, type PvgBridge, ramView } from '../bridge/native.js';
import type { BackedRegion } from '../memory/region.js';
import { type GuestMemorySource, takeDirtyPages } from './memory-source.js';

/** What addMemory() and createDevice({ memory }) are told. */
export interface GuestMemoryOptions {
  /** Guest-physical address, a multiple of 16 KiB; in the pci variant of 4 KiB. */
  readonly gpa: number;
  /** Length in bytes, a multiple of 16 KiB; in the pci variant of 4 KiB; at most 1 TiB. */
  readonly bytes: number;
  /**
   * A `rom` can't be mapped for writing, and its descriptor need only be readable; a `deviceRam`, another device's memory, can be read by PVG but
   * not mapped. Default `ram`.
   */
  readonly kind?: 'ram' | 'rom' | 'deviceRam';
  /** Where memory overlaps, the highest priority is seen, of equal ones the one added last; 0..1000. RAM has 0, the register window 1. Default 0. */
  readonly priority?: number;
  /** Where the bytes are; default: memory of the device's own, zeroed. */
  readonly source?: GuestMemorySource;
}

/** How memory is taken away. */
export interface RemoveOptions {
  /**
   * True: from everybody. What tasks have mapped of it becomes fresh zero pages at once, and so do its own bytes; when the promise resolves, nothing of
   * this process can touch the old ones any more. Default false.
   */
  readonly revoke?: boolean;
}

const MAX_DIRTY_PAGE_BYTES = 2 ** 30;

/** What a piece needs of those that it belongs to. @internal */
export interface MemoryOwner {
  readonly bridge: PvgBridge;
  /** Takes it off the map. */
  remove(region: BackedRegion): Promise<void>;
  /** Takes it away from who has mapped it; it is off the map. */
  revoke(region: BackedRegion): Promise<void>;
  /** Whether something that nobody logs may write to it. */
  readonly writesUnlogged: boolean;
}

/** A piece of guest memory; made by Device.addMemory() or createDevice({ memory }). */
export class GuestMemory {
  private removing: Promise<void> | null = null;
  private revoking: Promise<void> | null = null;
  private view: Uint8Array<ArrayBuffer> | null = null;

  /** Use Device.addMemory(). @internal */
  constructor(
    private readonly owner: MemoryOwner,
    private readonly region: BackedRegion,
    /** Where its bytes are, as it was told; kept, so that a buffer lives as long as the memory. Undefined: they are the device's own. */
    readonly source: GuestMemorySource | undefined,
  ) {}

  /** Guest-physical address of its first byte. */
  get gpa(): number {
    return this.region.gpa;
  }

  /** Length in bytes. */
  get byteLength(): number {
    return this.region.length;
  }

  /** The bridge's handle of the memory. */
  get handle(): number {
    return this.region.ram;
  }

  /** What it is to the guest. */
  get kind(): 'ram' | 'rom' | 'deviceRam' {
    return this.region.kind;
  }

  /** As it was told. */
  get priority(): number {
    return this.region.priority;
  }

  /**
   * The bytes, shared with the guest. They read as zeros once the memory was removed and nothing maps it any more, or was revoked. What is written to a
   * `rom` from a descriptor stays in this process. Throws ArgumentError if they are more than a view can have (about 4 GiB: look at such memory through what it was
   * given as), and for a `rom` at an address, which may be impossible to write.
   */
  get bytes(): Uint8Array<ArrayBuffer> {
    const { region, source, owner } = this;
    if (region.length > MAX_VIEW_BYTES)
      throw new ArgumentError(`a view has at most ${MAX_VIEW_BYTES} bytes, and ${region.length} are wanted`);
    if (region.kind === 'rom' && source !== undefined && 'address' in source)
      throw new ArgumentError('a rom at an address has no view: it is there already');
    this.view ??= viewOf(owner.bridge, region);
    return this.view;
  }

  /**
   * Which pages tasks may have written since it was last asked: a bit for each page of `pageBytes` (a power of two, 4096 and up), lowest first, in whole
   * words of 64 bits, little-endian. Those that a task shows for writing always count. The first call says that all were, and begins a log,
   * which takes memory until endDirtyLog(). In the mmio variant it always is all, since the IOSurface mapper's writes are not logged.
   * Throws ArgumentError for a size that can't be, BridgeError when the memory is gone.
   */
  takeDirtyPages(pageBytes: number): Uint8Array {
    const { owner, region } = this;
    integer('pageBytes', pageBytes, owner.bridge.pvg_page_size(), MAX_DIRTY_PAGE_BYTES);
    if (!Number.isInteger(Math.log2(pageBytes))) throw new ArgumentError(`pageBytes is ${pageBytes}, expected a power of two`);
    if (owner.writesUnlogged) owner.bridge.pvg_ram_end_dirty(region.ram);
    return takeDirtyPages(owner.bridge, region.ram, region.length, pageBytes);
  }

  /** Ends the log that takeDirtyPages() began. */
  endDirtyLog(): void {
    this.owner.bridge.pvg_ram_end_dirty(this.region.ram);
  }

  /**
   * Takes it off the guest's memory map. What tasks have mapped of it stays with them until they are destroyed, unless it is revoked. What it was
   * given as stays as it is. Idempotent; memory that was removed may still be revoked, also when the device has closed. Rejects with DeviceClosedError if the
   * device closes first and it wasn't to be revoked, with BridgeError if the system refuses to take pages away (it may be tried again).
   */
  remove({ revoke = false }: RemoveOptions = {}): Promise<void> {
    if (!revoke) {
      this.removing ??= this.owner.remove(this.region);
      return this.removing;
    }
    this.revoking ??= this.revoke().catch((error: unknown) => {
      this.revoking = null;
      throw error;
    });
    return this.revoking;
  }

  /** Off the map first, so that nobody maps it anew. Of a device that has closed everything is gone already, but for what this takes away. */
  private async revoke(): Promise<void> {
    try {
      await this.remove();
    } catch (error) {
      if (!(error instanceof DeviceClosedError)) throw error;
      checked(this.owner.bridge, 'revoke guest memory', this.owner.bridge.pvg_ram_revoke(this.region.ram));
      return;
    }
    await this.owner.revoke(this.region);
  }
}

/** A view of the memory; of one that is gone, zeros. */
function viewOf(bridge: PvgBridge, { ram, length }: BackedRegion): Uint8Array<ArrayBuffer> {
  try {
    return ramView(bridge, ram, 0, length);
  } catch (error) {
    if (error instanceof BridgeError) return new Uint8Array(length);
    throw error;
  }
}
