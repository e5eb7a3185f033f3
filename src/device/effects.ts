/**
 * What the device asks its thread to do: a closed union, carried out by actors/device-port.ts.
 *
 * Invariant: an effect says what, never how; what gives something back does so at once, as the result of a method.
 */
import type { MapSnapshot } from '../memory/address-space.js';
import type { AccessEntry } from '../revisions/revision.js';
import type { PvgAccess } from '../runtime/pvg-access.js';
import type { TraceArgs, TraceName } from '../trace/events.js';

/** A register access on its way to PVG. */
export interface AccessJob extends PvgAccess {
  readonly job: number;
  readonly entry: AccessEntry;
  /** Reply mailbox of the vCPU whose access it is, 0 if it has none. */
  readonly caller: number;
  /** It came about inside another access, which holds a worker. */
  readonly nested: boolean;
}

export type Effect =
  /** Have a register access carried into PVG; a message brings the result. */
  | ({ readonly do: 'submitJob' } & AccessJob)
  /** Have another device of the embedder's read a register; a message brings the result. */
  | { readonly do: 'readDevice'; readonly job: number; readonly region: number; readonly offset: number }
  /** Have another device of the embedder's read a piece, and put it at byte `at` of what the upcall wants; a message says how that went. */
  | {
      readonly do: 'readDevicePiece';
      readonly job: number;
      readonly region: number;
      readonly offset: number;
      readonly length: number;
      readonly upcall: number;
      readonly at: number;
    }
  /** Answer a guest's access; `ok`: PVG has carried all of it out. */
  | {
      readonly do: 'replyToGuest';
      readonly token: number;
      readonly mailbox: number;
      readonly value: number;
      readonly high: number;
      readonly ok: boolean;
    }
  /** Answer an upcall. */
  | { readonly do: 'answerUpcall'; readonly id: number; readonly ok: boolean; readonly value: number }
  /** Raise an interrupt: a pulse, or an MSI. */
  | { readonly do: 'raiseInterrupt'; readonly line: 'gfx' | 'iosfc'; readonly vector: number }
  /** Have a frame rendered; texture 0: the surface is noted later. */
  | { readonly do: 'queueRender'; readonly display: number; readonly frame: number; readonly texture: number; readonly managed: boolean }
  /** Tell the render queue which texture to encode into. */
  | { readonly do: 'tellSurface'; readonly display: number; readonly frame: number; readonly texture: number; readonly managed: boolean }
  /** Tell the render queue that its section has ended. */
  | { readonly do: 'endSection'; readonly frame: number }
  /** Tell the render queue that it has the BQL. */
  | { readonly do: 'lendBql'; readonly display: number }
  | { readonly do: 'releaseTexture'; readonly texture: number }
  | { readonly do: 'releaseRange'; readonly range: number }
  | { readonly do: 'releaseRam'; readonly ram: number }
  /** Let those who look things up without the BQL see the memory map as it is now; done when nobody looks at an older one. */
  | { readonly do: 'publishMap'; readonly map: MapSnapshot }
  | { readonly do: 'pushUpdate'; readonly display: number }
  | { readonly do: 'signalUpdateDone'; readonly display: number }
  /** Take note of a frame that is not copied, since nobody looks. */
  | { readonly do: 'passFrame'; readonly display: number; readonly present: number }
  | { readonly do: 'count'; readonly what: 'accesses' | 'framesRendered' | 'framesDropped' | 'refusals' | 'guestErrors' }
  /** Move the console's cursor; null: to where PVG says it is now. */
  | { readonly do: 'moveCursor'; readonly display: number; readonly to: { readonly x: number; readonly y: number } | null }
  | { readonly do: 'showCursor'; readonly display: number; readonly show: boolean }
  | { readonly do: 'setCursor'; readonly display: number; readonly cursor: Cursor | null }
  | { readonly do: 'logGuestError'; readonly text: string };

/** A cursor image: 0xAARRGGBB words, straight alpha. */
export interface Cursor {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Which of its pixels points: from the left. */
  readonly hotX: number;
  /** From above. */
  readonly hotY: number;
  /** 0xAARRGGBB words, rows packed. */
  readonly pixels: Uint32Array;
}

/** A surface's texture and size. */
export interface SurfaceInfo {
  readonly width: number;
  readonly height: number;
  readonly texture: number;
  readonly managed: boolean;
}

/** A frame on its way into PVG. */
export interface FrameBlock {
  readonly display: number;
  readonly frame: number;
  readonly texture: number;
  readonly managed: boolean;
}

/** How a frame ended; `present` is the number of the guest's present. */
export interface FrameResult {
  readonly ok: boolean;
  readonly present: number;
}

/** The part of the world that answers at once; one implementation on real threads, others in tests. */
export interface DevicePort {
  perform(effect: Effect): void;
  trace<N extends TraceName>(name: N, args: TraceArgs<N>): void;
  /** As trace(), for an event that comes with every access: its number in TRACE_IDS, and up to four arguments as numbers. */
  note(event: number, first?: number, second?: number, third?: number, fourth?: number): void;
  /** Whether anybody wants any trace event. */
  readonly tracing: boolean;
  /** Whether moves of machines are noted. */
  readonly tracesMachines: boolean;
  /** What tells a run of a machine from others of its kind; 0 unless moves of machines are noted. */
  newInstance(): number;
  /** Reserves a task's range: its handle and address, or null. */
  createRange(length: number): { readonly range: number; readonly address: number } | null;
  /** Maps a piece of RAM into a range: a pvg_status. */
  mapRange(range: number, offset: number, ram: number, ramOffset: number, length: number, readOnly: boolean): number;
  /** Host address of a RAM's first byte, 0 if there is no such RAM. */
  ramAddress(ram: number): number;
  unmapRange(range: number, offset: number, length: number): number;
  /** The pieces of a mapMemory upcall: gpa and length of one after the other. The list is used again by the next call. */
  mapPieces(id: number, count: number): readonly number[];
  supplyFromRam(id: number, offset: number, ram: number, ramOffset: number, length: number): boolean;
  supply(id: number, offset: number, bytes: Uint8Array): boolean;
  /** The bitmap of a cursor glyph. */
  glyphPayload(id: number, length: number): Uint8Array | null;
  /** Makes surface and texture of a mode, or null if that is impossible. */
  createSurface(display: number, width: number, height: number): SurfaceInfo | null;
  /** Copies the texture into the display's surface; false if it can't be done. */
  copyToSurface(display: number, texture: number, present: number): boolean;
  /** Whether anybody looks at the display's surface. */
  isViewed(display: number): boolean;
}
