/**
 * What the server's thread and the thread that made the device say to each other, by a MessagePort.
 *
 * Invariant: each request is answered, also when the server is closing. Structured-cloneable.
 */
import type { PciDescription } from '../../device/pci.js';
import type { VcpuAttachment } from '../../runtime/vcpu.js';
import type { DmaMapping } from './dma-table.js';

/** What the thread is made with. */
export interface VfioUserThreadData {
  /** Descriptor of a socket: one that listens, or one client's. */
  readonly socket: number;
  readonly listens: boolean;
  /** Event descriptor that wakes the thread to look at its port. */
  readonly wake: number;
  readonly attachment: VcpuAttachment;
  readonly pci: PciDescription;
  readonly rom: Uint8Array | null;
  readonly maxMappings: number;
  /** One cell, which changes with each answer on the port. */
  readonly answered: SharedArrayBuffer;
}

/** What the thread asks the device's own thread to do, and waits for. */
export type VfioUserRequest =
  | { readonly do: 'map'; readonly mapping: DmaMapping; readonly descriptor: number | null }
  | { readonly do: 'unmap'; readonly names: readonly number[] }
  | { readonly do: 'reset' };

/** What the thread says. */
export type VfioUserReport =
  | { readonly report: 'ask'; readonly request: VfioUserRequest }
  | { readonly report: 'client' }
  | { readonly report: 'left'; readonly reason: string }
  | { readonly report: 'refused'; readonly reason: string };

/** What it is told. `value` is a mapping's name; an error is of the system's numbers. */
export type VfioUserOrder =
  | { readonly order: 'answer'; readonly value: number; readonly errno: number; readonly text: string }
  | { readonly order: 'close' };
