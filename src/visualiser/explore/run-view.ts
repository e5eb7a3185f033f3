/**
 * A recording as a page shows it: each step, and what it changed.
 *
 * The recording is run once more, and everything looked at after each step; what is sent is what differs. Invariant: the states are those of the very
 * execution that the steps are of.
 */
import { describeDeadlock, type Deadlock, type DeadlockStep } from '../../base/wait-for.js';
import type { Execution } from '../../explorer/execution.js';
import { kindName } from '../../explorer/operation.js';
import { type Chooser, exactly, Recorder, type Recording, type Step } from '../../explorer/recording.js';
import { type Divergence, operationOf } from '../../explorer/replay.js';
import { describeStep } from '../../explorer/report-table.js';
import { formatSchedule, named } from '../../explorer/schedule-text.js';
import { Status } from '../../explorer/slot.js';
import { deadlockOf } from '../../explorer/waits.js';
import type { World } from '../../explorer/world.js';
import type { FieldInfo, RunView, StepView, WaitView } from '../model/explore-protocol.js';
import { clipped, sentence } from './clip.js';
import { fieldsOf, type Inspector } from './fields.js';
import { MAX_CHANGES, MAX_FIELDS, MAX_STEPS } from './limits.js';
import { needsOf } from './needs.js';

/** What is known of an execution besides. */
export interface Known {
  readonly divergences?: readonly Divergence[];
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
  const processes = Array.from({ length: execution.count }, (_, process) => execution.nameOf(process));
  const { steps, preemptions } = recording;
  const needs = needsOf(recording);
  const deadlock = known.deadlock === undefined ? deadlockOf(recorder) : known.deadlock;
  return {
    schedule: formatSchedule(named(execution, world.name, steps)),
    steps: steps.slice(0, MAX_STEPS).map((step, index) => stepView(step, needs[index] ?? [])),
    pending: pendingSteps(execution),
    hidden: Math.max(0, steps.length - MAX_STEPS),
    processes,
    ...log.view(),
    failures: execution.failures.map(({ property, message, step }) => ({
      property: clipped(property),
      message: sentence(message),
      step,
    })),
    preemptions,
    waits: waitsOf(deadlock),
    divergences: (known.divergences ?? []).slice(0, MAX_STEPS).map(({ at, text }) => ({ at, text: sentence(text) })),
  };
}

/** What changes from one moment to the next. */
class ChangeLog {
  moments = 0;
  private readonly numbers = new Map<string, number>();
  private readonly fields: FieldInfo[] = [];
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

  view(): Pick<RunView, 'fields' | 'first' | 'changes'> {
    const first = this.fields.map((_, number) => this.first[number] ?? '');
    return { fields: this.fields, first, changes: this.changes };
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

function stepView(step: Step, needs: readonly number[]): StepView {
  const { process, kind, target, outcome, preempts, site } = step;
  return {
    ...{ process, kind: kindName(kind), object: target?.name ?? '', outcome, preempts, needs },
    text: clipped(describeStep(step)),
    // The last two folders and the file are enough to find it.
    site: clipped(site.split(/[\\/]/).slice(-3).join('/')),
  };
}

/** What processes are about to do, or wait to do. */
function pendingSteps(execution: Execution): StepView[] {
  const pending: StepView[] = [];
  for (let process = 0; process < execution.count; process++) {
    const isWanted = execution.isEnabled(process) || execution.isBlocked(process);
    if (execution.status[process] !== Status.active || !isWanted) continue;
    pending.push({
      ...{ process, kind: kindName(execution.kindOf(process)), object: execution.targetOf(process)?.name ?? '', outcome: 0 },
      ...{ text: clipped(execution.labelOf(process) ?? operationOf(execution, process)), preempts: false, needs: [], site: '' },
    });
  }
  return pending;
}

function waitsOf(deadlock: Deadlock | null): WaitView[] {
  if (deadlock === null) return [];
  const { cycle, support, stuck } = deadlock;
  const seen = new Set<string>();
  return [...cycle, ...support, ...stuck].flatMap((step) => {
    if (seen.has(step.from.id)) return [];
    seen.add(step.from.id);
    return [waitView(step, cycle.includes(step))];
  });
}

function waitView({ from, wait, to, or }: DeadlockStep, inCycle: boolean): WaitView {
  const on = to === null ? [] : [to, ...or].map(({ label }) => label);
  return { process: from.label, on, what: clipped(wait.what), inCycle };
}

/** A deadlock in words, a line each. */
export function deadlockWords(deadlock: Deadlock | null): string[] {
  return deadlock === null ? [] : describeDeadlock(deadlock).split('\n');
}
