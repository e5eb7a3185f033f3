/**
 * Other devices on the guest's memory map, whose registers PVG reads through the embedder.
 *
 * Invariant: a read ends with a value, with bytes of the very length that was asked for, or as failed; what the embedder throws, or rejects with, fails
 * it and no more, since it is PVG's thread that asked.
 */
import { ArgumentError, describeError } from '../base/errors.js';

/** What addDevice() is told: `read`, or `readBytes`, or both. */
export interface GuestDeviceOptions {
  /** Guest-physical address, a multiple of 16 KiB; in the pci variant of 4 KiB. */
  readonly gpa: number;
  /** Length in bytes, a multiple of 16 KiB; in the pci variant of 4 KiB. */
  readonly bytes: number;
  /** As of GuestMemoryOptions. Default 1. */
  readonly priority?: number;
  /**
   * Reads 4 bytes at an offset that is a multiple of 4: the value, or null to fail the read; or a promise of it, whose rejection fails it too.
   * Called on the thread that made the device, with the BQL held: until it is answered, no guest access is served; it must not wait for one itself.
   */
  read?(offset: number): number | null | Promise<number | null>;
  /**
   * Reads a piece of 1 to 1 048 576 bytes at any offset, for memory that can only be reached by messages: all of its bytes, or null to fail the read; or
   * a promise of that. Called as `read` is, and instead of it.
   */
  readBytes?(offset: number, length: number): Uint8Array | null | Promise<Uint8Array | null>;
}

/** Registers of another device on the guest's memory map; made by Device.addDevice(). */
export interface GuestDevice {
  /** Guest-physical address of its first register. */
  readonly gpa: number;
  /** Takes it off the guest's memory map. Idempotent. */
  remove(): Promise<void>;
}

/** Throws ArgumentError if a device can't be read, or not as it says. */
export function checkReaders({ read, readBytes }: GuestDeviceOptions): void {
  if (read === undefined && readBytes === undefined) throw new ArgumentError('a device needs a function read or readBytes');
  if (read !== undefined && typeof read !== 'function') throw new ArgumentError('read is no function');
  if (readBytes !== undefined && typeof readBytes !== 'function') throw new ArgumentError('readBytes is no function');
}

/** Devices by their regions, and where it is told why reads failed. */
export class GuestDevices {
  private readonly devices = new Map<number, GuestDeviceOptions>();

  constructor(private readonly onError: (text: string) => void) {}

  set(region: number, options: GuestDeviceOptions): void {
    this.devices.set(region, options);
  }

  delete(region: number): void {
    this.devices.delete(region);
  }

  /** Gives `answer` the value of a register, null if the device is gone or failed: at once if the device has it at once. */
  read(region: number, offset: number, answer: (value: number | null) => void): void {
    const place = `at offset 0x${offset.toString(16)}`;
    this.ask(
      place,
      () => this.devices.get(region)?.read?.(offset) ?? null,
      (value) => answer(value === null ? null : value >>> 0),
      answer,
    );
  }

  /** As read(), of bytes. */
  readBytes(region: number, piece: { readonly offset: number; readonly length: number }, answer: (bytes: Uint8Array | null) => void): void {
    const { offset, length } = piece;
    const place = `of ${length} bytes at offset 0x${offset.toString(16)}`;
    const check = (bytes: Uint8Array | null): void => {
      const whole = bytes === null || (bytes instanceof Uint8Array && bytes.length === length);
      if (!whole) this.onError(`the read of another device ${place} gave something else than ${length} bytes`);
      answer(whole ? bytes : null);
    };
    this.ask(place, () => this.devices.get(region)?.readBytes?.(offset, length) ?? null, check, answer);
  }

  private ask<T>(place: string, read: () => T | Promise<T>, use: (value: T) => void, answer: (nothing: null) => void): void {
    const fail = (error: unknown): void => {
      this.onError(`the read of another device's register ${place} threw: ${describeError(error)}`);
      answer(null);
    };
    let value: T | Promise<T>;
    try {
      value = read();
    } catch (error) {
      return fail(error);
    }
    if (isPromise(value)) Promise.resolve(value).then(use, fail);
    else use(value);
  }
}

function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
