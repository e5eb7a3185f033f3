/**
 * What a device tells, by name.
 *
 * Types only; who tells it is device.ts.
 */
import type { CursorImage } from './display.js';
import type { Surface } from './runtime/surface.js';
import type { TraceOrigin } from './trace/log.js';

/** What a device tells, on the thread that made it. */
export interface DeviceEvents {
  /** The console of display 0 was given a full update. */
  update: [];
  /** A mode was set on display 0: the new surface. */
  surface: [Surface];
  /** The cursor of display 0 has another image. */
  cursor: [CursorImage];
  /** A trace line, `name args`, and where and when it happened. Lines from before the first listener come right after it was added. */
  trace: [string, TraceOrigin];
  /** An interrupt line or MSI vector was raised, and how often since the last event of it. `interrupts` has the same for threads that wait. */
  interrupt: [vector: number, count: number];
  /** What the guest did wrong, in words. */
  guestError: [string];
  /** The device has ended: null if close() was called, else why. */
  closed: [Error | null];
  /** EventEmitter's own: somebody begins to listen. */
  newListener: [event: string | symbol, listener: (...values: unknown[]) => void];
}
