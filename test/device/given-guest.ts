/**
 * A guest for tests of memory that the embedder gives: RawGuest, with that memory as its RAM, and files to give.
 */
import { closeSync, ftruncateSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDevice, type Device, type DeviceOptions, type GuestMemory } from '../../dist/src/index.js';
import { RawGuest } from './raw-guest.js';

export const MIB = 2 ** 20;
/** What a RawGuest uses. */
export const GUEST_BYTES = 8 * MIB;

/** A device without RAM of its own, which draws as fast as it can. */
export function bareDevice(more: DeviceOptions = {}): Promise<Device> {
  return createDevice({ variant: 'pci', ramBytes: 0, modes: [{ width: 64, height: 48, rateHz: 60 }], vsync: false, ...more });
}

/** A guest whose RAM is a piece that was given, from `offset` in it on. */
export function guestIn(device: Device, memory: GuestMemory, offset = 0): RawGuest {
  return new RawGuest({
    ram: () => memory.bytes.subarray(offset),
    attachment: { ...device.attachment, ramBase: memory.gpa + offset },
    mmioRead: (register) => device.mmioRead(register),
    mmioWrite: (register, value) => device.mmioWrite(register, value),
  });
}

/** Files that are gone when closed. */
export class Files {
  private readonly folder = mkdtempSync(join(tmpdir(), 'apple-gfx-'));
  private readonly open = new Set<number>();
  private count = 0;

  /** A descriptor of a new file, by default for reading and writing. */
  make(bytes: number, flags = 'r+'): number {
    const path = join(this.folder, `memory-${this.count++}`);
    const fd = openSync(path, 'w+');
    ftruncateSync(fd, bytes);
    closeSync(fd);
    const given = openSync(path, flags);
    this.open.add(given);
    return given;
  }

  /** The folder, which is a directory to open. */
  get path(): string {
    return this.folder;
  }

  close(): void {
    for (const fd of this.open) closeSync(fd);
    rmSync(this.folder, { recursive: true });
  }
}

/** What is in a file. */
export function contentOf(fd: number, at: number, bytes: number): Uint8Array {
  const content = new Uint8Array(bytes);
  readSync(fd, content, 0, bytes, at);
  return content;
}

/** Fills a file. */
export function fill(fd: number, bytes: number, value: number): void {
  writeSync(fd, new Uint8Array(bytes).fill(value), 0, bytes, 0);
}
