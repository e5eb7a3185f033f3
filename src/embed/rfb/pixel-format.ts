/**
 * Pixel formats: how a viewer wants pixels, and the way there from the surface's.
 *
 * A surface's pixel is a word 0xAARRGGBB. Invariant: a `PixelFormat` was checked, so that whatever a viewer asks for, a pixel takes 1, 2 or 4
 * bytes and each colour lies within them.
 */
import { PIXEL_FORMAT_BYTES, RfbError } from './protocol.js';

export interface PixelFormat {
  readonly bitsPerPixel: 8 | 16 | 32;
  readonly depth: number;
  readonly bigEndian: boolean;
  /** False: pixels are places in a colour map of 256 colours, which the server sets. */
  readonly trueColour: boolean;
  readonly redMax: number;
  readonly greenMax: number;
  readonly blueMax: number;
  readonly redShift: number;
  readonly greenShift: number;
  readonly blueShift: number;
}

/** The surface's own: what a viewer gets that asks for nothing else, at the price of a copy. */
export const NATIVE_FORMAT: PixelFormat = {
  ...{ bitsPerPixel: 32, depth: 24, bigEndian: false, trueColour: true },
  ...{ redMax: 255, greenMax: 255, blueMax: 255, redShift: 16, greenShift: 8, blueShift: 0 },
};

/** Where the colour map has no colours of its own, a pixel is as in this format. */
const MAPPED_FORMAT: PixelFormat = {
  ...{ bitsPerPixel: 8, depth: 8, bigEndian: false, trueColour: true },
  ...{ redMax: 7, greenMax: 7, blueMax: 3, redShift: 5, greenShift: 2, blueShift: 0 },
};

/** The 256 colours of the colour map, as SetColourMapEntries has them: red, green and blue of 16 bits each. */
export function colourMap(): Buffer {
  const { redMax, greenMax, blueMax, redShift, greenShift, blueShift } = MAPPED_FORMAT;
  const colours = Buffer.alloc(6 * 256);
  const scaled = (value: number, max: number): number => Math.round((value * 0xffff) / max);
  for (let pixel = 0; pixel < 256; pixel++) {
    colours.writeUInt16BE(scaled((pixel >> redShift) & redMax, redMax), 6 * pixel);
    colours.writeUInt16BE(scaled((pixel >> greenShift) & greenMax, greenMax), 6 * pixel + 2);
    colours.writeUInt16BE(scaled((pixel >> blueShift) & blueMax, blueMax), 6 * pixel + 4);
  }
  return colours;
}

/** Reads a pixel format; throws RfbError that says what is wrong with it. */
export function parsePixelFormat(bytes: Buffer): PixelFormat {
  const bitsPerPixel = bytes.readUInt8(0);
  if (bitsPerPixel !== 8 && bitsPerPixel !== 16 && bitsPerPixel !== 32) {
    throw new RfbError(`a pixel format has ${bitsPerPixel} bits a pixel, expected 8, 16 or 32`);
  }
  const format = {
    bitsPerPixel,
    depth: bytes.readUInt8(1),
    bigEndian: bytes.readUInt8(2) !== 0,
    trueColour: bytes.readUInt8(3) !== 0,
    redMax: bytes.readUInt16BE(4),
    greenMax: bytes.readUInt16BE(6),
    blueMax: bytes.readUInt16BE(8),
    redShift: bytes.readUInt8(10),
    greenShift: bytes.readUInt8(11),
    blueShift: bytes.readUInt8(12),
  } as const;
  if (!format.trueColour) {
    if (bitsPerPixel !== 8) throw new RfbError(`a pixel format has a colour map and ${bitsPerPixel} bits a pixel, expected 8`);
    return format;
  }
  checkColour('red', format.redMax, format.redShift, bitsPerPixel);
  checkColour('green', format.greenMax, format.greenShift, bitsPerPixel);
  checkColour('blue', format.blueMax, format.blueShift, bitsPerPixel);
  return format;
}

function checkColour(name: string, max: number, shift: number, bits: number): void {
  const width = Math.log2(max + 1);
  if (max < 1 || !Number.isInteger(width))
    throw new RfbError(`a pixel format has a largest ${name} of ${max}, expected a power of two less 1`);
  if (shift + width > bits) throw new RfbError(`a pixel format has ${name} in bits ${shift}..${shift + width - 1} of ${bits}`);
}

/** A pixel format as bytes. */
export function encodePixelFormat(format: PixelFormat): Buffer {
  const bytes = Buffer.alloc(PIXEL_FORMAT_BYTES);
  bytes.writeUInt8(format.bitsPerPixel, 0);
  bytes.writeUInt8(format.depth, 1);
  bytes.writeUInt8(format.bigEndian ? 1 : 0, 2);
  bytes.writeUInt8(format.trueColour ? 1 : 0, 3);
  bytes.writeUInt16BE(format.redMax, 4);
  bytes.writeUInt16BE(format.greenMax, 6);
  bytes.writeUInt16BE(format.blueMax, 8);
  bytes.writeUInt8(format.redShift, 10);
  bytes.writeUInt8(format.greenShift, 11);
  bytes.writeUInt8(format.blueShift, 12);
  return bytes;
}

/** What each value of a colour adds to a pixel: in the machine's order of bytes, whatever the format's is. */
function contributions(max: number, shift: number, { bitsPerPixel, bigEndian }: PixelFormat): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, value) => {
    const pixel = (Math.round((value * max) / 255) << shift) >>> 0;
    if (!bigEndian || bitsPerPixel === 8) return pixel;
    if (bitsPerPixel === 16) return ((pixel & 0xff) << 8) | (pixel >> 8);
    return (((pixel & 0xff) << 24) | ((pixel & 0xff00) << 8) | ((pixel >> 8) & 0xff00) | (pixel >>> 24)) >>> 0;
  });
}

/** Brings pixels of a surface into a format. */
export class PixelConverter {
  readonly bytesPerPixel: 1 | 2 | 4;
  /** Whether pixels need no change. */
  readonly isNative: boolean;
  private readonly red: Uint32Array;
  private readonly green: Uint32Array;
  private readonly blue: Uint32Array;
  /**
   * Bits that no colour has. They are sent as ones, which a viewer may take as it likes: one that takes them for opacity (noVNC 1.3, of some pixels)
   * shows the picture so.
   */
  private readonly unused: number;

  constructor(readonly format: PixelFormat) {
    const { redMax, greenMax, blueMax, redShift, greenShift, blueShift } = format.trueColour ? format : MAPPED_FORMAT;
    this.bytesPerPixel = (format.bitsPerPixel / 8) as 1 | 2 | 4;
    this.red = contributions(redMax, redShift, format);
    this.green = contributions(greenMax, greenShift, format);
    this.blue = contributions(blueMax, blueShift, format);
    const { bitsPerPixel, bigEndian, trueColour } = format;
    const isPlain = bitsPerPixel === 32 && !bigEndian && trueColour && redMax === 255 && greenMax === 255 && blueMax === 255;
    this.isNative = isPlain && redShift === 16 && greenShift === 8 && blueShift === 0;
    this.unused = this.bytesPerPixel === 4 ? ~this.convert(0xff_ffff) >>> 0 : 0;
  }

  /** A pixel in the format, as a number whose bytes, the lowest first, are those that are sent. */
  convert(word: number): number {
    if (this.isNative) return word & 0xff_ffff;
    return ((this.red[(word >> 16) & 0xff] ?? 0) | (this.green[(word >> 8) & 0xff] ?? 0) | (this.blue[word & 0xff] ?? 0)) >>> 0;
  }

  /** Puts pixels [from, to) of a picture into `into` from a byte on; returns the byte behind them. */
  write(pixels: Uint32Array, from: number, to: number, into: Buffer, at: number): number {
    const { bytesPerPixel } = this;
    if (bytesPerPixel === 4) return this.writeWords(pixels.subarray(from, to), into, at);
    let place = at;
    for (let index = from; index < to; index++) {
      const pixel = this.convert(pixels[index] ?? 0);
      into[place] = pixel & 0xff;
      if (bytesPerPixel > 1) into[place + 1] = pixel >> 8;
      place += bytesPerPixel;
    }
    return place;
  }

  private writeWords(pixels: Uint32Array, into: Buffer, at: number): number {
    const { unused } = this;
    const start = into.byteOffset + at;
    // Only where words may lie; whoever has many pixels has them there.
    const words = new Uint32Array(
      start % 4 === 0 ? into.buffer : new ArrayBuffer(4 * pixels.length),
      start % 4 === 0 ? start : 0,
      pixels.length,
    );
    for (let index = 0; index < pixels.length; index++) words[index] = this.convert(pixels[index] ?? 0) | unused;
    if (start % 4 !== 0) into.set(new Uint8Array(words.buffer), at);
    return at + 4 * pixels.length;
  }
}
