/**
 * Writes a saved state piece by piece, so that a guest's RAM need not fit into memory a second time.
 *
 * Invariant: at any time one piece of at most 1 MiB is held, and what went to the sink is what the digest covers.
 *
 * What it does not do: wait, or keep the guest from writing. Whoever saves a device has stopped it before.
 */
import { createHash } from 'node:crypto';
import { constants, deflateRawSync } from 'node:zlib';
import { ArgumentError, assert, describeError } from '../base/errors.js';
import { MAX_RAM_BYTES, MAX_SAVED_BLOBS, MAX_SAVED_DESCRIPTION_BYTES } from '../base/limits.js';
import { BLOB_NAME, BLOCK_BYTES, Compression, DIGEST, encodeHead, encodeRecord, PIECE_BYTES, Tag } from './saved-state-format.js';

/** Takes the next bytes of the file; they are the sink's to keep. */
export type SavedStateSink = (bytes: Uint8Array) => void;
/** Gives bytes [offset, offset + length) of a memory. It is asked for 1 MiB at most, each byte once, in order. */
export type MemoryReader = (offset: number, length: number) => Uint8Array;

const ZEROS = Buffer.alloc(BLOCK_BYTES);

function isZero(block: Uint8Array): boolean {
  return (block.length === BLOCK_BYTES ? ZEROS : ZEROS.subarray(0, block.length)).equals(block);
}

/** The runs of blocks in `bytes` that are not all zero, as [from, to) pairs. */
function* nonZeroRuns(bytes: Uint8Array): Generator<readonly [from: number, to: number]> {
  let from = 0;
  for (let at = 0; at < bytes.length; at += BLOCK_BYTES) {
    if (!isZero(bytes.subarray(at, at + BLOCK_BYTES))) continue;
    if (from < at) yield [from, at];
    from = at + BLOCK_BYTES;
  }
  if (from < bytes.length) yield [from, bytes.length];
}

function encodeDescription(description: object): Uint8Array {
  let text: string | undefined;
  try {
    text = JSON.stringify(description);
  } catch (error) {
    throw new ArgumentError(`the description of a saved state can't be written as JSON: ${describeError(error)}`);
  }
  if (!text?.startsWith('{')) throw new ArgumentError('the description of a saved state is not an object of JSON');
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_SAVED_DESCRIPTION_BYTES) {
    throw new ArgumentError(
      `the description of a saved state has ${bytes.length} bytes, at most ${MAX_SAVED_DESCRIPTION_BYTES} are possible`,
    );
  }
  return bytes;
}

/** Writes to `sink`: the description first, then blobs and memories in the order of the calls, then end(). */
export class SavedStateWriter {
  private readonly hash = createHash(DIGEST.algorithm);
  private readonly names = new Set<string>();
  private written = 0;
  private ended = false;

  /** Throws ArgumentError unless `description` is an object that JSON can express. */
  constructor(
    private readonly sink: SavedStateSink,
    description: object,
  ) {
    const bytes = encodeDescription(description);
    this.put(encodeHead(bytes.length));
    this.put(bytes);
  }

  /** Writes a blob. Throws ArgumentError for a name that can't be, or was written before. */
  blob(name: string, bytes: Uint8Array): void {
    this.memory(name, bytes.length, (offset, length) => bytes.subarray(offset, offset + length));
  }

  /** Writes a memory of `length` bytes as `read` gives it: what is zero in it takes no room, and no time but that of looking. */
  memory(name: string, length: number, read: MemoryReader): void {
    assert(!this.ended, 'the saved state has ended');
    if (!BLOB_NAME.test(name))
      throw new ArgumentError(`${JSON.stringify(name)} can't name a blob, expected 1 to 64 printable ASCII characters`);
    if (this.names.has(name)) throw new ArgumentError(`there are two blobs "${name}"`);
    if (this.names.size === MAX_SAVED_BLOBS) throw new ArgumentError(`a saved state has at most ${MAX_SAVED_BLOBS} blobs`);
    if (!Number.isInteger(length) || length < 0 || length > MAX_RAM_BYTES) {
      throw new ArgumentError(`blob "${name}" has length ${length}, expected an integer in 0..${MAX_RAM_BYTES}`);
    }
    this.names.add(name);
    this.put(encodeRecord({ tag: Tag.blob, detail: name.length, place: BigInt(length), length: 0, stored: 0 }));
    this.put(Buffer.from(name, 'latin1'));
    for (let offset = 0; offset < length; offset += PIECE_BYTES) {
      const room = Math.min(PIECE_BYTES, length - offset);
      const window = read(offset, room);
      assert(window.length === room, `${window.length} of ${room} bytes of "${name}" were given`);
      for (const [from, to] of nonZeroRuns(window)) this.piece(offset + from, window.subarray(from, to));
    }
  }

  private piece(offset: number, content: Uint8Array): void {
    // A copy, so that the digest covers what is written even if somebody still writes to the memory.
    const plain = Buffer.from(content);
    const deflated = deflateRawSync(plain, { level: constants.Z_BEST_SPEED });
    const compression = deflated.length < plain.length ? Compression.deflate : Compression.none;
    const bytes = compression === Compression.deflate ? deflated : plain;
    this.put(encodeRecord({ tag: Tag.piece, detail: compression, place: BigInt(offset), length: plain.length, stored: bytes.length }));
    this.put(bytes);
  }

  /** Ends the file; nothing may follow. */
  end(): void {
    assert(!this.ended, 'the saved state has ended');
    this.ended = true;
    this.put(encodeRecord({ tag: Tag.end, detail: this.names.size, place: BigInt(this.written), length: 0, stored: 0 }));
    this.sink(this.hash.digest());
  }

  private put(bytes: Uint8Array): void {
    this.hash.update(bytes);
    this.written += bytes.length;
    this.sink(bytes);
  }
}
