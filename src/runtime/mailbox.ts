/**
 * A thread's end of the native mailboxes: post, and take in batches.
 *
 * Invariants: an instance is one thread's. What a thread posts leaves in the order of the calls, whichever instance they were to, at the latest when the
 * thread takes or flushes. Records that take() gives are the caller's until it recycles them; nothing is made per message as long as they
 * are. Blocking calls are released by closing the group.
 */
import { BridgeError, DeviceClosedError } from '../base/errors.js';
import { TAKE_BATCH } from '../base/limits.js';
import type { PvgBridge } from '../bridge/native.js';
import { PvgStatus } from '../bridge/pvg.js';
import { type PvgRecord, type RecordBuffer, RecordPool } from '../bridge/records.js';
import { Transfer } from '../bridge/transfer.js';

/** A record to post; what is not given is 0. */
export type Outgoing = Partial<PvgRecord> & { readonly kind: number };

export class Mailboxes {
  private readonly pool = new RecordPool();
  private readonly batch: PvgRecord[] = [];
  /** Told of each record that is posted, before it leaves; for traces. */
  onPost: ((mailbox: number, record: Outgoing) => void) | null = null;

  constructor(
    private readonly bridge: PvgBridge,
    private readonly transfer = new Transfer(bridge),
  ) {}

  /** Posts; waits for room. False if the mailbox is closed. Throws BridgeError on anything else. */
  post(mailbox: number, record: Outgoing): boolean {
    this.flush();
    this.onPost?.(mailbox, record);
    this.transfer.posted.write(0, record);
    return this.send(mailbox);
  }

  /** As post(), but throws DeviceClosedError if the mailbox is closed. */
  postOrThrow(mailbox: number, record: Outgoing): void {
    if (!this.post(mailbox, record)) throw new DeviceClosedError();
  }

  /** Posts when the thread takes, or flushes; what is for a mailbox that is closed then is dropped. For threads that take next anyway. */
  postLater(mailbox: number, record: Outgoing): void {
    this.flush();
    this.onPost?.(mailbox, record);
    this.transfer.posted.write(0, record);
    this.transfer.to = mailbox;
  }

  /**
   * Where to put a record that is to leave as postLater()'s do, once leave() says where to: for who makes no object of it. What was to be posted before is
   * sent.
   */
  begin(): RecordBuffer {
    this.flush();
    return this.transfer.posted;
  }

  /** What stands in begin()'s buffer is to be posted later. */
  leave(mailbox: number): void {
    const { posted } = this.transfer;
    this.onPost?.(mailbox, { kind: posted.kindAt(0), id: posted.idAt(0) });
    this.transfer.to = mailbox;
  }

  /** Sends what was to be posted later. To be called before the thread does anything else that may take its time. */
  flush(): void {
    const mailbox = this.transfer.withdraw();
    if (mailbox !== 0) this.send(mailbox);
  }

  /**
   * Takes what is there, at most `max`; waits up to timeoutUs (-1: for ever) for the first. null once it is closed and empty. The array is
   * used again by the next take.
   */
  take(mailbox: number, timeoutUs: number, max = TAKE_BATCH): readonly PvgRecord[] | null {
    const count = this.takeRaw(mailbox, timeoutUs, max);
    if (count < 0) return null;
    const { batch } = this;
    // A store of the length is dear, and batches are mostly of one.
    if (batch.length > count) batch.length = count;
    for (let index = 0; index < count; index++) batch[index] = this.read(index);
    return batch;
  }

  /** As take(), but leaves what it took in `taken`, until the next take: how many records, below 0 once the mailbox is closed and empty. */
  takeRaw(mailbox: number, timeoutUs: number, max = TAKE_BATCH): number {
    const count = this.transfer.run(mailbox, Math.min(max, TAKE_BATCH), timeoutUs);
    if (count >= 0 || count === PvgStatus.closed || count === PvgStatus.handle) return count;
    throw new BridgeError(count, `take from a mailbox: ${this.bridge.pvg_last_error()}`);
  }

  /** What was taken last. */
  get taken(): RecordBuffer {
    return this.transfer.taken;
  }

  /** A record of `taken`; the caller's until it recycles it. */
  read(index: number): PvgRecord {
    return this.pool.read(this.transfer.taken, index);
  }

  /** Gives a record of take() or read() back, which nobody looks at any more. */
  recycle(record: PvgRecord): void {
    this.pool.recycle(record);
  }

  private send(mailbox: number): boolean {
    const status = this.bridge.pvg_mailbox_post(mailbox, this.transfer.posted.bytes, -1);
    if (status === PvgStatus.ok) return true;
    if (status === PvgStatus.closed || status === PvgStatus.handle) return false;
    throw new BridgeError(status, `post to a mailbox: ${this.bridge.pvg_last_error()}`);
  }
}
