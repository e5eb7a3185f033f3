/**
 * The memory through which a thread's records pass to and from the native mailboxes: what lies there needs not be handed over in each call.
 *
 * Layout: pvg_host.h, struct pvg_transfer. Invariant: one for each thread, whoever on it asks, so what is posted through one instance and
 * what is taken through another go through the same memory; a record that is to leave later is known by its mailbox, which stands there too.
 */
import { TAKE_BATCH } from '../base/limits.js';
import { type PvgBridge, transferMemory } from './native.js';
import { RECORD_BYTES, RecordBuffer } from './records.js';

const RECORDS_AT = 64;
/** Bytes of struct pvg_transfer. */
export const TRANSFER_BYTES = RECORDS_AT + RECORD_BYTES * (1 + TAKE_BATCH);

/** Places of 32-bit words. */
const ENTERED = 0;
const RETURNED = 2;
const TO = 4;
const FROM = 5;
const MAX = 6;
const TIMED = 7;
const TIMEOUT = 8;
const TWO_32 = 2 ** 32;
const NONE = 0;

/** The calling thread's; only that thread may use it. */
export class Transfer {
  /** The record that is to be posted. */
  readonly posted: RecordBuffer;
  /** What was taken last. */
  readonly taken: RecordBuffer;
  private readonly words: Uint32Array;

  /** `memory`: by default the thread's own, in the library. Throws BridgeError if there is none. */
  constructor(
    private readonly bridge: PvgBridge,
    memory: ArrayBuffer = transferMemory(bridge, TRANSFER_BYTES),
  ) {
    this.words = new Uint32Array(memory, 0, RECORDS_AT / 4);
    this.posted = new RecordBuffer(1, memory, RECORDS_AT);
    this.taken = new RecordBuffer(TAKE_BATCH, memory, RECORDS_AT + RECORD_BYTES);
  }

  /** The mailbox that `posted` is for, 0 if nothing is to be posted. */
  get to(): number {
    return this.at(TO);
  }

  set to(mailbox: number) {
    this.words[TO] = mailbox;
  }

  /** Posts what is to be posted and takes up to `max` records; a count of `taken`, or a pvg_status below 0. BLOCKS up to timeoutUs, -1: for ever. */
  run(from: number, max: number, timeoutUs: number): number {
    const { words } = this;
    words[FROM] = from;
    words[MAX] = max;
    words[TIMEOUT] = timeoutUs;
    words[TIMEOUT + 1] = timeoutUs < 0 ? -1 : Math.floor(timeoutUs / TWO_32);
    return this.bridge.pvg_mailbox_transfer();
  }

  /** The mailbox of what was to be posted, which nobody posts any more; 0 if there is nothing. */
  withdraw(): number {
    const mailbox = this.to;
    if (mailbox !== NONE) this.to = NONE;
    return mailbox;
  }

  /** Has the times below kept, which costs two looks at the clock a call. */
  keepTimes(): void {
    this.words[TIMED] = 1;
  }

  /** When the thread last went to wait: CLOCK_MONOTONIC in nanoseconds. */
  get entered(): number {
    return this.at(ENTERED + 1) * TWO_32 + this.at(ENTERED);
  }

  /** When it came back. */
  get returned(): number {
    return this.at(RETURNED + 1) * TWO_32 + this.at(RETURNED);
  }

  private at(word: number): number {
    return this.words[word] ?? 0;
  }
}
