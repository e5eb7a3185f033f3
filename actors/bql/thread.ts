/**
 * The BQL actor's thread: takes records, lets the behaviour decide, measures how long the lock is held.
 */
import { MAX_REGION_SLOTS } from '../../src/base/limits.js';
import { cellsView } from '../../src/bridge/native.js';
import type { PvgRecord } from '../../src/bridge/records.js';
import { Transfer } from '../../src/bridge/transfer.js';
import { RegionReferences } from '../../src/memory/references.js';
import { actorTools, runActor } from '../actor-thread.js';
import { BqlBehaviour } from './behaviour.js';

const tools = actorTools('bql');
const { wiring, port, board, thread, revision, bridge } = tools;

board.setBql(thread, 'free', 0);
const behaviour = new BqlBehaviour({
  revision,
  regions: wiring.regions,
  references: new RegionReferences(cellsView(tools.bridge, wiring.map, MAX_REGION_SLOTS)),
  displays: wiring.displays.length,
  port,
  tracesActors: tools.tracer.hasActorEvents,
  onDone: (record) => tools.mailboxes.recycle(record),
  onLock: (state, job) => board.setBql(thread, state, job),
});
tools.tracer.onSwitched = () => {
  behaviour.tracesActors = tools.tracer.hasActorEvents;
};
behaviour.device.publish();

const gfx = wiring.regions.find((region) => region.kind === 'mmio');
port.trace('apple_gfx_common_init', { name: `apple-gfx-${wiring.variant}`, length: gfx?.length ?? 0 });
for (const { modes } of wiring.displays) {
  // The merged revision's events; those before it have a list that can't be changed.
  if (revision.defaultModes === 'two' || modes.length === 0) continue;
  if (wiring.modesGiven) port.trace('apple_gfx_common_realize_modes_property', { count: modes.length });
  modes.forEach(({ width, height }, index) => {
    port.trace('apple_gfx_display_mode', { index, width, height });
  });
}
if (revision.frames !== 'renderQueueOwned') {
  wiring.displays.forEach(({ initialMode }, number) => {
    if (initialMode) behaviour.display(number).frames.setMode(initialMode.width, initialMode.height);
  });
}

const times = new Transfer(bridge);
times.keepTimes();
/** Since when the lock has been held, or was when the last batch began: of one, since a variable would make a number of each time. */
const since = new Float64Array(1);
let heldBefore = false;

/**
 * Adds what the lock was held since the last batch: all of the time until now if it was still held then, else only what that batch took.
 * Told at the next batch, which costs no look at the clock.
 */
function countHold(): void {
  const now = times.returned;
  const before = since[0] ?? 0;
  if (before !== 0) port.counters.addHold(((heldBefore ? now : times.entered) - before) / 1000);
  since[0] = now;
}

/** Tasks and mappings that PVG's own threads know of. */
function ownCounts(): { readonly tasks: number; readonly iosfcMappings: number } {
  const counts = new BigUint64Array(2);
  tools.bridge.pvg_device_own_counts(wiring.device, counts);
  return { tasks: Number(counts[0]), iosfcMappings: Number(counts[1]) };
}

void runActor({
  name: 'BQL actor',
  tools,
  mailbox: wiring.mailboxes.bql,
  inspect: () => {
    const own = ownCounts();
    return {
      ...behaviour.waiting,
      tasks: behaviour.device.tasks.count + own.tasks,
      iosfcMappings: behaviour.device.iosfc.count + own.iosfcMappings,
      regions: behaviour.device.space.list(),
      frames: behaviour.device.displays.map(({ frames }) => frames.state),
      held: behaviour.held,
    };
  },
  handle(records) {
    countHold();
    for (let index = 0; index < records.length; index++) behaviour.receive(records[index] as PvgRecord);
    behaviour.run((call) => port.block(call));
    heldBefore = behaviour.held;
  },
});
