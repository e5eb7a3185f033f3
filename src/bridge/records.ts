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
const NO_WORDS: readonly number[] = [];
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

  /** Straight on, since each message passes here and what it takes is mostly the way through the code. */
  readInto(index: number, record: MutableRecord): void {
    const { u32 } = this;
    const { words } = record;
    const at = index * RECORD_U32;
    record.kind = u32[at] as number;
    record.id = u32[at + 1] as number;
    words[0] = u32[at + 2] as number;
    words[1] = u32[at + 4] as number;
    words[2] = u32[at + 6] as number;
    words[3] = u32[at + 8] as number;
    words[4] = u32[at + 10] as number;
    words[5] = u32[at + 12] as number;
    record.thread = u32[at + THREAD] as number;
    record.reserved = u32[at + RESERVED] as number;
    const some = (u32[at + 3] as number) | (u32[at + 5] as number) | (u32[at + 7] as number);
    const others = (u32[at + 9] as number) | (u32[at + 11] as number) | (u32[at + 13] as number);
    if ((some | others) !== 0) readWide(u32, at + FIRST_WORD, words);
  }

  write(index: number, record: Partial<PvgRecord> & { kind: number }): void {
    const { kind, id = 0, words = NO_WORDS, thread = 0, reserved = 0 } = record;
    this.putHead(index, kind, id, reserved);
    this.u32[index * RECORD_U32 + THREAD] = thread;
    // By their places: to take a list apart by a pattern is many times the code.
    this.putWords(index, words[0] ?? 0, words[1] ?? 0, words[2] ?? 0, words[3] ?? 0, words[4] ?? 0, words[5] ?? 0);
  }

  /** As write(), all but the words. */
  putHead(index: number, kind: number, id: number, reserved: number): void {
    const { u32 } = this;
    const at = index * RECORD_U32;
    u32[at] = kind;
    u32[at + 1] = id;
    u32[at + THREAD] = 0;
    u32[at + RESERVED] = reserved;
  }

  /** The words alone. */
  putWords(index: number, first: number, second: number, third: number, fourth: number, fifth: number, sixth: number): void {
    const { u32 } = this;
    const at = index * RECORD_U32 + FIRST_WORD;
    if (isHalf(first) && isHalf(second) && isHalf(third) && isHalf(fourth) && isHalf(fifth) && isHalf(sixth)) {
      u32[at] = first;
      u32[at + 1] = 0;
      u32[at + 2] = second;
      u32[at + 3] = 0;
      u32[at + 4] = third;
      u32[at + 5] = 0;
      u32[at + 6] = fourth;
      u32[at + 7] = 0;
      u32[at + 8] = fifth;
      u32[at + 9] = 0;
      u32[at + 10] = sixth;
      u32[at + 11] = 0;
    } else {
      for (const [word, given] of [first, second, third, fourth, fifth, sixth].entries()) writeWide(u32, at + 2 * word, given);
    }
  }

  kindAt(index: number): number {
    return this.u32[index * RECORD_U32] as number;
  }

  idAt(index: number): number {
    return this.u32[index * RECORD_U32 + 1] as number;
  }

  reservedAt(index: number): number {
    return this.u32[index * RECORD_U32 + RESERVED] as number;
  }

  /** The low half of a word. */
  lowAt(index: number, word: number): number {
    return this.u32[index * RECORD_U32 + FIRST_WORD + 2 * word] as number;
  }
}

/** Whether a word fits its low half. */
function isHalf(word: number): boolean {
  return word >>> 0 === word;
}

function readWide(u32: Uint32Array, at: number, words: MutableRecord['words']): void {
  for (let word = 0; word < words.length; word++) words[word] = wordAt(u32, at + 2 * word);
}

function writeWide(u32: Uint32Array, at: number, given: number): void {
  // What was too large to be exact stays so on its way through another mailbox.
  const value = Number.isFinite(given) ? given : SAFE_HIGH * TWO_32;
  u32[at] = value % TWO_32;
  u32[at + 1] = Math.floor(value / TWO_32);
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
