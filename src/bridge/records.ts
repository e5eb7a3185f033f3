/**
 * The 64-byte record that travels through mailboxes, and its fields.
 *
 * Layout: u32 kind, u32 id, u64 words[6], u32 thread, u32 reserved (pvg_bridge.h, struct pvg_record). A word above
 * 2^53 becomes Infinity, so that every look-up with it fails; nothing legitimate is that large.
 */

export const RECORD_BYTES = 64;
const RECORD_U32 = RECORD_BYTES / 4;
const FIRST_WORD = 2;
const THREAD = 14;
const RESERVED = 15;
const TWO_32 = 2 ** 32;
const SAFE_HIGH = 2 ** 21;
/** Records that wait to be used again; more are seldom in use at once. */
const MAX_POOLED = 256;

/** A record as a value; words that are not given are 0. */
export interface PvgRecord {
  readonly kind: number;
  readonly id: number;
  readonly words: readonly number[];
  readonly thread: number;
  readonly reserved: number;
}

/** A record that is used again and again. */
export interface MutableRecord {
  kind: number;
  id: number;
  readonly words: [number, number, number, number, number, number];
  thread: number;
  reserved: number;
}

/** Memory for `count` records that the bridge reads and fills; owned by one thread. */
export class RecordBuffer {
  readonly bytes: Uint8Array;
  private readonly u32: Uint32Array;

  /** `memory`: where they lie, from `offset` on. By default a buffer of its own, so that its bytes stay where they are. */
  constructor(
    readonly count: number,
    memory = new ArrayBuffer(RECORD_BYTES * count),
    offset = 0,
  ) {
    this.u32 = new Uint32Array(memory, offset, RECORD_U32 * count);
    this.bytes = new Uint8Array(memory, offset, RECORD_BYTES * count);
  }

  read(index: number): PvgRecord {
    const record = emptyRecord();
    this.readInto(index, record);
    return record;
  }

  readInto(index: number, record: MutableRecord): void {
    const at = index * RECORD_U32;
    record.kind = this.at(at);
    record.id = this.at(at + 1);
    for (let word = 0; word < 6; word++) record.words[word] = wordAt(this.u32, at + FIRST_WORD + 2 * word);
    record.thread = this.at(at + THREAD);
    record.reserved = this.at(at + RESERVED);
  }

  write(index: number, record: Partial<PvgRecord> & { kind: number }): void {
    const at = index * RECORD_U32;
    this.u32[at] = record.kind;
    this.u32[at + 1] = record.id ?? 0;
    const { words } = record;
    const given = words === undefined ? 0 : words.length;
    for (let word = 0; word < 6; word++) this.writeWord(at + FIRST_WORD + 2 * word, word < given ? (words?.[word] ?? 0) : 0);
    this.u32[at + THREAD] = record.thread ?? 0;
    this.u32[at + RESERVED] = record.reserved ?? 0;
  }

  private at(index: number): number {
    return this.u32[index] ?? 0;
  }

  private writeWord(index: number, given: number): void {
    if (given >>> 0 === given) {
      this.u32[index] = given;
      this.u32[index + 1] = 0;
      return;
    }
    // What was too large to be exact stays so on its way through another mailbox.
    const value = Number.isFinite(given) ? given : SAFE_HIGH * TWO_32;
    this.u32[index] = value % TWO_32;
    this.u32[index + 1] = Math.floor(value / TWO_32);
  }
}

function wordAt(u32: Uint32Array, index: number): number {
  const low = u32[index] ?? 0;
  const high = u32[index + 1] ?? 0;
  if (high === 0) return low;
  return high >= SAFE_HIGH ? Number.POSITIVE_INFINITY : high * TWO_32 + low;
}

/** Words that the bridge fills, read as a record's are: without a BigInt each. Owned by one thread. */
export class WordBuffer {
  /** What is handed to the bridge. */
  readonly words: BigUint64Array;
  private readonly u32: Uint32Array;

  constructor(readonly count: number) {
    const memory = new ArrayBuffer(8 * count);
    this.words = new BigUint64Array(memory);
    this.u32 = new Uint32Array(memory);
  }

  /** Infinity from 2^53 on. */
  at(index: number): number {
    return wordAt(this.u32, 2 * index);
  }
}

/** A record to fill in. */
export function emptyRecord(): MutableRecord {
  return { kind: 0, id: 0, words: [0, 0, 0, 0, 0, 0], thread: 0, reserved: 0 };
}

/** Records to read into. One that is never given back is lost to the pool and to nobody else. */
export class RecordPool {
  private readonly free: MutableRecord[] = [];

  read(buffer: RecordBuffer, index: number): PvgRecord {
    const record = this.free.pop() ?? emptyRecord();
    buffer.readInto(index, record);
    return record;
  }

  /** Only for records that came from read(), and once. */
  recycle(record: PvgRecord): void {
    if (this.free.length < MAX_POOLED) this.free.push(record as MutableRecord);
  }
}
