/**
 * One execution of a world at a time: what could run now, and running it.
 *
 * Everything about the moment is in flat arrays by process, so that strategies look without asking anybody. Invariant: the choices made are
 * the only thing that tells two executions of a world apart; begin() and the same choices give the same hash. Nothing here is asynchronous.
 * What is not here: how choices are made (strategies/), or what to do about a failure (explore.ts and what it calls).
 */
import { Builder, type ProcessPlan } from './builder.js';
import { callSite } from './call-site.js';
import { describeError } from '../base/errors.js';
import { checkEnd, checkProperties, findLockCycle } from './properties.js';
import { type Failure, assertion, WorldError } from './failure.js';
import { Hasher, mix } from './hasher.js';
import { type Body, Kind, KIND_BITS } from './operation.js';
import { Slot, Status } from './slot.js';
import { MAX_PROCESSES, PROCESS_BITS, PROCESS_MASK, Standing } from './standing.js';
import { type Kept, StateKeeper } from './states/state-keeper.js';
import type { SharedObject } from './shared-object.js';
import { EVERYBODY, isNamed, Watching } from './watching.js';
import type { World } from './world.js';
export { PROCESS_BITS, PROCESS_MASK } from './standing.js';

/** A state of an execution. */
export interface Moment {
  readonly kept: Kept;
  /** A hash of the state, in two halves. */
  readonly low: number;
  readonly high: number;
  readonly steps: number;
  readonly hash: number;
  readonly earlyTimeout: boolean;
  readonly failures: readonly Failure[];
  readonly held: readonly boolean[];
  readonly slots: readonly { readonly status: number; readonly history: number }[];
}

/** A world while it runs: it makes one visible operation at a time. Strategies look at it, and `onExecution` at its end. */
export class Execution extends Standing {
  /** What it runs. */ readonly world: World;
  /** What the world's setup was given. @internal */ readonly builder = new Builder(
    (kind, target) => this.touch(kind, target),
    (property, text) => this.fail(property, text),
  );
  /** What the last step did: objects and kinds, `id << KIND_BITS | kind`. After the first begin(): what the setup did. */
  footprint = new Int32Array(64);
  /** How much of `footprint` counts. */ footprintLength = 0;
  /** Choices made so far: `schedule[0..steps)`. */
  schedule = new Int32Array(256);
  /** How many there are. */ steps = 0;
  /** Tells executions apart that differ in anything a process could notice. */
  hash = 0;
  /** Failures so far; the first of each property. */
  readonly failures: Failure[] = [];
  /** Bits of properties, by their number, that have held: for `eventually` and `sometimes`. */
  readonly held: boolean[] = [];
  /** Whether a timer has fired before it had to. */
  earlyTimeout = false;
  private readonly watching = new Watching();
  private readonly hasher = new Hasher();
  /** What puts the state of an open world back. @internal */
  readonly keeper: StateKeeper | null;
  /** The state at the beginning of every execution. */
  private first: Kept | null = null;
  /** What setup() found wrong, which is so in every execution. */
  private firstFailures: readonly Failure[] = [];
  private hasProperties = false;
  /** Whose body runs, or ran last. */
  private running: Slot | null = null;

  constructor(world: World) {
    super();
    this.world = world;
    this.builder.onForget = (known) => this.forget(known);
    this.keeper = world.open === null ? null : new StateKeeper(world.open);
  }

  /** Makes the world anew and runs each process up to its first operation. */
  begin(): void {
    this.steps = 0;
    this.hash = 0;
    if (this.failures.length > 0) this.failures.length = 0;
    if (this.held.length > 0) this.held.length = 0;
    this.earlyTimeout = false;
    this.footprintLength = 0;
    const { builder, slots, keeper, first } = this;
    const isNew = keeper === null || first === null;
    if (isNew) builder.build(this.world.setup);
    else {
      keeper.restore(first);
      this.failures.push(...this.firstFailures);
    }
    const { processes } = builder;
    const count = processes.length;
    this.count = count;
    for (let process = slots.length; process < count; process++) slots.push(new Slot(process));
    for (let process = 0; process < count; process++) {
      const plan = processes[process];
      if (plan !== undefined) this.prepare(plan, process);
    }
    if (isNew) this.beginWatching();
    for (let process = 0; process < count; process++) if (this.status[process] === Status.active) this.start(process);
    if (keeper !== null && isNew) {
      this.first = this.keepFirst(keeper);
      this.firstFailures = [...this.failures];
    }
    this.hasProperties = builder.properties.length > 0;
    if (this.hasProperties) checkProperties(this);
    this.look(EVERYBODY);
  }

  /** Finds out what can run. `named`: actors that may stand differently than they did. */
  private look(named: number): void {
    const { slots, count: processes } = this;
    let count = 0;
    let timers = 0;
    for (let process = 0; process < processes; process++) {
      const slot = slots[process] as Slot;
      if (slot.status !== Status.active) continue;
      if (slot.actor !== null) {
        const { pending } = slot;
        if (isNamed(named, process)) {
          slot.actor.look(pending);
          slot.kind = pending.kind;
          slot.target = pending.target;
        }
        if (pending.state === 'ready') count = this.enable(process, pending.outcomes, count);
      } else if (slot.kind === Kind.choose) {
        count = this.enable(process, slot.value, count);
      } else if (slot.kind === Kind.timeout) {
        timers++;
      } else if (this.canRun(slot)) {
        this.enabled[count++] = process;
      }
    }
    if (timers > 0 && (count === 0 || !this.earlyTimeout)) count = this.addTimers(count);
    this.enabledCount = count;
  }

  private enable(process: number, outcomes: number, before: number): number {
    while (before + outcomes + MAX_PROCESSES > this.enabled.length) this.enabled = grown(this.enabled);
    for (let outcome = 0; outcome < outcomes; outcome++) this.enabled[before + outcome] = (outcome << PROCESS_BITS) | process;
    return before + outcomes;
  }

  /** Makes one of the enabled choices. */
  step(choice: number): void {
    const slot = this.slots[choice & PROCESS_MASK] as Slot;
    this.footprintLength = 0;
    if (this.steps === this.schedule.length) this.schedule = grown(this.schedule);
    this.schedule[this.steps++] = choice;
    if (slot.actor !== null) this.runActor(slot, choice >> PROCESS_BITS);
    else this.runOperation(slot, choice >> PROCESS_BITS);
    this.hash = mix(this.hash, choice) ^ slot.history;
    if (this.hasProperties) checkProperties(this);
    this.look(this.watching.after(choice & PROCESS_MASK, this.footprint, this.footprintLength));
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

  private forget(known: readonly number[]): void {
    if (this.running === null) throw new WorldError('a world forgets, and no body of it runs');
    this.running.history = known.reduce(mix, known.length);
  }

  /** Keeps the state that it is in, to go back to; null for a world that does not say where its state is. @internal */
  keep(): Moment | null {
    if (this.keeper === null) return null;
    const { steps, hash, earlyTimeout, failures, held } = this;
    const slots = this.slots.slice(0, this.count).map(({ status, history }) => ({ status, history }));
    this.hasher.restart();
    const kept = this.keeper.keep(this.roots, this.hasher);
    for (const { status } of slots) this.hasher.add(status);
    const { low, high } = this.hasher;
    return { kept, low, high, steps, hash, earlyTimeout, failures: [...failures], held: [...held], slots };
  }

  /** Goes back to a state that was kept, in this execution or another of this object's; `schedule` is as it was left, up to there. @internal */
  goBack({ kept, steps, hash, earlyTimeout, failures, held, slots }: Moment): void {
    this.keeper?.restore(kept);
    this.steps = steps;
    this.hash = hash;
    this.earlyTimeout = earlyTimeout;
    this.failures.splice(0, Number.POSITIVE_INFINITY, ...failures);
    this.held.splice(0, Number.POSITIVE_INFINITY, ...held);
    slots.forEach(({ status, history }, process) => {
      const slot = this.slot(process);
      slot.history = history;
      this.setStatus(slot, status);
    });
    this.look(EVERYBODY);
  }

  private beginWatching(): void {
    this.watching.restart();
    for (let process = 0; process < this.count; process++) {
      const { actor } = this.slot(process);
      if (actor !== null) this.watching.add(process, actor.watches?.() ?? null);
    }
  }

  /** Keeps the state at the beginning, of a world that says where it is. */
  private keepFirst(keeper: StateKeeper): Kept {
    const roots = this.roots;
    keeper.check(
      roots,
      this.builder.processes.map(({ handle }) => handle.name),
    );
    return keeper.keep(roots, this.hasher);
  }

  private get roots(): readonly object[] {
    const { processes, states } = this.builder;
    const actors = processes.map(({ actor, handle }) => {
      if (actor === null) throw new WorldError(`the world is open, and ${handle.name} is no actor`);
      return actor;
    });
    return [...actors, ...states];
  }

  private prepare(plan: ProcessPlan, process: number): void {
    const slot = this.slot(process);
    slot.actor = plan.actor;
    slot.body = null;
    slot.target = null;
    slot.history = 0;
    slot.woken = false;
    this.setStatus(slot, plan.spawned ? Status.notBegun : Status.active);
  }

  private setStatus(slot: Slot, status: number): void {
    slot.status = status;
    this.status[slot.process] = status;
  }

  private start(process: number): void {
    const slot = this.slot(process);
    this.setStatus(slot, Status.active);
    const body = this.builder.processes[process]?.body ?? null;
    if (body === null) return;
    slot.body = body();
    this.resume(slot, 0);
  }

  private addTimers(before: number): number {
    let count = before;
    for (let process = 0; process < this.count; process++) {
      const slot = this.slot(process);
      if (slot.status === Status.active && slot.actor === null && slot.kind === Kind.timeout) this.enabled[count++] = process;
    }
    return count;
  }

  private runActor(slot: Slot, outcome: number): void {
    const { kind } = slot;
    try {
      slot.actor?.run(outcome);
    } catch (error) {
      this.died(slot, error);
    }
    slot.history = mix(slot.history + kind, outcome);
  }

  private runOperation(slot: Slot, outcome: number): void {
    const target = slot.target as SharedObject;
    const { kind, value } = slot;
    this.footprint[0] = (target.id << KIND_BITS) | kind;
    this.footprintLength = 1;
    let result = 0;
    switch (kind) {
      case Kind.read:
        result = target.value;
        break;
      case Kind.write:
        target.value = value;
        break;
      case Kind.update:
        result = target.value;
        target.value = slot.apply === null ? result : slot.apply(result);
        break;
      case Kind.lock:
        target.owner = slot.process;
        break;
      case Kind.unlock:
        this.release(slot, target);
        break;
      case Kind.wait:
        this.beginWait(slot, target);
        return;
      case Kind.reacquire:
        if (slot.condition !== null) this.touch(Kind.wake, slot.condition);
        target.owner = slot.process;
        slot.woken = false;
        break;
      case Kind.signal:
        if (target.length > 0) this.slot(target.shift()).woken = true;
        break;
      case Kind.broadcast:
        while (target.length > 0) this.slot(target.shift()).woken = true;
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
    slot.history = mix(slot.history + kind, result | 0);
    this.resume(slot, result);
  }

  private release(slot: Slot, lock: SharedObject): void {
    if (lock.owner !== slot.process) throw new WorldError(`${this.nameOf(slot.process)} unlocks ${lock.name}, which it has not locked`);
    lock.owner = -1;
  }

  /** A wait's first half; the second is an operation of its own. */
  private beginWait(slot: Slot, condition: SharedObject): void {
    const lock = condition.companion;
    if (lock === null) throw new WorldError(`${condition.name} has no lock`);
    this.release(slot, lock);
    this.touch(Kind.unlock, lock);
    condition.push(slot.process);
    slot.condition = condition;
    slot.woken = false;
    slot.kind = Kind.reacquire;
    slot.target = lock;
    slot.history = mix(slot.history + Kind.wait, 0);
  }

  /** Goes on with a body up to its next operation. */
  private resume(slot: Slot, result: number): void {
    this.running = slot;
    try {
      const next = (slot.body as Body).next(result);
      if (next.done !== true) {
        const { kind, target, apply } = next.value;
        slot.kind = kind;
        slot.target = target;
        slot.value = next.value.value;
        slot.apply = apply;
        if (callSite.wanted) slot.site = next.value.site;
        if (kind === Kind.lock && target.owner >= 0) findLockCycle(this, slot.process);
        return;
      }
      this.setStatus(slot, Status.ended);
      slot.target = null;
    } catch (error) {
      this.died(slot, error);
    }
  }

  private died(slot: Slot, error: unknown): void {
    if (error instanceof WorldError) throw error;
    this.setStatus(slot, Status.ended);
    slot.target = null;
    const name = this.nameOf(slot.process);
    if (error === assertion) this.fail(assertion.text, `${name}: ${assertion.text}`);
    else this.fail('exception', `${name} threw: ${describeError(error)}`);
  }
}

function grown(array: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
