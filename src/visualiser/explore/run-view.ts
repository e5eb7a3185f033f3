/**
 * A recording as a page shows it: each step, and what it changed.
 *
 * The recording is run once more, and everything looked at after each step; what is sent is what differs. Invariant: the states are those of the very
 * execution that the steps are of.
 */
import { describeDeadlock, type Deadlock, type DeadlockStep } from '../../base/wait-for.js';
import { plural } from '../../explorer/certificate.js';
import type { Execution } from '../../explorer/execution.js';
import type { Failure } from '../../explorer/failure.js';
import { type Chooser, exactly, Recorder, type Recording, type Step } from '../../explorer/recording.js';
import { operationOf } from '../../explorer/replay.js';
import { describeStep } from '../../explorer/report-table.js';
import { formatSchedule, named } from '../../explorer/schedule-text.js';
import { Status } from '../../explorer/slot.js';
import { deadlockOf } from '../../explorer/waits.js';
import type { World } from '../../explorer/world.js';
import type { RunView, StateRow, StepView } from '../model/explore-protocol.js';
import { clipped } from './clip.js';
import { type Field, fieldsOf, type Inspector, OF_PROCESSES } from './fields.js';
import { MAX_CHANGES, MAX_FIELDS, MAX_STEPS } from './limits.js';

/** Whose a value is, and what it is called. */
type Place = Pick<Field, 'owner' | 'name'>;

/** What is known of an execution besides. */
export interface Known {
  /** Of what it breaks; null: it passes. */
  readonly failure?: Pick<Failure, 'property'> | null;
  /** Who waits for whom at its end; left out: it is found out. */
  readonly deadlock?: Deadlock | null;
}

/** Makes a view of a recording. */
export function runView(world: World, recording: Recording, inspect: Inspector | null, known: Known = {}): RunView {
  const recorder = new Recorder(world);
  const log = new ChangeLog();
  const follow = exactly(recording.steps.map(({ choice }) => choice));
  const look: Chooser = (execution) => {
    log.note(execution, inspect);
    return follow(execution);
  };
  recorder.record(look, null);
  const { execution } = recorder;
  if (log.moments <= recording.steps.length) log.note(execution, inspect);
  const processes = Array.from({ length: execution.count }, (_, process) => clipped(execution.nameOf(process)));
  const { steps } = recording;
  const deadlock = known.deadlock === undefined ? deadlockOf(recorder) : known.deadlock;
  const made = steps.slice(0, MAX_STEPS).map(stepView);
  const { failure = null } = known;
  return {
    schedule: formatSchedule(named(execution, world.name, steps)),
    tone: failure === null ? 'ok' : 'bad',
    title: failure === null ? 'passes' : `breaks ${clipped(failure.property)}`,
    size: sizeOf(recording),
    steps: [...made, ...pendingOf(execution, deadlock)],
    made: made.length,
    processes,
    ...log.view(processes),
  };
}

/** How long it is, in words. */
export function sizeOf({ steps, preemptions }: Recording): string {
  const size = `${plural(steps.length, 'step')}, ${plural(preemptions, 'preemption')}`;
  return steps.length <= MAX_STEPS ? size : `${size}; the first ${MAX_STEPS} are shown`;
}

/** What changes from one moment to the next. */
class ChangeLog {
  moments = 0;
  private readonly numbers = new Map<string, number>();
  private readonly fields: Place[] = [];
  private readonly values: string[] = [];
  private first: readonly string[] = [];
  private readonly changes: (readonly [number, string])[][] = [];
  private count = 0;

  note(execution: Execution, inspect: Inspector | null): void {
    const changed: [number, string][] = [];
    if (this.moments <= MAX_STEPS && this.count < MAX_CHANGES) {
      const found = new Set<number>();
      for (const { owner, name, value } of fieldsOf(execution, inspect)) {
        const number = this.numberOf(owner, name);
        if (number === null) continue;
        found.add(number);
        if (this.values[number] !== value) changed.push([number, value]);
      }
      // What isn't there any more has no value.
      this.values.forEach((value, number) => {
        if (value !== '' && !found.has(number)) changed.push([number, '']);
      });
      for (const [number, value] of changed) this.values[number] = value;
    }
    if (this.moments++ === 0) this.first = [...this.values];
    else if (this.moments <= MAX_STEPS + 1) this.changes.push(changed);
    this.count += changed.length;
  }

  view(processes: readonly string[]): Pick<RunView, 'fields' | 'state' | 'first' | 'changes'> {
    const { fields, changes } = this;
    return {
      // What a process would do next stands beside it.
      fields: fields.map(({ owner, name }) => (name === 'next' ? '' : `${owner} ${name}`)),
      state: stateOf(fields, processes),
      first: fields.map((_, number) => this.first[number] ?? ''),
      changes,
    };
  }

  private numberOf(owner: string, name: string): number | null {
    const key = `${owner}\0${name}`;
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const number = this.fields.length;
    if (number === MAX_FIELDS) return null;
    this.numbers.set(key, number);
    this.fields.push({ owner: clipped(owner), name: clipped(name) });
    this.values.push('');
    return number;
  }
}

/** A row for each process, and behind them what else there is, by whose it is. */
function stateOf(fields: readonly Place[], processes: readonly string[]): RunView['state'] {
  const isOfProcess = ({ owner, name }: Place): boolean => processes.includes(owner) && OF_PROCESSES.includes(name);
  const numbersOf = (whose: string, wanted: boolean): number[] =>
    fields.flatMap((field, number) => (field.owner === whose && isOfProcess(field) === wanted ? [number] : []));
  const owners = new Set(fields.filter((field) => !isOfProcess(field)).map(({ owner }) => owner));
  const rowOf = (number: number): StateRow => [fields[number]?.name ?? '', [number]];
  return [
    ['', processes.map((process): StateRow => [process, numbersOf(process, true)])],
    ...[...owners].map((owner) => [owner, numbersOf(owner, false).map(rowOf)] as const),
  ];
}

function stepView({ preempts, process, site, ...step }: Step): StepView {
  // The last two folders and the file are enough to find it.
  return { process, text: clipped(describeStep(step)), isMade: true, preempts, site: clipped(site.split(/[\\/]/).slice(-3).join('/')) };
}

/** Processes that are about to do something, or wait to. */
export function pendingProcesses(execution: Execution): number[] {
  const isPending = (process: number): boolean =>
    execution.status[process] === Status.active && (execution.isEnabled(process) || execution.isBlocked(process));
  return Array.from({ length: execution.count }, (_, process) => process).filter(isPending);
}

function pendingOf(execution: Execution, deadlock: Deadlock | null): StepView[] {
  const waits = deadlock === null ? [] : [...deadlock.cycle, ...deadlock.support, ...deadlock.stuck];
  return pendingProcesses(execution).map((process) => {
    const text = execution.labelOf(process) ?? operationOf(execution, process);
    const wait = waits.find(({ from }) => from.label === execution.nameOf(process));
    return {
      process,
      text: clipped(wait === undefined ? `next: ${text}` : waitText(text, wait)),
      isMade: false,
      preempts: false,
      site: '',
    };
  });
}

function waitText(text: string, { to, or }: DeadlockStep): string {
  const on = to === null ? ['nobody'] : [to, ...or].map(({ label }) => label);
  return `waits: ${text} (${on.join(' or ')})`;
}

/** A deadlock in words, a line each. */
export function deadlockWords(deadlock: Deadlock | null): string[] {
  return deadlock === null ? [] : describeDeadlock(deadlock).split('\n');
}
