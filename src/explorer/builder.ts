/**
 * Makes the objects, processes and properties of a world for an execution, using those of the one before again.
 *
 * Invariant: the object made as the nth is the same object in every execution as long as it is asked for by the same type and name.
 */
import type { Actor } from './actor.js';
import { assertion, WorldError } from './failure.js';
import { Inbox, type Touch } from './inbox.js';
import type { Figure, Span } from './measures.js';
import type { Body } from './operation.js';
import type { Program } from './programs/instruction.js';
import { ProgramBuilder } from './programs/program-builder.js';
import { bodyOf, newRun, type ProgramRun, restartRun } from './programs/program-body.js';
import { type Condition, type Lock, type ObjectType, type ProcessHandle, SharedObject } from './shared-object.js';
import type { ProcessOptions, WorldBuilder } from './world.js';

/** A process as it was made. */
export interface ProcessPlan {
  readonly handle: SharedObject;
  body: (() => Body) | null;
  actor: Actor | null;
  spawned: boolean;
  /** Of a program: its run, whose state is in the open. */
  run: ProgramRun | null;
}

export type PropertyKind = 'always' | 'eventually' | 'alwaysEventually' | 'sometimes';

export interface Property {
  readonly name: string;
  readonly kind: PropertyKind;
  readonly holds: () => boolean | string;
}

export const MAX_PROCESSES = 256;

export class Builder implements WorldBuilder {
  readonly objects: SharedObject[] = [];
  objectCount = 0;
  readonly processes: ProcessPlan[] = [];
  readonly properties: Property[] = [];
  /** Figures of ends, of states, and of what goes on for a while. */
  readonly costs: Figure[] = [];
  readonly peaks: Figure[] = [];
  readonly spans: Span[] = [];
  /** Groups of numbers of processes. */
  readonly symmetric: number[][] = [];
  /** Mailboxes of actors. */
  readonly inboxes: Inbox<unknown>[] = [];
  /** Told the numbers that the body which runs says it goes on from. */
  onForget: (known: readonly number[]) => void = () => {};
  /** Objects with state that no actor leads to. */
  readonly states: object[] = [];
  private processCount = 0;
  private building = false;

  constructor(
    readonly touch: Touch,
    readonly fail: (property: string, text: string) => void,
  ) {}

  /** Makes everything anew. */
  build(setup: (world: WorldBuilder) => void): void {
    this.objectCount = 0;
    this.processCount = 0;
    if (this.properties.length > 0) this.properties.length = 0;
    if (this.states.length > 0) this.states.length = 0;
    if (this.costs.length > 0) this.costs.length = 0;
    if (this.peaks.length > 0) this.peaks.length = 0;
    if (this.spans.length > 0) this.spans.length = 0;
    if (this.symmetric.length > 0) this.symmetric.length = 0;
    if (this.inboxes.length > 0) this.inboxes.length = 0;
    this.building = true;
    setup(this);
    this.building = false;
    if (this.processCount === 0) throw new WorldError('the world has no process');
    if (this.processes.length > this.processCount) this.processes.length = this.processCount;
  }

  variable(name: string, value = 0): SharedObject {
    return this.make('variable', name, value);
  }

  lock(name: string): SharedObject {
    return this.make('lock', name);
  }

  condition(name: string, lock: Lock): Condition {
    return this.make('condition', name, 0, lock as SharedObject);
  }

  mailbox(name: string, { bound = 0 }: { readonly bound?: number } = {}): SharedObject {
    const mailbox = this.make('mailbox', name);
    mailbox.bound = bound;
    return mailbox;
  }

  reply(name: string): SharedObject {
    return this.make('reply', name);
  }

  timer(name: string): SharedObject {
    return this.make('timer', name);
  }

  choice(name: string): SharedObject {
    return this.make('choice', name);
  }

  object(name: string): SharedObject {
    return this.make('variable', name);
  }

  inbox<T>(name: string): Inbox<T> {
    const inbox = new Inbox<T>(this.make('mailbox', name), this.touch);
    this.inboxes.push(inbox as Inbox<unknown>);
    return inbox;
  }

  process(name: string, body: () => Body, { spawned = false }: ProcessOptions = {}): ProcessHandle {
    return this.add(name, body, null, spawned);
  }

  actor(name: string, actor: Actor): ProcessHandle {
    return this.add(name, null, actor, false);
  }

  program(name: string, write: (program: ProgramBuilder) => void, { spawned = false }: ProcessOptions = {}): ProcessHandle {
    const handle = this.add(name, null, null, spawned);
    const plan = this.processes[handle.owner] as ProcessPlan;
    if (plan.run === null) plan.run = newRun(assembled(write));
    else restartRun(plan.run);
    const { run } = plan;
    plan.body = () => bodyOf(run, this.objects);
    return handle;
  }

  forget(...known: readonly number[]): void {
    this.onForget(known);
  }

  assert(condition: boolean, text: string): void {
    if (condition) return;
    assertion.text = text;
    throw assertion;
  }

  always(name: string, holds: () => boolean | string): void {
    this.properties.push({ name, kind: 'always', holds });
  }

  eventually(name: string, holds: () => boolean | string): void {
    this.properties.push({ name, kind: 'eventually', holds });
  }

  alwaysEventually(name: string, holds: () => boolean | string): void {
    this.properties.push({ name, kind: 'alwaysEventually', holds });
  }

  sometimes(name: string, holds: () => boolean): void {
    this.properties.push({ name, kind: 'sometimes', holds });
  }

  cost(name: string, measure: () => number): void {
    this.costs.push({ name, measure });
  }

  peak(name: string, measure: () => number): void {
    this.peaks.push({ name, measure });
  }

  span(name: string, what: () => unknown, count?: () => number): void {
    this.spans.push({ name, what, count: count ?? null });
  }

  state(...objects: readonly object[]): void {
    this.states.push(...objects);
  }

  interchangeable(...processes: readonly ProcessHandle[]): void {
    this.symmetric.push(processes.map((process) => (process as SharedObject).owner));
  }

  private add(name: string, body: (() => Body) | null, actor: Actor | null, spawned: boolean): SharedObject {
    const number = this.processCount++;
    if (number === MAX_PROCESSES) throw new WorldError(`a world has at most ${MAX_PROCESSES} processes`);
    const handle = this.make('process', name);
    const known = this.processes[number];
    if (known !== undefined && known.handle === handle) {
      known.body = body;
      known.actor = actor;
      known.spawned = spawned;
      return handle;
    }
    for (let other = 0; other < number; other++) {
      if (this.processes[other]?.handle.name === name) throw new WorldError(`there are two processes by the name ${name}`);
    }
    handle.owner = number;
    this.processes[number] = { handle, body, actor, spawned, run: null };
    return handle;
  }

  private make(type: ObjectType, name: string, value = 0, companion: SharedObject | null = null): SharedObject {
    if (!this.building) throw new WorldError(`${type} ${name} was made while the world ran; objects are made by its setup`);
    const id = this.objectCount++;
    let object = this.objects[id];
    if (object === undefined || object.name !== name || object.type !== type || object.companion !== companion) {
      object = new SharedObject(id, type, name, companion);
      this.objects[id] = object;
    }
    object.restart(value);
    return object;
  }
}

function assembled(write: (program: ProgramBuilder) => void): Program {
  const program = new ProgramBuilder();
  write(program);
  return program.assemble();
}
