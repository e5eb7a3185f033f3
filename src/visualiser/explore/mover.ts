/**
 * An execution with one step moved earlier or later, run from there.
 *
 * The steps are put into the new order on paper (order.ts), and that is run as a saved schedule is: a step that can't be made is left out, and
 * behind the last the world goes on without preemption. Then others that begin alike go on at random, which tells whether what came of it
 * is luck. Invariant: what is said of an execution was seen in it.
 */
import { Prng } from '../../base/prng.js';
import { ArgumentError } from '../../base/errors.js';
import { plural } from '../../explorer/certificate.js';
import type { Execution } from '../../explorer/execution.js';
import { kindName } from '../../explorer/operation.js';
import { exactly, GIVE_UP, Recorder, type Recording, withoutPreemption } from '../../explorer/recording.js';
import { replay } from '../../explorer/replay.js';
import { formatSchedule, named, type NamedSchedule, type NamedStep, parseSchedule } from '../../explorer/schedule-text.js';
import type { World } from '../../explorer/world.js';
import type { CaseView, Tone } from '../model/explore-protocol.js';
import { caseOfSchedule, type Loaded } from './case.js';
import { sentence } from './clip.js';
import { BEYOND_EXECUTIONS, BEYOND_STEPS, MAX_STEPS } from './limits.js';
import { needsOf } from './needs.js';
import { moved, type Ordered } from './order.js';
import { pendingProcesses } from './run-view.js';

/** Which step goes how many places later, or, negative, earlier. */
export interface Move {
  readonly step: number;
  readonly by: number;
  /** The property that matters, if it is broken; null: the first one that is. */
  readonly property?: string | null;
}

/** Moves a step, and runs what comes of it. Throws ArgumentError if there is no such step. */
export function moveStep(loaded: Loaded, schedule: NamedSchedule, { step, by, property = null }: Move): CaseView {
  const { world } = loaded;
  const recorder = new Recorder(world);
  const { recording } = replay(recorder, schedule);
  const before = recorder.execution.failures.map((failure) => failure.property);
  const made = Math.min(recording.steps.length, MAX_STEPS);
  const all = stepsOf(recorder.execution, recording);
  if (step >= all.length) throw new ArgumentError(`step: expected 0..${all.length - 1}, found ${step}`);
  const { order, by: gone } = moved(all, step, by);
  // What was only about to happen stays so, unless it stands before something that happened.
  const last = order.findLastIndex((each) => each < made);
  const steps = order.slice(0, last + 1).flatMap((each) => all[each] ?? []);
  const { view, broken } = caseOfSchedule(loaded, { world: world.name, steps }, { property });
  const begin = beginningWith(parseSchedule(view.run.schedule).steps, steps, order.indexOf(step));
  const { tone, came } = gone === 0 && by !== 0 ? nowhere(by) : compared(before, broken, property);
  const beyond = begin.length === 0 ? '' : `; ${goOn(world, begin)}`;
  const move = { tone, text: sentence(`${placesOf(gone)}${came}${beyond}`), schedule: formatSchedule(schedule), step, by: gone };
  return { ...view, move: { ...move, place: begin.length } };
}

/** Steps that were made, and behind them those that processes are about to make. */
function stepsOf(execution: Execution, recording: Recording): (NamedStep & Ordered)[] {
  const needs = needsOf(recording);
  const { steps } = named(execution, '', recording.steps.slice(0, MAX_STEPS));
  const pending = pendingProcesses(execution).map((process) => {
    const kind = kindName(execution.kindOf(process));
    return { process: execution.nameOf(process), kind, object: execution.targetOf(process)?.name ?? '', outcome: 0, needs: [] };
  });
  return [...steps.map((step, index) => ({ ...step, needs: needs[index] ?? [] })), ...pending];
}

/** An execution's steps up to the one of a text that stands at a place there; none: that was not made, or by another name. */
function beginningWith(made: readonly NamedStep[], text: readonly NamedStep[], place: number): readonly NamedStep[] {
  const wanted = text[place];
  const isIt = ({ process, kind, object }: NamedStep): boolean =>
    process === wanted?.process && kind === wanted.kind && object === wanted.object;
  let left = text.slice(0, place + 1).filter(isIt).length;
  return made.slice(0, made.findIndex((step) => isIt(step) && --left === 0) + 1);
}

function placesOf(by: number): string {
  return by === 0 ? '' : `${plural(Math.abs(by), 'place')} ${by < 0 ? 'earlier' : 'later'}: `;
}

interface Came {
  readonly tone: Tone;
  readonly came: string;
}

function nowhere(by: number): Came {
  return { tone: 'warn', came: `it can't be moved: ${by < 0 ? 'it needs every step before it' : 'every step behind it needs it'}` };
}

/** What is broken, compared with what was before. */
function compared(before: readonly string[], after: readonly string[], wanted: string | null): Came {
  const [old, now] = [before, after].map((all) => (wanted !== null && all.includes(wanted) ? [wanted] : all)) as [string[], string[]];
  const names = (some: readonly string[]): string => some.map((each) => `"${each}"`).join(' and ');
  if (now.length === 0) return { tone: 'ok', came: old.length === 0 ? 'it passes, as before' : `it passes: ${names(old)} is not broken` };
  if (old.length === 0) return { tone: 'bad', came: `it breaks ${names(now)}, and did not before` };
  return {
    tone: 'bad',
    came: `it breaks ${names(now)}${old.some((each) => now.includes(each)) ? ', as before' : ` instead of ${names(old)}`}`,
  };
}

/** What becomes of executions that begin so, and then go on at random. */
function goOn(world: World, steps: readonly NamedStep[]): string {
  const recorder = new Recorder(world);
  const { recording } = replay(recorder, { world: world.name, steps });
  const begin = recording.steps.slice(0, steps.length).map(({ choice }) => choice);
  const follow = exactly(begin);
  const prng = new Prng(1);
  const broken = new Map<string, number>();
  let executions = 0;
  for (let made = 0; executions < BEYOND_EXECUTIONS && made < BEYOND_STEPS; executions++) {
    const { execution } = recorder;
    const next = (now: Execution): number => {
      if (now.steps < begin.length) return follow(now);
      return now.failures.length > 0 ? GIVE_UP : (now.enabled[prng.below(now.enabledCount)] ?? withoutPreemption(now));
    };
    made += recorder.record(next, null).steps.length;
    for (const { property } of execution.failures) broken.set(property, 1 + (broken.get(property) ?? 0));
  }
  const came = [...broken].map(([property, count]) => `${count} break "${property}"`).join(', ');
  return `of ${executions} that begin so and go on at random, ${came === '' ? 'none fails' : came}`;
}
