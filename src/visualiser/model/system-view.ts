/**
 * Puts the system view of a moment together from the states of its threads.
 *
 * Invariant: it reads states and changes none. Actors come in a fixed order, so that each has the same place at every moment: the BQL actor, the render
 * queue, workers by number, vCPUs, PVG's threads by number, then the others.
 */
import type { RecordedThread } from '../../trace/recording/format.js';
import type { TraceStore } from '../../trace/recording/trace-store.js';
import type { Activities } from './system-activity.js';
import { enteredFinding, heldFinding, starvedFinding } from './system-findings.js';
import { LockState, type Pending, type StackEntry } from './system-lock.js';
import { Peer } from './system-peers.js';
import type { Rates } from './system-rates.js';
import type { Samples } from './system-samples.js';
import type { ThreadState } from './system-thread.js';
import type { ActorView, LockView, MachineView, MailboxView, Shares, SystemView, WaiterView } from './system-types.js';
import type { Finding, Warnings } from './system-warnings.js';
import type { Thresholds } from './system-words.js';

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
  readonly window: number;
  readonly tracks: readonly TrackMoment[];
  readonly samples: Samples | null;
  readonly rates: Rates | null;
  readonly lifeCycle: string;
  readonly thresholds: Thresholds;
  readonly warnings: Warnings;
}

const ORDER: readonly string[] = ['bql', 'render-queue', 'background-queue', 'vcpu', 'pvg'];
const rankOf = (actor: string): number => (ORDER.indexOf(actor) + ORDER.length + 1) % (ORDER.length + 1);

export function systemView(moment: Moment): SystemView {
  const { store, time, from, tracks } = moment;
  const bql = tracks.find(({ thread }) => thread.actor === 'bql');
  return {
    time,
    start: store.start,
    window: moment.window,
    lifeCycle: moment.lifeCycle,
    actors: [...threadActors(moment), ...peerActors(moment, bql)].sort((a, b) => rankOf(a.actor) - rankOf(b.actor)),
    mailboxes: mailboxes(moment),
    lock: lockView(moment, bql),
    rates: moment.rates?.views(from, time, tracks) ?? [],
    machines: machines(moment),
    warnings: moment.warnings.at(time, ongoing(moment, bql)),
  };
}

function sharesOf(now: Activities, before: Activities, { time, from }: Moment): Shares {
  const span = time - from;
  if (!(span > 0)) return { busy: 0, waiting: 0, idle: 1 };
  const part = (nanoseconds: number): number => Math.min(1, Math.max(0, nanoseconds / span));
  const busy = part(now.busyUntil(time) - before.busyUntil(from));
  const waiting = Math.min(1 - busy, part(now.waitingUntil(time) - before.waitingUntil(from)));
  return { busy, waiting, idle: 1 - busy - waiting };
}

function perSecond(now: number, before: number, { time, from }: Moment): number {
  return time > from ? Math.max(0, now - before) / ((time - from) / 1e9) : Number.NaN;
}

function threadActors(moment: Moment): ActorView[] {
  const counts = new Map<string, number>();
  for (const { thread } of moment.tracks) counts.set(thread.actor, (counts.get(thread.actor) ?? 0) + 1);
  const numbers = new Map<string, number>();
  return moment.tracks.map(({ thread: { actor }, state, before }) => {
    const number = (numbers.get(actor) ?? 0) + 1;
    numbers.set(actor, number);
    const name = (counts.get(actor) ?? 1) > 1 || actor === 'background-queue' ? `${actor} ${number}` : actor;
    return {
      key: name,
      actor,
      name,
      activity: state.activities.activity,
      since: state.activities.since,
      doing: doingOf(state, moment.store),
      shares: sharesOf(state.activities, before.activities, moment),
      rate: perSecond(state.messages, before.messages, moment),
      isInferred: false,
    };
  });
}

function doingOf(state: ThreadState, store: TraceStore): string {
  const { activities, block, inside, lock } = state;
  if (inside !== null) return `inside PVG, ${inside.what} ${inside.id}`;
  const top = lock.stack.at(-1);
  if (top !== undefined && (activities.activity !== 'idle' || lock.isLent)) return stackText(top, store, lock.isLent);
  if (activities.activity === 'idle') return '';
  return block === null ? (state.kind < 0 ? '' : store.kindName(state.kind)) : store.kindName(block.kind);
}

function stackText(entry: StackEntry, store: TraceStore, isLent: boolean): string {
  if (entry.what === 'wait') return `waits for job ${entry.job}`;
  return `${store.kindName(entry.kind)} ${entry.id}${isLent ? ', lent' : ''}`;
}

/** vCPUs and PVG's threads: nobody notes what they do, but they are known by what they ask. */
function peerActors(moment: Moment, bql: TrackMoment | undefined): ActorView[] {
  const { store } = moment;
  const names = new Map(store.threads.flatMap(({ thread }) => (thread.actor === 'pvg' ? [[thread.number, thread.name] as const] : [])));
  const peers = bql?.state.peers;
  const before = bql?.before.peers;
  const numbers = [...new Set([...names.keys(), ...(peers?.threads.keys() ?? [])])].sort((a, b) => a - b);
  const threads = numbers.map((number): ActorView => {
    const [now, then] = [peers?.threads.get(number) ?? new Peer(number), before?.threads.get(number) ?? new Peer(number)];
    return {
      key: `pvg ${number}`,
      actor: 'pvg',
      name: names.get(number) ?? `pvg ${number}`,
      activity: now.activities.activity,
      since: now.activities.since,
      doing: now.open === null ? '' : `waits for ${store.kindName(now.open.kind)}`,
      shares: sharesOf(now.activities, then.activities, moment),
      rate: perSecond(now.upcalls, then.upcalls, moment),
      isInferred: true,
    };
  });
  if (peers === undefined || before === undefined || Number.isNaN(peers.vcpu.since)) return threads;
  const { accesses, vcpu } = peers;
  const doing =
    accesses.length === 0 ? '' : accesses.length === 1 ? `waits for access ${accesses[0]?.id ?? 0}` : `${accesses.length} accesses wait`;
  const shares = sharesOf(vcpu, before.vcpu, moment);
  const { activity, since } = vcpu;
  return [{ key: 'vcpu', actor: 'vcpu', name: 'vcpu', activity, since, doing, shares, rate: Number.NaN, isInferred: true }, ...threads];
}

function mailboxes({ samples, time, tracks }: Moment): MailboxView[] {
  return (samples?.mailboxes ?? []).map(({ actor, place, capacity }, index) => {
    const batch = tracks.reduce((most, { thread, state }) => (thread.actor === actor ? Math.max(most, state.largestBatch) : most), 0);
    const highest = samples?.highestAt(index, time) ?? Number.NaN;
    return {
      actor,
      capacity,
      depth: samples?.valueAt(place, time) ?? Number.NaN,
      highest: Number.isNaN(highest) ? batch : Math.max(highest, batch),
    };
  });
}

function lockView(moment: Moment, bql: TrackMoment | undefined): LockView {
  const { store, time, from } = moment;
  const [lock, before] = [bql?.state.lock ?? new LockState(), bql?.before.lock ?? new LockState()];
  const viewOf = ({ kind, id, since }: Pending): WaiterView => ({ kind: store.kindName(kind), id, since });
  const { holder } = lock;
  const call = lock.isLent || holder === null ? null : (bql?.state.inside ?? null);
  const inside = call === null ? [] : [{ what: 'pvg' as const, text: `inside PVG, ${call.what} ${call.id}`, since: call.since }];
  return {
    holder: holder === null ? null : viewOf(holder),
    isBottomHalf: holder?.what === 'bottomHalf',
    isWaiting: lock.isWaiting,
    isLent: lock.isLent,
    stack: [...lock.stack.map((entry) => ({ what: entry.what, text: stackText(entry, store, false), since: entry.since })), ...inside],
    sections: lock.sections.map(viewOf),
    bottomHalves: lock.bottomHalves.map(viewOf),
    share: time > from ? Math.min(1, Math.max(0, (lock.heldUntil(time) - before.heldUntil(from)) / (time - from))) : 0,
    rate: perSecond(lock.holds, before.holds, moment),
  };
}

/** A state value as text: `rendering.single`, and of regions beside each other `rendering.single · ready`. */
export function stateText(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null || depth > 8) return '?';
  const entries = Object.entries(value);
  const [name, inner] = entries[0] ?? ['', ''];
  if (entries.length === 1) return inner === '' ? name : `${name}.${stateText(inner, depth + 1)}`;
  return entries.map(([, region]) => stateText(region, depth + 1)).join(' · ');
}

function machines({ store, tracks }: Moment): MachineView[] {
  const definitions = store.header?.machines ?? [];
  return tracks.flatMap(({ state }) =>
    [...state.machines.values()].map(({ machine, instance, state: number }) => ({
      machine: definitions[machine]?.name ?? String(machine),
      instance,
      state: stateText(definitions[machine]?.states[number] ?? String(number)),
    })),
  );
}

/** What is wrong at the moment itself, and not yet over. */
function ongoing(moment: Moment, bql: TrackMoment | undefined): Finding[] {
  const { samples, store, thresholds, time } = moment;
  const findings: Finding[] = [];
  if (bql === undefined) return findings;
  const { inside, lock } = bql.state;
  const { holder } = lock;
  if (holder !== null && time - holder.since > thresholds.bqlHeld) findings.push(heldFinding(store, holder, time));
  if (holder !== null && inside !== null && !lock.isLent) findings.push(enteredFinding('bql', inside, time));
  for (const waiter of lock.bottomHalves)
    if (time - waiter.since > thresholds.bottomHalfWaited) findings.push(starvedFinding(store, waiter, time));
  // Whoever is inside PVG takes no messages either.
  const sample = samples?.sampleAt(time) ?? null;
  const waiting = sample?.values[samples?.mailboxes.find(({ actor }) => actor === 'bql')?.place ?? -1] ?? 0;
  if (
    inside !== null &&
    sample !== null &&
    waiting > 0 &&
    sample.nanoseconds >= inside.since &&
    time - sample.nanoseconds < thresholds.bottomHalfWaited
  ) {
    const amount = time - inside.since;
    const finding = { kind: 'bottomHalfStarved', actor: 'bql', subject: 'in the mailbox', at: time, from: inside.since, amount } as const;
    if (amount > thresholds.bottomHalfWaited) findings.push(finding);
  }
  return findings;
}
