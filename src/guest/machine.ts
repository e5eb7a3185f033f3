/**
 * What a guest can do and nothing more: its RAM, synchronous MMIO, and waiting for an interrupt.
 *
 * Invariant: a value of the iosfc window is an exact integer; what a number can't hold is an error, never a rounded address.
 * What it doesn't do: say which line or vector belongs to whom. A guest looks at the device's memory to find out why it was woken.
 */
import { GuestDriverError } from './errors.js';

/** Runs on a vCPU's thread; the accesses block it. */
export interface GuestMachine {
  /** Guest RAM; its first byte is at guest-physical address `ramBase`. */
  readonly ram: Uint8Array;
  readonly ramBase: number;
  /** log2 of the guest's page size. */
  readonly pageShift: 12 | 14;
  /** Whether there is an IOSurface mapper, and so an iosfc window. */
  readonly hasIosfc: boolean;
  /** Reads a 32-bit register of the gfx window. */
  read(offset: number): number;
  /** Writes one. */
  write(offset: number, value: number): void;
  /** Reads a 64-bit register of the iosfc window, whose value is below 2^53. */
  readIosfc(offset: number): number;
  /** Writes one; value is an integer from 0 to 2^53 - 1. */
  writeIosfc(offset: number, value: number): void;
  /** Sleeps until an interrupt came since the last call, or timeoutMs passed: the vectors as a bit set, 0 on timeout. */
  waitForInterrupt(timeoutMs: number): number;
}

/** Accesses of 8 bytes to the iosfc window, as a vCPU makes them. */
export interface IosfcAccess {
  readIosfc64(offset: number): bigint;
  writeIosfc64(offset: number, value: bigint): void;
}

/** A machine's part that is about the iosfc window; null: the machine has none, and an access meets nothing. */
export function iosfcWindow(access: IosfcAccess | null): Pick<GuestMachine, 'hasIosfc' | 'readIosfc' | 'writeIosfc'> {
  if (access === null) return { hasIosfc: false, readIosfc: () => 0, writeIosfc: () => undefined };
  return {
    hasIosfc: true,
    readIosfc(offset) {
      const value = access.readIosfc64(offset);
      if (value > Number.MAX_SAFE_INTEGER)
        throw new GuestDriverError(`iosfc register 0x${offset.toString(16)} reads 0x${value.toString(16)}`);
      return Number(value);
    },
    writeIosfc(offset, value) {
      if (!Number.isSafeInteger(value) || value < 0) throw new GuestDriverError(`${value} is no value for an iosfc register`);
      access.writeIosfc64(offset, BigInt(value));
    },
  };
}
