/**
 * What the supervisor hands to each thread: handles, shared memory, configuration. Structured-cloneable.
 */
import type { MessagePort } from 'node:worker_threads';
import type { TraceOrigin } from '../src/trace/log.js';
import type { MemoryRegion } from '../src/memory/region.js';

export interface Wiring {
  readonly group: number;
  readonly device: number;
  readonly bqlMailbox: number;
  readonly renderMailbox: number;
  readonly backgroundMailbox: number;
  readonly variant: 'mmio' | 'pci';
  readonly vectors: number;
  readonly regions: readonly MemoryRegion[];
  readonly counters: SharedArrayBuffer;
  readonly interrupts: SharedArrayBuffer;
  readonly cursor: SharedArrayBuffer;
  readonly trace: readonly string[];
  readonly initialMode: { readonly width: number; readonly height: number };
}

/** A thread's start-up data: the wiring, and its end of the control plane. */
export interface ThreadData {
  readonly wiring: Wiring;
  readonly control: MessagePort;
}

/** What threads tell the supervisor, by their worker's port. */
export type Report =
  | { readonly report: 'ready' }
  | { readonly report: 'surface'; readonly width: number; readonly height: number; readonly memory: SharedArrayBuffer }
  | {
      readonly report: 'cursor';
      readonly width: number;
      readonly height: number;
      readonly hotX: number;
      readonly hotY: number;
      readonly pixels: Uint32Array;
    }
  | { readonly report: 'update' }
  | { readonly report: 'updateDone' }
  | { readonly report: 'reply'; readonly token: number; readonly value: number; readonly high: number }
  | { readonly report: 'trace'; readonly line: string; readonly origin: TraceOrigin }
  | { readonly report: 'guestError'; readonly text: string };

/** What the control plane offers on each actor (comlink). */
export interface ActorControl {
  /** A snapshot for people and tests: plain data. */
  inspect(): Record<string, unknown>;
  /** Throws on the actor's thread, as a defect would; for tests of robustness. */
  crash(): void;
}
