/**
 * A worker of the background queue: takes jobs from the native mailbox and enters PVG with them.
 *
 * Invariant: every job that was taken is answered with one message. Display events, which some revisions send through
 * here, are passed on as lock sections of the BQL. piscina owns the thread; drain() keeps it until the mailbox closes.
 */
import { DefectError } from '../../src/base/errors.js';
import { loadBridge, type PvgBridge } from '../../src/bridge/native.js';
import { PvgStatus, Upcall } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { Board } from '../../src/runtime/board.js';
import { Mailboxes } from '../../src/runtime/mailbox.js';
import { carryIntoPvg } from '../../src/runtime/pvg-access.js';
import type { Tracer } from '../../src/trace/events.js';
import { makeTracer } from '../actor-thread.js';
import { Message } from '../messages.js';
import type { Wiring } from '../wiring.js';
import type { WorkerData } from './pool.js';

interface Worker {
  readonly wiring: Wiring;
  readonly bridge: PvgBridge;
  readonly mailboxes: Mailboxes;
  readonly board: Board;
  /** Its line on the board, null if it has none. */
  readonly line: number | null;
  readonly tracer: Tracer;
}

/** Piscina task: serves the mailbox until it is closed. */
export default function drain({ wiring, reports }: WorkerData): void {
  const bridge = loadBridge();
  const board = new Board(wiring.board);
  const tracer = makeTracer(bridge, wiring.trace, (report) => reports.postMessage(report));
  const line = board.claimWorker(bridge.pvg_thread_id());
  const worker: Worker = { wiring, bridge, mailboxes: new Mailboxes(bridge), board, line, tracer };
  bridge.pvg_group_guard(wiring.group);
  for (;;) {
    const record = takeOne(worker);
    if (!record) break;
    serve(record, worker);
  }
  if (line !== null) board.leave(line);
  bridge.pvg_group_unguard(wiring.group);
  reports.close();
}

/** Piscina task: resets PVG, which blocks until it is quiet. Returns the pvg_status. */
export function reset(wiring: Wiring): number {
  return loadBridge().pvg_device_reset(wiring.device);
}

/** Piscina task: brings PVG to rest and reads its state. Returns the pvg_status of what failed, or the state. */
export function suspend(wiring: Wiring): Uint8Array | number {
  const bridge = loadBridge();
  const status = bridge.pvg_device_suspend(wiring.device);
  if (status !== PvgStatus.ok) return status;
  const length = new BigUint64Array(1);
  const asked = bridge.pvg_device_state(wiring.device, null, 0, length);
  if (asked !== PvgStatus.ok) return asked;
  const state = new Uint8Array(Number(length[0] ?? 0n));
  const given = bridge.pvg_device_state(wiring.device, state, state.length, length);
  return given === PvgStatus.ok ? state : given;
}

/** Piscina task: makes a new device of PVG's go on from a state. */
export function resume({ wiring, state }: { wiring: Wiring; state: Uint8Array }): { status: number; text: string } {
  const bridge = loadBridge();
  const status = bridge.pvg_device_resume(wiring.device, state, state.length);
  return { status, text: status === PvgStatus.ok ? '' : bridge.pvg_last_error() };
}

function takeOne({ mailboxes, wiring }: Worker): PvgRecord | null {
  // One at a time: a record taken in a batch would wait for the blocked ones before it while other workers idle.
  for (;;) {
    const records = mailboxes.take(wiring.mailboxes.background, -1, 1);
    if (records === null) return null;
    const record = records[0];
    if (record) return record;
  }
}

function serve(record: PvgRecord, worker: Worker): void {
  const { mailboxes, wiring } = worker;
  switch (record.kind) {
    case Message.job:
      return runJob(record, worker);
    case Message.encode:
      return encode(record, worker);
    case Upcall.newFrame:
      worker.tracer.emit('apple_gfx_new_frame', undefined);
      mailboxes.post(wiring.mailboxes.bql, { ...record, kind: Message.displaySection, reserved: record.kind });
      return;
    case Upcall.cursorGlyph:
    case Upcall.cursorShow:
    case Upcall.cursorMove:
      mailboxes.post(wiring.mailboxes.bql, { ...record, kind: Message.displaySection, reserved: record.kind });
      return;
    case Message.crash:
      throw new DefectError('a worker of the background queue was crashed on purpose');
    default:
      throw new DefectError(`the background queue knows no message of kind ${record.kind}`);
  }
}

function runJob(record: PvgRecord, { bridge, wiring, mailboxes, board, line, tracer }: Worker): void {
  const [operation = 0, window = 0, size = 0, offset = 0, value = 0, high = 0] = record.words;
  tracer.emit('agfx_job_began', { job: record.id });
  if (line !== null) board.set(line, record.id);
  const result = carryIntoPvg(bridge, wiring.device, { operation, window, size, offset, value, high });
  if (line !== null) board.set(line, 0);
  tracer.emit('agfx_job_ended', { job: record.id, ok: result.ok ? 1 : 0 });
  mailboxes.post(wiring.mailboxes.bql, {
    kind: record.reserved === 1 ? Message.accessReturned : Message.jobDone,
    id: record.id,
    words: [result.ok ? 1 : 0, result.value, result.high],
  });
}

function encode(record: PvgRecord, { bridge, wiring, mailboxes }: Worker): void {
  const [texture = 0, managed = 0, display = 0] = record.words;
  if (bridge.pvg_display_encode(wiring.device, display, texture, managed, record.id) === PvgStatus.ok) return;
  mailboxes.post(wiring.mailboxes.bql, { kind: Message.frameRefused, id: record.id, reserved: display });
}
