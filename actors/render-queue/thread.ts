/**
 * The render queue's thread: enters PVG to encode, without the BQL.
 */
import { PvgStatus } from '../../src/bridge/pvg.js';
import { actorTools, runActor } from '../actor-thread.js';
import { RenderQueueBehaviour } from './behaviour.js';

const tools = actorTools('render-queue');
const { wiring, port, board, thread, revision, mailboxes } = tools;

board.setRender(thread, 'idle');
const behaviour = new RenderQueueBehaviour({
  revision,
  device: port,
  displays: wiring.displays.length,
  tracesActors: tools.tracer.hasActorEvents,
  port: {
    tellBql: (kind, frame, display, words) => void mailboxes.post(wiring.mailboxes.bql, { kind, id: frame, reserved: display, words }),
    encode: (request) => {
      board.setRender(thread, 'inPvg');
      const status = port.encode(request);
      board.setRender(thread, 'idle');
      return status === PvgStatus.ok;
    },
  },
});
tools.tracer.onSwitched = () => {
  behaviour.tracesActors = tools.tracer.hasActorEvents;
};
behaviour.displays.forEach((display, number) => {
  const mode = wiring.displays[number]?.initialMode;
  if (mode) display.frames.setMode(mode.width, mode.height);
});

void runActor({
  name: 'render queue',
  tools,
  mailbox: wiring.mailboxes.render,
  inspect: () => behaviour.inspection,
  handle(records) {
    for (const record of records) behaviour.receive(record);
    while (behaviour.step());
    board.setRender(thread, behaviour.waitsForBql ? 'waitingForBql' : 'idle');
  },
});
