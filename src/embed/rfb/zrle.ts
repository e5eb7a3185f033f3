/**
 * The ZRLE encoding: tiles of 64 by 64 pixels with palettes and runs, all of a viewer's in one zlib stream (RFC 6143 7.7.6).
 *
 * A tile is written in the shortest of its forms, but for runs without a palette, which are tried only where a palette is too large. What is not
 * here: the zlib stream (zlib-stream.ts).
 */
import type { PixelConverter } from './pixel-format.js';
import type { Rectangle } from './protocol.js';
import type { Pixels } from './raw.js';

const TILE = 64;
/** Palettes of more colours need run lengths, and those of more than this are none. */
const MAX_PACKED = 16;
const MAX_PALETTE = 127;

const Form = { raw: 0, solid: 1, plainRuns: 128, paletteRuns: 128 } as const;

/** Bytes that a rectangle takes at most before it is compressed: every tile raw. */
export function zrleBytes({ width, height }: Rectangle, compactBytes: number): number {
  return Math.ceil(width / TILE) * Math.ceil(height / TILE) + width * height * compactBytes;
}

/** Writes rectangles in one format. Not to be shared between threads, as nothing here is. */
export class ZrleWriter {
  /** Bytes of a pixel in a tile: a pixel of 32 bits whose colours are in three of its bytes leaves the fourth out. */
  readonly compactBytes: number;
  private readonly shift: number;
  /** Pixels of the tile, in the viewer's format. */
  private readonly tile = new Uint32Array(TILE * TILE);
  /** Colours of the tile, in the order of their first pixels, and each one's place. */
  private readonly palette = new Uint32Array(MAX_PALETTE + 1);
  private readonly places = new Map<number, number>();
  private runs = 0;
  /** Bytes that the tile's runs of more than one pixel take, without colours. */
  private runBytes = 0;
  /** Runs of one pixel, which take a byte more where there is no palette. */
  private singles = 0;

  constructor(private readonly converter: PixelConverter) {
    const { bytesPerPixel, format } = converter;
    const used = converter.convert(0xff_ffff);
    const isCompact = bytesPerPixel === 4 && format.trueColour && format.depth <= 24;
    const leavesLast = isCompact && used >>> 24 === 0;
    const leavesFirst = isCompact && !leavesLast && (used & 0xff) === 0;
    this.shift = leavesFirst ? 8 : 0;
    this.compactBytes = leavesFirst || leavesLast ? 3 : bytesPerPixel;
  }

  /** Writes a rectangle of a picture into `into`; returns how many bytes. There must be room for zrleBytes(). */
  write(picture: Pixels, { x, y, width, height }: Rectangle, into: Buffer): number {
    let at = 0;
    for (let top = y; top < y + height; top += TILE) {
      for (let left = x; left < x + width; left += TILE) {
        const tile = { x: left, y: top, width: Math.min(TILE, x + width - left), height: Math.min(TILE, y + height - top) };
        at = this.writeTile(picture, tile, into, at);
      }
    }
    return at;
  }

  private writeTile(picture: Pixels, { x, y, width, height }: Rectangle, into: Buffer, at: number): number {
    const { tile } = this;
    let count = 0;
    for (let row = y; row < y + height; row++) {
      const from = row * picture.width + x;
      for (let column = 0; column < width; column++) tile[count++] = this.converter.convert(picture.pixels[from + column] ?? 0);
    }
    const colours = this.measure(count);
    if (colours === 1) {
      into[at] = Form.solid;
      return this.put(tile[0] ?? 0, into, at + 1);
    }
    const { compactBytes } = this;
    const raw = count * compactBytes;
    const bits = colours === 2 ? 1 : colours <= 4 ? 2 : 4;
    const packed = colours <= MAX_PACKED ? colours * compactBytes + height * Math.ceil((width * bits) / 8) : raw;
    const byPalette = colours <= MAX_PALETTE ? colours * compactBytes + this.runs + this.runBytes : raw;
    const plain = this.runs * compactBytes + this.runBytes + this.singles;
    const least = Math.min(raw, packed, byPalette, plain);
    if (least === raw) return this.writeRaw(count, into, at);
    if (least === packed) return this.writePacked({ width, height, colours, bits }, into, at);
    return least === byPalette ? this.writeRuns(count, colours, into, at) : this.writeRuns(count, 0, into, at);
  }

  /** Finds the tile's colours and runs; returns how many colours, MAX_PALETTE + 1 if there are more. */
  private measure(count: number): number {
    const { tile, palette, places } = this;
    places.clear();
    this.runs = 0;
    this.runBytes = 0;
    this.singles = 0;
    let colours = 0;
    for (let index = 0; index < count; ) {
      const pixel = tile[index] ?? 0;
      const end = this.runEnd(index, count);
      const length = end - index;
      this.runs++;
      if (length === 1) this.singles++;
      else this.runBytes += Math.floor((length - 1) / 255) + 1;
      index = end;
      if (colours > MAX_PALETTE || places.has(pixel)) continue;
      if (colours < MAX_PALETTE) {
        places.set(pixel, colours);
        palette[colours] = pixel;
      }
      colours++;
    }
    return colours;
  }

  private runEnd(from: number, count: number): number {
    const { tile } = this;
    const pixel = tile[from];
    let end = from + 1;
    while (end < count && tile[end] === pixel) end++;
    return end;
  }

  private writeRaw(count: number, into: Buffer, at: number): number {
    into[at] = Form.raw;
    let place = at + 1;
    for (let index = 0; index < count; index++) place = this.put(this.tile[index] ?? 0, into, place);
    return place;
  }

  private writePalette(colours: number, into: Buffer, at: number): number {
    let place = at;
    for (let colour = 0; colour < colours; colour++) place = this.put(this.palette[colour] ?? 0, into, place);
    return place;
  }

  private writePacked(
    { width, height, colours, bits }: { readonly width: number; readonly height: number; readonly colours: number; readonly bits: number },
    into: Buffer,
    at: number,
  ): number {
    into[at] = colours;
    let place = this.writePalette(colours, into, at + 1);
    let index = 0;
    for (let row = 0; row < height; row++) {
      let byte = 0;
      let free = 8;
      for (let column = 0; column < width; column++) {
        free -= bits;
        byte |= (this.places.get(this.tile[index++] ?? 0) ?? 0) << free;
        if (free > 0) continue;
        into[place++] = byte;
        byte = 0;
        free = 8;
      }
      if (free < 8) into[place++] = byte;
    }
    return place;
  }

  /** Runs of places in a palette of so many colours, or of pixels if it is 0. */
  private writeRuns(count: number, colours: number, into: Buffer, at: number): number {
    into[at] = colours === 0 ? Form.plainRuns : Form.paletteRuns + colours;
    let place = this.writePalette(colours, into, at + 1);
    for (let index = 0; index < count; ) {
      const pixel = this.tile[index] ?? 0;
      const end = this.runEnd(index, count);
      let left = end - index - 1;
      index = end;
      if (colours === 0) place = this.put(pixel, into, place);
      else {
        const colour = this.places.get(pixel) ?? 0;
        into[place++] = left === 0 ? colour : colour | 0x80;
        if (left === 0) continue;
      }
      for (; left >= 255; left -= 255) into[place++] = 255;
      into[place++] = left;
    }
    return place;
  }

  private put(pixel: number, into: Buffer, at: number): number {
    const value = pixel >>> this.shift;
    const { compactBytes } = this;
    into[at] = value & 0xff;
    if (compactBytes > 1) into[at + 1] = (value >> 8) & 0xff;
    if (compactBytes > 2) into[at + 2] = (value >> 16) & 0xff;
    if (compactBytes > 3) into[at + 3] = value >>> 24;
    return at + compactBytes;
  }
}
