/**
 * The BQL actor's thread: takes records, lets the behaviour decide, measures how long the lock is held.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { DefectError } from '../../src/base/errors.js';
import { loadBridge } from '../../src/bridge/native.js';
import { Mailboxes } from '../../src/runtime/mailbox.js';
import { runActorThread } from '../actor-thread.js';
import { exposeControl } from '../control.js';
import type { ActorControl, Report, ThreadData } from '../wiring.js';
import { BqlBehaviour } from './behaviour.js';
import { ThreadPort } from './device-port.js';

const { wiring, control } = workerData as ThreadData;
const bridge = loadBridge();
const report = (message: Report): void => parentPort?.postMessage(message);
const port = new ThreadPort(bridge, new Mailboxes(bridge), wiring, report);
const behaviour = new BqlBehaviour(wiring.regions, port);
let crashed = false;

const actorControl: ActorControl = {
  inspect: () => ({ ...behaviour.waiting, tasks: behaviour.tasks.count, regions: behaviour.space.list(), held: behaviour.held }),
  crash: () => {
    crashed = true;
  },
};
exposeControl(actorControl, control);

const gfx = wiring.regions.find((region) => region.kind === 'mmio');
port.trace('apple_gfx_common_init', { name: `apple-gfx-${wiring.variant}`, length: gfx?.length ?? 0 });
behaviour.frames.setMode(wiring.initialMode.width, wiring.initialMode.height);
report({ report: 'ready' });

let heldSince = 0;
await runActorThread({
  bridge,
  group: wiring.group,
  mailbox: wiring.bqlMailbox,
  handle(records) {
    if (crashed) throw new DefectError('the BQL actor was crashed on purpose');
    if (!behaviour.held) heldSince = performance.now();
    for (const record of records) behaviour.receive(record);
    while (behaviour.step());
    const now = performance.now();
    port.counters.addHold(1000 * (now - heldSince));
    heldSince = now;
  },
});
control.close();
