/**
 * The bytes of a saved state: how the file is laid out, and what its records are made of.
 *
 *     head        "APPLEGFX", u32 format, u32 length of the description
 *     description JSON of an object, UTF-8
 *     records     any number of: a blob's record, followed by its pieces
 *     end         the end's record, SHA-256 over every byte before the digest
 *
 * A record is 24 bytes, `u32 tag, u32 detail, u64 place, u32 length, u32 stored`, followed by what it announces:
 *
 *     blob   detail: length of the name · place: length of the blob · length and stored 0      → the name, ASCII
 *     piece  detail: compression · place: offset in the blob · length: of what it stands for   → `stored` bytes
 *     end    detail: number of blobs · place: where this record begins · length and stored 0   → the digest
 *
 * Pieces come in ascending order, begin at a multiple of 64 KiB and don't overlap; where a blob has no piece it is
 * zero. That is how a guest's RAM, most of which was never written, takes little room. Numbers are little-endian.
 */

export const MAGIC = 'APPLEGFX';
/** Raised when a reader of the last format would misread a file. */
export const FORMAT = 1;
export const HEAD_BYTES = 16;
export const RECORD_BYTES = 24;
export const DIGEST = { algorithm: 'sha256', bytes: 32 } as const;
/** What is left out if it is zero. */
export const BLOCK_BYTES = 65_536;
/** The most that one piece stands for, and so what reading one allocates. */
export const PIECE_BYTES = 2 ** 20;
/** Names of blobs: 1 to 64 printable ASCII characters without blanks. */
export const BLOB_NAME = /^[\x21-\x7e]{1,64}$/;
export const MAX_BLOB_NAME_BYTES = 64;

export const Tag = { blob: 0x424f4c42, piece: 0x43454950, end: 0x21444e45 } as const;
/** `none` where deflating would gain nothing. */
export const Compression = { none: 0, deflate: 1 } as const;

export interface StateRecord {
  readonly tag: number;
  readonly detail: number;
  readonly place: bigint;
  readonly length: number;
  readonly stored: number;
}

export function encodeHead(descriptionBytes: number): Uint8Array {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, 'latin1');
  head.writeUInt32LE(FORMAT, 8);
  head.writeUInt32LE(descriptionBytes, 12);
  return head;
}

export function encodeRecord(record: StateRecord): Uint8Array {
  const bytes = Buffer.alloc(RECORD_BYTES);
  bytes.writeUInt32LE(record.tag, 0);
  bytes.writeUInt32LE(record.detail, 4);
  bytes.writeBigUInt64LE(record.place, 8);
  bytes.writeUInt32LE(record.length, 16);
  bytes.writeUInt32LE(record.stored, 20);
  return bytes;
}

export function decodeRecord(bytes: Uint8Array): StateRecord {
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_BYTES);
  return {
    tag: view.getUint32(0, true),
    detail: view.getUint32(4, true),
    place: view.getBigUint64(8, true),
    length: view.getUint32(16, true),
    stored: view.getUint32(20, true),
  };
}
