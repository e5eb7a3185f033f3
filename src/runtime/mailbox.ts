/**
 * A thread's end of the native mailboxes: post, and take in batches.
 *
 * Invariant: one instance per thread; its buffers are not shared. Blocking calls are released by closing the group.
 */
import { BridgeError, DeviceClosedError } from '../base/errors.js';
import { TAKE_BATCH } from '../base/limits.js';
import type { PvgBridge } from '../bridge/native.js';
import { PvgStatus } from '../bridge/pvg.js';
import { type PvgRecord, RecordBuffer } from '../bridge/records.js';

/** A record to post; what is not given is 0. */
export type Outgoing = Partial<PvgRecord> & { readonly kind: number };

export class Mailboxes {
  private readonly outgoing = new RecordBuffer(1);
  private readonly incoming = new RecordBuffer(TAKE_BATCH);

  constructor(private readonly bridge: PvgBridge) {}

  /** Posts; waits for room. False if the mailbox is closed. Throws BridgeError on anything else. */
  post(mailbox: number, record: Outgoing): boolean {
    this.outgoing.write(0, record);
    const status = this.bridge.pvg_mailbox_post(mailbox, this.outgoing.bytes, -1);
    if (status === PvgStatus.ok) return true;
    if (status === PvgStatus.closed || status === PvgStatus.handle) return false;
    throw new BridgeError(status, `post to a mailbox: ${this.bridge.pvg_last_error()}`);
  }

  /** As post(), but throws DeviceClosedError if the mailbox is closed. */
  postOrThrow(mailbox: number, record: Outgoing): void {
    if (!this.post(mailbox, record)) throw new DeviceClosedError();
  }

  /** Takes what is there, at most `max`; waits up to timeoutUs (-1: for ever) for the first. null once it is closed and empty. */
  take(mailbox: number, timeoutUs: number, max = TAKE_BATCH): readonly PvgRecord[] | null {
    const count = this.bridge.pvg_mailbox_take(mailbox, this.incoming.bytes, Math.min(max, TAKE_BATCH), timeoutUs);
    if (count === PvgStatus.closed || count === PvgStatus.handle) return null;
    if (count < 0) throw new BridgeError(count, `take from a mailbox: ${this.bridge.pvg_last_error()}`);
    const records: PvgRecord[] = [];
    for (let index = 0; index < count; index++) records.push(this.incoming.read(index));
    return records;
  }
}
