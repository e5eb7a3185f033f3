/**
 * Pictures as baseline JPEG, since that is what the traces of other tools hold as screenshots.
 *
 * Invariant: the same pixels give the same bytes, everywhere. Colours are not subsampled, so that text in small pictures stays legible. What is
 * not here: other than thumbnails, for which it is fast enough.
 */
import {
  BRIGHTNESS_AC,
  BRIGHTNESS_DC,
  BRIGHTNESS_DIVISORS,
  type CodeTable,
  type Codes,
  COLOUR_AC,
  COLOUR_DC,
  COLOUR_DIVISORS,
  codesOf,
  ZIGZAG,
} from './jpeg-tables.js';

/** A picture of 0xAARRGGBB words, row by row. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint32Array;
}

/** How much finer than at quality 50 brightness and colours are divided: quality 80. */
const SCALE = 0.4;
const divisors = (table: readonly number[]): Float64Array => Float64Array.from(table, (each) => Math.max(1, Math.round(SCALE * each)));
const BRIGHTNESS = divisors(BRIGHTNESS_DIVISORS);
const COLOUR = divisors(COLOUR_DIVISORS);
const CODES = [BRIGHTNESS_DC, BRIGHTNESS_AC, COLOUR_DC, COLOUR_AC].map(codesOf) as [Codes, Codes, Codes, Codes];
/** `COSINES[frequency * 8 + place]`, with the factor of the transform. */
const COSINES = Float64Array.from({ length: 64 }, (_, at) => {
  const [frequency, place] = [at >> 3, at & 7];
  return (frequency === 0 ? Math.SQRT1_2 : 1) * 0.5 * Math.cos(((2 * place + 1) * frequency * Math.PI) / 16);
});
/** End of block, and sixteen zeros. */
const END_OF_BLOCK = 0x00;
const SIXTEEN_ZEROS = 0xf0;

class BitWriter {
  private readonly bytes: number[] = [];
  private bits = 0;
  private count = 0;

  marker(code: number, content: readonly number[] = []): void {
    this.bytes.push(0xff, code);
    if (content.length > 0) this.bytes.push((content.length + 2) >> 8, (content.length + 2) & 0xff, ...content);
  }

  put(value: number, length: number): void {
    this.bits = (this.bits << length) | value;
    this.count += length;
    while (this.count >= 8) {
      this.count -= 8;
      const byte = (this.bits >>> this.count) & 0xff;
      this.bytes.push(byte);
      // A byte of ones would be taken for a marker.
      if (byte === 0xff) this.bytes.push(0);
    }
    this.bits &= (1 << this.count) - 1;
  }

  code({ codes, lengths }: Codes, value: number): void {
    this.put(codes[value] as number, lengths[value] as number);
  }

  /** A coefficient's bits: as many as its size says, a negative one less one. */
  amount(value: number, size: number): void {
    this.put(value < 0 ? value + (1 << size) - 1 : value, size);
  }

  /** Fills the last byte with ones. */
  flush(): void {
    if (this.count > 0) this.put((1 << (8 - this.count)) - 1, 8 - this.count);
  }

  take(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

const sizeOf = (value: number): number => 32 - Math.clz32(Math.abs(value));

/** The JPEG of a picture of at least one pixel. */
export function encodeJpeg(picture: Picture): Uint8Array {
  const out = new BitWriter();
  writeHead(out, picture);
  const planes = [0, 1, 2].map(() => new Float64Array(64)) as [Float64Array, Float64Array, Float64Array];
  const before = [0, 0, 0];
  for (let y = 0; y < picture.height; y += 8) {
    for (let x = 0; x < picture.width; x += 8) {
      fillPlanes(picture, x, y, planes);
      planes.forEach((plane, index) => {
        before[index] = writeBlock(out, plane, before[index] as number, index === 0);
      });
    }
  }
  out.flush();
  out.marker(0xd9);
  return out.take();
}

function writeHead(out: BitWriter, { width, height }: Picture): void {
  out.marker(0xd8);
  // JFIF 1.1, without a density.
  out.marker(0xe0, [0x4a, 0x46, 0x49, 0x46, 0, 1, 1, 0, 0, 1, 0, 1, 0, 0]);
  [BRIGHTNESS, COLOUR].forEach((table, index) => {
    out.marker(0xdb, [index, ...Array.from(ZIGZAG, (at) => table[at] as number)]);
  });
  const components = [1, 2, 3].flatMap((id) => [id, 0x11, id === 1 ? 0 : 1]);
  out.marker(0xc0, [8, height >> 8, height & 0xff, width >> 8, width & 0xff, 3, ...components]);
  const tables: [number, CodeTable][] = [
    [0x00, BRIGHTNESS_DC],
    [0x10, BRIGHTNESS_AC],
    [0x01, COLOUR_DC],
    [0x11, COLOUR_AC],
  ];
  for (const [place, { counts, values }] of tables) out.marker(0xc4, [place, ...counts, ...values]);
  out.marker(0xda, [3, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0]);
}

/** Brightness and the two colour differences of eight by eight pixels, less their middle; behind an edge its last pixel goes on. */
function fillPlanes(
  { width, height, pixels }: Picture,
  x: number,
  y: number,
  planes: readonly [Float64Array, Float64Array, Float64Array],
): void {
  for (let at = 0; at < 64; at++) {
    const [column, row] = [Math.min(width - 1, x + (at & 7)), Math.min(height - 1, y + (at >> 3))];
    const pixel = pixels[row * width + column] as number;
    const [red, green, blue] = [(pixel >> 16) & 0xff, (pixel >> 8) & 0xff, pixel & 0xff];
    planes[0][at] = 0.299 * red + 0.587 * green + 0.114 * blue - 128;
    planes[1][at] = -0.168736 * red - 0.331264 * green + 0.5 * blue;
    planes[2][at] = 0.5 * red - 0.418688 * green - 0.081312 * blue;
  }
}

const half = new Float64Array(64);
const coefficients = new Int32Array(64);

/** Eight frequencies of eight values each, first of rows, then of columns, divided and rounded, in the order of ZIGZAG. */
function transform(plane: Float64Array, table: Float64Array): void {
  for (let row = 0; row < 8; row++) {
    for (let u = 0; u < 8; u++) {
      let sum = 0;
      for (let x = 0; x < 8; x++) sum += (plane[8 * row + x] as number) * (COSINES[8 * u + x] as number);
      half[8 * row + u] = sum;
    }
  }
  for (let at = 0; at < 64; at++) {
    const place = ZIGZAG[at] as number;
    const [v, u] = [place >> 3, place & 7];
    let sum = 0;
    for (let y = 0; y < 8; y++) sum += (half[8 * y + u] as number) * (COSINES[8 * v + y] as number);
    coefficients[at] = Math.round(sum / (table[place] as number));
  }
}

/** Writes a block; gives its mean, from which the next one is told. */
function writeBlock(out: BitWriter, plane: Float64Array, before: number, isBrightness: boolean): number {
  transform(plane, isBrightness ? BRIGHTNESS : COLOUR);
  const [means, others] = isBrightness ? [CODES[0], CODES[1]] : [CODES[2], CODES[3]];
  const mean = coefficients[0] as number;
  const step = mean - before;
  out.code(means, sizeOf(step));
  out.amount(step, sizeOf(step));
  let zeros = 0;
  for (let at = 1; at < 64; at++) {
    const value = coefficients[at] as number;
    if (value === 0) {
      zeros++;
      continue;
    }
    for (; zeros >= 16; zeros -= 16) out.code(others, SIXTEEN_ZEROS);
    out.code(others, 16 * zeros + sizeOf(value));
    out.amount(value, sizeOf(value));
    zeros = 0;
  }
  if (zeros > 0) out.code(others, END_OF_BLOCK);
  return mean;
}
