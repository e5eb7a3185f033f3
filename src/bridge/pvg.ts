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

export const PvgCause = { none: 0, closed: 1, thread: 2 } as const;

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
} as const;

/** Kinds from here on are the host's own; see actors/messages.ts. */
export const KIND_HOST = 0x100;
