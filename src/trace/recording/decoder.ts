/**
 * Finds the chunks of a stream in whatever pieces of it come, and reads those that stand alone.
 *
 * Invariant: what is kept is less than one chunk, and no chunk is larger than its bound, whatever comes. What is in a chunk is believed: who reads a
 * file, or a stream of somebody else's, has it checked first (checks.ts). Events are read by trace-store.ts, into columns. It runs in a page as well.
 */
import { RecordingError } from '../../base/errors.js';
import { MAX_CHUNK_BYTES } from '../../base/limits.js';
import { ByteReader } from './bytes.js';
import { CHUNK_HEAD, type Chunk, type RecordedFrame, type RecordedSample } from './format.js';

/** Cuts a stream into chunks. A file is FileDecoder's. */
export class ChunkDecoder {
  /** Bytes of the chunks that were whole, for messages. */
  taken = 0;
  private pieces: Uint8Array[] = [];
  private length = 0;
  /** Fewer bytes have no whole chunk. */
  private wanted = CHUNK_HEAD;

  /** How many bytes wait for the rest of their chunk. A file that ends with any was cut short. */
  get pending(): number {
    return this.length;
  }

  /** The chunks that are whole with these bytes, as they are asked for. Throws RecordingError. */
  *push(bytes: Uint8Array): Generator<Chunk> {
    this.pieces.push(bytes);
    this.length += bytes.length;
    if (this.length < this.wanted) return;
    let rest = this.pieces.length === 1 ? bytes : joined(this.pieces, this.length);
    for (;;) {
      this.pieces = [rest];
      this.length = rest.length;
      this.wanted = rest.length < CHUNK_HEAD ? CHUNK_HEAD : this.sizeOf(rest);
      if (rest.length < this.wanted) return;
      const [kind = 0] = rest;
      const payload = rest.subarray(CHUNK_HEAD, this.wanted);
      rest = rest.subarray(this.wanted);
      this.taken += this.wanted;
      yield { kind, payload };
    }
  }

  private sizeOf(chunk: Uint8Array): number {
    const view = new DataView(chunk.buffer, chunk.byteOffset);
    const [kind, size] = [view.getUint32(0, true), view.getUint32(4, true)];
    if (kind === 0 || kind > 255 || size > MAX_CHUNK_BYTES)
      throw new RecordingError(`there is no chunk at byte ${this.taken}: kind ${kind}, ${size} bytes`);
    return CHUNK_HEAD + size;
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

/** What a chunk says in JSON. */
export function decodeJson(payload: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(payload));
}

export function decodeSamples(payload: Uint8Array): RecordedSample {
  const reader = new ByteReader(payload);
  const nanoseconds = reader.float();
  return { nanoseconds, values: Array.from({ length: reader.leb() }, () => reader.number()) };
}

export function decodeFrame(payload: Uint8Array): RecordedFrame {
  const reader = new ByteReader(payload);
  const leb = (): number => reader.leb();
  // Properties are read in this order.
  return {
    display: leb(),
    nanoseconds: reader.float(),
    present: leb(),
    width: leb(),
    height: leb(),
    isWhole: leb() === 1,
    rectangles: Array.from({ length: leb() }, () => ({ x: leb(), y: leb(), width: leb(), height: leb() })),
    deflated: reader.rest(),
  };
}
