/**
 * A scene as the device's drawing commands.
 *
 * Invariant: commands that don't fit into their slot are an error before the device hears of them. It doesn't submit.
 */
import { GuestDriverError } from './errors.js';
import * as L from './layout.js';
import { type GuestMemory, pair } from './memory.js';
import { SLOT_LENGTH } from './placement.js';
import { type SceneCommand, SPRITE_SIDE, type Sprite } from './scene.js';

function encode(command: SceneCommand, spriteOffset: (sprite: Sprite) => number): number[] {
  const { x, y, width, height } = command;
  switch (command.kind) {
    case 'fill':
    case 'blendFill':
      return [command.kind === 'fill' ? L.DRAW_FILL : L.DRAW_BLEND_FILL, 32, x, y, width, height, command.colour, 0];
    case 'copy':
    case 'blend': {
      const opcode = command.kind === 'copy' ? L.DRAW_COPY : L.DRAW_BLEND;
      return [opcode, 40, x, y, width, height, 4 * SPRITE_SIDE, 0, ...pair(spriteOffset(command.sprite))];
    }
  }
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
    const words = encode(command, spriteOffset);
    if (length + 4 * words.length > SLOT_LENGTH) throw new GuestDriverError(`a frame's commands don't fit into ${SLOT_LENGTH} bytes`);
    for (const word of words) {
      memory.write32(slot + length, word);
      length += 4;
    }
  }
  return length;
}
