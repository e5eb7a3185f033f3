/**
 * One execution of a world at a time: what could run now, and running it.
 *
 * Everything about the moment is in flat arrays by process, so that strategies look without asking anybody. Invariant: the choices made are
 * the only thing that tells two executions of a world apart; begin() and the same choices give the same hash. Nothing here is asynchronous.
 * What is not here: how choices are made (strategies/), or what to do about a failure (explore.ts and what it calls).
 */
import { Pending } from './actor.js';
import { Builder } from './builder.js';
import { describeError } from '../base/errors.js';
import { checkEnd, checkProperties, findLockCycle } from './properties.js';
import { type Failure, WorldAssertion, WorldError } from './failure.js';
import { mix } from './hasher.js';
import { type Body, DEPENDS, Kind, KIND_BITS, KIND_COUNT, type Operation } from './operation.js';
import type { SharedObject } from './shared-object.js';
import type { World } from './world.js';

/** Where a process is. */
export const Status = { notBegun: 0, active: 1, ended: 2 } as const;

/** A choice is a process's number, and above these bits the outcome of its operation. */
export const PROCESS_BITS = 8;
export const PROCESS_MASK = (1 << PROCESS_BITS) - 1;

const MAX_PROCESSES = 1 << PROCESS_BITS;

export class Execution {
  readonly builder = new Builder((kind, target) => this.touch(kind, target));
  /** Processes there are. */
  count = 0;
  readonly status = new Uint8Array(MAX_PROCESSES);
  /** Choices that can be made now: `enabled[0..enabledCount)`, in the order of processes. Set by look(). */
  enabled = new Int32Array(MAX_PROCESSES);
  enabledCount = 0;
  /** What the last step did: objects and kinds, `id << KIND_BITS | kind`. After begin(): what the setup did, messages posted for a start. */
  footprint = new Int32Array(64);
  footprintLength = 0;
  /** Choices made so far: `schedule[0..steps)`. */
  schedule = new Int32Array(256);
  steps = 0;
  /** Tells executions apart that differ in anything a process could notice. */
  hash = 0;
  /** Failures so far; the first of each property. */
  readonly failures: Failure[] = [];
  /** Bits of properties, by their number, that have held: for `eventually` and `sometimes`. */
  readonly held: boolean[] = [];

  private readonly bodies: (Body | null)[] = [];
  private readonly operations: (Operation | null)[] = [];
  private readonly kinds = new Uint8Array(MAX_PROCESSES);
  private readonly targets: (SharedObject | null)[] = [];
  private readonly values: number[] = [];
  private readonly sites: string[] = [];
  private readonly pending: Pending[] = [];
  /** Of each process that waits on a condition, whether it was signalled. */
  private readonly woken = new Uint8Array(MAX_PROCESSES);
  private readonly waitedOn: (SharedObject | null)[] = [];
  /** What each process has seen: with its code, that is all it knows. */
  private readonly histories = new Int32Array(MAX_PROCESSES);
  private earlyTimeout = false;

  constructor(readonly world: World) {}

  /** Makes the world anew and runs each process up to its first operation. */
  begin(): void {
    this.steps = 0;
    this.hash = 0;
    this.failures.length = 0;
    this.held.length = 0;
    this.earlyTimeout = false;
    this.footprintLength = 0;
    const { builder } = this;
    builder.build(this.world.setup);
    const { processes } = builder;
    this.count = processes.length;
    for (let process = 0; process < processes.length; process++) {
      const plan = processes[process];
      if (plan === undefined) continue;
      this.woken[process] = 0;
      this.histories[process] = 0;
      this.targets[process] = null;
      this.bodies[process] = null;
      this.status[process] = plan.spawned ? Status.notBegun : Status.active;
      if (plan.actor !== null) this.pending[process] ??= new Pending();
    }
    for (let process = 0; process < processes.length; process++) if (this.status[process] === Status.active) this.start(process);
    if (builder.properties.length > 0) checkProperties(this);
    this.look();
  }

  /** The name of a process. */
  nameOf(process: number): string {
    return this.builder.processes[process]?.handle.name ?? `process ${process}`;
  }

  /** The kind of a process's next operation. */
  kindOf(process: number): Kind {
    return this.kinds[process] as Kind;
  }

  /** What a process's next operation is done to; null if it has none. */
  targetOf(process: number): SharedObject | null {
    return this.targets[process] ?? null;
  }

  /** What it writes, sends or replies. */
  valueOf(process: number): number {
    return this.values[process] ?? 0;
  }

  /** Where in the source it was asked for, if sites are recorded. */
  siteOf(process: number): string {
    return this.sites[process] ?? '';
  }

  /** Whether a process has an operation that can't run now, of a kind that somebody owes it the end of. */
  isBlocked(process: number): boolean {
    if (this.status[process] !== Status.active || this.canRun(process)) return false;
    const actor = this.builder.processes[process]?.actor;
    if (actor) return this.pending[process]?.state === 'blocked';
    return this.kinds[process] !== Kind.receive;
  }

  /** Whether it has an operation that can run now. */
  isEnabled(process: number): boolean {
    for (let index = 0; index < this.enabledCount; index++) if (((this.enabled[index] ?? 0) & PROCESS_MASK) === process) return true;
    return false;
  }

  /** Whether the next operations of two processes depend on each other, as far as can be told before they run. */
  conflicts(one: number, other: number): boolean {
    const target = this.targets[one];
    return (
      target !== null && target === this.targets[other] && DEPENDS[KIND_COUNT * (this.kinds[one] ?? 0) + (this.kinds[other] ?? 0)] === 1
    );
  }

  /** Finds out what can run. Called by begin() and step(). */
  private look(): void {
    let count = 0;
    let timers = 0;
    for (let process = 0; process < this.count; process++) {
      if (this.status[process] !== Status.active) continue;
      const pending = this.bodies[process] === null ? this.lookAtActor(process) : null;
      if (pending !== null) {
        if (pending.state !== 'ready') continue;
        if (count + pending.outcomes > this.enabled.length) this.enabled = grown(this.enabled);
        for (let outcome = 0; outcome < pending.outcomes; outcome++) this.enabled[count++] = (outcome << PROCESS_BITS) | process;
      } else if (this.kinds[process] === Kind.timeout) {
        timers++;
      } else if (this.kinds[process] === Kind.choose) {
        const outcomes = this.values[process] ?? 1;
        if (count + outcomes > this.enabled.length) this.enabled = grown(this.enabled);
        for (let outcome = 0; outcome < outcomes; outcome++) this.enabled[count++] = (outcome << PROCESS_BITS) | process;
      } else if (this.canRun(process)) {
        this.enabled[count++] = process;
      }
    }
    if (timers > 0 && (count === 0 || !this.earlyTimeout)) count = this.addTimers(count);
    this.enabledCount = count;
  }

  /** Makes one of the enabled choices. */
  step(choice: number): void {
    const process = choice & PROCESS_MASK;
    const outcome = choice >> PROCESS_BITS;
    this.footprintLength = 0;
    if (this.steps === this.schedule.length) this.schedule = grown(this.schedule);
    this.schedule[this.steps++] = choice;
    if (this.bodies[process] === null) this.runActor(process, outcome);
    else this.runOperation(process, outcome);
    this.hash = mix(this.hash, choice) ^ (this.histories[process] ?? 0);
    if (this.builder.properties.length > 0) checkProperties(this);
    this.look();
    if (this.enabledCount === 0) checkEnd(this);
    else if (this.steps >= this.world.maxSteps) {
      this.fail('steps', `the execution has not ended after ${this.steps} steps`);
      this.enabledCount = 0;
    }
  }

  /** Notes a failure; only the first of each property counts. */
  fail(property: string, message: string): void {
    for (const failure of this.failures) if (failure.property === property) return;
    this.failures.push({ property, message, step: this.steps });
  }

  /** Adds an entry to the footprint of the step that runs. */
  touch(kind: Kind, target: SharedObject): void {
    if (this.footprintLength === this.footprint.length) this.footprint = grown(this.footprint);
    this.footprint[this.footprintLength++] = (target.id << KIND_BITS) | kind;
  }

  /** Whether a process waits for a condition that nobody has signalled yet. */
  isUnsignalled(process: number): boolean {
    return this.kinds[process] === Kind.reacquire && this.woken[process] === 0;
  }

  /** A process's history: equal ones have seen the same. */
  historyOf(process: number): number {
    return this.histories[process] ?? 0;
  }

  private start(process: number): void {
    const plan = this.builder.processes[process];
    this.status[process] = Status.active;
    if (plan?.body) {
      this.bodies[process] = plan.body();
      this.resume(process, 0);
    }
  }

  private lookAtActor(process: number): Pending | null {
    const actor = this.builder.processes[process]?.actor;
    const pending = this.pending[process];
    if (!actor || pending === undefined) return null;
    actor.look(pending);
    this.kinds[process] = pending.kind;
    this.targets[process] = pending.target;
    return pending;
  }

  private addTimers(before: number): number {
    let count = before;
    for (let process = 0; process < this.count; process++) {
      if (this.status[process] === Status.active && this.bodies[process] !== null && this.kinds[process] === Kind.timeout) {
        this.enabled[count++] = process;
      }
    }
    return count;
  }

  /** Whether a body's next operation can run. */
  private canRun(process: number): boolean {
    const target = this.targets[process];
    if (this.bodies[process] === null) return this.pending[process]?.state === 'ready';
    if (!target) return false;
    switch (this.kinds[process]) {
      case Kind.lock:
        return target.owner < 0;
      case Kind.reacquire:
        return this.woken[process] === 1 && target.owner < 0;
      case Kind.join:
        return this.status[target.owner] === Status.ended;
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

  private runActor(process: number, outcome: number): void {
    const actor = this.builder.processes[process]?.actor;
    const kind = this.kinds[process] ?? 0;
    try {
      actor?.run(outcome);
    } catch (error) {
      this.died(process, error);
    }
    this.note(process, kind, outcome);
  }

  private runOperation(process: number, outcome: number): void {
    const target = this.targets[process];
    const kind = this.kinds[process] as Kind;
    if (!target) return;
    this.touch(kind, target);
    let result = 0;
    const value = this.values[process] ?? 0;
    switch (kind) {
      case Kind.read:
        result = target.value;
        break;
      case Kind.write:
        target.value = value;
        break;
      case Kind.update:
        result = target.value;
        target.value = this.operations[process]?.apply?.(result) ?? result;
        break;
      case Kind.lock:
        target.owner = process;
        break;
      case Kind.unlock:
        this.release(process, target);
        break;
      case Kind.wait:
        this.beginWait(process, target);
        return;
      case Kind.reacquire: {
        const condition = this.waitedOn[process];
        if (condition) this.touch(Kind.wake, condition);
        target.owner = process;
        this.woken[process] = 0;
        break;
      }
      case Kind.signal:
        if (target.length > 0) this.woken[target.shift()] = 1;
        break;
      case Kind.broadcast:
        while (target.length > 0) this.woken[target.shift()] = 1;
        break;
      case Kind.spawn:
        if (this.status[target.owner] !== Status.notBegun) throw new WorldError(`${target.name} is spawned a second time`);
        this.start(target.owner);
        break;
      case Kind.send:
        target.push(value);
        break;
      case Kind.receive:
        result = target.shift();
        break;
      case Kind.reply:
        if (target.full) this.fail('answered once', `${target.name} is answered again before its answer was taken`);
        target.full = true;
        target.value = value;
        break;
      case Kind.awaitReply:
        result = target.value;
        target.full = false;
        break;
      case Kind.timeout:
        if (this.enabledCount > 1) this.earlyTimeout = true;
        break;
      case Kind.choose:
        result = outcome;
        break;
    }
    this.note(process, kind, result);
    this.resume(process, result);
  }

  private note(process: number, kind: number, result: number): void {
    this.histories[process] = mix((this.histories[process] ?? 0) + kind, result | 0);
  }

  private release(process: number, lock: SharedObject): void {
    if (lock.owner !== process) throw new WorldError(`${this.nameOf(process)} unlocks ${lock.name}, which it has not locked`);
    lock.owner = -1;
  }

  /** A wait's first half; the second is an operation of its own. */
  private beginWait(process: number, condition: SharedObject): void {
    const lock = condition.companion;
    if (lock === null) throw new WorldError(`${condition.name} has no lock`);
    this.release(process, lock);
    this.touch(Kind.unlock, lock);
    condition.push(process);
    this.waitedOn[process] = condition;
    this.woken[process] = 0;
    this.kinds[process] = Kind.reacquire;
    this.targets[process] = lock;
    this.note(process, Kind.wait, 0);
  }

  /** Goes on with a body up to its next operation. */
  private resume(process: number, result: number): void {
    const body = this.bodies[process];
    if (!body) return;
    try {
      const next = body.next(result);
      if (next.done !== true) {
        const operation = next.value;
        this.operations[process] = operation;
        this.kinds[process] = operation.kind;
        this.targets[process] = operation.target;
        this.values[process] = operation.value;
        this.sites[process] = operation.site;
        if (operation.kind === Kind.lock && operation.target.owner >= 0) findLockCycle(this, process);
        return;
      }
      this.status[process] = Status.ended;
      this.targets[process] = null;
    } catch (error) {
      this.died(process, error);
    }
  }

  private died(process: number, error: unknown): void {
    if (error instanceof WorldError) throw error;
    this.status[process] = Status.ended;
    this.targets[process] = null;
    if (error instanceof WorldAssertion) this.fail(error.message, `${this.nameOf(process)}: ${error.message}`);
    else this.fail('exception', `${this.nameOf(process)} threw: ${describeError(error)}`);
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
