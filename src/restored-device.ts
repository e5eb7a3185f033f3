/**
 * What a saved device had, put into one that was just made: memory and displays. PVG's own state is the supervisor's to resume.
 *
 * Invariant: nothing here is done to a device that serves accesses. What memory was given is the embedder's choice; what is missing of it is said.
 */
import { SavedStateError } from './base/errors.js';
import type { PvgBridge } from './bridge/native.js';
import type { DeviceDisplay } from './display.js';
import type { GuestMemories } from './runtime/guest-memories.js';
import type { GuestMemory } from './runtime/guest-memory.js';
import { memoryName, type SavedDevice, type SavedDisplay, type SavedMemory } from './saved-device.js';

/** Where saved memory goes. */
export interface MemoryTarget {
  readonly bridge: PvgBridge;
  /** The device's own RAM, 0 if it has none. */
  readonly ram: number;
  readonly memories: GuestMemories;
}

/** The memory that was given for a saved piece. Throws SavedStateError if there is none. */
function givenFor(piece: SavedMemory, given: readonly GuestMemory[]): GuestMemory {
  const { gpa, bytes, kind, priority } = piece;
  const found = given.find((each) => each.gpa === gpa && each.byteLength === bytes && each.kind === kind && each.priority === priority);
  if (found) return found;
  throw new SavedStateError('mismatch', `the saved device has ${bytes} bytes of ${kind} at 0x${gpa.toString(16)}, which \`memory\` lacks`);
}

/** Fills RAM, and the saved pieces: those that were given, or memory of the device's own, which is returned. Nothing if it was saved without. */
export async function restoreMemory(saved: SavedDevice, { bridge, ram, memories }: MemoryTarget): Promise<readonly GuestMemory[]> {
  const { withMemory, ramBytes, memory } = saved.description;
  if (!withMemory) return [];
  if (ram !== 0) saved.fill(bridge, ram, memoryName(null), ramBytes);
  const given = memories.list;
  const made: GuestMemory[] = [];
  for (const [index, piece] of memory.entries()) {
    const target = given.length > 0 ? givenFor(piece, given) : await memories.add(piece);
    if (given.length === 0) made.push(target);
    // What is in a ROM that was given is the embedder's to know.
    if (target.kind !== 'rom' || target.source === undefined) saved.fill(bridge, target.handle, memoryName(index), piece.bytes);
  }
  return made;
}

/** Modes, cursor and picture of a display. */
export function restoreDisplay(display: DeviceDisplay | undefined, saved: SavedDevice, { modes, present, cursor }: SavedDisplay): void {
  if (!display) return;
  if (modes.length > 0) display.setModes(modes);
  display.cursor.setShown(cursor.shown);
  display.cursor.moveTo(cursor.x, cursor.y);
  const image = saved.cursorImage(display.number);
  if (image) display.setCursorImage(image);
  const pixels = saved.pixels(display.number);
  // Of frames nothing but the picture is left, and its number, which the next ones count on from.
  if (pixels && present > 0) display.surface?.restore(pixels, present);
  if (present > 0) display.shown.restore(present);
}
