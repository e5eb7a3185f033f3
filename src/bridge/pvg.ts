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
  woken: -9,
} as const;

/** Which PVG is behind a device: Apple's, the software one, or the first of them that there is. */
export const BRIDGE_CHOICES = ['auto', 'apple', 'soft'] as const;
export type BridgeChoice = (typeof BRIDGE_CHOICES)[number];

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

/** How the IOSurface mapper's upcalls are answered on its own thread (pvg_bridge.h, enum pvg_own_iosfc). */
export const OwnIosfc = { none: 0, perMapping: 1, checked: 2 } as const;

/** What is noted of what PVG's own threads answer (pvg_bridge.h, enum pvg_trace_event). */
export const TraceEvent = {
  lost: 0,
  iosfcUnmapNothing: 1,
  createTask: 2,
  destroyTask: 3,
  mapMemory: 4,
  mapMemoryRange: 5,
  remap: 6,
  unmapMemory: 7,
  readMemory: 8,
  iosfcMap: 9,
  iosfcUnmapRegion: 10,
} as const;

/** What a region of the memory map may be used for (pvg_host.h, enum pvg_region_flag). */
export const RegionFlag = { mappable: 1, writable: 2, removed: 4 } as const;

/** The place of a range that shows no memory. */
export const MAP_REGISTERS = 0xffff_ffff;

/** Whom an answered upcall wakes besides its own thread. */
export const Wake = { job: 0, kind: 1, all: 2 } as const;

export const GpuFlag = { unifiedMemory: 1, removable: 2, default: 4 } as const;

/** What a thread inside PVG waits for. */
export const WaitFor = { upcall: 1, thread: 2, lock: 3 } as const;

export const MAX_PORTS = 8;

/** Kinds from here on are the host's own; see actors/messages.ts. */
export const KIND_HOST = 0x100;
