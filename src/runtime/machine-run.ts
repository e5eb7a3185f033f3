/**
 * Runs machines that were compiled to tables.
 *
 * Invariant: the machine decides, and nothing is carried out here. Its actions are returned as effects, in XState's order; an event that
 * nothing takes leaves state and context as they were and returns none. A step that throws, because a guard or an assigner did, changes
 * nothing. Only assignments and effects with parameters to work out allocate anything; an event of MachineTable.event() is not even looked
 * up. What is not here: actors, timers.
 */
import type { AnyStateMachine, EventFromLogic, InputFrom, SnapshotFrom } from 'xstate';
import { assert } from '../base/errors.js';
import { MACHINE_MICROSTEPS } from '../base/limits.js';
import { compileTable } from './machine-compiler.js';
import { type MachineDefinition, sourceOf } from './machine-definition.js';
import type { FlatTable, StateValue, Step } from './machine-table.js';
import { type Action, type MachineEffect, NO_EFFECTS, type StepArguments } from './machine-terms.js';

export type { MachineEffect } from './machine-terms.js';

/** All there is to know of a run; `state` is the table's number. */
export interface RunSnapshot<M extends AnyStateMachine> {
  readonly state: number;
  readonly context: SnapshotFrom<M>['context'];
}

/** The events and runs of a table. */
export type EventOf<T> = T extends MachineTable<infer M> ? EventFromLogic<M> : never;
export type RunOf<T> = T extends MachineTable<infer M> ? MachineRun<M> : never;

/** An event that is made once and sent often; it remembers its column in the table that it was last sent to. */
class KnownEvent {
  table: FlatTable | null = null;
  column = 0;

  constructor(readonly type: string) {}
}

function columnOf({ events, width }: FlatTable, event: string): number {
  return events.get(event) ?? width - 1;
}

/** As columnOf(), for an event that doesn't remember it yet, if it is one that can. */
function lookUp(table: FlatTable, event: { readonly type: string }): number {
  const column = columnOf(table, event.type);
  if (event instanceof KnownEvent) {
    event.table = table;
    event.column = column;
  }
  return column;
}

/** A compiled machine. Threads load definitions of machines that they never run, so it is compiled when it is first asked for anything. */
export class MachineTable<M extends AnyStateMachine> {
  private compiled: FlatTable | null = null;

  constructor(private readonly machine: M | MachineDefinition<M>) {}

  private get table(): FlatTable {
    const { machine } = this;
    this.compiled ??= compileTable(typeof machine === 'function' ? sourceOf(machine) : machine);
    return this.compiled;
  }

  /** The events that the machine knows. */
  get events(): readonly string[] {
    return [...this.table.events.keys()];
  }

  /** State values by the number of the state. */
  get values(): readonly StateValue[] {
    return this.table.values;
  }

  /** An event to be made once and sent often, with what it carries: its fields may be set before it is sent, since no step keeps it. */
  event<T extends EventFromLogic<M>['type'], F extends object = object>(type: T, fields?: F): { readonly type: T } & F {
    return Object.assign(new KnownEvent(type), fields) as unknown as { readonly type: T } & F;
  }

  /** A run that has taken its first step; what that asked for is in its `effects`. */
  start(input?: InputFrom<M>): MachineRun<M> {
    const { table } = this;
    const { context, first } = table;
    const initial = typeof context === 'function' ? context({ input }) : context;
    const run = new MachineRun<M>(table, 0, initial);
    run.begin(first, input);
    return run;
  }

  /** A run that goes on from what another one was. */
  resume(snapshot: RunSnapshot<M>): MachineRun<M> {
    const { table } = this;
    assert(snapshot.state in table.values, `${table.machine} has no state ${snapshot.state}`);
    return new MachineRun<M>(table, snapshot.state, snapshot.context);
  }
}

/** What guards and assigners of all runs are given: they are pure, so that no step begins within another. */
const ARGUMENTS: StepArguments = { context: undefined, event: undefined };

/** One run of a machine. */
export class MachineRun<M extends AnyStateMachine> {
  /** The table's number of the state. */
  state: number;
  context: SnapshotFrom<M>['context'];
  /** What the last step asked for; valid until the next. */
  effects: readonly MachineEffect[] = NO_EFFECTS;

  constructor(
    private readonly table: FlatTable,
    state: number,
    context: SnapshotFrom<M>['context'],
  ) {
    this.state = state;
    this.context = context;
  }

  /** XState's state value; frozen. */
  get value(): SnapshotFrom<M>['value'] {
    return this.table.values[this.state] as SnapshotFrom<M>['value'];
  }

  /** The machine has ended, and takes no more events. */
  get done(): boolean {
    return this.table.done[this.state] === true;
  }

  get snapshot(): RunSnapshot<M> {
    return { state: this.state, context: this.context };
  }

  /** Whether a state is active, or all states that a state value names. */
  matches(value: Parameters<SnapshotFrom<M>['matches']>[0]): boolean {
    return matchesValue(value as StateValue, this.table.values[this.state] as StateValue);
  }

  /** The table's number of an event: its place in MachineTable.events, or how many there are if the machine doesn't know it. */
  numberOf(event: string): number {
    return columnOf(this.table, event);
  }

  /** Takes one event; returns what the machine asks for, valid until the next event. */
  send(event: EventFromLogic<M>): readonly MachineEffect[] {
    const { table } = this;
    const known = event as unknown as KnownEvent;
    const column = known.table === table ? known.column : lookUp(table, event);
    const step = table.cells[this.state * table.width + column] as Step;
    return isPlain(step) ? this.rest(step) : this.walk(step, event);
  }

  /** Takes the first step of a machine; only its table does. */
  begin(first: Step, input: unknown): void {
    if (isPlain(first)) this.rest(first);
    else this.walk(first, { type: 'xstate.init', input });
  }

  private rest(step: Step): readonly MachineEffect[] {
    this.state = step.state;
    this.effects = step.effects;
    return step.effects;
  }

  private walk(from: Step, event: unknown): readonly MachineEffect[] {
    const args = ARGUMENTS;
    args.context = this.context;
    args.event = event;
    let step = from;
    let effects = NO_EFFECTS;
    for (let turns = 0; ; turns++) {
      while (step.test !== null) step = (step.test(args) ? step.yes : step.no) as Step;
      if (step.actions !== null) effects = perform(step.actions, args, effects);
      if (step.effects.length > 0) effects = effects.length > 0 ? [...effects, ...step.effects] : step.effects;
      if (step.next === null) break;
      assert(turns < MACHINE_MICROSTEPS, `${this.table.machine} goes from state to state without an end`);
      step = step.next;
    }
    this.context = args.context as SnapshotFrom<M>['context'];
    this.state = step.state;
    this.effects = effects;
    return effects;
  }
}

/** Whether a step has nothing to ask and nothing to work out. */
function isPlain({ test, actions, next }: Step): boolean {
  return test === null && actions === null && next === null;
}

/** Carries assignments out and collects effects. */
function perform(actions: readonly Action[], args: StepArguments, before: readonly MachineEffect[]): readonly MachineEffect[] {
  let effects: MachineEffect[] | null = null;
  for (const action of actions) {
    if (action.kind === 'assign') {
      args.context = action.assign(args);
    } else {
      effects ??= [...before];
      effects.push(action.kind === 'effect' ? action.effect : action.make(args));
    }
  }
  return effects ?? before;
}

function matchesValue(wanted: StateValue, value: StateValue): boolean {
  if (typeof value === 'string') return wanted === value;
  if (typeof wanted === 'string') return wanted in value;
  return Object.entries(wanted).every(([key, inner]) => {
    const below = value[key];
    return below !== undefined && matchesValue(inner, below);
  });
}

/** Compiles a machine, or its definition; the first use throws an error that names what a table can't express, and where. */
export function compileMachine<M extends AnyStateMachine>(machine: M | MachineDefinition<M>): MachineTable<M> {
  return new MachineTable<M>(machine);
}
