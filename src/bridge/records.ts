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

/** A record as a value; words that are not given are 0. */
export interface PvgRecord {
  readonly kind: number;
  readonly id: number;
  readonly words: readonly number[];
  readonly thread: number;
  readonly reserved: number;
}

/** Fixed-size memory for `count` records that is handed to the bridge; owned by one thread. */
export class RecordBuffer {
  readonly bytes: Uint8Array;
  private readonly u32: Uint32Array;

  constructor(readonly count: number) {
    this.u32 = new Uint32Array(RECORD_U32 * count);
    this.bytes = new Uint8Array(this.u32.buffer);
  }

  read(index: number): PvgRecord {
    const at = index * RECORD_U32;
    const words: number[] = [];
    for (let word = 0; word < 6; word++) words.push(this.word(at + FIRST_WORD + 2 * word));
    return { kind: this.at(at), id: this.at(at + 1), words, thread: this.at(at + THREAD), reserved: this.at(at + RESERVED) };
  }

  write(index: number, record: Partial<PvgRecord> & { kind: number }): void {
    const at = index * RECORD_U32;
    this.u32[at] = record.kind;
    this.u32[at + 1] = record.id ?? 0;
    for (let word = 0; word < 6; word++) {
      const given = record.words?.[word] ?? 0;
      // What was too large to be exact stays so on its way through another mailbox.
      const value = Number.isFinite(given) ? given : SAFE_HIGH * TWO_32;
      this.u32[at + FIRST_WORD + 2 * word] = value % TWO_32;
      this.u32[at + FIRST_WORD + 2 * word + 1] = Math.floor(value / TWO_32);
    }
    this.u32[at + THREAD] = record.thread ?? 0;
    this.u32[at + RESERVED] = record.reserved ?? 0;
  }

  private at(index: number): number {
    return this.u32[index] ?? 0;
  }

  private word(index: number): number {
    const high = this.at(index + 1);
    return high >= SAFE_HIGH ? Number.POSITIVE_INFINITY : high * TWO_32 + this.at(index);
  }
}
