/**
 * The happens-before relation as data: which operations depend on each other, and what else comes before what.
 *
 * Two kinds of order: operations that depend on each other (operation.ts) are a race, and both orders are tried; edges are orders that can't
 * be turned round, since what comes first makes the other possible. It is a value and not a constant, so that a test can take any part
 * of it away and see that it is missed.
 */
import { DEPENDS, Kind, KIND_COUNT } from '../operation.js';

/** Orders that are no races. */
export interface Edges {
  /** An unlock, and the lock that comes next. */
  readonly unlock: boolean;
  /** The kth send to a mailbox, and its kth receive. */
  readonly send: boolean;
  /** The kth receive from a mailbox that holds n messages, and the send number k + n. */
  readonly bound: boolean;
  /** An answer, and who takes it. */
  readonly reply: boolean;
  /** A signal, and those it wakes. */
  readonly wake: boolean;
  /** A spawn, and the first step of who is spawned. */
  readonly spawn: boolean;
  /** A process's last step, and who joins it. */
  readonly join: boolean;
  /**
   * A timeout, and everything else. Whether a timer may fire depends on whether anybody else can run, so a timeout is taken to depend
   * on every other step. That is more than need be, and misses nothing.
   */
  readonly timeout: boolean;
}

export interface Relation {
  /** As DEPENDS in operation.ts. */
  readonly depends: Uint8Array;
  readonly edges: Edges;
}

/** The relation as it is. */
export const RELATION: Relation = {
  depends: DEPENDS,
  edges: { unlock: true, send: true, bound: true, reply: true, wake: true, spawn: true, join: true, timeout: true },
};

/**
 * dominates[KIND_COUNT * a + b] is 1 if whatever operations of kind a depend on, those of kind b depend on as well: behind a b nobody needs to
 * look for what comes before an a, since it comes before the b.
 */
export function dominance({ depends }: Relation): Uint8Array {
  const dominates = new Uint8Array(KIND_COUNT * KIND_COUNT);
  for (let a = 0; a < KIND_COUNT; a++) {
    for (let b = 0; b < KIND_COUNT; b++) {
      let all = depends[KIND_COUNT * a + b] === 1;
      for (let kind = 0; kind < KIND_COUNT && all; kind++)
        all = depends[KIND_COUNT * a + kind] !== 1 || depends[KIND_COUNT * b + kind] === 1;
      dominates[KIND_COUNT * a + b] = all ? 1 : 0;
    }
  }
  return dominates;
}

/** Whether an operation of that kind takes a lock. */
export function takesLock(kind: number): boolean {
  return kind === Kind.lock || kind === Kind.reacquire;
}
