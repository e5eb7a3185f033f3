/**
 * What there is to see of a world of the device's, for people who go through an execution step by step: BQL, frames, console, PVG, mailboxes.
 *
 * Invariant: looking changes nothing, and nothing is decided here. Every world lists the same things, so that two executions of one can be compared.
 */
import { messageName } from '../../actors/messages.js';
import { DeviceWorld } from './device-world.js';

/** A value, whose it is and what it is called. */
export interface Seen {
  readonly owner: string;
  readonly name: string;
  readonly value: string;
}

/** Of what a world was told that its state is, all that is of the device; nothing for other worlds. */
export function lookAtState(states: readonly object[]): Seen[] {
  return states.flatMap((state) => (state instanceof DeviceWorld ? lookAt(state) : []));
}

function lookAt(world: DeviceWorld): Seen[] {
  const { bql, pvg, console, inboxes } = world;
  const seen: Seen[] = [];
  const add = (owner: string, name: string, value: string | number | boolean): void => {
    seen.push({ owner, name, value: String(value) });
  };
  const { nestedWaits, sections, bottomHalves } = bql.waiting;
  const names = (kinds: readonly number[]): string => (kinds.length === 0 ? 'none' : kinds.map(messageName).join(' '));
  add('BQL', 'lock', bql.held ? 'held' : 'free');
  add('BQL', 'nested waits', nestedWaits);
  add('BQL', 'sections that want it', names(sections));
  add('BQL', 'bottom halves', names(bottomHalves));
  const isOfRender = world.revision.frames === 'renderQueueOwned';
  const frames = (isOfRender ? world.render?.displays[0] : undefined)?.frames ?? bql.display(0).frames;
  add('frames', 'pipeline', stateName(frames.state));
  add('frames', 'mode', sizeOf(frames.mode));
  add('frames', 'encodes in flight', pvg.encodes.length);
  const { picture, cursor, requested, dones, isAwaited } = console;
  add('console', 'shows', picture === null ? 'nothing' : `frame ${picture.present}, ${sizeOf(picture)}`);
  add('console', 'updates', `${requested} asked for, ${dones} answered${isAwaited ? ', waits for one' : ''}`);
  add('console', 'cursor', cursorName(cursor));
  add('PVG', 'mode', sizeOf(pvg.mode));
  add('PVG', 'last frame', pvg.current === null ? 'none' : pvg.current.present);
  add('PVG', 'events not told', pvg.events.length);
  add('PVG', 'accesses inside', pvg.inside);
  add('PVG', 'its lock', pvg.owner === '' ? 'free' : pvg.owner);
  add('PVG', 'cursor', cursorName(pvg.cursor));
  add('PVG', 'interrupts', `${pvg.raised.length} raised, ${pvg.delivered} arrived`);
  add('PVG', 'tasks', pvg.tasks.size);
  for (const [name, inbox] of Object.entries(inboxes)) {
    const kinds = inbox.contents.map(({ kind }) => messageName(kind));
    add('shared', name, kinds.length === 0 ? 'empty' : kinds.join(' '));
  }
  return seen;
}

function sizeOf(size: { readonly width: number; readonly height: number } | null): string {
  return size === null ? 'none' : `${size.width}×${size.height}`;
}

function cursorName({ image, shown, x, y }: DeviceWorld['console']['cursor']): string {
  const place = x === 0xffff ? 'nowhere' : `at ${x},${y}`;
  return `${image === 0 ? 'no image' : `image ${image}`}, ${shown ? 'shown' : 'hidden'}, ${place}`;
}

/** A machine's state as a path: `pipeline.rendering.single`. */
function stateName(state: unknown): string {
  if (typeof state === 'string') return state;
  if (typeof state !== 'object' || state === null) return '';
  return Object.entries(state)
    .map(([name, inner]) => [name, stateName(inner)].join('.'))
    .join(' ');
}
