/**
 * What a process may do to an object that others see: the kinds of visible operations, and which pairs of them depend on each other.
 *
 * Everything that looks at operations without running them (strategies, partial-order reduction, shrinking, reports) looks at these three numbers:
 * kind, object, value. Invariant: two operations whose kinds are not in DEPENDS, or whose objects differ, can be exchanged without anybody
 * noticing. What is not here: what an operation does (execution.ts).
 */
import type { SharedObject } from './shared-object.js';

/** Kinds of operations; the numbers are the ones in footprints. */
export const Kind = {
  read: 0,
  write: 1,
  /** Reads and writes at once. */
  update: 2,
  lock: 3,
  unlock: 4,
  /** Releases a condition's lock and queues on the condition. */
  wait: 5,
  /** The second half of a wait: takes the lock again once it was signalled. */
  reacquire: 6,
  signal: 7,
  broadcast: 8,
  spawn: 9,
  join: 10,
  send: 11,
  receive: 12,
  reply: 13,
  awaitReply: 14,
  /** A timer fires: when nothing else can run, and early at most once per execution. */
  timeout: 15,
  /** One of several outcomes that nobody determines. */
  choose: 16,
  /** Takes whatever is in a mailbox at this moment, so that it matters which sends came before it. */
  drain: 17,
  /** Only in footprints: queues on a condition. */
  enqueue: 18,
  /** Only in footprints: is woken by the signal of a condition. */
  wake: 19,
} as const;
export type Kind = (typeof Kind)[keyof typeof Kind];

const NAMES = Object.keys(Kind);

/** A kind's name, as schedules and reports have it. */
export function kindName(kind: number): string {
  return NAMES[kind] ?? `kind ${kind}`;
}

/** The kind of that name; null if there is none. */
export function kindOfName(name: string): number | null {
  const place = NAMES.indexOf(name);
  return place < 0 ? null : place;
}

/** Bits of a footprint entry that say the kind; the rest is the object's number. */
export const KIND_BITS = 5;
export const KIND_MASK = (1 << KIND_BITS) - 1;

const GROUPS: readonly (readonly [readonly Kind[], readonly Kind[]])[] = [
  [
    [Kind.write, Kind.update],
    [Kind.read, Kind.write, Kind.update],
  ],
  // A lock races with the earlier lock. An unlock only comes before the lock that it makes possible.
  [
    [Kind.lock, Kind.reacquire],
    [Kind.lock, Kind.reacquire],
  ],
  [
    [Kind.enqueue, Kind.wait, Kind.signal, Kind.broadcast],
    [Kind.enqueue, Kind.wait, Kind.signal, Kind.broadcast],
  ],
  // The kth receive gets the kth message whenever it runs, so sends and receives don't depend on each other; who takes all that is there does.
  [[Kind.send], [Kind.send, Kind.drain]],
  [
    [Kind.receive, Kind.drain],
    [Kind.receive, Kind.drain],
  ],
  // An answer that finds another one is a failure, and who takes an answer leaves none for others.
  [
    [Kind.reply, Kind.awaitReply],
    [Kind.reply, Kind.awaitReply],
  ],
  [[Kind.timeout], [Kind.timeout]],
];

/** DEPENDS[KIND_COUNT * a + b] is 1 if operations of kinds a and b on the same object depend on each other. Symmetric. */
export const KIND_COUNT = NAMES.length;
export const DEPENDS = new Uint8Array(KIND_COUNT * KIND_COUNT);
for (const [some, others] of GROUPS) {
  for (const a of some) {
    for (const b of others) {
      DEPENDS[KIND_COUNT * a + b] = 1;
      DEPENDS[KIND_COUNT * b + a] = 1;
    }
  }
}

/** An operation that a body yields: it is run when the strategy chooses its process. Made by the objects of a world and used again. */
export class Operation {
  /** What is written, sent, replied; how many outcomes a choice has. */
  value = 0;
  /** The new value of an update. */
  apply: ((value: number) => number) | null = null;
  /** Where in the source it was asked for, if sites are recorded. */
  site = '';

  constructor(
    /** What is done. */
    readonly kind: Kind,
    /** What it is done to. */
    readonly target: SharedObject,
  ) {}
}

/**
 * A process's code: it yields each visible operation before it runs, and gets its result back: the value of a read, update, receive or
 * reply, the outcome of a choice, 0 otherwise. Code behind an operation belongs to its step.
 */
export type Body = Generator<Operation, void, number>;
