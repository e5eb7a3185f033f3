/**
 * Mailboxes as arrays: first in, first out. A record that is posted is copied as the native ones copy it, so what does not fit is lost here too.
 */
import { assert } from '../../src/base/errors.js';
import { type PvgRecord, RecordBuffer } from '../../src/bridge/records.js';
import type { Outgoing } from '../../src/runtime/mailbox.js';

export class ModelMailboxes {
  private readonly boxes = new Map<number, { readonly name: string; readonly records: PvgRecord[] }>();
  private readonly buffer = new RecordBuffer(1);

  /** A new mailbox's handle. */
  create(name: string): number {
    const handle = this.boxes.size + 1;
    this.boxes.set(handle, { name, records: [] });
    return handle;
  }

  post(mailbox: number, record: Outgoing): void {
    this.buffer.write(0, record);
    this.box(mailbox).records.push(this.buffer.read(0));
  }

  /** Takes up to `max` records. */
  take(mailbox: number, max = Number.POSITIVE_INFINITY): readonly PvgRecord[] {
    const { records } = this.box(mailbox);
    return records.splice(0, Math.min(max, records.length));
  }

  /** What is in it, the next one first. */
  peek(mailbox: number): readonly PvgRecord[] {
    return this.box(mailbox).records;
  }

  name(mailbox: number): string {
    return this.box(mailbox).name;
  }

  private box(mailbox: number): { readonly name: string; readonly records: PvgRecord[] } {
    const box = this.boxes.get(mailbox);
    assert(box !== undefined, `there is no mailbox ${mailbox}`);
    return box;
  }
}
