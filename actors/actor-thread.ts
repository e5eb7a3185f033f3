/**
 * The loop that every actor's thread runs: take records from its mailbox, hand them to the actor, let the event loop
 * turn when a control message waits.
 *
 * Invariant: a thread that ends for any reason but a closed mailbox closes the group, so that nobody waits for it.
 */
import type { PvgBridge } from '../src/bridge/native.js';
import type { PvgRecord } from '../src/bridge/records.js';
import { Mailboxes } from '../src/runtime/mailbox.js';
import { Message } from './messages.js';

export interface ActorLoop {
  readonly bridge: PvgBridge;
  readonly group: number;
  readonly mailbox: number;
  /** Handles a batch of records, in order. */
  handle(records: readonly PvgRecord[]): void;
}

/** Runs until the mailbox is closed. What handle() throws ends the thread, and with it the device. */
export async function runActorThread(loop: ActorLoop): Promise<void> {
  const mailboxes = new Mailboxes(loop.bridge);
  // The guard closes the group when this thread dies, also by terminate() or for want of memory.
  loop.bridge.pvg_group_guard(loop.group);
  for (;;) {
    const records = mailboxes.take(loop.mailbox, -1);
    if (records === null) break;
    const work = records.filter((record) => record.kind !== Message.kick);
    if (work.length > 0) loop.handle(work);
    if (work.length < records.length) await new Promise(setImmediate);
  }
  loop.bridge.pvg_group_unguard(loop.group);
}
