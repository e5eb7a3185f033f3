/**
 * What the supervisor hands to each thread: handles, shared memory, configuration. Structured-cloneable.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Effect } from '../src/device/effects.js';
import type { MemoryRegion } from '../src/memory/region.js';
import type { RevisionName } from '../src/revisions/revision.js';
import type { TraceOrigin } from '../src/trace/log.js';

/** Handles of the mailboxes; 0 where the revision has no such actor. */
export interface MailboxHandles {
  readonly bql: number;
  readonly render: number;
  readonly background: number;
  readonly watchdog: number;
  /** Completions of frames that the BQL actor itself waits for. */
  readonly update: number;
}

/** What threads share of one display. */
export interface DisplayWiring {
  readonly cursor: SharedArrayBuffer;
  readonly shown: SharedArrayBuffer;
  readonly viewers: SharedArrayBuffer;
  /** null: no mode until the guest sets one. */
  readonly initialMode: { readonly width: number; readonly height: number } | null;
  readonly textureUsage: number;
  /** Modes that the display begins with, preferred first; empty: nothing is plugged in. */
  readonly modes: readonly { readonly width: number; readonly height: number }[];
}

export interface Wiring {
  readonly group: number;
  readonly device: number;
  readonly revision: RevisionName;
  readonly mailboxes: MailboxHandles;
  readonly variant: 'mmio' | 'pci';
  readonly vectors: number;
  readonly regions: readonly MemoryRegion[];
  /** The bridge's handle of the memory map, which the BQL actor publishes. */
  readonly map: number;
  readonly counters: SharedArrayBuffer;
  readonly interrupts: SharedArrayBuffer;
  readonly board: SharedArrayBuffer;
  readonly displays: readonly DisplayWiring[];
  /** The modes are the embedder's, rather than the default. */
  readonly modesGiven: boolean;
  /** Of TraceSwitches: which events are printed. */
  readonly traceSwitches: SharedArrayBuffer;
  /** Whether each thread keeps its latest trace events in a ring. */
  readonly traceRing: boolean;
  /** Whether each actor traces the messages that it takes. */
  readonly traceDeliveries: boolean;
  /** Whether all is noted that can be, with exact times: the device is recorded or shown. */
  readonly traceDetail: boolean;
  /** How long mailboxes that threads make for themselves may be polled. */
  readonly pollMicroseconds: number;
}

/** A thread's start-up data: the wiring, and its end of the control plane. */
export interface ThreadData {
  readonly wiring: Wiring;
  readonly control: MessagePort;
}

/** What threads tell the supervisor, by their worker's port. */
export type Report =
  | { readonly report: 'ready' }
  | {
      readonly report: 'surface';
      readonly display: number;
      readonly width: number;
      readonly height: number;
      readonly memory: SharedArrayBuffer;
    }
  | {
      readonly report: 'cursor';
      readonly display: number;
      readonly width: number;
      readonly height: number;
      readonly hotX: number;
      readonly hotY: number;
      readonly pixels: Uint32Array;
    }
  | { readonly report: 'update'; readonly display: number }
  | { readonly report: 'updateDone'; readonly display: number }
  | { readonly report: 'reply'; readonly token: number; readonly value: number; readonly high: number }
  /** Read a register of another device of the embedder's; the answer is a jobDone message. */
  | { readonly report: 'readDevice'; readonly job: number; readonly region: number; readonly offset: number }
  /** Read a piece of another device and supply it; the answer is a jobDone message. */
  | ({ readonly report: 'readDevicePiece' } & Omit<Extract<Effect, { readonly do: 'readDevicePiece' }>, 'do'>)
  /** More accesses are in PVG at once than there are workers to carry them. */
  | { readonly report: 'workersNeeded'; readonly count: number }
  /** A thread's trace ring. */
  | { readonly report: 'traceRing'; readonly actor: string; readonly thread: number; readonly memory: SharedArrayBuffer }
  | { readonly report: 'trace'; readonly line: string; readonly origin: TraceOrigin }
  | { readonly report: 'guestError'; readonly text: string }
  | { readonly report: 'deadlock'; readonly text: string };

/** What the control plane offers on each actor (comlink). */
export interface ActorControl {
  /** A snapshot for people and tests: plain data. */
  inspect(): Record<string, unknown>;
  /** Throws on the actor's thread, as a defect would; for tests of robustness. */
  crash(): void;
}
