/**
 * A worker of the background queue: takes jobs from the native mailbox and enters PVG with them.
 *
 * Invariant: no decision is taken here (behaviour.ts). piscina owns the thread; drain() keeps it until the mailbox closes.
 */
import { DefectError, unreachable } from '../../src/base/errors.js';
import { loadBridge, type PvgBridge } from '../../src/bridge/native.js';
import { PvgStatus } from '../../src/bridge/pvg.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { Board } from '../../src/runtime/board.js';
import { Mailboxes } from '../../src/runtime/mailbox.js';
import { TRACE_IDS } from '../../src/trace/events.js';
import type { Tracer } from '../../src/trace/tracer.js';
import { Message } from '../messages.js';
import { endBatch, makeTracer, noteJobBegan, noteJobEnded, traceBatch, tracePosts, tracesBatches } from '../thread-tracer.js';
import type { Report, Wiring } from '../wiring.js';
import { jobAnswerKind, workOf } from './behaviour.js';
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
  const tracer = makeTracer({ bridge, wiring, actor: 'background-queue', report: (report) => reports.postMessage(report) });
  const line = board.claimWorker(bridge.pvg_thread_id());
  const worker: Worker = { wiring, bridge, mailboxes: new Mailboxes(bridge), board, line, tracer };
  tracePosts(tracer, worker.mailboxes);
  bridge.pvg_group_guard(wiring.group);
  reports.postMessage({ report: 'ready' } satisfies Report);
  while (takeOne(worker));
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

/** Takes a message and does what it asks for; false once the mailbox is closed. */
function takeOne(worker: Worker): boolean {
  const { mailboxes, wiring, tracer } = worker;
  endBatch(tracer);
  // One at a time: a record taken in a batch would wait for the blocked ones before it while other workers idle.
  const count = mailboxes.takeRaw(wiring.mailboxes.background, -1, 1);
  if (count < 0) return false;
  tracer.tick();
  if (count === 0) return true;
  const isJob = mailboxes.taken.kindAt(0) === Message.job;
  if (isJob && !tracesBatches(tracer, wiring)) {
    carry(worker);
    return true;
  }
  const record = mailboxes.read(0);
  traceBatch(tracer, wiring, [record]);
  if (isJob) carry(worker);
  else serve(record, worker);
  mailboxes.recycle(record);
  return true;
}

/** A job is carried into PVG as it lies in the memory of the thread's transfer, and so is what comes of it to the BQL: nothing is made of either. */
function carry({ bridge, mailboxes, wiring, board, line, tracer }: Worker): void {
  const { taken } = mailboxes;
  const job = taken.idAt(0);
  const answer = mailboxes.begin();
  if (line !== null) board.set(line, job);
  noteJobBegan(tracer, job);
  const status = bridge.pvg_mmio_carry(wiring.device);
  noteJobEnded(tracer, job, status === PvgStatus.ok);
  if (line !== null) board.set(line, 0);
  answer.putHead(0, jobAnswerKind(taken.reservedAt(0)), job, 0);
  mailboxes.leave(wiring.mailboxes.bql);
}

/** What is asked for by no job. */
function serve(record: PvgRecord, { bridge, mailboxes, wiring, tracer }: Worker): void {
  const work = workOf(record);
  switch (work.do) {
    case 'carry':
      throw new DefectError('a job is carried as it lies there');
    case 'encode': {
      tracer.noteDetail(TRACE_IDS.agfx_encode_began, record.id, work.display);
      const status = bridge.pvg_display_encode(wiring.device, work.display, work.texture, work.managed, record.id);
      tracer.noteDetail(TRACE_IDS.agfx_encode_ended, record.id, work.display, status === PvgStatus.ok ? 1 : 0);
      if (status !== PvgStatus.ok) mailboxes.post(wiring.mailboxes.bql, work.refusal);
      return;
    }
    case 'pass':
      if (work.traced !== null) tracer.emit(work.traced, undefined);
      mailboxes.post(wiring.mailboxes.bql, work.section);
      return;
    default:
      return unreachable(work);
  }
}
