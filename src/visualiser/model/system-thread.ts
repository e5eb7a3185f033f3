/**
 * One thread as of one of its events: what it does, for how long it was busy and waited so far, and, of the BQL actor's, the lock and those who wait for it.
 *
 * Invariant: it depends on that thread's events and nothing else, and copy() gives one that goes on by itself; so any moment is reached from any copy
 * made before it. A thread that notes when it takes a batch is busy until it notes that it waits again.
 */
import { MAX_SHOWN_WAITERS } from '../../base/limits.js';
import type { ThreadLog } from '../../trace/recording/thread-log.js';
import { Activities } from './system-activity.js';
import { Code, type SystemEvents } from './system-events.js';
import { type LockListener, LockState, type Pending } from './system-lock.js';
import { Peers } from './system-peers.js';

/** Told of what is worth a warning, while a thread's events are read for the first time. */
export interface ThreadListener extends LockListener {
  /** This thread was inside PVG, having the BQL. `frame`: to encode; else with a job. */
  enteredWithBql(inside: Inside, until: number): void;
  tracesLost(count: number, at: number): void;
}

/** A call into PVG. */
export interface Inside {
  readonly what: 'job' | 'frame';
  readonly id: number;
  readonly since: number;
}

/** What is counted of a thread's events, for rates of recordings without samples. */
export const COUNTS = ['accesses', 'interrupts', 'frames', 'upcalls'] as const;
const [ACCESSES, INTERRUPTS, FRAMES, UPCALLS] = [0, 1, 2, 3];

export class ThreadState {
  activities = new Activities();
  inside: Inside | null = null;
  /** The block of the render queue that runs. */
  block: Pending | null = null;
  /** Kind of the message that was taken last, -1 before the first; how many there were; the most at once. */
  kind = -1;
  messages = 0;
  largestBatch = 0;
  isInBatch = false;
  lock = new LockState();
  peers = new Peers();
  /** States of machines that live long, by machine and instance. */
  machines = new Map<string, { readonly machine: number; readonly instance: number; readonly state: number }>();
  counts = new Float64Array(COUNTS.length);

  copy(): ThreadState {
    const copy = new ThreadState();
    Object.assign(copy, this);
    copy.activities = this.activities.copy();
    copy.lock = this.lock.copy();
    copy.peers = this.peers.copy();
    copy.machines = new Map(this.machines);
    copy.counts = this.counts.slice();
    return copy;
  }

  /** Events were lost before the one at that time. */
  lose(time: number): void {
    this.inside = this.block = null;
    this.isInBatch = false;
    this.lock.lose();
    this.peers.lose(time);
    this.activities.to('idle', time);
  }

  /** Takes the event at a place of the thread's log. */
  step(log: ThreadLog, index: number, events: SystemEvents, listener: ThreadListener | null): void {
    const code = events.codes[log.event(index)] ?? Code.other;
    if (code === Code.other) return;
    const time = log.time(index);
    if (code <= Code.messagePosted) return this.stepMessage(code, log, index, events);
    if (code <= Code.waitEnded)
      return this.stepLock(code, { kind: log.arg(index, 0), id: log.arg(index, 1), since: time }, events, listener);
    if (code <= Code.blockEnded) return this.stepCall(code, { kind: log.arg(index, 0), id: log.arg(index, 1), since: time }, listener);
    switch (code) {
      case Code.machine:
        return this.move(log.arg(index, 0), log.arg(index, 1), log.arg(index, 2), events);
      case Code.moved:
        return this.move(log.arg(index, 0), log.arg(index, 1), log.arg(index, 3), events);
      case Code.tracesLost:
        return listener?.tracesLost(log.arg(index, 0), time);
      case Code.access:
        return this.count(ACCESSES);
      case Code.interrupt:
        return this.count(INTERRUPTS);
      case Code.frame:
        return this.count(FRAMES);
    }
  }

  private count(which: number | undefined): void {
    const place = which ?? 0;
    this.counts[place] = (this.counts[place] ?? 0) + 1;
  }

  private stepMessage(code: number, log: ThreadLog, index: number, events: SystemEvents): void {
    const time = log.time(index);
    const [kind, id, third] = [log.arg(index, 0), log.arg(index, 1), log.arg(index, 2)];
    switch (code) {
      case Code.batchTaken:
        this.isInBatch = true;
        this.messages += kind;
        this.largestBatch = Math.max(this.largestBatch, kind);
        return this.activities.to('busy', time);
      case Code.batchEnded:
        this.isInBatch = false;
        this.inside = null;
        return this.settle(time);
      case Code.messageTaken:
        this.kind = kind;
        if (kind === events.access) this.peers.asked({ kind, id, since: time });
        if (third === 0) return;
        return this.called(third, { kind, id, since: time }, id !== 0 && events.answered.has(kind));
      case Code.messagePosted:
        if (kind === events.reply) this.peers.replied(id, time);
        else if (kind === events.enterPvg) this.peers.entersPvg();
    }
  }

  private called(thread: number, upcall: Pending, waits: boolean): void {
    if (waits) this.count(UPCALLS);
    this.peers.called(thread, upcall, waits);
  }

  private stepLock(code: number, pending: Pending, events: SystemEvents, listener: ThreadListener | null): void {
    const { lock, peers } = this;
    switch (code) {
      case Code.bhScheduled:
        return lock.schedule(pending);
      case Code.bhBegan:
        return lock.beginBottomHalf(pending, listener);
      case Code.bhEnded:
        peers.answered(pending.kind, pending.id, pending.since);
        return lock.endBottomHalf(pending, listener);
      case Code.bqlRequested:
        return lock.request(pending);
      case Code.bqlTaken:
        return lock.beginSection(pending);
      case Code.bqlReleased: {
        const { holder } = lock;
        if (holder?.kind === events.access) peers.sectionEnded(holder.id, pending.since);
        else if (holder) peers.answered(holder.kind, holder.id, pending.since);
        return lock.release(pending.since, listener);
      }
      case Code.waitBegan:
        return lock.beginWait(pending.kind, pending.id, pending.since);
      case Code.waitEnded:
        return lock.endWait(pending.kind);
    }
  }

  private stepCall(code: number, pending: Pending, listener: ThreadListener | null): void {
    const { since: time } = pending;
    switch (code) {
      case Code.jobBegan:
      case Code.encodeBegan:
        this.inside = { what: code === Code.jobBegan ? 'job' : 'frame', id: pending.kind, since: time };
        return this.activities.to('waiting', time);
      case Code.jobEnded:
      case Code.encodeEnded:
        if (this.inside !== null && this.lock.holder !== null && !this.lock.isLent) listener?.enteredWithBql(this.inside, time);
        this.inside = null;
        return this.settle(time);
      case Code.blockBegan:
        this.block = pending;
        return;
      case Code.blockEnded:
        this.block = null;
    }
  }

  /** Nothing keeps it inside PVG any more. */
  private settle(time: number): void {
    this.activities.to(this.isInBatch ? 'busy' : this.lock.isWaiting ? 'waiting' : 'idle', time);
  }

  private move(machine: number, instance: number, state: number, events: SystemEvents): void {
    if (!events.lasting.has(machine)) return;
    if (machine === events.lockMachine) this.lock.isLent = state === events.lentState && this.lock.holder !== null;
    const key = `${machine} ${instance}`;
    if (this.machines.has(key) || this.machines.size < MAX_SHOWN_WAITERS) this.machines.set(key, { machine, instance, state });
  }
}
