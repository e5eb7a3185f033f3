/**
 * A viewer for tests: speaks the remote framebuffer protocol over any stream of bytes, and decodes what it is sent.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { constants, createInflate, type Inflate } from 'node:zlib';

export interface Format {
  readonly bitsPerPixel: 8 | 16 | 32;
  readonly depth: number;
  readonly bigEndian: boolean;
  readonly trueColour: boolean;
  readonly max: readonly [number, number, number];
  readonly shift: readonly [number, number, number];
}

export const NATIVE: Format = { bitsPerPixel: 32, depth: 24, bigEndian: false, trueColour: true, max: [255, 255, 255], shift: [16, 8, 0] };

export const RAW = 0;
export const ZRLE = 16;
export const CURSOR = -239;
export const CURSOR_ALPHA = -314;
export const POINTER = -232;
export const DESKTOP_SIZE = -223;

/** Collects bytes, and hands them out in the lengths that are asked for. */
export class Bytes {
  private data = Buffer.alloc(0);
  private waiting: (() => void) | null = null;
  private ended = false;

  push(bytes: Buffer): void {
    this.data = Buffer.concat([this.data, bytes]);
    this.waiting?.();
  }

  end(): void {
    this.ended = true;
    this.waiting?.();
  }

  get rest(): Buffer {
    return this.data;
  }

  /** Rejects if the connection ends before. */
  async take(length: number): Promise<Buffer> {
    while (this.data.length < length) {
      if (this.ended) throw new RangeError(`the connection ended, and ${length} bytes were to come`);
      await new Promise<void>((resolve) => {
        this.waiting = resolve;
      });
      this.waiting = null;
    }
    const taken = this.data.subarray(0, length);
    this.data = this.data.subarray(length);
    return taken;
  }

  async uint32(): Promise<number> {
    return (await this.take(4)).readUInt32BE();
  }
}

/** What an update said besides pixels. */
export interface Update {
  readonly encodings: number[];
  readonly bytes: number;
}

export class TestViewer {
  width = 0;
  height = 0;
  name = '';
  /** 0x00RRGGBB words, as far as the format has them. */
  pixels = new Uint32Array(0);
  cursor: { readonly x: number; readonly y: number; readonly width: number; readonly height: number; readonly data: Buffer } | null = null;
  pointer: { readonly x: number; readonly y: number } | null = null;
  colours: Buffer | null = null;
  private format = NATIVE;
  private readonly inflate: Inflate = createInflate();
  private readonly inflated = new Bytes();

  constructor(
    readonly bytes: Bytes,
    readonly write: (bytes: Buffer) => void,
  ) {
    this.inflate.on('data', (piece: Buffer) => this.inflated.push(piece));
  }

  /** Goes through the greeting; `answer`: to a challenge. Returns the security type. */
  async greet(version = '003.008', answer?: (challenge: Buffer) => Buffer): Promise<number> {
    await this.bytes.take(12);
    this.write(Buffer.from(`RFB ${version}\n`));
    const isOldest = version === '003.003';
    const type = isOldest ? await this.bytes.uint32() : (await this.bytes.take(2)).readUInt8(1);
    if (!isOldest) this.write(Buffer.from([type]));
    if (type === 2) this.write((answer ?? ((challenge) => challenge))(await this.bytes.take(16)));
    if (version === '003.008' || type === 2) {
      const result = await this.bytes.uint32();
      if (result !== 0) {
        const reason = version === '003.008' ? (await this.bytes.take(await this.bytes.uint32())).toString() : 'refused';
        throw new RangeError(reason);
      }
    }
    this.write(Buffer.from([1]));
    const init = await this.bytes.take(24);
    this.resize(init.readUInt16BE(0), init.readUInt16BE(2));
    this.name = (await this.bytes.take(init.readUInt32BE(20))).toString();
    return type;
  }

  setFormat(format: Format): void {
    this.format = format;
    const bytes = Buffer.alloc(20);
    bytes.set([0, 0, 0, 0, format.bitsPerPixel, format.depth, format.bigEndian ? 1 : 0, format.trueColour ? 1 : 0]);
    for (const [index, max] of format.max.entries()) bytes.writeUInt16BE(max, 8 + 2 * index);
    for (const [index, shift] of format.shift.entries()) bytes.writeUInt8(shift, 14 + index);
    this.write(bytes);
  }

  setEncodings(...encodings: readonly number[]): void {
    const bytes = Buffer.alloc(4 + 4 * encodings.length);
    bytes.writeUInt8(2, 0);
    bytes.writeUInt16BE(encodings.length, 2);
    for (const [index, encoding] of encodings.entries()) bytes.writeInt32BE(encoding, 4 + 4 * index);
    this.write(bytes);
  }

  request(incremental: boolean, x = 0, y = 0, width = this.width, height = this.height): void {
    const bytes = Buffer.alloc(10);
    bytes.set([3, incremental ? 1 : 0]);
    for (const [index, value] of [x, y, width, height].entries()) bytes.writeUInt16BE(value, 2 + 2 * index);
    this.write(bytes);
  }

  /** Takes one update in. */
  async update(): Promise<Update> {
    for (;;) {
      const [type = 0] = await this.bytes.take(1);
      if (type === 0) break;
      if (type !== 1) throw new RangeError(`message ${type}`);
      const head = await this.bytes.take(5);
      this.colours = Buffer.from(await this.bytes.take(6 * head.readUInt16BE(3)));
    }
    const count = (await this.bytes.take(3)).readUInt16BE(1);
    const encodings: number[] = [];
    let bytes = 4;
    for (let index = 0; index < count; index++) {
      const header = await this.bytes.take(12);
      const [x, y, width, height] = [0, 2, 4, 6].map((at) => header.readUInt16BE(at)) as [number, number, number, number];
      const encoding = header.readInt32BE(8);
      encodings.push(encoding);
      bytes += 12 + (await this.rectangle(encoding, { x, y, width, height }));
    }
    return { encodings, bytes };
  }

  private async rectangle(
    encoding: number,
    { x, y, width, height }: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  ): Promise<number> {
    const size = this.format.bitsPerPixel / 8;
    switch (encoding) {
      case RAW: {
        const data = await this.bytes.take(width * height * size);
        for (let index = 0; index < width * height; index++) {
          this.put(x + (index % width), y + Math.floor(index / width), this.word(data.subarray(index * size, (index + 1) * size)));
        }
        return data.length;
      }
      case ZRLE: {
        const length = await this.bytes.uint32();
        this.inflate.write(Buffer.from(await this.bytes.take(length)));
        await new Promise<void>((resolve) => this.inflate.flush(constants.Z_SYNC_FLUSH, () => resolve()));
        for (let top = y; top < y + height; top += 64) {
          for (let left = x; left < x + width; left += 64)
            await this.tile(left, top, Math.min(64, x + width - left), Math.min(64, y + height - top));
        }
        return 4 + length;
      }
      case DESKTOP_SIZE:
        this.resize(width, height);
        return 0;
      case POINTER:
        this.pointer = { x, y };
        return 0;
      case CURSOR: {
        const data = Buffer.from(await this.bytes.take(width * height * size + Math.ceil(width / 8) * height));
        this.cursor = { x, y, width, height, data };
        return data.length;
      }
      case CURSOR_ALPHA: {
        const data = Buffer.from(await this.bytes.take(4 + 4 * width * height));
        this.cursor = { x, y, width, height, data };
        return data.length;
      }
      default:
        throw new RangeError(`encoding ${encoding}`);
    }
  }

  private async tile(x: number, y: number, width: number, height: number): Promise<void> {
    const [form = 0] = await this.inflated.take(1);
    const count = width * height;
    const put = (index: number, word: number): void => this.put(x + (index % width), y + Math.floor(index / width), word);
    const palette: number[] = [];
    const colours = form <= 16 ? form : form > 129 ? form - 128 : 0;
    for (let index = 0; index < colours; index++) palette.push(await this.compact());
    if (form === 0) for (let index = 0; index < count; index++) put(index, await this.compact());
    else if (form === 1) for (let index = 0; index < count; index++) put(index, palette[0] ?? 0);
    else if (form <= 16) {
      const bits = form === 2 ? 1 : form <= 4 ? 2 : 4;
      for (let row = 0; row < height; row++) {
        const bytes = await this.inflated.take(Math.ceil((width * bits) / 8));
        for (let column = 0; column < width; column++) {
          const at = column * bits;
          put(row * width + column, palette[((bytes[at >> 3] ?? 0) >> (8 - bits - (at & 7))) & ((1 << bits) - 1)] ?? 0);
        }
      }
    } else if (form === 128 || form >= 130) {
      for (let index = 0; index < count; ) {
        let word = 0;
        let length = 1;
        if (form === 128) {
          word = await this.compact();
          length = await this.runLength();
        } else {
          const [place = 0] = await this.inflated.take(1);
          word = palette[place & 0x7f] ?? 0;
          if (place >= 128) length = await this.runLength();
        }
        for (; length > 0; length--) put(index++, word);
      }
    } else throw new RangeError(`tile form ${form}`);
  }

  private async runLength(): Promise<number> {
    let length = 1;
    for (;;) {
      const [more = 0] = await this.inflated.take(1);
      length += more;
      if (more !== 255) return length;
    }
  }

  /** A pixel of a tile: one that can leave a byte out does. */
  private async compact(): Promise<number> {
    const { bitsPerPixel, depth, bigEndian, trueColour, max, shift } = this.format;
    const size = bitsPerPixel / 8;
    if (size < 4 || depth > 24 || !trueColour) return this.word(Buffer.from(await this.inflated.take(size)));
    const used = max.reduce((bits, each, index) => bits | (each << (shift[index] ?? 0)), 0) >>> 0;
    const low = used < 2 ** 24;
    const high = (used & 0xff) === 0;
    if (!low && !high) return this.word(Buffer.from(await this.inflated.take(4)));
    const three = Buffer.from(await this.inflated.take(3));
    const zero = Buffer.alloc(1);
    const isFirst = (low && !bigEndian) || (high && bigEndian);
    return this.word(Buffer.concat(isFirst ? [three, zero] : [zero, three]));
  }

  /** A pixel's bytes as 0x00RRGGBB, colours scaled to 8 bits. */
  private word(bytes: Buffer): number {
    const { bigEndian, trueColour, max, shift } = this.format;
    const pixel = (bigEndian ? bytes.readUIntBE(0, bytes.length) : bytes.readUIntLE(0, bytes.length)) >>> 0;
    if (!trueColour) {
      const colours = this.colours ?? Buffer.alloc(6 * 256);
      return [0, 2, 4].reduce((word, at) => (word << 8) | (colours.readUInt16BE(6 * pixel + at) >> 8), 0);
    }
    return max.reduce((word, each, index) => (word << 8) | Math.round((((pixel >>> (shift[index] ?? 0)) & each) * 255) / each), 0);
  }

  private put(x: number, y: number, word: number): void {
    this.pixels[y * this.width + x] = word;
  }

  private resize(width: number, height: number): void {
    this.width = width;
    this.height = height;
    this.pixels = new Uint32Array(width * height);
  }
}

/** A viewer over TCP; `ended` when the server has ended the connection. */
export async function dial(port: number, host = '127.0.0.1'): Promise<{ viewer: TestViewer; socket: Socket; ended: Promise<unknown> }> {
  const socket = connect(port, host);
  const bytes = new Bytes();
  socket.on('data', (data: Buffer) => bytes.push(data));
  socket.on('error', () => socket.destroy());
  socket.on('close', () => bytes.end());
  const ended = once(socket, 'close');
  await once(socket, 'connect');
  return { viewer: new TestViewer(bytes, (data) => void socket.write(data)), socket, ended };
}
