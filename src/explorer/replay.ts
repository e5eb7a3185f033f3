/**
 * Runs a saved schedule on a world that may have changed since, by names.
 *
 * The rule, step by step of the text:
 * - its process can go on, and with the saved operation: it does;
 * - its process can't go on (it waits, has ended, or isn't there): the step is left out;
 * - the process is at another operation, which the text has among the process's next three: what the text has before that is no longer there and
 *   is left out;
 * - else the operation is new: the process makes it, and the saved step is looked at again.
 * A process or an object that the world doesn't have takes the name of one that the text doesn't have, if that is at the very operation.
 * When the text is used up and nothing has failed, the world goes on without preemption. Every departure from the text is noted.
 *
 * Invariant: on the world that it was saved from, a schedule replays without a departure.
 */
import { type Execution, PROCESS_BITS } from './execution.js';
import { kindName } from './operation.js';
import { canChoose, choiceOf, GIVE_UP, type Recorder, type Recording, withoutPreemption } from './recording.js';
import type { NamedSchedule, NamedStep } from './schedule-text.js';
import { Status } from './slot.js';

/** A place where the world didn't do what the text says. */
export interface Divergence {
  /** Number of the text's step, from 1 on; one more than it has if the world went on behind its end. */
  readonly savedStep: number;
  /** Steps that the execution had made. */
  readonly at: number;
  /** What was found, and what was done about it. */
  readonly text: string;
}

/** What a saved schedule does on a world, which may have changed since. */
export interface Replay {
  /** The execution that it led to. */
  readonly recording: Recording;
  /** Where that is not what the text says. */
  readonly divergences: readonly Divergence[];
}

/** How many of a process's own saved steps are looked through for the operation it is at. */
const LOOK_AHEAD = 3;
/** New operations of one process in front of one saved step, before that is left out. */
const MOST_NEW = 1000;

/** Replays a schedule on the recorder's world, which stands at its end afterwards. */
export function replay(recorder: Recorder, schedule: NamedSchedule): Replay {
  const guide = new Guide(schedule.steps);
  const recording = recorder.record((execution) => guide.choose(execution), null);
  const failure = recorder.execution.failures.at(-1) ?? null;
  return { recording: { ...recording, failure }, divergences: guide.divergences };
}

class Guide {
  readonly divergences: Divergence[] = [];
  private next = 0;
  private made = 0;
  private readonly processes = new Map<string, number>();
  private readonly objects = new Map<string, string>();
  private readonly processNames: ReadonlySet<string>;
  private readonly objectNames: ReadonlySet<string>;

  constructor(private readonly steps: readonly NamedStep[]) {
    this.processNames = new Set(steps.map(({ process }) => process));
    this.objectNames = new Set(steps.map(({ object }) => object));
  }

  choose(execution: Execution): number {
    for (let step = this.steps[this.next]; step !== undefined; step = this.steps[this.next]) {
      const choice = this.follow(execution, step);
      if (choice !== GIVE_UP) return choice;
      this.next++;
      this.made = 0;
    }
    if (execution.failures.length > 0) return GIVE_UP;
    if (this.made++ === 0) this.note(execution, 'the text ends here, the world goes on without preemption');
    return withoutPreemption(execution);
  }

  /** What to do for a step of the text; GIVE_UP: nothing. */
  private follow(execution: Execution, step: NamedStep): number {
    const process = this.processOf(execution, step);
    if (process < 0) return this.leaveOut(execution, `there is no process ${step.process}`);
    const first = choiceOf(execution, process);
    if (first === GIVE_UP) return this.leaveOut(execution, `${step.process} ${whyNot(execution, process)}`);
    if (this.isAt(execution, process, step)) {
      const wanted = (step.outcome << PROCESS_BITS) | process;
      const isThere = canChoose(execution, wanted);
      if (!isThere) this.note(execution, `${step.kind} ${step.object} has no outcome ${step.outcome}, takes 0`);
      this.next++;
      this.made = 0;
      return isThere ? wanted : first;
    }
    const is = `${step.process} is at ${operationOf(execution, process)}, not ${step.kind} ${step.object}`;
    if (this.comesSoon(execution, process, step) || this.made === MOST_NEW) return this.leaveOut(execution, is);
    this.made++;
    this.note(execution, `${is}: makes that first`);
    return first;
  }

  private leaveOut(execution: Execution, text: string): number {
    this.note(execution, `${text}: left out`);
    return GIVE_UP;
  }

  private note(execution: Execution, text: string): void {
    this.divergences.push({ savedStep: this.next + 1, at: execution.steps, text });
  }

  private processOf(execution: Execution, step: NamedStep): number {
    const known = this.processes.get(step.process);
    if (known !== undefined) return known;
    for (let process = 0; process < execution.count; process++) {
      if (execution.nameOf(process) !== step.process) continue;
      this.processes.set(step.process, process);
      return process;
    }
    const taken = new Set(this.processes.values());
    for (let process = 0; process < execution.count; process++) {
      if (taken.has(process) || this.processNames.has(execution.nameOf(process)) || execution.status[process] !== Status.active) continue;
      if (!this.isAt(execution, process, step)) continue;
      this.processes.set(step.process, process);
      this.note(execution, `there is no process ${step.process}: takes ${execution.nameOf(process)}, which is at the same operation`);
      return process;
    }
    return -1;
  }

  private isAt(execution: Execution, process: number, { kind, object }: NamedStep): boolean {
    if (kindName(execution.kindOf(process)) !== kind) return false;
    const name = execution.targetOf(process)?.name ?? '';
    const wanted = this.objects.get(object) ?? object;
    if (name === wanted) return true;
    if (this.objects.has(object) || this.objectNames.has(name) || hasObject(execution, object)) return false;
    this.objects.set(object, name);
    this.note(execution, `there is no ${object}: takes ${name}, which ${execution.nameOf(process)} is at`);
    return true;
  }

  /** Whether the operation that a process is at is among its next ones in the text. */
  private comesSoon(execution: Execution, process: number, { process: name }: NamedStep): boolean {
    let seen = 0;
    for (let place = this.next + 1; place < this.steps.length && seen < LOOK_AHEAD; place++) {
      const step = this.steps[place];
      if (step?.process !== name) continue;
      seen++;
      if (step.kind === kindName(execution.kindOf(process)) && step.object === execution.targetOf(process)?.name) return true;
    }
    return false;
  }
}

function hasObject(execution: Execution, name: string): boolean {
  const { objects, objectCount } = execution.builder;
  for (let id = 0; id < objectCount; id++) if (objects[id]?.name === name) return true;
  return false;
}

/** A process's next operation, for people. */
export function operationOf(execution: Execution, process: number): string {
  const condition = execution.conditionOf(process);
  if (condition !== null) return `signal of ${condition.name}`;
  return `${kindName(execution.kindOf(process))} ${execution.targetOf(process)?.name ?? ''}`.trim();
}

function whyNot(execution: Execution, process: number): string {
  const status = execution.status[process];
  if (status === Status.notBegun) return 'has not begun';
  if (status === Status.ended) return 'has ended';
  return `can't go on, at ${operationOf(execution, process)}`;
}
