/**
 * What tells the states of an execution apart: the shared objects, and of each process all that it can know.
 *
 * Of a body that is what it has seen (its history), of a program its registers, of an actor what it says itself; of an actor
 * that says nothing, its steps and all that came before them in the order of their objects. Interchangeable processes are hashed one by
 * one and added up, each with the places where it is named (packed-symmetry.ts says more). Invariant: states with equal fingerprints go on
 * alike, as long as bodies share nothing but the world's objects and what
 * the world was told is state.
 */
import { type Execution, PROCESS_MASK } from '../execution.js';
import { WorldError } from '../failure.js';
import { Hasher, mix } from '../hasher.js';
import type { Inbox } from '../inbox.js';
import { Kind, KIND_BITS } from '../operation.js';
import type { SharedObject } from '../shared-object.js';
import { Status } from '../slot.js';
import { BodyHistories } from './body-history.js';
import { StateWalker } from './state-walker.js';

export class Fingerprint {
  low = 0;
  high = 0;
  private readonly shared = new Hasher();
  private readonly own = new Hasher();
  private readonly walker: StateWalker;
  /** By process: its group, or -1. */
  private readonly groups: Int32Array;
  private readonly names: Int32Array;
  private readonly causes: CausalHistory | null;
  private readonly histories: BodyHistories;

  constructor(
    private readonly execution: Execution,
    symmetric: boolean,
  ) {
    const { builder, count, world } = execution;
    this.walker = new StateWalker({ ignore: world.open ?? [] });
    this.groups = new Int32Array(count).fill(-1);
    this.names = new Int32Array(count);
    this.histories = new BodyHistories(execution);
    if (symmetric) for (const [group, members] of builder.symmetric.entries()) for (const member of members) this.groups[member] = group;
    const isOpen = builder.processes.every(({ actor }) => actor === null || actor.fingerprint !== undefined);
    this.causes = isOpen ? null : new CausalHistory(execution, this.groups);
  }

  /** Whether a body was taken to poll, so that states may have been left out. */
  get closed(): boolean {
    return this.histories.closed;
  }

  /** The execution has begun. */
  restart(): void {
    this.histories.restart();
    this.causes?.restart();
  }

  /** A choice is about to be made. */
  before(choice: number): void {
    const process = choice & PROCESS_MASK;
    this.histories.before(process, choice);
    this.causes?.before(process);
  }

  after(choice: number): void {
    const process = choice & PROCESS_MASK;
    this.histories.after(process);
    this.causes?.after(process);
  }

  /** Takes the fingerprint of where the execution stands. */
  take(): void {
    const { execution, shared, names } = this;
    const { builder, count } = execution;
    names.fill(0);
    shared.restart();
    const { objects, objectCount } = builder;
    for (let id = 0; id < objectCount; id++) this.addObject(objects[id] as SharedObject);
    for (const inbox of builder.inboxes as readonly Inbox<unknown>[]) this.walker.add(shared, inbox.contents, inbox.target.name);
    for (const object of builder.states) this.walker.add(shared, object);
    if (execution.earlyTimeout) shared.add(1);
    let held = 0;
    const { properties } = builder;
    for (let index = 0; index < properties.length; index++) {
      if (properties[index]?.kind === 'eventually') held = 2 * held + (execution.held[index] ? 1 : 0);
    }
    shared.addNumber(held);
    let low = 0;
    let high = 0;
    for (let process = 0; process < count; process++) {
      if ((this.groups[process] ?? -1) < 0) {
        this.addProcess(process, shared);
        continue;
      }
      this.own.restart();
      this.addProcess(process, this.own);
      this.own.add(this.names[process] ?? 0);
      low = (low + this.own.low) | 0;
      high = (high + this.own.high) | 0;
    }
    shared.add(low);
    shared.add(high);
    this.low = shared.low;
    this.high = shared.high;
  }

  private addObject(object: SharedObject): void {
    const { shared } = this;
    const { queue, id } = object;
    switch (object.type) {
      case 'variable':
        shared.addNumber(object.value);
        return;
      case 'lock':
        this.addName(object.owner, id);
        return;
      case 'reply':
        if (object.full) shared.addNumber(object.value);
        shared.add(object.full ? 1 : 0);
        return;
      case 'mailbox':
        for (let index = object.head; index < queue.length; index++) shared.addNumber(queue[index] ?? 0);
        shared.add(object.length);
        return;
      case 'condition':
        for (let index = object.head; index < queue.length; index++) this.addName(queue[index] ?? 0, mix(id, 1 + index - object.head));
        shared.add(object.length);
        return;
      default:
    }
  }

  /** A process's number somewhere in the shared state; below 0: nobody's. */
  private addName(process: number, place: number): void {
    const group = process < 0 ? -1 : (this.groups[process] ?? -1);
    this.shared.add(group < 0 ? process : -2 - group);
    if (group >= 0) this.names[process] = (this.names[process] ?? 0) + mix(0x3c6e_f372, place);
  }

  private addProcess(process: number, hasher: Hasher): void {
    const { execution, groups } = this;
    const { actor, run } = execution.builder.processes[process] ?? NOTHING;
    const status = execution.status[process] ?? 0;
    hasher.add(status);
    if (run !== null) {
      hasher.add(run.place);
      for (let local = 0; local < run.program.locals; local++) hasher.add(run.registers[local] ?? 0);
    } else if (actor?.fingerprint) {
      actor.fingerprint(hasher);
    } else if (actor !== null) {
      this.causes?.add(process, hasher);
    } else {
      hasher.add(this.histories.lowOf(process));
      hasher.add(this.histories.highOf(process));
    }
    if (status !== Status.active || actor !== null) return;
    const kind = execution.kindOf(process);
    const target = execution.targetOf(process);
    hasher.add(kind);
    // Whether it was woken, if it waits, is told by the condition's queue.
    if (run !== null || target === null) return;
    hasher.add(target.id);
    hasher.addNumber(execution.valueOf(process));
    if ((kind === Kind.spawn || kind === Kind.join) && (groups[target.owner] ?? -1) >= 0) {
      throw new WorldError(`${target.name} is not interchangeable: ${execution.nameOf(process)} spawns or joins it`);
    }
  }
}

const NOTHING = { actor: null, run: null };

/**
 * Hashes of what each process has done and of all that came before it: two processes that touch the same object are ordered by
 * that, unless both only read it.
 */
class CausalHistory {
  private readonly processes: Int32Array;
  private readonly objects: Int32Array;

  constructor(
    private readonly execution: Execution,
    private readonly groups: Int32Array,
  ) {
    this.processes = new Int32Array(2 * execution.count);
    this.objects = new Int32Array(2 * execution.builder.objectCount);
    this.restart();
  }

  restart(): void {
    this.objects.fill(0);
    for (let process = 0; process < this.execution.count; process++) {
      const group = this.groups[process] ?? -1;
      this.processes[2 * process] = group < 0 ? mix(1, process) : mix(2, group);
      this.processes[2 * process + 1] = this.processes[2 * process] ?? 0;
    }
  }

  before(process: number): void {
    const { execution } = this;
    this.mixIn(process, execution.kindOf(process), execution.targetOf(process)?.id ?? -1);
  }

  after(process: number): void {
    const { execution, processes, objects } = this;
    const { footprint, footprintLength, schedule, steps } = execution;
    this.mixIn(process, schedule[steps - 1] ?? 0, execution.historyOf(process));
    for (let entry = 0; entry < footprintLength; entry++) {
      const object = (footprint[entry] ?? 0) >> KIND_BITS;
      this.mixIn(process, objects[2 * object] ?? 0, objects[2 * object + 1] ?? 0);
    }
    for (let entry = 0; entry < footprintLength; entry++) {
      const touched = footprint[entry] ?? 0;
      if ((touched & ((1 << KIND_BITS) - 1)) === Kind.read) continue;
      const object = touched >> KIND_BITS;
      for (let half = 0; half < 2; half++)
        objects[2 * object + half] = mix(objects[2 * object + half] ?? 0, processes[2 * process + half] ?? 0);
    }
  }

  add(process: number, hasher: Hasher): void {
    hasher.add(this.processes[2 * process] ?? 0);
    hasher.add(this.processes[2 * process + 1] ?? 0);
  }

  private mixIn(process: number, first: number, second: number): void {
    const { processes } = this;
    processes[2 * process] = mix(mix(processes[2 * process] ?? 0, first), second);
    processes[2 * process + 1] = mix(mix((processes[2 * process + 1] ?? 0) + 1, second), first);
  }
}
