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
  readonly canMigrate: boolean;
  /** Whether registers are accessed without the BQL. */
  readonly unlocked: boolean;
  /** One cell, which changes with each answer on the port. */
  readonly answered: SharedArrayBuffer;
}

/** What the thread asks the device's own thread to do, and waits for. */
export type VfioUserRequest =
  | { readonly do: 'map'; readonly mapping: DmaMapping; readonly descriptor: number | null }
  | { readonly do: 'unmap'; readonly names: readonly number[] }
  | { readonly do: 'reset' }
  /** The second socket's end is of no more use. */
  | { readonly do: 'closeTwin' }
  /** Brings the device to rest and ends it; the answer's bytes are its state. */
  | { readonly do: 'stop' }
  /** Makes a device, from a state if there is one. */
  | { readonly do: 'run'; readonly state: Uint8Array | null }
  | { readonly do: 'log'; readonly on: boolean }
  /** The answer's bytes are a bitmap. */
  | { readonly do: 'dirty'; readonly address: bigint; readonly bytes: bigint; readonly pageBytes: number };

/** What the thread says. */
export type VfioUserReport =
  | { readonly report: 'ask'; readonly request: VfioUserRequest }
  | { readonly report: 'client' }
  /** A second socket, this end of which is who made the device's; its client sends so many bytes at once. */
  | { readonly report: 'twin'; readonly socket: number; readonly maxDataBytes: number }
  | { readonly report: 'left'; readonly reason: string }
  | { readonly report: 'refused'; readonly reason: string };

/** What a request has come to. `value` is a mapping's name; an error is of the system's numbers, EIO: the device has ended. */
export interface VfioUserAnswer {
  readonly order: 'answer';
  readonly value: number;
  readonly bytes: Uint8Array | null;
  readonly errno: number;
  readonly text: string;
}

/** What it is told. */
export type VfioUserOrder =
  | VfioUserAnswer
  /** There is another device, or none; before the answer to what has changed that. */
  | { readonly order: 'device'; readonly attachment: VcpuAttachment | null }
  | { readonly order: 'close' };
