/**
 * Reads a saved state: first everything is checked, then blobs are handed out one by one.
 *
 * Invariant: a reader that could be made stands for a file that is whole and unchanged: every record was followed, every
 * count and length was compared with its bound before anything was allocated by it, and the digest was right. A digest
 * is no signature, though: a file made on purpose may still hold anything that its format allows.
 *
 * What it does not do: judge what the description and the blobs mean.
 */
import { createHash } from 'node:crypto';
import { inflateRawSync } from 'node:zlib';
import { describeError, SavedStateError } from '../base/errors.js';
import { MAX_RAM_BYTES, MAX_SAVED_BLOB_BYTES, MAX_SAVED_BLOBS, MAX_SAVED_DESCRIPTION_BYTES } from '../base/limits.js';
import {
  BLOB_NAME,
  BLOCK_BYTES,
  Compression,
  decodeRecord,
  DIGEST,
  FORMAT,
  HEAD_BYTES,
  MAGIC,
  MAX_BLOB_NAME_BYTES,
  PIECE_BYTES,
  RECORD_BYTES,
  type StateRecord,
  Tag,
} from './saved-state-format.js';

/** A file that can be read at any place; it doesn't change while it is read. */
export interface SavedStateSource {
  readonly length: number;
  /** Exactly bytes [at, at + length); never asked for more than `length` has, nor for more than 1 MiB. */
  read(at: number, length: number): Uint8Array;
}

/** Puts bytes at an offset of a memory that is zero. */
export type MemoryWriter = (offset: number, bytes: Uint8Array) => void;

interface Blob {
  readonly name: string;
  readonly length: number;
  /** Where its record is, and the first one behind it. */
  readonly at: number;
  readonly firstPiece: number;
}

interface Piece {
  readonly at: number;
  readonly offset: number;
  readonly length: number;
  readonly compression: number;
  readonly stored: number;
}

const damaged = (text: string): SavedStateError => new SavedStateError('damaged', text);

/** Reads parts of the source, none of which reaches over its end. */
class CheckedSource {
  constructor(private readonly source: SavedStateSource) {}

  get length(): number {
    return this.source.length;
  }

  /** Throws unless the source has bytes [at, at + length). */
  require(at: number, length: number, what: string): void {
    if (at + length > this.length) {
      throw new SavedStateError('truncated', `ends at byte ${this.length}, ${what} at byte ${at} goes on until ${at + length}`);
    }
  }

  read(at: number, length: number, what: string): Uint8Array {
    this.require(at, length, what);
    const bytes = this.source.read(at, length);
    if (bytes.length !== length) throw new SavedStateError('truncated', `${bytes.length} of ${length} bytes could be read at byte ${at}`);
    return bytes;
  }

  record(at: number): StateRecord {
    return decodeRecord(this.read(at, RECORD_BYTES, 'the record'));
  }
}

/** A saved state that was found whole. */
export class SavedStateReader {
  /** What the device said of itself. */
  readonly description: Readonly<Record<string, unknown>>;
  private readonly source: CheckedSource;
  private readonly blobs = new Map<string, Blob>();

  /** Checks all of it; throws SavedStateError. */
  constructor(source: SavedStateSource) {
    this.source = new CheckedSource(source);
    const descriptionBytes = this.checkHead();
    const end = this.followRecords(HEAD_BYTES + descriptionBytes);
    this.checkDigest(end);
    this.description = parseDescription(this.source.read(HEAD_BYTES, descriptionBytes, 'the description'));
  }

  /** Names of the blobs and their lengths in bytes, in the order they were written. */
  get lengths(): ReadonlyMap<string, number> {
    return new Map([...this.blobs.values()].map((blob) => [blob.name, blob.length]));
  }

  /** A blob as a whole. Throws SavedStateError if there is none of that name, or it has more than `limit` bytes. */
  blob(name: string, limit = MAX_SAVED_BLOB_BYTES): Uint8Array {
    const blob = this.find(name);
    if (blob.length > limit) {
      throw new SavedStateError('limit', `blob "${name}" at byte ${blob.at} has length ${blob.length}, at most ${limit} is possible`);
    }
    const bytes = new Uint8Array(blob.length);
    this.restore(blob, (offset, content) => bytes.set(content, offset));
    return bytes;
  }

  /**
   * Gives `write` what is not zero in a blob, in ascending pieces of at most 1 MiB. Throws SavedStateError if there is no
   * blob of that name and length.
   */
  memory(name: string, length: number, write: MemoryWriter): void {
    const blob = this.find(name);
    if (blob.length !== length) {
      throw new SavedStateError('mismatch', `blob "${name}" at byte ${blob.at} has length ${blob.length}, expected ${length}`);
    }
    this.restore(blob, write);
  }

  private find(name: string): Blob {
    const blob = this.blobs.get(name);
    if (!blob) throw new SavedStateError('mismatch', `has no blob "${name}", its blobs are ${[...this.blobs.keys()].join(', ') || 'none'}`);
    return blob;
  }

  private restore(blob: Blob, write: MemoryWriter): void {
    for (const piece of this.pieces(blob)) write(piece.offset, this.content(blob, piece));
  }

  /** Says how long the description is. What is read here stays the same in all formats to come. */
  private checkHead(): number {
    const magic = Buffer.from(this.source.read(0, Math.min(MAGIC.length, this.source.length), 'the head'));
    if (!MAGIC.startsWith(magic.toString('latin1'))) {
      throw new SavedStateError(
        'foreign',
        `this is something else: it begins with ${JSON.stringify(magic.toString('latin1'))}, expected "${MAGIC}"`,
      );
    }
    const head = Buffer.from(this.source.read(0, HEAD_BYTES, 'the head'));
    const format = head.readUInt32LE(8);
    if (format > FORMAT) throw new SavedStateError('newer', `made by a newer apple-gfx: format ${format}, this one reads ${FORMAT}`);
    if (format === 0) throw damaged('the format at byte 8 is 0, formats count from 1');
    const length = head.readUInt32LE(12);
    if (length > MAX_SAVED_DESCRIPTION_BYTES) {
      throw new SavedStateError(
        'limit',
        `the description at byte ${HEAD_BYTES} has length ${length}, at most ${MAX_SAVED_DESCRIPTION_BYTES} is possible`,
      );
    }
    this.source.require(HEAD_BYTES, length, 'the description');
    return length;
  }

  /** Follows the records, notes the blobs, and says where the digest is. */
  private followRecords(start: number): number {
    let at = start;
    for (;;) {
      const record = this.source.record(at);
      if (record.tag === Tag.end) return this.checkEnd(record, at);
      const blob = this.readBlob(record, at);
      this.blobs.set(blob.name, blob);
      at = blob.firstPiece;
      for (const piece of this.pieces(blob)) at = piece.at + RECORD_BYTES + piece.stored;
    }
  }

  private checkEnd(record: StateRecord, at: number): number {
    if (record.detail !== this.blobs.size || record.place !== BigInt(at) || record.length !== 0 || record.stored !== 0) {
      throw damaged(
        `the end at byte ${at} speaks of ${record.detail} blobs and byte ${record.place}, expected ${this.blobs.size} and ${at}`,
      );
    }
    const digest = at + RECORD_BYTES;
    this.source.require(digest, DIGEST.bytes, 'the digest');
    const behind = this.source.length - digest - DIGEST.bytes;
    if (behind > 0) throw damaged(`${behind} bytes follow the end at byte ${digest + DIGEST.bytes}`);
    return digest;
  }

  private readBlob(record: StateRecord, at: number): Blob {
    if (record.tag !== Tag.blob)
      throw damaged(`the record at byte ${at} has tag 0x${record.tag.toString(16)}, expected a blob's or the end's`);
    if (this.blobs.size === MAX_SAVED_BLOBS)
      throw new SavedStateError('limit', `there are more than ${MAX_SAVED_BLOBS} blobs at byte ${at}`);
    if (record.detail > MAX_BLOB_NAME_BYTES) {
      throw new SavedStateError(
        'limit',
        `the blob at byte ${at} has a name of ${record.detail} bytes, at most ${MAX_BLOB_NAME_BYTES} are possible`,
      );
    }
    const name = Buffer.from(this.source.read(at + RECORD_BYTES, record.detail, "the blob's name")).toString('latin1');
    if (!BLOB_NAME.test(name))
      throw damaged(`the blob at byte ${at} is called ${JSON.stringify(name)}, expected printable ASCII characters`);
    if (this.blobs.has(name)) throw damaged(`the blob at byte ${at} is a second "${name}"`);
    if (record.place > BigInt(MAX_RAM_BYTES)) {
      throw new SavedStateError('limit', `blob "${name}" at byte ${at} has length ${record.place}, at most ${MAX_RAM_BYTES} is possible`);
    }
    if (record.length !== 0 || record.stored !== 0) throw damaged(`blob "${name}" at byte ${at} has fields that are not 0`);
    return { name, length: Number(record.place), at, firstPiece: at + RECORD_BYTES + name.length };
  }

  /** The pieces of a blob, each checked; there may be so many that no list of them is kept. */
  private *pieces(blob: Blob): Generator<Piece> {
    let at = blob.firstPiece;
    let filled = 0;
    for (;;) {
      const { tag, detail: compression, place, length, stored } = this.source.record(at);
      if (tag !== Tag.piece) return;
      const where = `blob "${blob.name}": the piece at byte ${at}`;
      if (place < BigInt(filled) || place % BigInt(BLOCK_BYTES) !== 0n) {
        throw damaged(`${where} has offset ${place}, expected a multiple of ${BLOCK_BYTES}, at least ${filled}`);
      }
      if (length === 0 || length > PIECE_BYTES || place + BigInt(length) > BigInt(blob.length)) {
        throw damaged(`${where} has length ${length} at offset ${place}, expected 1..${PIECE_BYTES} within the blob's ${blob.length}`);
      }
      if (compression !== Compression.none && compression !== Compression.deflate) {
        throw damaged(`${where} has compression ${compression}, expected 0 or 1`);
      }
      if (compression === Compression.none ? stored !== length : stored >= length) {
        throw damaged(`${where} stores ${length} bytes in ${stored}, with compression ${compression}`);
      }
      this.source.require(at + RECORD_BYTES, stored, `blob "${blob.name}": the piece`);
      filled = Number(place) + length;
      yield { at, offset: Number(place), length, compression, stored };
      at += RECORD_BYTES + stored;
    }
  }

  private content(blob: Blob, piece: Piece): Uint8Array {
    const stored = this.source.read(piece.at + RECORD_BYTES, piece.stored, 'the piece');
    if (piece.compression === Compression.none) return stored;
    const where = `blob "${blob.name}": the piece at byte ${piece.at}`;
    let bytes: Uint8Array;
    try {
      bytes = inflateRawSync(stored, { maxOutputLength: piece.length });
    } catch (error) {
      throw damaged(`${where} can't be inflated to ${piece.length} bytes: ${describeError(error)}`);
    }
    if (bytes.length !== piece.length) throw damaged(`${where} inflates to ${bytes.length} bytes, expected ${piece.length}`);
    return bytes;
  }

  private checkDigest(end: number): void {
    const hash = createHash(DIGEST.algorithm);
    for (let at = 0; at < end; at += PIECE_BYTES) hash.update(this.source.read(at, Math.min(PIECE_BYTES, end - at), 'the content'));
    const expected = Buffer.from(this.source.read(end, DIGEST.bytes, 'the digest')).toString('hex');
    const found = hash.digest('hex');
    if (found !== expected) throw damaged(`its SHA-256 is ${found}, expected ${expected}, which stands at byte ${end}`);
  }
}

function parseDescription(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw damaged(`the description at byte ${HEAD_BYTES} is not JSON: ${describeError(error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw damaged(`the description at byte ${HEAD_BYTES} is not an object of JSON`);
  }
  return value as Record<string, unknown>;
}
