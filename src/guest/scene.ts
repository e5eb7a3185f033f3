/**
 * The moving picture as drawing commands: a pure function of the frame's number, the mode's size and the display's port.
 *
 * Invariant: each frame draws every pixel (the frame that is drawn into has undefined content), with integers only, so that a
 * reference renderer gets exactly the same picture.
 */

/** A rectangle's place and size, in pixels; it may leave the mode. */
export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Which of the guest's bitmaps a copy or blend takes. */
export type Sprite = 'opaque' | 'translucent';

/** One drawing command; colours are 0xAARRGGBB. */
export type SceneCommand =
  | (Rectangle & { readonly kind: 'fill' | 'blendFill'; readonly colour: number })
  | (Rectangle & { readonly kind: 'copy' | 'blend'; readonly sprite: Sprite });

export interface Scene {
  readonly commands: readonly SceneCommand[];
  readonly cursor: { readonly x: number; readonly y: number };
}

export const SPRITE_SIDE = 96;
export const CURSOR_SIDE = 32;
/** The frame's number stands in the top left corner, one cell per bit, lowest first. */
export const NUMBER_BITS = 32;
export const NUMBER_CELL = 8;

const BANDS = 18;
const BLOCKS = 12;

/** A triangle wave: 0..span and back, as `t` grows by one. */
function swing(t: number, span: number): number {
  if (span <= 0) return 0;
  const at = t % (2 * span);
  return at <= span ? at : 2 * span - at;
}

const rgb = (r: number, g: number, b: number): number => 0xff00_0000 + r * 0x1_0000 + g * 0x100 + b;

function background(frame: number, width: number, height: number): SceneCommand[] {
  const commands: SceneCommand[] = [];
  for (let band = 0; band < BANDS; band++) {
    const y = Math.floor((band * height) / BANDS);
    const end = Math.floor(((band + 1) * height) / BANDS);
    const glow = swing(band * 5 + Math.floor(frame / 2), 40);
    const colour = rgb(14 + Math.floor(glow / 2), 18 + band * 2, 44 + glow + band * 3);
    commands.push({ kind: 'fill', x: 0, y, width, height: end - y, colour });
  }
  return commands;
}

function blocks(frame: number, width: number, height: number): SceneCommand[] {
  const commands: SceneCommand[] = [];
  for (let index = 0; index < BLOCKS; index++) {
    const w = 60 + ((index * 37) % 90);
    const h = 44 + ((index * 53) % 80);
    const x = swing(index * 211 + frame * (3 + (index % 4)), width - w);
    const y = swing(index * 149 + frame * (2 + (index % 3)), height - h);
    const colour = rgb(90 + ((index * 67) % 160), 80 + ((index * 101) % 150), 110 + ((index * 43) % 140));
    if (index % 3 === 0) commands.push({ kind: 'fill', x, y, width: w, height: h, colour });
    else commands.push({ kind: 'blendFill', x, y, width: w, height: h, colour: colour - 0x6000_0000 });
  }
  return commands;
}

function sprites(frame: number, width: number, height: number): SceneCommand[] {
  const side = { width: SPRITE_SIDE, height: SPRITE_SIDE };
  // The opaque sprite goes half way out of the picture on both sides, so that clipping is always part of it.
  const x = swing(frame * 4, width) - SPRITE_SIDE / 2;
  const lower = Math.floor(height / 2);
  return [
    { kind: 'copy', sprite: 'opaque', x, y: swing(frame * 3, lower) + Math.floor(lower / 2), ...side },
    {
      kind: 'blend',
      sprite: 'translucent',
      x: swing(frame * 5 + 300, width - SPRITE_SIDE),
      y: swing(frame * 2 + 90, height - SPRITE_SIDE),
      ...side,
    },
  ];
}

function number(frame: number): SceneCommand[] {
  const commands: SceneCommand[] = [];
  for (let bit = 0; bit < NUMBER_BITS; bit++) {
    const colour = Math.floor(frame / 2 ** bit) % 2 === 1 ? 0xffff_ffff : 0xff00_0000;
    commands.push({ kind: 'fill', x: bit * NUMBER_CELL, y: 0, width: NUMBER_CELL, height: NUMBER_CELL, colour });
  }
  return commands;
}

/** A display's own colours: red, green and blue change places from port to port, and every third port is lighter. */
function tint(command: SceneCommand, port: number): SceneCommand {
  // Nothing changes on the first display, whose commands are most of what a guest makes.
  if (port === 0 || !('colour' in command)) return command;
  const alpha = Math.floor(command.colour / 2 ** 24);
  const channels = [2 ** 16, 2 ** 8, 1].map((place) => Math.floor(command.colour / place) % 256);
  const [r = 0, g = 0, b = 0] = channels.map((_, at) => Math.min(255, (channels[(at + port) % 3] ?? 0) + 40 * Math.floor(port / 3)));
  return { ...command, colour: alpha * 2 ** 24 + r * 2 ** 16 + g * 2 ** 8 + b };
}

/** Frame `frame` (1 and up) on the display at `port`, in a mode of at least 320 × 200; a smaller one shows part of it. */
export function sceneOf(frame: number, width: number, height: number, port = 0): Scene {
  const picture = [...background(frame, width, height), ...blocks(frame, width, height)];
  const commands = [...picture.map((command) => tint(command, port)), ...sprites(frame, width, height), ...number(frame)];
  const cursor = { x: swing(frame * 7 + port * 60, width - 1), y: swing(frame * 5 + 40, height - 1) };
  return { commands, cursor };
}

/** The number that `pixels` (at least the first row) show; null if a cell is neither black nor white. */
export function readFrameNumber(pixels: Uint32Array): number | null {
  let frame = 0;
  for (let bit = 0; bit < NUMBER_BITS; bit++) {
    const pixel = pixels[bit * NUMBER_CELL + NUMBER_CELL / 2];
    if (pixel === 0xffff_ffff) frame += 2 ** bit;
    else if (pixel !== 0xff00_0000) return null;
  }
  return frame;
}

/** The sprites' pixels, SPRITE_SIDE squared words each: a shaded disc on a chequered ground, and a glow that fades out. */
export function spritePixels(sprite: Sprite): Uint32Array {
  const pixels = new Uint32Array(SPRITE_SIDE * SPRITE_SIDE);
  const middle = SPRITE_SIDE / 2;
  for (let y = 0; y < SPRITE_SIDE; y++) {
    for (let x = 0; x < SPRITE_SIDE; x++) {
      const distance = (x - middle) ** 2 + (y - middle) ** 2;
      const inside = distance < (middle - 6) ** 2;
      const shade = Math.floor((distance * 120) / (2 * middle * middle));
      const chequer = (Math.floor(x / 12) + Math.floor(y / 12)) % 2 === 0 ? rgb(236, 236, 242) : rgb(54, 58, 74);
      const fade = Math.max(0, 255 - Math.floor((distance * 255) / (middle * middle)));
      const opaque = inside ? rgb(250 - shade, 120 - Math.floor(shade / 2), 60) : chequer;
      pixels[y * SPRITE_SIDE + x] = sprite === 'opaque' ? opaque : fade * 0x100_0000 + 0xff_e080;
    }
  }
  return pixels;
}

/** The cursor's bitmap: CURSOR_SIDE rows of R, G, B, A bytes, an arrow with its hotspot at the tip. */
export function cursorBitmap(): Uint8Array {
  const bytes = new Uint8Array(4 * CURSOR_SIDE * CURSOR_SIDE);
  for (let y = 0; y < 24; y++) {
    for (let x = 0; x <= Math.floor((y * 2) / 3); x++) {
      const edge = x === 0 || x === Math.floor((y * 2) / 3) || y === 23;
      const light = edge ? 0 : 255;
      bytes.set([light, light, light, edge ? 200 : 255], 4 * (y * CURSOR_SIDE + x));
    }
  }
  return bytes;
}
