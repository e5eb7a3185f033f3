/**
 * What every actor's thread has: a port to the world, controls, and the loop that takes records from its mailbox, hands them to the
 * actor, and lets the event loop turn when a control message waits.
 *
 * Invariant: a thread that ends for any reason but a closed mailbox closes the group, so that nobody waits for it.
 */
import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { DefectError } from '../src/base/errors.js';
import { loadBridge, type PvgBridge } from '../src/bridge/native.js';
import type { PvgRecord } from '../src/bridge/records.js';
import type { Revision } from '../src/revisions/revision.js';
import { REVISIONS } from '../src/revisions/revisions.js';
import { Board } from '../src/runtime/board.js';
import { Mailboxes } from '../src/runtime/mailbox.js';
import type { Tracer } from '../src/trace/tracer.js';
import { exposeControl } from './control.js';
import { ThreadPort } from './device-port.js';
import { Message } from './messages.js';
import { endBatch, makeTracer, traceBatch, tracePosts } from './thread-tracer.js';
import type { ActorControl, Report, ThreadData, Wiring } from './wiring.js';

/** A thread's tools. */
export interface ActorTools {
  readonly wiring: Wiring;
  readonly revision: Revision;
  readonly bridge: PvgBridge;
  readonly mailboxes: Mailboxes;
  readonly board: Board;
  /** The system's number of this thread. */
  readonly thread: number;
  readonly port: ThreadPort;
  readonly tracer: Tracer;
  readonly report: (report: Report) => void;
}

/** The tools of the calling worker thread, from its workerData. */
export function actorTools(actor: string): ActorTools {
  const { wiring } = workerData as ThreadData;
  const bridge = loadBridge();
  const mailboxes = new Mailboxes(bridge);
  const report = (message: Report): void => parentPort?.postMessage(message);
  const tracer = makeTracer({ bridge, wiring, actor, report });
  tracePosts(tracer, mailboxes);
  return {
    wiring,
    revision: REVISIONS[wiring.revision],
    bridge,
    mailboxes,
    board: new Board(wiring.board),
    thread: bridge.pvg_thread_id(),
    port: new ThreadPort({ bridge, mailboxes, wiring, tracer, report }),
    tracer,
    report,
  };
}

export interface ActorLoop {
  readonly name: string;
  readonly tools: ActorTools;
  readonly mailbox: number;
  inspect(): Record<string, unknown>;
  /** Handles a batch of records, in order. */
  handle(records: readonly PvgRecord[]): void;
}

/**
 * Offers the controls, before the turn of the event loop in which the first call arrives. The thread's script is run by the event loop itself,
 * which is past looking for messages then; so one turn is let go by, and each one after it begins with looking for them.
 */
async function exposeOn(port: MessagePort, control: ActorControl): Promise<void> {
  exposeControl(control, port);
  await new Promise(setImmediate);
}

function hasKick(records: readonly PvgRecord[]): boolean {
  for (let index = 0; index < records.length; index++) if (records[index]?.kind === Message.kick) return true;
  return false;
}

/** Reports that the actor is ready and runs it until the mailbox is closed. What handle() throws ends the thread, and with it the device. */
export async function runActor({ name, tools, mailbox, inspect, handle }: ActorLoop): Promise<void> {
  const { bridge, mailboxes, wiring, tracer } = tools;
  const { control } = workerData as ThreadData;
  let crashed = false;
  const crash = (): void => {
    crashed = true;
  };
  let exposed = false;
  tools.report({ report: 'ready' });
  // The guard closes the group when this thread dies, also by terminate() or for want of memory.
  bridge.pvg_group_guard(wiring.group);
  for (;;) {
    endBatch(tracer);
    const records = mailboxes.take(mailbox, -1);
    if (records === null) break;
    tracer.tick();
    if (crashed) throw new DefectError(`the ${name} was crashed on purpose`);
    const kicked = hasKick(records);
    const work = kicked ? records.filter((record) => record.kind !== Message.kick) : records;
    if (work.length > 0) traceBatch(tracer, wiring, work);
    if (work.length > 0) handle(work);
    if (!kicked) continue;
    mailboxes.flush();
    if (!exposed) await exposeOn(control, { inspect, crash });
    exposed = true;
    await new Promise(setImmediate);
  }
  bridge.pvg_group_unguard(wiring.group);
  control.close();
}
