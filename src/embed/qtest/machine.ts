/**
 * What a session needs of the machine that it tests.
 *
 * Types only. The one that is behind a socket is device-machine.ts; tests have others.
 */

/** Interrupt lines of the device, or inputs of the controller that they lead to: the same lines, as nothing lies in between. */
export type InterceptSide = 'in' | 'out';

/** How many bytes an access has. */
export type AccessSize = 1 | 2 | 4 | 8;

export interface QtestMachine {
  /** An access of the guest's: of registers with exactly that size, of memory little endian. What leads nowhere reads zeros. */
  load(address: bigint, size: AccessSize): Promise<bigint>;
  store(address: bigint, size: AccessSize, value: bigint): Promise<void>;
  /** Bytes of guest-physical memory; of registers in accesses of 4 bytes. */
  read(address: bigint, size: number): Promise<Uint8Array>;
  write(address: bigint, bytes: Uint8Array): Promise<void>;
  fill(address: bigint, size: number, value: number): Promise<void>;
  /** Nanoseconds; null: the machine has a real clock. */
  readonly clock: bigint | null;
  /** When something happens next by itself; null if nothing will. */
  readonly nextDeadline: bigint | null;
  /** Moves the clock on, and gives what it shows then. */
  advance(nanoseconds: bigint): Promise<bigint>;
  /** Whether the path names something whose interrupts can be intercepted on that side. */
  canIntercept(side: InterceptSide, path: string): boolean;
  /** From now on interrupts are noted. */
  intercept(): void;
  /** Numbers of the interrupts since the last look, each as often as it was raised; none before intercept(). */
  takeInterrupts(): readonly number[];
}
