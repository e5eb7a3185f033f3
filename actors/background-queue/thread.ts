/**
 * A worker of the background queue: takes jobs from the native mailbox and enters PVG with them.
 *
 * Invariant: every job that was taken is answered with one jobDone. Display events, which revision v5 sends through
 * here, are passed on as lock sections of the BQL. piscina owns the thread; drain() keeps it until the mailbox closes.
 */
import { DefectError } from '../../src/base/errors.js';
import { loadBridge } from '../../src/bridge/native.js';
import { PvgStatus, Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { Mailboxes } from '../../src/runtime/mailbox.js';
import { Message, Operation } from '../messages.js';
import type { Wiring } from '../wiring.js';

const value = new Uint32Array(2);

/** Piscina task: serves the mailbox until it is closed. */
export default function drain(wiring: Wiring): void {
  const bridge = loadBridge();
  const mailboxes = new Mailboxes(bridge);
  bridge.pvg_group_guard(wiring.group);
  for (;;) {
    const record = takeOne(mailboxes, wiring);
    if (!record) break;
    serve(record, wiring, mailboxes);
  }
  bridge.pvg_group_unguard(wiring.group);
}

/** Piscina task: resets PVG, which blocks until it is quiet. Returns the pvg_status. */
export function reset(wiring: Wiring): number {
  return loadBridge().pvg_device_reset(wiring.device);
}

function takeOne(mailboxes: Mailboxes, wiring: Wiring): PvgRecord | null {
  // One at a time: a record taken in a batch would wait for the blocked ones before it while other workers idle.
  for (;;) {
    const records = mailboxes.take(wiring.backgroundMailbox, -1, 1);
    if (records === null) return null;
    const record = records[0];
    if (record) return record;
  }
}

function serve(record: PvgRecord, wiring: Wiring, mailboxes: Mailboxes): void {
  switch (record.kind) {
    case Message.job:
      return runJob(record, wiring, mailboxes);
    case Upcall.newFrame:
    case Upcall.cursorGlyph:
    case Upcall.cursorShow:
    case Upcall.cursorMove:
      mailboxes.post(wiring.bqlMailbox, { ...record, kind: Message.displaySection, reserved: record.kind });
      return;
    case Message.crash:
      throw new DefectError('a worker of the background queue was crashed on purpose');
    default:
      throw new DefectError(`the background queue knows no message of kind ${record.kind}`);
  }
}

function runJob(record: PvgRecord, wiring: Wiring, mailboxes: Mailboxes): void {
  const bridge = loadBridge();
  const [operation = 0, window = 0, , offset = 0, written = 0] = record.words;
  value.fill(0);
  const status =
    operation === Operation.write
      ? bridge.pvg_mmio_write(wiring.device, window, offset, written)
      : bridge.pvg_mmio_read(wiring.device, window, offset, value);
  mailboxes.post(wiring.bqlMailbox, { kind: Message.jobDone, id: record.id, words: [status === PvgStatus.ok ? 1 : 0, value[0] ?? 0] });
}
