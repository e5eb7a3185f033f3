/**
 * Conformance: a run of the device on real threads, by its log of deliveries, in the world of the same scenario.
 *
 * The log comes from Device.traceHistory() with `traceDeliveries`. Invariant: messages are called the same by the same code, whether they
 * were logged or are in a world's mailbox; what differs between the two (numbers that a device which ran before counts on from, threads, addresses) is
 * taken relative to the run, or left out. What is not here: how the guest of the real run is made, and what its end is compared by.
 */
import { detailOf, messageName } from '../../actors/messages.js';
import type { PvgRecord } from '../bridge/records.js';
import { type Followed, follow, type FollowOptions, type LoggedQueue } from '../explorer/follow.js';
import type { Revision } from '../revisions/revision.js';
import type { DeliveredBatch, Delivery } from '../trace/deliveries.js';
import { DeviceWorld, type Scenario, worldOf } from './device-world.js';

/** What a run left behind. */
export interface LoggedRun {
  /** What its actors took, and nothing that was taken before it began. */
  readonly deliveries: readonly DeliveredBatch[];
  /** The world's names of PVG's threads, by the numbers that they have in the log. */
  readonly threads: ReadonlyMap<number, string>;
  /** How many frames the guest had presented before it. */
  readonly presents: number;
}

/** The execution of a world that does what a run did. */
export interface FollowedRun extends Followed {
  readonly device: DeviceWorld;
}

/** What numbers in a log count from, and how its threads are called. */
interface Origin {
  readonly job: number;
  readonly presents: number;
  nameOf(thread: number): string | undefined;
}

/** Events of PVG's display queue that are told once they are in it; of a new frame nothing is told if the mode changes first. */
const DISPLAY_EVENTS: ReadonlySet<string> = new Set(['modeChange', 'cursorGlyph', 'cursorShow', 'cursorMove']);
/** A completion says which present it is of; the render queue's own, which passes it on, says which frame. */
const isCompletion = ({ kind, id }: Delivery): boolean => kind === 'frameCompleted' && id === 0;

/** Finds the execution that does what a run did. Throws LogMismatchError if the world has none. */
export function followRun(scenario: Scenario, revision: Revision, run: LoggedRun, options: FollowOptions = {}): FollowedRun {
  let made: DeviceWorld | null = null;
  // Whoever may get QEMU's lock, the BQL actor's thread gives it to who came first, and does at once all that it can.
  const policies: Revision = { ...revision, lockGrants: 'firstCome' };
  const world = worldOf(scenario, revision.name, (w) => {
    made = new DeviceWorld(w, scenario, policies);
    made.declare();
  });
  const followed = follow(world, () => (made === null ? [] : queuesOf(made, run)), options);
  if (made === null) throw new RangeError(`${world.name} was not made`);
  return { ...followed, device: made };
}

function queuesOf(device: DeviceWorld, run: LoggedRun): readonly LoggedQueue[] {
  const { inboxes, pvg, scripts } = device;
  const jobs = run.deliveries.flatMap(({ messages }) => messages.filter(({ kind }) => kind === 'jobDone').map(({ id }) => id));
  const logged: Origin = {
    job: jobs.length > 0 ? Math.min(...jobs) : 0,
    presents: run.presents,
    nameOf: (thread) => run.threads.get(thread),
  };
  const own: Origin = { job: 1, presents: 0, nameOf: (thread) => scripts[thread - 1]?.script.name };
  const of = (actor: string) => run.deliveries.filter((batch) => batch.actor === actor);
  const [bql, render] = [of('bql'), of('render-queue').flatMap(({ messages }) => messages.map((message) => ({ messages: [message] })))];
  const texts = ({ messages }: Pick<DeliveredBatch, 'messages'>): string[] => messages.map((message) => textOf(message, logged));
  const known = new WeakMap<PvgRecord, string>();
  const called = (record: PvgRecord): string => {
    const text = known.get(record) ?? textOf(deliveryOf(record), own);
    known.set(record, text);
    return text;
  };
  const contents = (records: readonly PvgRecord[]): string[] => records.map(called);
  const all = [...bql, ...render].flatMap(({ messages }) => messages);
  const queues: LoggedQueue[] = [
    { name: 'bql', taker: 'bql', batches: bql.map(texts), contents: () => contents(inboxes.bql.contents) },
    // A block of the render queue is begun when it is taken, so its batches are no matter.
    { name: 'render', taker: 'render', batches: render.map(texts), contents: () => contents(inboxes.render.contents) },
    {
      name: "PVG's encodes",
      taker: 'gpu',
      batches: all.filter(isCompletion).map((message) => [`present ${message.detail - run.presents}`]),
      contents: () => pvg.encodes.map(({ picture }) => `present ${picture.present}`),
    },
  ];
  // Where the background queue passes them on, two workers may have changed their order.
  if (device.revision.displayEvents !== 'backgroundSection') {
    const told = (kinds: readonly string[]): string[] => kinds.filter((kind) => DISPLAY_EVENTS.has(kind));
    queues.push({
      name: "PVG's display queue",
      taker: 'display',
      batches: told(all.map(({ kind }) => kind)).map((kind) => [kind]),
      contents: () => told(pvg.events.map(({ kind }) => messageName(kind))),
    });
  }
  return queues;
}

function deliveryOf(record: PvgRecord): Delivery {
  return { kind: messageName(record.kind), id: record.id, thread: record.thread, detail: detailOf(record) };
}

/** What a message is called: as much of it as a log and a world have in common. */
function textOf(message: Delivery, { job, presents, nameOf }: Origin): string {
  const { kind, id, thread, detail } = message;
  if (kind === 'access') return `access 0x${detail.toString(16)}`;
  if (kind === 'displaySection') return `${kind} of ${messageName(detail)}`;
  if (kind === 'jobDone') return `jobDone ${id - job + 1}`;
  if (isCompletion(message)) return `frameCompleted of present ${detail - presents}`;
  // Whichever thread of PVG's comes first posts an interrupt that is due.
  const name = kind === 'raiseInterrupt' ? undefined : nameOf(thread);
  return name === undefined ? kind : `${kind} by ${name}`;
}
