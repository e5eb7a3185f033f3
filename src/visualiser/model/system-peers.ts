/**
 * Those who note no events of their own, as far as the BQL actor's events tell: vCPUs, by their accesses, and PVG's threads, by their upcalls.
 *
 * Invariant: what is known of them is for how long they waited for an answer. An access waits until it is replied to, or, if its caller gets no reply by
 * a mailbox, until its section has ended; an upcall until its handler has ended. What else they do is not known.
 */
import { MAX_RECORDED_THREADS, MAX_SHOWN_WAITERS } from '../../base/limits.js';
import { Activities } from './system-activity.js';
import type { Pending } from './system-lock.js';

/** One thread of PVG's. */
export class Peer {
  readonly activities: Activities;
  /** The upcall that it waits for. */
  open: Pending | null = null;
  upcalls = 0;

  /** `number`: as PVG numbers it. */
  constructor(
    readonly number: number,
    activities = new Activities(),
  ) {
    this.activities = activities;
  }

  copy(): Peer {
    const copy = new Peer(this.number, this.activities.copy());
    copy.open = this.open;
    copy.upcalls = this.upcalls;
    return copy;
  }
}

export class Peers {
  /** Accesses that are not answered yet, oldest first. */
  readonly accesses: Pending[] = [];
  /** Of whichever vCPUs: waiting while any of them is. */
  vcpu = new Activities();
  readonly threads = new Map<number, Peer>();
  /** A vCPU was told, in the section that runs, to carry its access into PVG itself. */
  private enters = false;

  /** The BQL actor has taken an access. */
  asked(access: Pending): void {
    if (this.accesses.length >= MAX_SHOWN_WAITERS) this.accesses.shift();
    this.accesses.push(access);
    this.vcpu.to('waiting', access.since);
  }

  /** An access was replied to. */
  replied(id: number, time: number): void {
    const index = this.accesses.findIndex((access) => access.id === id);
    if (index < 0) return;
    this.accesses.splice(index, 1);
    if (this.accesses.length === 0) this.vcpu.to('idle', time);
  }

  entersPvg(): void {
    this.enters = true;
  }

  /** An access's section has ended. */
  sectionEnded(id: number, time: number): void {
    if (!this.enters) this.replied(id, time);
    this.enters = false;
  }

  /** The BQL actor has taken an upcall; `waits`: its thread waits for the answer. */
  called(thread: number, upcall: Pending, waits: boolean): void {
    let peer = this.threads.get(thread);
    if (peer === undefined) {
      if (this.threads.size >= MAX_RECORDED_THREADS) return;
      peer = new Peer(thread);
      this.threads.set(thread, peer);
    }
    peer.upcalls++;
    peer.open = waits ? upcall : null;
    peer.activities.to(waits ? 'waiting' : 'idle', upcall.since);
  }

  answered(kind: number, id: number, time: number): void {
    for (const peer of this.threads.values()) {
      if (peer.open?.kind !== kind || peer.open.id !== id) continue;
      peer.open = null;
      peer.activities.to('idle', time);
      return;
    }
  }

  /** Events were lost. */
  lose(time: number): void {
    this.accesses.length = 0;
    this.enters = false;
    this.vcpu.to('idle', time);
    for (const peer of this.threads.values()) {
      peer.open = null;
      peer.activities.to('idle', time);
    }
  }

  copy(): Peers {
    const copy = new Peers();
    copy.accesses.push(...this.accesses);
    copy.vcpu = this.vcpu.copy();
    copy.enters = this.enters;
    for (const [number, peer] of this.threads) copy.threads.set(number, peer.copy());
    return copy;
  }
}
