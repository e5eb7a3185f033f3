/**
 * Where in guest RAM the driver keeps what: a pure function of the page size, the displays and whether there is an IOSurface mapper.
 *
 * Invariant: a driver that goes on from saved RAM finds everything where the one before put it, without a pointer in RAM that could be
 * damaged. So a change here that moves anything raises STATE_VERSION in state.ts. Every region begins at a page, and below
 * the first mebibyte, which firmware wants for itself, there is only the state block. It knows no content.
 */
import { CHILD_RING_DATA, IOSFC_SURFACES, IOSFC_TABLE_ENTRY_SIZE } from './layout.js';
import { CURSOR_SIDE, SPRITE_SIDE } from './scene.js';

/** Where the driver's state block lies. */
export const STATE_OFFSET = 0x8_0000;
const FIRST = 0x10_0000;

/** Bytes of the control ring, and of a child ring's data. */
export const RING_LENGTH = 0x1_0000;
/** A display's frames use these in turn for their commands. */
export const SLOTS = 4;
export const SLOT_LENGTH = 0x1_0000;
export const SPRITE_BYTES = 4 * SPRITE_SIDE * SPRITE_SIDE;
export const GLYPH_BYTES = 4 * CURSOR_SIDE * CURSOR_SIDE;

export interface Shape {
  /** Bytes of a guest page. */
  readonly page: number;
  readonly displays: number;
  readonly iosfc: boolean;
}

/** One display's regions, as offsets into RAM. */
export interface DisplayPlacement {
  /** The display's shared page. */
  readonly page: number;
  /** The child ring: its header, then its data. */
  readonly child: number;
  readonly slots: number;
}

export interface Placement {
  readonly ring: number;
  readonly shared: number;
  readonly iosfcRing: number;
  readonly iosfcTable: number;
  readonly displays: readonly DisplayPlacement[];
  readonly sprites: number;
  readonly glyph: number;
  /** The task shows RAM from here, its first offset, up to the end. */
  readonly task: number;
  /** Behind the last region. */
  readonly end: number;
}

export function placementOf({ page, displays, iosfc }: Shape): Placement {
  let next = FIRST;
  const allocate = (length: number): number => {
    const at = next;
    next += Math.ceil(length / page) * page;
    return at;
  };
  const ports = Array.from({ length: displays }, (_, port) => port);
  const ring = allocate(RING_LENGTH);
  const shared = allocate(page);
  const pages = ports.map(() => allocate(page));
  // The device may look at any entry of the table, so all of it is there.
  const iosfcRing = allocate(iosfc ? page : 0);
  const iosfcTable = allocate(iosfc ? IOSFC_SURFACES * IOSFC_TABLE_ENTRY_SIZE : 0);
  const task = next;
  const children = ports.map(() => allocate(CHILD_RING_DATA + RING_LENGTH));
  const slots = ports.map(() => allocate(SLOTS * SLOT_LENGTH));
  return {
    ring,
    shared,
    iosfcRing,
    iosfcTable,
    displays: ports.map((port) => ({ page: pages[port] ?? 0, child: children[port] ?? 0, slots: slots[port] ?? 0 })),
    task,
    sprites: allocate(2 * SPRITE_BYTES),
    glyph: allocate(GLYPH_BYTES),
    end: next,
  };
}
