/**
 * The watchdog's thread: looks a few times a second, and closes the device when its threads wait for each other. Each time it also takes
 * what PVG's own threads have noted, and once more at the end, when they have nothing more to tell.
 *
 * It has no controls and no port to the device, so that it is there soon and costs little.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { WATCHDOG_PERIOD_MS } from '../../src/base/limits.js';
import { loadBridge } from '../../src/bridge/native.js';
import { PvgCause } from '../../src/bridge/pvg.js';
import { REVISIONS } from '../../src/revisions/revisions.js';
import { Board } from '../../src/runtime/board.js';
import { Mailboxes } from '../../src/runtime/mailbox.js';
import { ownTracesOf } from '../own-traces.js';
import type { Report, ThreadData } from '../wiring.js';
import { type PvgWait, Watchdog } from './behaviour.js';

/** Waits looked at; PVG's threads and those inside it are fewer. */
const MAX_WAITS = 128;
/** u32 fields of struct pvg_wait. */
const WAIT_WORDS = 6;

const { wiring, control } = workerData as ThreadData;
const bridge = loadBridge();
const mailboxes = new Mailboxes(bridge);
const board = new Board(wiring.board);
const words = new Uint32Array(WAIT_WORDS * MAX_WAITS);
const watchdog = new Watchdog(REVISIONS[wiring.revision], (thread) => bridge.pvg_device_thread_name(thread));
const report = (message: Report): void => parentPort?.postMessage(message);

function pvgWaits(): readonly PvgWait[] {
  const count = Math.max(0, bridge.pvg_device_waits(wiring.device, words, MAX_WAITS));
  return Array.from({ length: count }, (_, index) => {
    const [waiter = 0, thread = 0, what = 0, target = 0, id = 0] = words.subarray(WAIT_WORDS * index, WAIT_WORDS * (index + 1));
    return { waiter, thread, what, target, id };
  });
}

const traces = ownTracesOf(bridge, wiring, report);

bridge.pvg_group_guard(wiring.group);
report({ report: 'ready' });
while (mailboxes.take(wiring.mailboxes.watchdog, 1000 * WATCHDOG_PERIOD_MS) !== null) {
  traces.drain();
  const text = watchdog.look({ board, waits: pvgWaits() });
  if (text === null) continue;
  board.reportDeadlock(text);
  report({ report: 'deadlock', text });
  bridge.pvg_group_close(wiring.group, PvgCause.deadlock);
}
traces.drain();
bridge.pvg_group_unguard(wiring.group);
control.close();
