/**
 * Puts the system view of a moment together from the states of its threads.
 *
 * Invariant: it reads states and changes none. Actors come in a fixed order, so that each has the same place at every moment: the BQL actor, the render
 * queue, workers by number, vCPUs, PVG's threads by number, then the others.
 */
import type { RecordedThread } from '../../trace/recording/format.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import { stateText } from './state-text.js';
import type { Samples } from './system-samples.js';
import {
  type Counted,
  heldUntil,
  isWaiting,
  type Level,
  newThread,
  newWorker,
  type Peer,
  spentUntil,
  type ThreadState,
  VCPU,
  type Worker,
} from './system-thread.js';
import type { ActorView, LockView, MailboxView, RateView, Shares, SystemView } from './system-types.js';
import { type Finding, lasting, type Warnings } from './system-warnings.js';

/** A thread at the moment and at the begin of the window. */
export interface TrackMoment {
  readonly thread: RecordedThread;
  readonly state: ThreadState;
  readonly before: ThreadState;
}

/** All that a view is made of. */
export interface Moment {
  readonly store: TraceStore;
  readonly time: number;
  /** Begin of the window. */
  readonly from: number;
  readonly tracks: readonly TrackMoment[];
  readonly samples: Samples | null;
  readonly warnings: Warnings;
}

const ORDER: readonly string[] = ['bql', 'render-queue', 'background-queue', 'vcpu', 'pvg'];
const rankOf = ({ actor }: ActorView): number => (ORDER.indexOf(actor) + ORDER.length + 1) % (ORDER.length + 1);

export function systemView(moment: Moment): SystemView {
  const { samples, store, time, tracks, warnings } = moment;
  const bql = tracks.find(({ thread }) => thread.actor === 'bql') ?? { state: newThread(), before: newThread() };
  const { state } = bql;
  const [holder] = state.stack;
  const ongoing: Finding[] = state.bottomHalves.map((waiter) => lasting('bottomHalfStarved', waiter, time));
  if (holder !== undefined) ongoing.push(lasting('bqlHeld', holder, time));
  if (holder !== undefined && state.inside !== null && !state.isLent) ongoing.push(lasting('pvgEnteredWithBql', state.inside, time));
  return {
    time,
    start: store.start,
    actors: [...threadActors(moment), ...peerActors(moment, bql)].sort((a, b) => rankOf(a) - rankOf(b)),
    mailboxes: (samples?.mailboxesAt(time) ?? []).map((mailbox) => withBatches(mailbox, tracks)),
    lock: lockView(moment, bql),
    rates: rates(moment),
    machines: tracks.flatMap((track) => [...track.state.machines.values()].map((each) => ({ ...each, state: stateText(each.state) }))),
    warnings: warnings.at(time, ongoing),
  };
}

/** What of the window was spent so, by totals. */
function share(now: number, before: number, { time, from }: Moment): number {
  return time > from ? Math.min(1, Math.max(0, (now - before) / (time - from))) : 0;
}

function perSecond(now: number, before: number, { time, from }: Moment): number {
  return time > from ? (1e9 * Math.max(0, now - before)) / (time - from) : Number.NaN;
}

function spendingOf(now: Worker, before: Worker, moment: Moment) {
  const of = (which: 'busy' | 'waiting'): number =>
    share(spentUntil(now, which, moment.time), spentUntil(before, which, moment.from), moment);
  const busy = of('busy');
  const waiting = Math.min(1 - busy, of('waiting'));
  const shares: Shares = { busy, waiting, idle: 1 - busy - waiting };
  return { activity: now.activity, shares, rate: perSecond(now.messages, before.messages, moment) };
}

function threadActors(moment: Moment): ActorView[] {
  const { tracks } = moment;
  return tracks.map(({ thread: { actor }, state, before }, index) => {
    const number = tracks.slice(0, index + 1).filter(({ thread }) => thread.actor === actor).length;
    const key = number > 1 || actor === 'background-queue' ? `${actor} ${number}` : actor;
    return { key, actor, name: key, doing: doingOf(state), ...spendingOf(state, before, moment) };
  });
}

function levelText({ id, kind, what }: Level): string {
  if (what === 'wait') return `waits for job ${id}`;
  return what === 'pvg' ? `inside PVG, ${kind} ${id}` : `${kind} ${id}`;
}

function doingOf({ activity, inside, isLent, kind, stack }: ThreadState): string {
  if (inside !== null) return levelText({ ...inside, what: 'pvg' });
  const top = stack.at(-1);
  if (isLent && top !== undefined) return `${levelText(top)}, lent`;
  return activity === 'idle' ? '' : top === undefined ? kind : levelText(top);
}

/** vCPUs and PVG's threads: nobody notes what they do, but they are known by what they ask. */
function peerActors(moment: Moment, { before, state }: Omit<TrackMoment, 'thread'>): ActorView[] {
  const names = new Map<number, string>();
  for (const { thread } of moment.store.threads) if (thread.actor === 'pvg') names.set(thread.number, thread.name);
  const numbers = new Set([...names.keys(), ...state.peers.keys()]);
  const none: Peer = { ...newWorker(), open: [] };
  return [...numbers]
    .sort((a, b) => a - b)
    .map((number) => {
      const now = state.peers.get(number) ?? none;
      const key = number === VCPU ? 'vcpu' : `pvg ${number}`;
      const [first, ...more] = now.open;
      return {
        key,
        actor: key.replace(/ .*/, ''),
        name: names.get(number) ?? key,
        doing:
          first === undefined
            ? ''
            : more.length > 0
              ? `${now.open.length} accesses wait`
              : `waits for ${first.kind}${number === VCPU ? ` ${first.id}` : ''}`,
        ...spendingOf(now, before.peers.get(number) ?? none, moment),
      };
    });
}

/** A batch that was taken shows what no sample may have seen. */
function withBatches(mailbox: MailboxView, tracks: readonly TrackMoment[]): MailboxView {
  const batches = tracks.map(({ thread, state }) => (thread.actor === mailbox.actor ? state.largestBatch : 0));
  return { ...mailbox, highest: Math.max(mailbox.highest, ...batches) };
}

function lockView(moment: Moment, { before, state }: Omit<TrackMoment, 'thread'>): LockView {
  const { bottomHalves, holds, inside, isLent, sections, stack } = state;
  const [holder = null] = stack;
  const levels = holder !== null && inside !== null && !isLent ? [...stack, { ...inside, what: 'pvg' as const }] : stack;
  const how = isLent ? ', lent to another thread' : isWaiting(state) ? ', which waits' : '';
  return {
    holder,
    text: holder === null ? 'free' : `${holder.what === 'bottomHalf' ? 'bottom half ' : ''}${levelText(holder)}${how}`,
    stack: levels.map((level) => ({ ...level, text: levelText(level) })),
    sections: [...sections],
    bottomHalves: [...bottomHalves],
    share: share(heldUntil(state, moment.time), heldUntil(before, moment.from), moment),
    rate: perSecond(holds, before.holds, moment),
  };
}

/** From the device's counters, or, where a recording has no samples, from its events. */
const RATES: Readonly<Record<Counted, string>> = {
  accesses: 'mmioAccesses',
  frames: 'framesRendered',
  interrupts: 'interrupts',
  upcalls: 'upcalls',
};

function rates(moment: Moment): readonly RateView[] {
  const { from, samples, time, tracks } = moment;
  const sampled = samples?.ratesAt(Object.values(RATES), from, time) ?? null;
  const total = (which: 'state' | 'before', name: Counted): number => tracks.reduce((sum, track) => sum + track[which].counts[name], 0);
  return (Object.keys(RATES) as Counted[]).map((name, index) => ({
    name,
    ...(sampled?.[index] ?? { perSecond: perSecond(total('state', name), total('before', name), moment), series: [] }),
  }));
}
