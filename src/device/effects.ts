/**
 * What the device asks its thread to do: a closed union, carried out by actors/bql/thread.ts.
 *
 * Invariant: an effect says what, never how; those that give something back do so at once, as the result of perform().
 */
import type { TraceArgs, TraceName } from '../trace/events.js';

export type Effect =
  /** Run one register access on the background queue; a jobDone message brings the result. */
  | {
      readonly do: 'submitJob';
      readonly job: number;
      readonly operation: number;
      readonly window: number;
      readonly size: number;
      readonly offset: number;
      readonly value: number;
    }
  /** Answer a guest's access. */
  | { readonly do: 'replyToGuest'; readonly token: number; readonly mailbox: number; readonly value: number; readonly high: number }
  /** Answer an upcall. */
  | { readonly do: 'answerUpcall'; readonly id: number; readonly ok: boolean; readonly value: number }
  /** Raise an interrupt: a pulse, or an MSI. */
  | { readonly do: 'raiseInterrupt'; readonly vector: number }
  /** Queue a block on the render queue. */
  | { readonly do: 'queueRender'; readonly frame: number }
  /** Tell the render queue which texture to encode into. */
  | { readonly do: 'tellSurface'; readonly frame: number; readonly texture: number; readonly managed: boolean }
  /** Tell the render queue that its section has ended. */
  | { readonly do: 'endSection'; readonly frame: number }
  | { readonly do: 'releaseTexture'; readonly texture: number }
  | { readonly do: 'releaseRange'; readonly range: number }
  | { readonly do: 'releaseRam'; readonly ram: number }
  | { readonly do: 'pushUpdate' }
  | { readonly do: 'signalUpdateDone' }
  | { readonly do: 'count'; readonly what: 'accesses' | 'framesRendered' | 'framesDropped' | 'refusals' | 'guestErrors' }
  | { readonly do: 'moveCursor' }
  | { readonly do: 'showCursor'; readonly show: boolean }
  | { readonly do: 'setCursor'; readonly cursor: Cursor | null }
  | { readonly do: 'logGuestError'; readonly text: string };

/** A cursor image: 0xAARRGGBB words. */
export interface Cursor {
  readonly width: number;
  readonly height: number;
  readonly hotX: number;
  readonly hotY: number;
  readonly pixels: Uint32Array;
}

/** A surface's texture and size. */
export interface SurfaceInfo {
  readonly width: number;
  readonly height: number;
  readonly texture: number;
  readonly managed: boolean;
}

/** The part of the world that answers at once; one implementation on real threads, others in tests. */
export interface DevicePort {
  perform(effect: Effect): void;
  trace<N extends TraceName>(name: N, args: TraceArgs<N>): void;
  /** Reserves a task's range: its handle and address, or null. */
  createRange(length: number): { readonly range: number; readonly address: number } | null;
  /** Maps a piece of RAM into a range: a pvg_status. */
  mapRange(range: number, offset: number, ram: number, ramOffset: number, length: number, readOnly: boolean): number;
  /** Host address of a RAM's first byte, 0 if there is no such RAM. */
  ramAddress(ram: number): number;
  unmapRange(range: number, offset: number, length: number): number;
  /** The pieces of a mapMemory upcall as gpa, length pairs. */
  mapPieces(id: number, count: number): readonly (readonly [number, number])[];
  supplyFromRam(id: number, offset: number, ram: number, ramOffset: number, length: number): boolean;
  /** The bitmap of a cursor glyph. */
  glyphPayload(id: number, length: number): Uint8Array | null;
  /** Makes surface and texture of a mode, or null if that is impossible. */
  createSurface(width: number, height: number): SurfaceInfo | null;
  /** Copies the texture into the surface; false if it can't be done. */
  copyToSurface(texture: number, present: number): boolean;
}
