/**
 * The BQL, as the events of its actor's thread tell of it: who holds it, who waits for it, which bottom halves are to run, and which waits are nested in
 * the holder.
 *
 * The stack is the C stack of QEMU's: a handler (a section or a bottom half), the wait that it began, the bottom half that runs inside, and so on.
 * Invariant: events that were lost may leave something out, and never anything behind for ever: what can't be is taken away when that shows.
 */
import { MAX_SHOWN_WAITERS } from '../../base/limits.js';

/** A message that waits: for the BQL, or for its turn as a bottom half. */
export interface Pending {
  readonly kind: number;
  readonly id: number;
  /** Nanoseconds. */
  readonly since: number;
}

export type StackEntry =
  | (Pending & { readonly what: 'section' | 'bottomHalf' })
  | { readonly what: 'wait'; readonly job: number; readonly depth: number; readonly since: number };

/** Told of what is worth a warning. */
export interface LockListener {
  /** The BQL was held. */
  held(holder: Pending, until: number): void;
  /** A bottom half has begun. */
  began(bottomHalf: Pending, at: number): void;
}

/** Takes the oldest of a kind and id out, and gives it. */
function take(list: Pending[], kind: number, id: number): Pending | null {
  const index = list.findIndex((each) => each.kind === kind && each.id === id);
  return index < 0 ? null : (list.splice(index, 1)[0] ?? null);
}

function add(list: Pending[], pending: Pending): void {
  if (list.length >= MAX_SHOWN_WAITERS) list.shift();
  list.push(pending);
}

export class LockState {
  /** Outermost first. */
  readonly stack: StackEntry[] = [];
  readonly sections: Pending[] = [];
  readonly bottomHalves: Pending[] = [];
  /** Another thread has it. */
  isLent = false;
  /** How often it was held so far. */
  holds = 0;
  private heldBefore = 0;

  /** Who took it; null if nobody has it. */
  get holder(): (Pending & { readonly what: 'section' | 'bottomHalf' }) | null {
    const [first] = this.stack;
    return first === undefined || first.what === 'wait' ? null : first;
  }

  /** Whether the holder waits for a job. */
  get isWaiting(): boolean {
    return this.stack.at(-1)?.what === 'wait';
  }

  /** For how many nanoseconds it was held, up to a time. */
  heldUntil(time: number): number {
    const { holder } = this;
    return holder === null ? this.heldBefore : this.heldBefore + Math.max(0, time - holder.since);
  }

  request(section: Pending): void {
    add(this.sections, section);
  }

  schedule(bottomHalf: Pending): void {
    add(this.bottomHalves, bottomHalf);
  }

  beginSection(section: Pending): void {
    // A section runs only when nobody has the lock.
    this.stack.length = 0;
    take(this.sections, section.kind, section.id);
    this.stack.push({ what: 'section', ...section });
  }

  beginBottomHalf(bottomHalf: Pending, listener: LockListener | null): void {
    // A handler runs to its end before another begins, but for those inside its wait.
    while (this.stack.length > 0 && !this.isWaiting) this.stack.pop();
    const scheduled = take(this.bottomHalves, bottomHalf.kind, bottomHalf.id);
    if (scheduled !== null) listener?.began(scheduled, bottomHalf.since);
    if (this.stack.length < MAX_SHOWN_WAITERS) this.stack.push({ what: 'bottomHalf', ...bottomHalf });
  }

  /** Gives the bottom half back that has ended, null if none of that name runs. */
  endBottomHalf({ kind, id, since: time }: Pending, listener: LockListener | null): void {
    const place = this.stack.findLastIndex((each) => each.what === 'bottomHalf' && each.kind === kind && each.id === id);
    if (place === 0) this.release(time, listener);
    else if (place > 0) this.stack.length = place;
  }

  beginWait(job: number, depth: number, time: number): void {
    if (this.stack.length > 0 && this.stack.length < MAX_SHOWN_WAITERS) this.stack.push({ what: 'wait', job, depth, since: time });
  }

  endWait(job: number): void {
    const place = this.stack.findLastIndex((each) => each.what === 'wait' && each.job === job);
    if (place > 0) this.stack.length = place;
  }

  /** Nobody holds it any more. */
  release(time: number, listener: LockListener | null): void {
    const { holder } = this;
    if (holder === null) return;
    this.heldBefore = this.heldUntil(time);
    this.holds++;
    this.stack.length = 0;
    this.isLent = false;
    listener?.held(holder, time);
  }

  /** Events were lost: nothing is known but what was counted. */
  lose(): void {
    this.stack.length = 0;
    this.sections.length = 0;
    this.bottomHalves.length = 0;
    this.isLent = false;
  }

  copy(): LockState {
    const copy = new LockState();
    copy.stack.push(...this.stack);
    copy.sections.push(...this.sections);
    copy.bottomHalves.push(...this.bottomHalves);
    copy.isLent = this.isLent;
    copy.holds = this.holds;
    copy.heldBefore = this.heldBefore;
    return copy;
  }
}
