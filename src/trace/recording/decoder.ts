/**
 * Finds the chunks of a recording in whatever pieces of it come, and reads those that stand alone.
 *
 * Invariant: no chunk is larger than its bound, whatever a file says, and one that isn't as the format says is a RecordingError that names
 * it and the byte. What is kept is less than one chunk. Events are read by trace-store.ts, into columns.
 */
import { describeError, RecordingError } from '../../base/errors.js';
import { MAX_CHUNK_BYTES, MAX_CHUNK_JSON_BYTES } from '../../base/limits.js';
import { ByteReader } from './bytes.js';
import { CHUNK_HEAD, type Chunk, MAGIC, type RecordedFrame, type RecordedSample, type Rectangle } from './format.js';

/** The most rectangles of a frame: a tile of 64 · 64 pixels each, of 16384 · 16384. */
const MAX_RECTANGLES = 65_536;
const MAX_SIDE = 16_384;

/** Cuts a file, or a stream, into chunks. */
export class ChunkDecoder {
  private pieces: Uint8Array[] = [];
  private length = 0;
  /** Bytes that were taken so far, for messages. */
  private at = 0;
  private needsMagic: boolean;

  /** `magic`: whether it begins with MAGIC, as files do. */
  constructor({ magic }: { readonly magic: boolean }) {
    this.needsMagic = magic;
  }

  /** How many bytes wait for the rest of their chunk. A file that ends with any was cut short. */
  get pending(): number {
    return this.length;
  }

  /** The chunks that are whole with these bytes. Throws RecordingError. */
  push(bytes: Uint8Array): Chunk[] {
    this.pieces.push(bytes);
    this.length += bytes.length;
    const chunks: Chunk[] = [];
    if (this.needsMagic && !this.takeMagic()) return chunks;
    for (;;) {
      const head = this.peek(CHUNK_HEAD);
      if (head === null) return chunks;
      const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
      const size = view.getUint32(4, true);
      if (head[0] === 0 || head[1] !== 0 || head[2] !== 0 || head[3] !== 0)
        throw new RecordingError(`there is no chunk at byte ${this.at}: it begins with ${[...head.subarray(0, 4)].join(' ')}`);
      if (size > MAX_CHUNK_BYTES)
        throw new RecordingError(`the chunk at byte ${this.at} says that it has ${size} bytes, expected at most ${MAX_CHUNK_BYTES}`);
      if (this.length < CHUNK_HEAD + size) return chunks;
      const whole = this.peek(CHUNK_HEAD + size) as Uint8Array;
      this.drop(CHUNK_HEAD + size);
      chunks.push({ kind: whole[0] as number, payload: whole.subarray(CHUNK_HEAD) });
    }
  }

  private takeMagic(): boolean {
    const magic = this.peek(MAGIC.length);
    if (magic === null) return false;
    const [version, ours] = [magic[MAGIC.length - 1], MAGIC[MAGIC.length - 1]];
    if (!MAGIC.subarray(0, -1).every((byte, index) => byte === magic[index]))
      throw new RecordingError('it is none: it does not begin with AGFXREC');
    if (version !== ours) throw new RecordingError(`it has version ${version}, expected ${ours}: a newer apple-gfx made it`);
    this.drop(MAGIC.length);
    this.needsMagic = false;
    return true;
  }

  /** The next bytes, null if there are not so many. */
  private peek(count: number): Uint8Array | null {
    if (this.length < count) return null;
    if ((this.pieces[0]?.length ?? 0) < count) this.join(count);
    return (this.pieces[0] as Uint8Array).subarray(0, count);
  }

  /** Makes as many pieces one as have that many bytes. */
  private join(count: number): void {
    let many = 0;
    let bytes = 0;
    while (bytes < count) bytes += this.pieces[many++]?.length ?? 0;
    const joined = new Uint8Array(bytes);
    let at = 0;
    for (const piece of this.pieces.splice(0, many)) {
      joined.set(piece, at);
      at += piece.length;
    }
    this.pieces.unshift(joined);
  }

  private drop(count: number): void {
    const [first = new Uint8Array(0)] = this.pieces;
    if (first.length === count) this.pieces.shift();
    else this.pieces[0] = first.subarray(count);
    this.length -= count;
    this.at += count;
  }
}

/** A chunk's JSON, which is an object. Throws RecordingError. */
export function decodeJson(payload: Uint8Array, what: string): Readonly<Record<string, unknown>> {
  if (payload.length > MAX_CHUNK_JSON_BYTES)
    throw new RecordingError(`${what} has ${payload.length} bytes of JSON, expected at most ${MAX_CHUNK_JSON_BYTES}`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload));
  } catch (error) {
    throw new RecordingError(`${what} is no JSON: ${describeError(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new RecordingError(`${what} is no JSON object`);
  return value as Readonly<Record<string, unknown>>;
}

export function decodeSamples(payload: Uint8Array, counters: number): RecordedSample {
  const reader = new ByteReader(payload, 'a samples chunk');
  const nanoseconds = reader.float();
  const count = reader.below(counters + 1, 'a count of samples of');
  return { nanoseconds, values: Array.from({ length: count }, () => reader.number()) };
}

export function decodeFrame(payload: Uint8Array): RecordedFrame {
  const reader = new ByteReader(payload, 'a frame chunk');
  const display = reader.below(64, 'display');
  const nanoseconds = reader.float();
  const present = reader.leb();
  const width = reader.below(MAX_SIDE + 1, 'width');
  const height = reader.below(MAX_SIDE + 1, 'height');
  const isWhole = reader.below(2, 'a flag of') === 1;
  const count = reader.below(MAX_RECTANGLES, 'a count of rectangles of');
  const rectangles: Rectangle[] = [];
  for (let index = 0; index < count; index++) {
    const [x, y] = [reader.leb(), reader.leb()];
    const rectangle = { x, y, width: reader.leb(), height: reader.leb() };
    if (x + rectangle.width > width || y + rectangle.height > height)
      throw reader.wrong(`has rectangle ${JSON.stringify(rectangle)}, expected it inside of ${width}x${height}`);
    rectangles.push(rectangle);
  }
  return { display, nanoseconds, present, width, height, isWhole, rectangles, deflated: reader.rest() };
}
