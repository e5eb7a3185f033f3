/**
 * One thread as of one of its events: what it does, for how long it was busy and waited so far, and, of the BQL actor's, the lock and those who wait
 * for it.
 *
 * The stack is the C stack of QEMU's: a handler (a section or a bottom half), the wait that it began, the bottom half that runs inside, and so on.
 * vCPUs and PVG's threads note no events of their own; that they wait is known by what they asked of the BQL actor (`peers`). An access waits until it
 * is replied to, or, if its caller gets no reply by a mailbox, until its section has ended; an upcall until its handler has ended.
 * Invariant: it is plain data, which structuredClone() copies; what happens to it stands in system-steps.ts. Totals only grow, so what a span of time
 * had of each is the difference of two moments' totals.
 */
import { MAX_RECORDED_THREADS, MAX_SHOWN_WAITERS } from '../../base/limits.js';

/** `waiting`: inside PVG, or in a nested wait. `idle`: nothing to do. */
export type Activity = 'idle' | 'busy' | 'waiting';

/** Somebody who works or waits. */
export interface Worker {
  activity: Activity;
  /** Since when, in nanoseconds; NaN before anything was heard of it. */
  since: number;
  /** Nanoseconds of each up to `since`. */
  readonly spent: Record<Activity, number>;
  /** Messages that it took, or, of a peer's, that it sent. */
  messages: number;
}

/** A message that waits, or a call: the name of its kind, its number, and since when. */
export interface Pending {
  readonly kind: string;
  readonly id: number;
  readonly since: number;
}

export interface Level extends Pending {
  /** `pvg`: a call into PVG. */
  readonly what: 'section' | 'bottomHalf' | 'wait' | 'pvg';
}

export interface Peer extends Worker {
  /** What it waits for. */
  open: Pending[];
}

/** Rates that are counted by a thread's events where a recording has no samples. */
export type Counted = 'accesses' | 'frames' | 'interrupts' | 'upcalls';

export interface ThreadState extends Worker {
  /** Kind of the message that was taken last, or of the block that was begun; `` before the first. */
  kind: string;
  largestBatch: number;
  isInBatch: boolean;
  /** The call into PVG that it is in: of a `job` or a `frame`. */
  inside: Pending | null;
  /** Who has the BQL, and what is nested in it, outermost first. */
  stack: Level[];
  /** Who wants it, and the bottom halves that are to run, oldest first. */
  sections: Pending[];
  bottomHalves: Pending[];
  /** Another thread has it. */
  isLent: boolean;
  /** How often it was held so far, and for how many nanoseconds. */
  holds: number;
  held: number;
  /** By PVG's numbers of its threads; VCPU are all vCPUs, which wait while any of them does. */
  readonly peers: Map<number, Peer>;
  /** A vCPU was told, in the section that runs, to carry its access into PVG itself. */
  isEntering: boolean;
  /** State values of machines that live long, by machine and instance. */
  readonly machines: Map<string, { readonly machine: string; readonly instance: number; readonly state: unknown }>;
  readonly counts: Record<Counted, number>;
}

/** Among the numbers of PVG's threads, which begin at 1. */
export const VCPU = 0;

export const newWorker = (): Worker => ({ activity: 'idle', since: Number.NaN, spent: { idle: 0, busy: 0, waiting: 0 }, messages: 0 });

export const newThread = (): ThreadState => ({
  ...newWorker(),
  kind: '',
  largestBatch: 0,
  isInBatch: false,
  inside: null,
  stack: [],
  sections: [],
  bottomHalves: [],
  isLent: false,
  holds: 0,
  held: 0,
  peers: new Map(),
  isEntering: false,
  machines: new Map(),
  counts: { accesses: 0, frames: 0, interrupts: 0, upcalls: 0 },
});

/** For how many nanoseconds it was so, up to a time. */
export const spentUntil = ({ activity, since, spent }: Worker, which: 'busy' | 'waiting', time: number): number =>
  spent[which] + (activity === which ? Math.max(0, time - since) : 0);

export const heldUntil = ({ held, stack: [holder] }: ThreadState, time: number): number =>
  held + (holder === undefined ? 0 : Math.max(0, time - holder.since));

export const isWaiting = ({ stack }: ThreadState): boolean => stack.at(-1)?.what === 'wait';

export function turn(worker: Worker, activity: Activity, time: number): void {
  if (activity === worker.activity && worker.since >= 0) return;
  worker.spent[worker.activity] += Math.max(0, time - worker.since) || 0;
  worker.activity = activity;
  worker.since = time;
}

/** Adds one; of more than there is room for, the oldest goes. */
export function wait(list: Pending[], { kind, id, since }: Pending): void {
  if (list.length >= MAX_SHOWN_WAITERS) list.shift();
  list.push({ kind, id, since });
}

/** Takes the oldest of a kind and id out, and gives it. */
export function take(list: Pending[], { kind, id }: Pick<Pending, 'kind' | 'id'>): Pending | undefined {
  const index = list.findIndex((each) => each.kind === kind && each.id === id);
  return index < 0 ? undefined : list.splice(index, 1)[0];
}

/** A peer has asked for something; `waits`: it does until it is answered. */
export function ask({ peers }: ThreadState, number: number, message: Pending, waits: boolean): void {
  const peer = peers.get(number) ?? { ...newWorker(), open: [] };
  if (peers.size < MAX_RECORDED_THREADS) peers.set(number, peer);
  peer.messages++;
  // A thread waits for one answer at a time; there are many vCPUs.
  if (number !== VCPU) peer.open = [];
  if (waits) wait(peer.open, message);
  turn(peer, waits ? 'waiting' : 'idle', message.since);
}

export function answer({ peers }: ThreadState, message: Pick<Pending, 'kind' | 'id'>, time: number): void {
  for (const peer of peers.values()) {
    if (take(peer.open, message) === undefined) continue;
    if (peer.open.length === 0) turn(peer, 'idle', time);
    return;
  }
}

/** Events were lost before that time: nothing is known but what was counted. */
export function lose(state: ThreadState, time: number): void {
  Object.assign(state, { inside: null, isInBatch: false, isEntering: false, isLent: false, stack: [], sections: [], bottomHalves: [] });
  for (const peer of state.peers.values()) {
    peer.open = [];
    turn(peer, 'idle', time);
  }
  turn(state, 'idle', time);
}
