/**
 * A process of an execution, and where it stands.
 */
import { type Actor, Pending } from './actor.js';
import { type Body, Kind } from './operation.js';
import type { SharedObject } from './shared-object.js';

/** Where a process is. */
export const Status = { notBegun: 0, active: 1, ended: 2 } as const;

/** A process as it runs. One shape for all, since every step looks at every process. */
export class Slot {
  status: number = Status.notBegun;
  body: Body | null = null;
  actor: Actor | null = null;
  readonly pending = new Pending();
  /** Its next operation. */
  kind: Kind = Kind.read;
  target: SharedObject | null = null;
  value = 0;
  /** Of an update: what it does. Kept here, since the operation may be asked for again before this one runs. */
  apply: ((value: number) => number) | null = null;
  /** Where in the source it was asked for, if that is recorded. */
  site = '';
  /** The condition that it waits on, or waited on last, and whether it was signalled. */
  condition: SharedObject | null = null;
  woken = false;
  /** What it has seen: with its code, that is all it knows. */
  history = 0;

  constructor(readonly process: number) {}
}
