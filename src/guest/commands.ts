/**
 * A scene as the device's drawing commands.
 *
 * Invariant: commands that don't fit into their slot are an error before the device hears of them. It doesn't submit.
 */
import { GuestDriverError } from './errors.js';
import * as L from './layout.js';
import type { GuestMemory } from './memory.js';
import { SLOT_LENGTH } from './placement.js';
import { type SceneCommand, SPRITE_SIDE, type Sprite } from './scene.js';

const OPCODES = { fill: L.DRAW_FILL, blendFill: L.DRAW_BLEND_FILL, copy: L.DRAW_COPY, blend: L.DRAW_BLEND } as const;
const FILL_SIZE = 32;
const COPY_SIZE = 40;

/** Writes one command of `size` bytes to an offset in RAM. */
function put(memory: GuestMemory, at: number, size: number, command: SceneCommand, source: number): void {
  const { kind, x, y, width, height } = command;
  memory.write32(at, OPCODES[kind]);
  memory.write32(at + 4, size);
  memory.write32(at + 8, x);
  memory.write32(at + 12, y);
  memory.write32(at + 16, width);
  memory.write32(at + 20, height);
  memory.write32(at + 24, 'colour' in command ? command.colour : 4 * SPRITE_SIDE);
  memory.write32(at + 28, 0);
  if (size === FILL_SIZE) return;
  memory.write32(at + 32, source % 2 ** 32);
  memory.write32(at + 36, Math.floor(source / 2 ** 32));
}

/** Writes the commands to `slot`; `spriteOffset` says where in the task a bitmap lies. Returns their length in bytes. */
export function writeCommands(
  memory: GuestMemory,
  slot: number,
  commands: readonly SceneCommand[],
  spriteOffset: (sprite: Sprite) => number,
): number {
  let length = 0;
  for (const command of commands) {
    const copies = 'sprite' in command;
    const size = copies ? COPY_SIZE : FILL_SIZE;
    if (length + size > SLOT_LENGTH) throw new GuestDriverError(`a frame's commands don't fit into ${SLOT_LENGTH} bytes`);
    put(memory, slot + length, size, command, copies ? spriteOffset(command.sprite) : 0);
    length += size;
  }
  return length;
}
