/**
 * A device as the machine that a qtest client tests: its memory map, its registers, its interrupts and its clock.
 *
 * Invariant: an address leads where the guest's would: to the memory that is seen there, else to the register window there, else nowhere, which reads
 * zeros and takes no writes, as ROM and other devices' memory does. Memory is looked up anew for each piece, in what the device has published, and is not
 * kept; so it may come and go. Other devices' registers (Device.addDevice()) are nowhere here.
 */
import { setImmediate as turn } from 'node:timers/promises';
import { MAX_VECTORS } from '../../base/limits.js';
import { loadBridge, type PvgBridge, ramView } from '../../bridge/native.js';
import { PvgStatus, RegionFlag } from '../../bridge/pvg.js';
import type { Device } from '../../device.js';
import type { MmioRegion } from '../../memory/region.js';
import type { AccessSize, InterceptSide, QtestMachine } from './machine.js';

/** Where nothing is, the next thing begins at a page. */
const GRANULE = 4096n;
/** Behind the last address. */
const END = 2n ** 64n;
/** So much is filled before the event loop turns. */
const FILL_BYTES = 16 * 2 ** 20;
/** Interrupts of a line that are told of at once; what is more comes with the next look. */
const MAX_TOLD = 1000;

/** What is at an address, and how many of the bytes that were asked for. */
type Piece =
  | { readonly at: 'memory'; readonly bytes: Uint8Array; readonly isWritable: boolean; readonly length: number }
  | { readonly at: 'registers'; readonly window: MmioRegion; readonly offset: number; readonly length: number }
  | { readonly at: 'nowhere'; readonly length: number };

export class DeviceMachine implements QtestMachine {
  private readonly bridge: PvgBridge = loadBridge();
  /** struct pvg_map_found: address, contiguous, ram_offset, ram and slot, region and flags. */
  private readonly found = new BigUint64Array(5);
  private readonly windows: readonly MmioRegion[];
  private readonly name: string;
  /** How often each line was raised at the last look; null: nobody wants to know. */
  private seen: number[] | null = null;

  /** `left`: the client has gone, and a clock that moves for it may stop. */
  constructor(
    private readonly device: Device,
    private readonly left: AbortSignal,
  ) {
    const { regions, variant } = device.internals.wiring;
    this.windows = regions.filter((region): region is MmioRegion => region.kind === 'mmio');
    this.name = `apple-gfx-${variant}`;
  }

  async load(address: bigint, size: AccessSize): Promise<bigint> {
    const piece = this.look(address, size);
    if (piece.at !== 'registers' || piece.length < size) return fromBytes(await this.read(address, size));
    const { value, high } = await this.access(0, piece, size, 0n);
    return (BigInt(high >>> 0) << 32n) | BigInt(value >>> 0);
  }

  async store(address: bigint, size: AccessSize, value: bigint): Promise<void> {
    const piece = this.look(address, size);
    if (piece.at !== 'registers' || piece.length < size) await this.write(address, toBytes(value, size));
    else await this.access(1, piece, size, value);
  }

  async read(address: bigint, size: number): Promise<Uint8Array> {
    const bytes = new Uint8Array(size);
    await this.walk(address, size, async (piece, done) => {
      if (piece.at === 'memory') bytes.set(piece.bytes, done);
      if (piece.at !== 'registers') return piece.length;
      const { value } = await this.access(0, piece, unitOf(piece), 0n);
      if (unitOf(piece) === 4) bytes.set(toBytes(BigInt(value >>> 0), 4), done);
      return unitOf(piece);
    });
    return bytes;
  }

  async write(address: bigint, bytes: Uint8Array): Promise<void> {
    await this.walk(address, bytes.length, async (piece, done) => {
      if (piece.at === 'memory' && piece.isWritable) piece.bytes.set(bytes.subarray(done, done + piece.length));
      if (piece.at !== 'registers') return piece.length;
      const unit = unitOf(piece);
      await this.access(1, piece, unit, fromBytes(bytes.subarray(done, done + unit)));
      return unit;
    });
  }

  async fill(address: bigint, size: number, value: number): Promise<void> {
    const word = BigInt(value) * 0x0101_0101n;
    for (let from = 0; from < size && !this.left.aborted; from += FILL_BYTES) {
      await this.walk(address + BigInt(from), Math.min(FILL_BYTES, size - from), async (piece) => {
        if (piece.at === 'memory' && piece.isWritable) piece.bytes.fill(value);
        if (piece.at !== 'registers') return piece.length;
        await this.access(1, piece, unitOf(piece), word);
        return unitOf(piece);
      });
      await turn();
    }
  }

  get clock(): bigint | null {
    return this.device.clock;
  }

  get nextDeadline(): bigint | null {
    return this.device.nextDeadline;
  }

  advance(nanoseconds: bigint): Promise<bigint> {
    return this.device.advanceClock(nanoseconds, { signal: this.left });
  }

  /** The controller that the lines lead to is not part of this machine, so it may be called anything. */
  canIntercept(side: InterceptSide, path: string): boolean {
    return side === 'in' || path.slice(path.lastIndexOf('/') + 1) === this.name;
  }

  intercept(): void {
    const { interrupts, pci } = this.device;
    // There is no bus to switch messages on by, and who intercepts them wants them.
    if (pci !== null && !interrupts.msiEnabled) interrupts.setMsiEnabled(true);
    this.seen ??= this.counts();
  }

  takeInterrupts(): readonly number[] {
    const { seen } = this;
    if (seen === null) return [];
    return this.counts().flatMap((count, line) => {
      const raised = Math.min((count - (seen[line] ?? 0)) >>> 0, MAX_TOLD);
      seen[line] = ((seen[line] ?? 0) + raised) | 0;
      return Array.from({ length: raised }, () => line);
    });
  }

  private counts(): number[] {
    return Array.from({ length: MAX_VECTORS }, (_, line) => this.device.interrupts.count(line));
  }

  /** Hands out one piece after the other; `take` says how many bytes of it it has dealt with. */
  private async walk(address: bigint, size: number, take: (piece: Piece, done: number) => Promise<number>): Promise<void> {
    for (let done = 0; done < size; ) done += await take(this.look(address + BigInt(done), size - done), done);
  }

  private look(address: bigint, size: number): Piece {
    const { bridge, found, device } = this;
    if (address < END && bridge.pvg_map_lookup(device.internals.wiring.map, address, 1, 0, found) === PvgStatus.ok) {
      const [, contiguous = 0n, offset = 0n, ram = 0n, flags = 0n] = found;
      const length = Number(contiguous < BigInt(size) ? contiguous : BigInt(size));
      const bytes = ramView(bridge, Number(ram & 0xffff_ffffn), Number(offset), length);
      return { at: 'memory', bytes, isWritable: ((flags >> 32n) & BigInt(RegionFlag.writable)) !== 0n, length };
    }
    for (const window of this.windows) {
      const offset = address - BigInt(window.gpa);
      if (offset < 0n || offset >= window.length) continue;
      return { at: 'registers', window, offset: Number(offset), length: Math.min(size, window.length - Number(offset)) };
    }
    return { at: 'nowhere', length: Math.min(size, Number(GRANULE - (address % GRANULE))) };
  }

  private access(
    operation: 0 | 1,
    { window, offset }: { readonly window: MmioRegion; readonly offset: number },
    size: AccessSize,
    value: bigint,
  ): Promise<{ readonly value: number; readonly high: number }> {
    const [low, high] = [Number(value & 0xffff_ffffn), Number((value >> 32n) & 0xffff_ffffn)];
    return this.device.internals.access({ operation, window: window.window, size, offset, low, high });
  }
}

/** The size of the next access to registers that are read or written as bytes: where none of 4 bytes fits, one that the device refuses. */
function unitOf({ offset, length }: { readonly offset: number; readonly length: number }): 1 | 4 {
  return offset % 4 === 0 && length >= 4 ? 4 : 1;
}

function fromBytes(bytes: Uint8Array): bigint {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

function toBytes(value: bigint, size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}
