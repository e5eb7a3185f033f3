/**
 * What processes share: variables, locks, conditions, mailboxes, replies, timers, and the processes themselves as something to spawn and join.
 *
 * They are one class, since the engine looks at thousands of them a millisecond and wants to see one shape; worlds get them as the
 * interfaces below. Invariant: an object is numbered by the order in which its world makes it, the same in every execution.
 */
import { callSite } from './call-site.js';
import { Kind, Operation } from './operation.js';

/** What a shared object is. */
export type ObjectType = 'variable' | 'lock' | 'condition' | 'mailbox' | 'reply' | 'timer' | 'choice' | 'process';

/** A number that processes share. */
export interface Variable {
  /** What it is now, for properties and reports; a process that looks at it so does something invisible. */
  readonly value: number;
  /** Its value is the result. */
  read(): Operation;
  /** Gives it another value. */
  write(value: number): Operation;
  /** Changes it in one step; the result is what it was before. `apply` must depend on its argument alone. */
  update(apply: (value: number) => number): Operation;
}

/** A lock; not recursive. */
export interface Lock {
  /** Whether somebody has it, for properties and reports. */
  readonly isTaken: boolean;
  /** Takes it, and waits until it is free. */
  lock(): Operation;
  /** Gives it back; a failure if another has it. */
  unlock(): Operation;
}

/** A condition variable, bound to its lock. Waiters are woken first come, first served, and by nothing but a signal. */
export interface Condition {
  /** Lets go of the lock, which the process must have, until it is signalled and has the lock again. */
  wait(): Operation;
  /** Wakes who has waited longest; nobody if nobody waits. */
  signal(): Operation;
  /** Wakes everybody who waits. */
  broadcast(): Operation;
}

/** A first-in, first-out queue of numbers. */
export interface Mailbox {
  /** How many messages are in it, for properties and reports. */
  readonly length: number;
  /** Waits while the mailbox is full, if it has a bound. */
  send(value: number): Operation;
  /** Takes the first message, and waits until there is one; it is the result. */
  receive(): Operation;
}

/** A place for one answer at a time. */
export interface Reply {
  /** Answering before the last answer was taken is a failure. */
  reply(value: number): Operation;
  /** Waits for the answer and takes it; it is the result. */
  awaitReply(): Operation;
}

/** Fires when nothing else can run, and early at most once in an execution. */
export interface Timer {
  /** Waits until it fires. */
  timeout(): Operation;
}

/** A process of a world. */
export interface ProcessHandle {
  /** Begins a process that was made with `spawned: true`. */
  spawn(): Operation;
  /** Waits until it has ended. */
  join(): Operation;
}

const NOBODY = -1;

/** Whatever processes share, of every type: what the world's builder makes, as the engine has it. */
export class SharedObject implements Variable, Lock, Condition, Mailbox, Reply, Timer, ProcessHandle {
  /** A variable's value; an answer. */
  value = 0;
  /** Who has the lock, or -1. Of a process: its number. */
  owner = NOBODY;
  /** A mailbox's messages, a condition's waiters, from `head` on. */
  readonly queue: number[] = [];
  /** Where in `queue` the first one is. @internal */
  head = 0;
  /** Of a reply: whether there is an answer. Of a timer: whether it has fired. */
  full = false;
  /** Of a mailbox: how many messages it holds at most; 0: as many as come. */
  bound = 0;
  private readonly operations: (Operation | undefined)[] = [];

  constructor(
    /** Its number, in the order in which they were made. */
    readonly id: number,
    /** What it is. */
    readonly type: ObjectType,
    /** As schedules and reports call it. */
    readonly name: string,
    /** Of a condition: its lock. */
    readonly companion: SharedObject | null,
  ) {}

  /** As it is at the beginning of an execution. */
  restart(value: number): void {
    this.value = value;
    if (this.type !== 'process') this.owner = NOBODY;
    if (this.queue.length > 0) this.queue.length = 0;
    this.head = 0;
    this.full = false;
  }

  get length(): number {
    return this.queue.length - this.head;
  }

  get isTaken(): boolean {
    return this.owner !== NOBODY;
  }

  /** Puts a number behind the others of the queue, without a step. @internal */
  push(value: number): void {
    this.queue.push(value);
  }

  /** Takes the first of the queue, which is not empty. */
  shift(): number {
    const value = this.queue[this.head++] ?? 0;
    if (this.head === this.queue.length) {
      this.queue.length = 0;
      this.head = 0;
    }
    return value;
  }

  read(): Operation {
    return this.operation(Kind.read, 0);
  }

  write(value: number): Operation {
    return this.operation(Kind.write, value);
  }

  update(apply: (value: number) => number): Operation {
    const operation = this.operation(Kind.update, 0);
    operation.apply = apply;
    return operation;
  }

  lock(): Operation {
    return this.operation(Kind.lock, 0);
  }

  unlock(): Operation {
    return this.operation(Kind.unlock, 0);
  }

  wait(): Operation {
    return this.operation(Kind.wait, 0);
  }

  signal(): Operation {
    return this.operation(Kind.signal, 0);
  }

  broadcast(): Operation {
    return this.operation(Kind.broadcast, 0);
  }

  spawn(): Operation {
    return this.operation(Kind.spawn, 0);
  }

  join(): Operation {
    return this.operation(Kind.join, 0);
  }

  send(value: number): Operation {
    return this.operation(Kind.send, value);
  }

  receive(): Operation {
    return this.operation(Kind.receive, 0);
  }

  reply(value: number): Operation {
    return this.operation(Kind.reply, value);
  }

  awaitReply(): Operation {
    return this.operation(Kind.awaitReply, 0);
  }

  timeout(): Operation {
    return this.operation(Kind.timeout, 0);
  }

  /** One of `outcomes` numbers, from 0 on. */
  choose(outcomes: number): Operation {
    return this.operation(Kind.choose, outcomes);
  }

  private operation(kind: Kind, value: number): Operation {
    let operation = this.operations[kind];
    if (operation === undefined) {
      for (let fill = this.operations.length; fill < kind; fill++) this.operations[fill] = undefined;
      operation = new Operation(kind, this);
      this.operations[kind] = operation;
    }
    operation.value = value;
    if (callSite.wanted) operation.site = callSite.find();
    return operation;
  }
}
