/**
 * The names that pvg_bridge.h gives to kinds, windows and statuses: all the device knows of PVG.
 *
 * Numbers only, so that behaviours can import it; the calls are in native.ts.
 */

export const PvgStatus = {
  ok: 0,
  handle: -1,
  argument: -2,
  closed: -3,
  full: -4,
  noMemory: -5,
  bounds: -6,
  refused: -7,
  unsupported: -8,
} as const;

export const PvgCause = { none: 0, closed: 1, thread: 2, deadlock: 3 } as const;

export const PvgWindow = { gfx: 0, iosfc: 1 } as const;
export type WindowId = (typeof PvgWindow)[keyof typeof PvgWindow];

export const Upcall = {
  createTask: 1,
  destroyTask: 2,
  mapMemory: 3,
  unmapMemory: 4,
  readMemory: 5,
  raiseInterrupt: 6,
  newFrame: 7,
  modeChange: 8,
  cursorGlyph: 9,
  cursorShow: 10,
  cursorMove: 11,
  frameCompleted: 12,
  iosfcMap: 13,
  iosfcUnmap: 14,
  iosfcInterrupt: 15,
} as const;

/** Which mailbox an upcall goes to (pvg_bridge.h, enum pvg_upcall_class). */
export const UpcallClass = { task: 0, read: 1, interrupt: 2, iosfc: 3, display: 4, mode: 5, completion: 6 } as const;
export type UpcallClassName = keyof typeof UpcallClass;

/** Whom an answered upcall wakes besides its own thread. */
export const Wake = { job: 0, kind: 1, all: 2 } as const;

export const GpuFlag = { unifiedMemory: 1, removable: 2, default: 4 } as const;

/** What a thread inside PVG waits for. */
export const WaitFor = { upcall: 1, thread: 2, lock: 3 } as const;

export const MAX_PORTS = 8;

/** Kinds from here on are the host's own; see actors/messages.ts. */
export const KIND_HOST = 0x100;
