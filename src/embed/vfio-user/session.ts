/**
 * One client's connection, as requests and their answers.
 *
 * Invariants: requests are carried out in the order in which they come, and each is answered once unless the client wants no answer; a request that
 * can't be carried out is answered with an error and has changed nothing. When end() has returned the device uses nothing of the client's any more; its own
 * state it keeps. What it does not do: I/O, and closing descriptors.
 */
import type { PciDescription } from '../../device/pci.js';
import { ConfigSpace, CONFIG_BYTES, msiVectors } from './config-space.js';
import { DmaTable, type DmaTarget } from './dma-table.js';
import { type Message, writeHeader } from './framer.js';
import { type DirtyLogTarget, type FeatureRequest, Features } from './features.js';
import { Irqs, type IrqTarget } from './irqs.js';
import { Migration, type MigrationTarget } from './migration.js';
import {
  Command,
  commandName,
  ConnectionError,
  DeviceFlag,
  Errno,
  HEADER_BYTES,
  IrqIndex,
  MAX_DATA_BYTES,
  MAX_MESSAGE_BYTES,
  MessageFlag,
  Region,
  RegionFlag,
  RequestError,
} from './protocol.js';
import { type ClientCapabilities, readVersion, versionAnswer } from './version.js';

/** What a session needs of the device. Each call returns when it is done. */
export interface SessionDevice extends DmaTarget, IrqTarget, MigrationTarget, DirtyLogTarget {
  readonly pci: PciDescription;
  /** The expansion ROM; null if there is none. */
  readonly rom: Uint8Array | null;
  /** The most mappings of guest memory that it can hold. */
  readonly maxMappings: number;
  /** Whether its state can be moved. */
  readonly canMigrate: boolean;
  /** Reads registers behind BAR 0: 4 or 8 bytes at a multiple of that; others are none, and read 0. */
  readRegisters(offset: number, target: DataView): void;
  /** Writes registers; others are not written. */
  writeRegisters(offset: number, source: DataView): void;
  /** As after power on. */
  reset(): void;
  /** Makes a second socket on which the client is asked for memory, at most so many bytes at once: the client's end; null if none can be made. */
  openTwin(maxDataBytes: number): number | null;
}

const NONE: readonly number[] = [];

/** Where an answer is written. */
export class Answer {
  readonly bytes = new Uint8Array(MAX_MESSAGE_BYTES);
  readonly view = new DataView(this.bytes.buffer);
  /** Bytes with the header. */
  length = HEADER_BYTES;
  /** What goes with it, to be closed when it was sent. */
  descriptors: readonly number[] = NONE;

  /** Makes room for so many bytes behind the header, which are not cleared. */
  payload(bytes: number): DataView {
    this.length = HEADER_BYTES + bytes;
    return new DataView(this.bytes.buffer, HEADER_BYTES, bytes);
  }
}

/** Bytes before an access's data: offset (8), region (4), count (4). */
const ACCESS_BYTES = 16;
const MULTI_WRITE_BYTES = 24;
/** More than QEMU gathers; together they are less than one access may have. */
const MAX_MULTI_WRITES = 4096;
/** Commands that descriptors may come with. */
const TAKES_DESCRIPTORS: ReadonlySet<number> = new Set([Command.dmaMap, Command.setIrqs]);

function invalid(what: string): RequestError {
  return new RequestError(Errno.EINVAL, what);
}

function expectBytes(name: string, payload: DataView, bytes: number): void {
  if (payload.byteLength < bytes) throw invalid(`${name} has ${payload.byteLength} bytes, expected ${bytes}`);
}

export class VfioUserSession {
  /** What the client said it can do; null before its VERSION. */
  client: ClientCapabilities | null = null;
  private readonly config: ConfigSpace;
  private readonly dma: DmaTable;
  private readonly irqs: Irqs;
  private readonly migration: Migration;
  private readonly features: Features;

  constructor(
    private readonly device: SessionDevice,
    /** Told of each request that was refused. */
    private readonly onRefused: (reason: string) => void = () => undefined,
  ) {
    this.config = new ConfigSpace(device.pci);
    this.dma = new DmaTable(device, device.maxMappings);
    this.irqs = new Irqs(msiVectors(device.pci), device);
    this.migration = new Migration(device);
    this.features = new Features(this.migration, device);
  }

  /** Carries a request out and writes its answer; false if it wants none. Throws ConnectionError if the connection is of no more use. */
  handle(message: Message, answer: Answer): boolean {
    const { id, command, flags } = message;
    if ((flags & MessageFlag.typeMask) !== MessageFlag.command) {
      throw new ConnectionError(`a message of type ${flags & MessageFlag.typeMask} came (${commandName(command)}), expected a command`);
    }
    answer.length = HEADER_BYTES;
    answer.descriptors = NONE;
    let errno = 0;
    try {
      this.carryOut(message, answer);
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      this.onRefused(error.message);
      errno = error.errno;
      answer.length = HEADER_BYTES;
    }
    if ((flags & MessageFlag.noReply) !== 0) return false;
    writeHeader(answer.view, { id, command, size: answer.length, flags: MessageFlag.reply, errno });
    return true;
  }

  /** The client is gone. */
  end(): void {
    this.features.stopLogging();
    this.irqs.clear();
    try {
      // First, since a device that goes on from a saved one needs its memory for that.
      this.migration.abandon();
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      // With that memory none can be made, whatever the client has done to it.
      this.dma.clear();
      this.migration.reset();
    }
    this.dma.clear();
  }

  private carryOut(message: Message, answer: Answer): void {
    const { command, payload, descriptors } = message;
    // The two that there are thousands of.
    if (command === Command.regionRead && this.client) return this.read(payload, answer);
    if (descriptors.length > 0 && !TAKES_DESCRIPTORS.has(command)) {
      throw invalid(`${commandName(command)} came with ${descriptors.length} descriptors, expected none`);
    }
    if (command === Command.regionWrite && this.client) return this.write(message, answer);
    if (command === Command.version) return this.version(message, answer);
    if (!this.client) throw invalid(`${commandName(command)} came before VERSION`);
    switch (command) {
      case Command.dmaMap:
        return this.dma.map(payload, descriptors);
      case Command.dmaUnmap:
        return this.unmap(message, answer);
      case Command.getInfo:
        return this.describeDevice(payload, answer);
      case Command.getRegionInfo:
        return this.describeRegion(payload, answer);
      case Command.getRegionIoFds:
        return this.describeIoFds(payload, answer);
      case Command.getIrqInfo:
        return this.describeIrq(payload, answer);
      case Command.setIrqs:
        return this.irqs.set(payload, descriptors);
      case Command.regionWriteMulti:
        return this.writeMulti(message, answer);
      case Command.reset:
        return this.reset();
      case Command.feature:
      case Command.migrationRead:
      case Command.migrationWrite:
        return this.feature(command, { payload, answer: (bytes) => answer.payload(bytes) });
      default:
        throw invalid(`${commandName(command)} is none that this server knows`);
    }
  }

  private version({ bytes, flags }: Message, answer: Answer): void {
    if (this.client) throw invalid('VERSION came a second time');
    this.client = readVersion(bytes);
    const { twinSocket, maxDataBytes } = this.client;
    // Without an answer the client would never get its end, and nobody would close it.
    const isAnswered = (flags & MessageFlag.noReply) === 0;
    const twin = twinSocket && isAnswered ? this.device.openTwin(maxDataBytes) : null;
    if (twin !== null) answer.descriptors = [twin];
    const text = versionAnswer(this.device.maxMappings, twin === null ? null : 0);
    answer.payload(text.length);
    answer.bytes.set(text, HEADER_BYTES);
  }

  private reset(): void {
    this.config.reset();
    if (this.migration.isRunning) this.device.reset();
    this.migration.reset();
  }

  private feature(command: number, request: FeatureRequest): void {
    if (!this.device.canMigrate) throw new RequestError(Errno.ENOTSUP, `${commandName(command)}: the device can't be moved`);
    if (command === Command.feature) this.features.carryOut(request);
    else if (command === Command.migrationRead) this.features.readData(request);
    else this.features.writeData(request);
  }

  private unmap({ payload }: Message, answer: Answer): void {
    const unmapped = this.dma.unmap(payload);
    const out = answer.payload(24);
    out.setUint32(0, 24, true);
    out.setUint32(4, payload.getUint32(4, true), true);
    out.setBigUint64(8, payload.getBigUint64(8, true), true);
    out.setBigUint64(16, unmapped, true);
  }

  /** Where answers have a size of their own, the client says how much it has room for; no answer here is longer than its request. */
  private describeDevice(payload: DataView, answer: Answer): void {
    expectBytes('GET_INFO', payload, 16);
    this.checkRoom('GET_INFO', payload, 16);
    const out = answer.payload(16);
    [16, DeviceFlag.reset | DeviceFlag.pci, Region.count, IrqIndex.count].forEach((value, index) => {
      out.setUint32(4 * index, value, true);
    });
  }

  private checkRoom(name: string, payload: DataView, bytes: number): void {
    const room = payload.getUint32(0, true);
    if (room < bytes) throw invalid(`${name} has room for ${room} bytes, expected ${bytes}`);
  }

  private describeRegion(payload: DataView, answer: Answer): void {
    expectBytes('GET_REGION_INFO', payload, 32);
    this.checkRoom('GET_REGION_INFO', payload, 32);
    const index = payload.getUint32(8, true);
    if (index >= Region.count) throw invalid(`GET_REGION_INFO of region ${index}, expected 0..${Region.count - 1}`);
    const size = this.sizeOf(index);
    const flags = size === 0 ? 0 : index === Region.rom ? RegionFlag.read : RegionFlag.read | RegionFlag.write;
    const out = answer.payload(32);
    out.setUint32(0, 32, true);
    out.setUint32(4, flags, true);
    out.setUint32(8, index, true);
    out.setUint32(12, 0, true);
    out.setBigUint64(16, BigInt(size), true);
    out.setBigUint64(24, 0n, true);
  }

  /** No part of a region has a descriptor of its own. */
  private describeIoFds(payload: DataView, answer: Answer): void {
    expectBytes('GET_REGION_IO_FDS', payload, 16);
    this.checkRoom('GET_REGION_IO_FDS', payload, 16);
    const index = payload.getUint32(8, true);
    if (index >= Region.count || this.sizeOf(index) === 0) throw invalid(`GET_REGION_IO_FDS of region ${index}, which is none`);
    const out = answer.payload(16);
    [16, 0, index, 0].forEach((value, place) => {
      out.setUint32(4 * place, value, true);
    });
  }

  private describeIrq(payload: DataView, answer: Answer): void {
    expectBytes('GET_IRQ_INFO', payload, 16);
    this.checkRoom('GET_IRQ_INFO', payload, 16);
    const index = payload.getUint32(8, true);
    const { count, flags } = this.irqs.describe(index);
    const out = answer.payload(16);
    [16, flags, index, count].forEach((value, place) => {
      out.setUint32(4 * place, value, true);
    });
  }

  private sizeOf(region: number): number {
    const { pci, rom } = this.device;
    if (region === Region.bar0) return pci.bar0Bytes;
    if (region === Region.config) return CONFIG_BYTES;
    return region === Region.rom ? (rom?.length ?? 0) : 0;
  }

  /** Where an access is. Throws RequestError if there is nothing at all. */
  private place(name: string, payload: DataView): { readonly region: number; readonly offset: number; readonly count: number } {
    expectBytes(name, payload, ACCESS_BYTES);
    const region = payload.getUint32(8, true);
    const count = payload.getUint32(12, true);
    if (count === 0 || count > MAX_DATA_BYTES) throw invalid(`${name} of ${count} bytes, expected 1..${MAX_DATA_BYTES}`);
    if (this.sizeOf(region) === 0) throw invalid(`${name} of region ${region}, which is none`);
    // An offset so large that its number isn't exact is behind the end of every region.
    return { region, offset: payload.getUint32(4, true) * 2 ** 32 + payload.getUint32(0, true), count };
  }

  /** REGION_READ. Behind a region's end are ones, as on a bus where nobody answers: some clients don't look whether an answer is an error. */
  private read(payload: DataView, answer: Answer): void {
    const { region, offset, count } = this.place('REGION_READ', payload);
    const out = answer.payload(ACCESS_BYTES + count);
    out.setUint32(0, payload.getUint32(0, true), true);
    out.setUint32(4, payload.getUint32(4, true), true);
    out.setUint32(8, region, true);
    out.setUint32(12, count, true);
    const from = HEADER_BYTES + ACCESS_BYTES;
    const isInside = offset + count <= this.sizeOf(region);
    if (region === Region.bar0 && isInside) return this.device.readRegisters(offset, new DataView(out.buffer, from, count));
    const target = answer.bytes.subarray(from, from + count);
    if (region === Region.config) return this.config.read(offset, target);
    target.fill(0xff);
    if (region === Region.rom) target.set(this.device.rom?.subarray(offset, offset + count) ?? []);
  }

  /** REGION_WRITE. What lies behind a region's end is not written. */
  private write({ payload, bytes }: Message, answer: Answer): void {
    const { region, offset, count } = this.place('REGION_WRITE', payload);
    if (payload.byteLength < ACCESS_BYTES + count) throw invalid(`REGION_WRITE of ${count} bytes has ${payload.byteLength - ACCESS_BYTES}`);
    this.writeRegion(region, offset, bytes.subarray(ACCESS_BYTES, ACCESS_BYTES + count));
    const out = answer.payload(ACCESS_BYTES);
    for (let at = 0; at < ACCESS_BYTES; at += 4) out.setUint32(at, payload.getUint32(at, true), true);
  }

  private writeRegion(region: number, offset: number, source: Uint8Array): void {
    if (offset + source.length > this.sizeOf(region)) return;
    if (region === Region.config) this.config.write(offset, source);
    if (region === Region.bar0) this.device.writeRegisters(offset, new DataView(source.buffer, source.byteOffset, source.length));
  }

  /** REGION_WRITE_MULTI: writes of up to 8 bytes each, all checked before the first is carried out. */
  private writeMulti({ payload, bytes }: Message, answer: Answer): void {
    expectBytes('REGION_WRITE_MULTI', payload, 8);
    const count = payload.getBigUint64(0, true);
    if (count > BigInt(MAX_MULTI_WRITES) || payload.byteLength < 8 + Number(count) * MULTI_WRITE_BYTES) {
      throw invalid(
        `REGION_WRITE_MULTI of ${count} writes has ${payload.byteLength} bytes, expected at most ${MAX_MULTI_WRITES} writes of ${MULTI_WRITE_BYTES}`,
      );
    }
    const writes = Array.from({ length: Number(count) }, (_, index) => {
      const from = 8 + index * MULTI_WRITE_BYTES;
      const place = this.place('REGION_WRITE_MULTI', new DataView(payload.buffer, payload.byteOffset + from, ACCESS_BYTES));
      if (place.count > 8) throw invalid(`REGION_WRITE_MULTI has a write of ${place.count} bytes, expected 1..8`);
      return { ...place, from: from + ACCESS_BYTES };
    });
    for (const { region, offset, count: length, from } of writes) this.writeRegion(region, offset, bytes.subarray(from, from + length));
    answer.payload(8).setBigUint64(0, count, true);
  }
}
