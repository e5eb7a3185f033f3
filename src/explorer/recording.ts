/**
 * Executions written down: every step with what it did to what, so that shrinking, the adjacent schedule and reports need not run them again.
 *
 * Invariant: a recording that ends with a failure of the property it was made for ends with the very step that showed it. What is not here:
 * what to make of it. This is for after a failure, and allocates as it likes.
 */
import { callSite } from './call-site.js';
import { Execution, PROCESS_BITS, PROCESS_MASK } from './execution.js';
import type { Failure } from './failure.js';
import { Kind, KIND_BITS, KIND_MASK, kindName } from './operation.js';
import type { SharedObject } from './shared-object.js';
import { Status } from './slot.js';
import type { World } from './world.js';

/** A step of an execution, as it was made. */
export interface Step {
  /** As schedules have it: the process, and the outcome. */
  readonly choice: number;
  /** Number of the process that made it. */
  readonly process: number;
  /** Of an actor: what it says of it, or names of the mailboxes that it posted to; null: it is a generator's. */
  readonly label: string | null;
  /** Which of its outcomes it had, from 0 on. */
  readonly outcome: number;
  /** What it did. */
  readonly kind: Kind;
  /** What it was done to; null: to nothing. */
  readonly target: SharedObject | null;
  /** What it wrote, sent, replied. */
  readonly value: number;
  /** What it got: of a read, an update, a receive, a reply, a choice. */
  readonly result: number;
  /** Where in the source it was asked for; '' unless sites were wanted. */
  readonly site: string;
  /** As Execution has it: `object << KIND_BITS | kind`. */
  readonly footprint: readonly number[];
  /** Whether another process made the step before. */
  readonly switches: boolean;
  /** Whether that one could have gone on. */
  readonly preempts: boolean;
}

/** Where a process stands at the end of a recording. */
export interface Standing {
  /** Whether it is an actor. */
  readonly actor: boolean;
  /** Whether it has begun, and not ended. */
  readonly active: boolean;
  /** Whether it could go on. */
  readonly enabled: boolean;
  /** What it would do next. */
  readonly kind: Kind;
  /** What that would be done to; null: nothing. */
  readonly target: SharedObject | null;
  /** The condition that it waits for a signal of. */
  readonly condition: SharedObject | null;
  /** Where in the source it was asked for; '' unless sites were wanted. */
  readonly site: string;
}

/** An execution, written down. */
export interface Recording {
  /** In the order in which they were made. */
  readonly steps: readonly Step[];
  /** By the number of the process. */
  readonly standings: readonly Standing[];
  /** The property that it was made for; null if it held. */
  readonly failure: Failure | null;
  /** How many steps were made by another process although the one before could have gone on. */
  readonly preemptions: number;
  /** How many steps were made by another process than the one before. */
  readonly switches: number;
}

/** Says what comes next: an enabled choice, or ABANDON to end the recording. */
export type Chooser = (execution: Execution) => number;

/** Whether a process could go on by itself. One that waits for its timer could not: that it may fire early is not its doing. */
export function couldGoOn(execution: Execution, process: number): boolean {
  return execution.kindOf(process) !== Kind.timeout && execution.isEnabled(process);
}

/** Kinds by which one process ends the wait of another. */
const GIVES: ReadonlyMap<Kind, Kind> = new Map([
  [Kind.signal, Kind.signal],
  [Kind.broadcast, Kind.signal],
  [Kind.reply, Kind.reply],
  [Kind.send, Kind.send],
  [Kind.receive, Kind.receive],
  [Kind.drain, Kind.receive],
]);

/** Runs executions of a world and writes them down; counts them. */
export class Recorder {
  /** The execution that is run again and again. */
  readonly execution: Execution;
  /** Who has been seen to signal, reply, send and receive, by object and that kind, as in footprints. */
  private readonly givers = new Map<number, Set<number>>();
  /** Executions so far. */
  replays = 0;

  constructor(world: World) {
    this.execution = new Execution(world);
  }

  /** Runs until the property fails, the execution ends or the chooser gives up. The world stands there afterwards. */
  record(choose: Chooser, property: string | null): Recording {
    const { execution } = this;
    this.replays++;
    execution.begin();
    const steps: Step[] = [];
    let failure = failureOf(execution, property);
    while (failure === null && execution.enabledCount > 0) {
      const choice = choose(execution);
      if (choice < 0) break;
      steps.push(this.step(choice, steps.at(-1)?.process ?? -1));
      failure = failureOf(execution, property);
    }
    return {
      steps,
      standings: Array.from({ length: execution.count }, (_, process) => standingOf(execution, process)),
      failure,
      preemptions: steps.filter(({ preempts }) => preempts).length,
      switches: steps.filter(({ switches }) => switches).length,
    };
  }

  /** Processes that did so in some execution. */
  giversOf(kind: Kind, object: SharedObject): readonly number[] {
    return [...(this.givers.get((object.id << KIND_BITS) | kind) ?? [])].sort((a, b) => a - b);
  }

  /** What an actor's operation is named if it doesn't say: the operation, and whom it posted to. */
  private actorLabel(kind: Kind, target: SharedObject | null, footprint: readonly number[]): string {
    const { objects } = this.execution.builder;
    const posts = footprint.filter((entry) => (entry & KIND_MASK) === Kind.send).map((entry) => objects[entry >> KIND_BITS]);
    const others = [...new Set(posts)].flatMap((object) => (object === undefined || object === target ? [] : [object.name]));
    return [`${kindName(kind)} ${target?.name ?? ''}`.trim(), ...(others.length > 0 ? ['⇒', others.join(' ')] : [])].join(' ');
  }

  private noteGiver(process: number, entry: number): void {
    const kind = GIVES.get((entry & KIND_MASK) as Kind);
    if (kind === undefined) return;
    const key = (entry & ~KIND_MASK) | kind;
    const known = this.givers.get(key) ?? new Set();
    this.givers.set(key, known.add(process));
  }

  private step(choice: number, before: number): Step {
    const { execution } = this;
    const process = choice & PROCESS_MASK;
    const kind = execution.kindOf(process);
    const target = execution.targetOf(process);
    const outcome = choice >> PROCESS_BITS;
    const switches = before >= 0 && before !== process;
    const shown = {
      choice,
      process,
      label: null,
      outcome,
      kind,
      target,
      value: execution.valueOf(process),
      result: resultOf(kind, target, outcome),
      site: callSite.wanted ? execution.siteOf(process) : '',
      switches,
      preempts: switches && couldGoOn(execution, before),
    };
    const said = execution.labelOf(process, outcome);
    execution.step(choice);
    const footprint = Array.from(execution.footprint.subarray(0, execution.footprintLength));
    for (const entry of footprint) this.noteGiver(process, entry);
    const isActor = (execution.builder.processes[process]?.actor ?? null) !== null;
    return { ...shown, footprint, label: isActor ? (said ?? this.actorLabel(kind, target, footprint)) : null };
  }
}

function standingOf(execution: Execution, process: number): Standing {
  return {
    actor: (execution.builder.processes[process]?.actor ?? null) !== null,
    active: execution.status[process] === Status.active,
    enabled: couldGoOn(execution, process),
    kind: execution.kindOf(process),
    target: execution.targetOf(process),
    condition: execution.conditionOf(process),
    site: callSite.wanted ? execution.siteOf(process) : '',
  };
}

/** What an operation that is about to run will give. */
function resultOf(kind: Kind, target: SharedObject | null, outcome: number): number {
  if (kind === Kind.choose) return outcome;
  if (target === null) return 0;
  if (kind === Kind.receive) return target.queue[target.head] ?? 0;
  return kind === Kind.read || kind === Kind.update || kind === Kind.awaitReply ? target.value : 0;
}

export function failureOf(execution: Execution, property: string | null): Failure | null {
  return execution.failures.find((failure) => failure.property === property) ?? null;
}

/** Ends a recording. */
export const GIVE_UP = -1;

/** Makes these choices and no others: gives up where one can't be made, and behind the last. */
export function exactly(choices: readonly number[]): Chooser {
  return (execution) => {
    const choice = choices[execution.steps];
    return choice !== undefined && canChoose(execution, choice) ? choice : GIVE_UP;
  };
}

export function canChoose(execution: Execution, choice: number): boolean {
  return execution.enabled.subarray(0, execution.enabledCount).includes(choice);
}

/** The first choice of a process that can go on; GIVE_UP if it can't. */
export function choiceOf(execution: Execution, process: number): number {
  for (let index = 0; index < execution.enabledCount; index++) {
    const choice = execution.enabled[index] ?? GIVE_UP;
    if ((choice & PROCESS_MASK) === process) return choice;
  }
  return GIVE_UP;
}

/** Goes on with the process that ran last as long as it can, else with the first that can. */
export function withoutPreemption(execution: Execution): number {
  const last = execution.steps === 0 ? -1 : (execution.schedule[execution.steps - 1] ?? 0) & PROCESS_MASK;
  if (last >= 0 && couldGoOn(execution, last)) return choiceOf(execution, last);
  return execution.enabled[0] ?? GIVE_UP;
}
