/**
 * The properties of threading.md 4, as the worlds check them: names, what they say, and those that are looked at as a whole.
 *
 * What can be told at the moment it goes wrong is told by the PVG model and the ports.
 */
import type { WorldBuilder } from '../explorer/world.js';
import type { DeviceWorld } from './device-world.js';

/** Names and meanings, in the order of the specification. */
export const PROPERTIES = {
  BQL: 'sections run only when nobody has the lock, bottom halves also inside waits',
  P1: 'pendingFrames in 0..2, never negative',
  P2: 'one frame in flight at most',
  P3: 'no PVG entry while on the BQL actor',
  P4: 'each job answered exactly once, to its own waiter',
  P5: "PVG sees one vCPU's accesses in program order, and reads see earlier writes",
  P6: 'the display shows whole frames of the current mode, never an older one',
  P7: 'references: never negative, back to their start, nobody gives back those of others',
  P8: 'nothing is looked at through a mapping after its memory is gone',
  P9: 'no interrupt lost, none invented, in order',
  P10: 'the cursor shown is the last one set, at the last position',
  P11: 'queues and mailboxes stay within their bounds',
  L1: 'no deadlock',
  L2: 'every access completes',
  L3: 'every gfx_update request is answered',
  L4: "after the last newFrame of a burst, that burst's last frame or a later one is shown",
  L5: 'reset completes whatever is in flight',
} as const;
export type PropertyName = keyof typeof PROPERTIES;

/** What the engine finds on its own, by the property that it breaks. */
export function propertyOf(found: string): PropertyName | string {
  return found === 'deadlock' ? 'L1' : found;
}

const MAILBOX_BOUND = 64;

/** State of the frame pipeline's machine. */
interface PipelineState {
  readonly pipeline: string | { readonly rendering?: string; readonly stalled?: string };
}

/** pendingFrames, which the machine has as a state. */
function pendingOf({ pipeline }: PipelineState): number {
  if (typeof pipeline === 'string') return pipeline === 'idle' ? 0 : 1;
  return (pipeline.rendering ?? pipeline.stalled) === 'double' ? 2 : 1;
}

/** Declares those that hold of states and of ends. */
export function declareProperties(w: WorldBuilder, world: DeviceWorld): void {
  const { pvg, memory, console, scenario, vcpus, references, bql } = world;
  const { frames } = world.revision.frames === 'renderQueueOwned' && world.render?.displays[0] ? world.render.displays[0] : bql.display(0);
  w.always('P1', () => {
    const pending = pendingOf(frames.state as PipelineState);
    return pending >= pvg.encodes.length || `pendingFrames is ${pending}, and ${pvg.encodes.length} frames are in flight`;
  });
  w.alwaysEventually('P4', () => pvg.glyphs.size === 0 || `bitmap ${[...pvg.glyphs][0]} was never given back`);
  w.alwaysEventually('P7', () => {
    if (pvg.textures.size > 1) return `${pvg.textures.size} textures are left, and one is used`;
    if (memory.rangeCount !== pvg.tasks.size) return `${memory.rangeCount} ranges are left, and ${pvg.tasks.size} tasks`;
    if (pvg.tasks.size > 0 || pvg.surfaces.size > 0) return true;
    if (scenario.removesRam && memory.ramCount > 1) return 'RAM is left that was taken off the map, and nobody has a reference';
    for (const slot of [1, 2]) if (references.count(slot) > 0) return `${references.count(slot)} references on RAM ${slot} are left`;
    return true;
  });
  w.alwaysEventually('P9', () => pvg.delivered === pvg.raised.length || `${pvg.raised.length - pvg.delivered} interrupts are lost`);
  w.alwaysEventually('P10', () => {
    if (scenario.reset) return true;
    const [{ cursor: shown }, { cursor: set }] = [console, pvg];
    if (shown.image === set.image && shown.shown === set.shown && shown.x === set.x && shown.y === set.y) return true;
    return `the cursor shown is ${JSON.stringify(shown)}, the one set is ${JSON.stringify(set)}`;
  });
  w.alwaysEventually('L2', () => vcpus.every(({ isDone }) => isDone) || 'an access is not answered');
  w.alwaysEventually('L3', () => !console.isAwaited || 'an update is not answered');
  w.alwaysEventually('L4', () => {
    const last = pvg.current;
    const shown = console.picture;
    if (last === null || shown === null || scenario.reset || pvg.lost >= last.present) return true;
    // Where frames are rendered inside the update, the console has to ask.
    if (JSON.stringify(frames.state).includes('announced')) return true;
    return (
      shown.present >= last.present ||
      `present ${shown.present} is shown at the end, and ${last.present} was the last; the pipeline is ${JSON.stringify(frames.state)}`
    );
  });
  w.alwaysEventually('L5', () => world.reset === null || world.reset.isDone || 'the reset has not completed');
  w.always('P11', () => world.longest <= MAILBOX_BOUND || `a mailbox holds ${world.longest} messages`);
  declareCosts(w, world);
}

/**
 * Costs, of which the largest is told. A step is one of any process: whoever waits for the lock waits for all of them. The BQL's hold is
 * counted from the step that grants it up to the one that releases it, in one holder's hands, nested waits and a loan to the render queue included.
 */
function declareCosts(w: WorldBuilder, world: DeviceWorld): void {
  const { pvg, vcpus, bql, tally } = world;
  w.cost('C1: threads woken by one answer', () => pvg.wakes);
  // Holders are told apart by how often the lock was released before.
  w.span('C2: steps with the BQL held in one go', () => bql.held && 1 + tally.releases);
  for (const [number, vcpu] of vcpus.entries()) {
    const access = (): number => vcpu.inProgress;
    w.span('C3: messages of one access', access, () => tally.messagesOf(number));
    w.span('steps of one access', access);
  }
  w.peak('messages in one mailbox', () => world.longest);
}
