/**
 * The render queue's thread: enters PVG to encode, without the BQL.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { DefectError } from '../../src/base/errors.js';
import { loadBridge } from '../../src/bridge/native.js';
import { PvgStatus } from '../../src/bridge/pvg.js';
import { Mailboxes } from '../../src/runtime/mailbox.js';
import { runActorThread } from '../actor-thread.js';
import { exposeControl } from '../control.js';
import type { ActorControl, Report, ThreadData } from '../wiring.js';
import { RenderQueueBehaviour } from './behaviour.js';

const { wiring, control } = workerData as ThreadData;
const bridge = loadBridge();
const mailboxes = new Mailboxes(bridge);
let crashed = false;

const behaviour = new RenderQueueBehaviour({
  section: (kind, frame, words) => void mailboxes.post(wiring.bqlMailbox, { kind, id: frame, words }),
  encode: (frame, texture, managed) => bridge.pvg_display_encode(wiring.device, 0, texture, managed ? 1 : 0, frame) === PvgStatus.ok,
});

const actorControl: ActorControl = {
  inspect: () => ({}),
  crash: () => {
    crashed = true;
  },
};
exposeControl(actorControl, control);
parentPort?.postMessage({ report: 'ready' } satisfies Report);

await runActorThread({
  bridge,
  group: wiring.group,
  mailbox: wiring.renderMailbox,
  handle(records) {
    if (crashed) throw new DefectError('the render queue was crashed on purpose');
    for (const record of records) behaviour.receive(record);
    while (behaviour.step());
  },
});
control.close();
