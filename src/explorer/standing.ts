/**
 * Where the processes of an execution stand: what each would do next, and whether it can. For everybody who looks and changes nothing.
 *
 * Invariant: what is said is of the state after the last step. What is not here: anything that changes it (execution.ts).
 */
import type { Builder } from './builder.js';
import { DEPENDS, Kind, KIND_COUNT } from './operation.js';
import type { SharedObject } from './shared-object.js';
import { type Slot, Status } from './slot.js';

/** A choice is a process's number, and above these bits the outcome of its operation. */
export const PROCESS_BITS = 8;
export const PROCESS_MASK = (1 << PROCESS_BITS) - 1;

export const MAX_PROCESSES = 1 << PROCESS_BITS;

export abstract class Standing {
  abstract readonly builder: Builder;
  /** Processes there are. */
  count = 0;
  /** Whether each process has begun or ended, by its number. */
  readonly status = new Uint8Array(MAX_PROCESSES);
  /** Choices that can be made now: `enabled[0..enabledCount)`, in the order of processes. */
  enabled = new Int32Array(2 * MAX_PROCESSES);
  /** How many there are. */
  enabledCount = 0;
  /** By number; there may be more of them than processes. */
  protected readonly slots: Slot[] = [];

  /** The name of a process. */
  nameOf(process: number): string {
    return this.builder.processes[process]?.handle.name ?? `process ${process}`;
  }

  /** The kind of a process's next operation. */
  kindOf(process: number): Kind {
    return this.slot(process).kind;
  }

  /** What a process's next operation is done to; null if it has none. */
  targetOf(process: number): SharedObject | null {
    return this.slot(process).target;
  }

  /** What it writes, sends or replies. */
  valueOf(process: number): number {
    return this.slot(process).value;
  }

  /** Where in the source it was asked for, if sites are recorded. */
  siteOf(process: number): string {
    return this.slot(process).site;
  }

  /** What an actor says of its next operation, for people; null if it says nothing. */
  labelOf(process: number, outcome = 0): string | null {
    const { actor, pending } = this.slot(process);
    return actor === null ? null : (pending.describe?.(outcome) ?? null);
  }

  /** Whether a process has an operation that can't run now, of a kind that somebody owes it the end of. */
  isBlocked(process: number): boolean {
    const slot = this.slot(process);
    if (slot.status !== Status.active) return false;
    if (slot.actor !== null) return slot.pending.state === 'blocked';
    return slot.kind !== Kind.receive && slot.kind !== Kind.timeout && !this.canRun(slot);
  }

  /** Whether it has an operation that can run now. */
  isEnabled(process: number): boolean {
    for (let index = 0; index < this.enabledCount; index++) if (((this.enabled[index] ?? 0) & PROCESS_MASK) === process) return true;
    return false;
  }

  /** Whether the next operations of two processes depend on each other, as far as can be told before they run. */
  conflicts(one: number, other: number): boolean {
    const a = this.slot(one);
    const b = this.slot(other);
    return a.target !== null && a.target === b.target && DEPENDS[KIND_COUNT * a.kind + b.kind] === 1;
  }

  /** Whether a process waits for a condition that nobody has signalled yet. */
  isUnsignalled(process: number): boolean {
    const { kind, woken } = this.slot(process);
    return kind === Kind.reacquire && !woken;
  }

  /** The condition that a process waits for a signal of; null if it waits for none. */
  conditionOf(process: number): SharedObject | null {
    return this.isUnsignalled(process) ? this.slot(process).condition : null;
  }

  /** A process's history: equal ones have seen the same. */
  historyOf(process: number): number {
    return this.slot(process).history;
  }

  /** Whether a body's next operation can run. */
  protected canRun(slot: Slot): boolean {
    const target = slot.target as SharedObject;
    switch (slot.kind) {
      case Kind.lock:
        return target.owner < 0;
      case Kind.reacquire:
        return slot.woken && target.owner < 0;
      case Kind.join:
        return this.slot(target.owner).status === Status.ended;
      case Kind.send:
        return target.bound === 0 || target.length < target.bound;
      case Kind.receive:
        return target.length > 0;
      case Kind.awaitReply:
        return target.full;
      default:
        return true;
    }
  }

  protected slot(process: number): Slot {
    return this.slots[process] as Slot;
  }
}
