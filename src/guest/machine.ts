/**
 * What a guest can do and nothing more: its RAM, synchronous MMIO, and waiting for an interrupt.
 */

/** Runs on a vCPU's thread; the accesses block it. */
export interface GuestMachine {
  /** Guest RAM; its first byte is at guest-physical address `ramBase`. */
  readonly ram: Uint8Array;
  readonly ramBase: number;
  /** log2 of the guest's page size. */
  readonly pageShift: 12 | 14;
  /** Reads a 32-bit register of the gfx window. */
  read(offset: number): number;
  /** Writes one. */
  write(offset: number, value: number): void;
  /** Sleeps until an interrupt came since the last call, or timeoutMs passed: the vectors as a bit set, 0 on timeout. */
  waitForInterrupt(timeoutMs: number): number;
}
