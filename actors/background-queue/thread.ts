/**
 * A worker of the background queue: takes jobs from the native mailbox and enters PVG with them.
 *
 * Invariant: no decision is taken here (behaviour.ts). piscina owns the thread; drain() keeps it until the mailbox closes.
 */
import { unreachable } from '../../src/base/errors.js';
import { loadBridge, type PvgBridge } from '../../src/bridge/native.js';
import { PvgStatus } from '../../src/bridge/pvg.js';
import { emptyRecord, type MutableRecord, type PvgRecord } from '../../src/bridge/records.js';
import type { JobResult } from '../../src/device/mmio.js';
import { Board } from '../../src/runtime/board.js';
import { Mailboxes } from '../../src/runtime/mailbox.js';
import { TRACE_IDS } from '../../src/trace/events.js';
import type { Tracer } from '../../src/trace/tracer.js';
import { endBatch, makeTracer, traceBatch, tracedEntry, tracePosts } from '../thread-tracer.js';
import type { Report, Wiring } from '../wiring.js';
import { type CarryWork, jobAnswer, workOf } from './behaviour.js';
import type { WorkerData } from './pool.js';

interface Worker {
  readonly wiring: Wiring;
  readonly bridge: PvgBridge;
  readonly mailboxes: Mailboxes;
  readonly board: Board;
  /** Its line on the board, null if it has none. */
  readonly line: number | null;
  readonly tracer: Tracer;
  /** What it says of each job, which leaves it at once. */
  readonly answer: MutableRecord;
}

/** Piscina task: serves the mailbox until it is closed. */
export default function drain({ wiring, reports }: WorkerData): void {
  const bridge = loadBridge();
  const board = new Board(wiring.board);
  const tracer = makeTracer({ bridge, wiring, actor: 'background-queue', report: (report) => reports.postMessage(report) });
  const line = board.claimWorker(bridge.pvg_thread_id());
  const worker: Worker = { wiring, bridge, mailboxes: new Mailboxes(bridge), board, line, tracer, answer: emptyRecord() };
  tracePosts(tracer, worker.mailboxes);
  bridge.pvg_group_guard(wiring.group);
  reports.postMessage({ report: 'ready' } satisfies Report);
  for (;;) {
    const record = takeOne(worker);
    if (!record) break;
    serve(record, worker);
    worker.mailboxes.recycle(record);
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

/** Piscina task: moves PVG's virtual clock, which blocks until PVG is at rest. */
export function moveClock({ device, nanoseconds }: { device: number; nanoseconds: bigint }): { status: number; text: string } {
  const bridge = loadBridge();
  const status = bridge.pvg_device_clock_advance(device, nanoseconds);
  return { status, text: status === PvgStatus.ok ? '' : bridge.pvg_last_error() };
}

/** Piscina task: makes a new device of PVG's go on from a state. */
export function resume({ wiring, state }: { wiring: Wiring; state: Uint8Array }): { status: number; text: string } {
  const bridge = loadBridge();
  const status = bridge.pvg_device_resume(wiring.device, state, state.length);
  return { status, text: status === PvgStatus.ok ? '' : bridge.pvg_last_error() };
}

function takeOne({ mailboxes, wiring, tracer }: Worker): PvgRecord | null {
  // One at a time: a record taken in a batch would wait for the blocked ones before it while other workers idle.
  for (;;) {
    endBatch(tracer);
    const records = mailboxes.take(wiring.mailboxes.background, -1, 1);
    if (records === null) return null;
    tracer.tick();
    if (records.length > 0) traceBatch(tracer, wiring, records);
    const record = records[0];
    if (record) return record;
  }
}

function serve(record: PvgRecord, worker: Worker): void {
  const { bridge, mailboxes, wiring } = worker;
  const work = workOf(record);
  switch (work.do) {
    case 'carry':
      mailboxes.postLater(wiring.mailboxes.bql, jobAnswer(work, carry(work, worker), worker.answer));
      return;
    case 'encode': {
      worker.tracer.noteDetail(TRACE_IDS.agfx_encode_began, record.id, work.display);
      const status = bridge.pvg_display_encode(wiring.device, work.display, work.texture, work.managed, record.id);
      worker.tracer.noteDetail(TRACE_IDS.agfx_encode_ended, record.id, work.display, status === PvgStatus.ok ? 1 : 0);
      if (status !== PvgStatus.ok) mailboxes.post(wiring.mailboxes.bql, work.refusal);
      return;
    }
    case 'pass':
      if (work.traced !== null) worker.tracer.emit(work.traced, undefined);
      mailboxes.post(wiring.mailboxes.bql, work.section);
      return;
    default:
      return unreachable(work);
  }
}

function carry(work: CarryWork, { bridge, wiring, board, line, tracer }: Worker): JobResult {
  if (line !== null) board.set(line, work.job);
  const result = tracedEntry(tracer, bridge, wiring.device, work);
  if (line !== null) board.set(line, 0);
  return result;
}
