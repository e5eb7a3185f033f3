/**
 * An execution with one step moved earlier or later, run from there.
 *
 * The steps are put into the new order on paper (model/explore-order.ts), and that is run as a saved schedule is: a step that can't be made is left out, and
 * behind the last the world goes on without preemption. Then others that begin alike go on at random, which tells whether what came of it
 * is luck. Invariant: what is said of an execution was seen in it.
 */
import { Prng } from '../../base/prng.js';
import { ArgumentError } from '../../base/errors.js';
import type { Execution } from '../../explorer/execution.js';
import { exactly, GIVE_UP, Recorder, type Recording, withoutPreemption } from '../../explorer/recording.js';
import { replay } from '../../explorer/replay.js';
import type { NamedSchedule, NamedStep } from '../../explorer/schedule-text.js';
import type { World } from '../../explorer/world.js';
import { moved } from '../model/explore-order.js';
import type { Beyond, MoveView, RunView } from '../model/explore-protocol.js';
import { caseOfSchedule, type Loaded } from './case.js';
import { BEYOND_EXECUTIONS, BEYOND_STEPS } from './limits.js';
import { runView } from './run-view.js';

/** Which step goes how many places later, or, negative, earlier. */
export interface Move {
  readonly step: number;
  readonly by: number;
  /** The property that matters, if it is broken; null: the first one that is. */
  readonly property?: string | null;
}

/** Moves a step, and runs what comes of it. Throws ArgumentError if there is no such step. */
export function moveStep(loaded: Loaded, schedule: NamedSchedule, { step, by, property = null }: Move): MoveView {
  const { world } = loaded;
  const recorder = new Recorder(world);
  const before = runView(world, replay(recorder, schedule).recording, null);
  const all = [...before.steps, ...before.pending];
  if (step >= all.length) throw new ArgumentError(`step: expected 0..${all.length - 1}, found ${step}`);
  const order = moved(all, step, by);
  const place = order.indexOf(step);
  // What was only about to happen stays so, unless it is what was moved, or stands before something that happened.
  const last = Math.max(
    place,
    order.findLastIndex((each) => each < before.steps.length),
  );
  const steps = order.slice(0, last + 1).map((each) => namedStep(before, each));
  const after = caseOfSchedule(loaded, { world: world.name, steps }, { property });
  const at = placeOf(after.run, steps, place);
  const beyond = at === null ? null : goOn(world, after.run, at);
  if (by !== 0 && order.every((each, index) => each === index)) {
    const said = by < 0 ? 'it needs every step before it' : 'every step behind it needs it';
    return { ...after, outcome: 'nothing', said: `it can't be moved: ${said}`, step: at, beyond };
  }
  return { ...after, ...compared(before, after.run, property), step: at, beyond };
}

function namedStep({ steps, pending, processes }: RunView, index: number): NamedStep {
  const step = steps[index] ?? pending[index - steps.length];
  return { process: processes[step?.process ?? 0] ?? '', kind: step?.kind ?? '', object: step?.object ?? '', outcome: step?.outcome ?? 0 };
}

/** Where in an execution the step of a text is; null: it was not made, or by another name. */
function placeOf(run: RunView, steps: readonly NamedStep[], place: number): number | null {
  const wanted = steps[place];
  if (wanted === undefined) return null;
  const isIt = ({ process, kind, object }: NamedStep): boolean =>
    process === wanted.process && kind === wanted.kind && object === wanted.object;
  const nth = steps.slice(0, place).filter(isIt).length;
  let seen = 0;
  const found = run.steps.findIndex((step, index) => step !== undefined && isIt(namedStep(run, index)) && seen++ === nth);
  return found < 0 ? null : found;
}

function compared(before: RunView, after: RunView, wanted: string | null): Pick<MoveView, 'outcome' | 'said'> {
  const broken = (run: RunView): string[] => {
    const all = run.failures.map(({ property }) => property);
    return wanted !== null && all.includes(wanted) ? [wanted] : all;
  };
  const [old, now] = [broken(before), broken(after)];
  const names = (some: readonly string[]): string => some.map((each) => `"${each}"`).join(' and ');
  if (now.length === 0) return { outcome: 'passes', said: old.length === 0 ? 'it passes, as before' : `it passes: ${names(old)} is not broken` };
  if (old.length === 0) return { outcome: 'fails', said: `it breaks ${names(now)}, and did not before` };
  if (old.some((each) => now.includes(each))) return { outcome: 'same', said: `it breaks ${names(now)}, as before` };
  return { outcome: 'other', said: `it breaks ${names(now)} instead of ${names(old)}` };
}

/** Executions that are as this one up to a step, and then go on at random. */
function goOn(world: World, run: RunView, at: number): Beyond {
  const recorder = new Recorder(world);
  const { recording } = replay(recorder, beginning(world, run, at));
  const begin = recording.steps.slice(0, at + 1).map(({ choice }) => choice);
  const follow = exactly(begin);
  const prng = new Prng(1);
  const broken = new Map<string, number>();
  let executions = 0;
  for (let steps = 0; executions < BEYOND_EXECUTIONS && steps < BEYOND_STEPS; executions++) {
    const { execution } = recorder;
    const next = (now: Execution): number => {
      if (now.steps < begin.length) return follow(now);
      return now.failures.length > 0 ? GIVE_UP : (now.enabled[prng.below(now.enabledCount)] ?? withoutPreemption(now));
    };
    const made: Recording = recorder.record(next, null);
    steps += made.steps.length;
    for (const { property } of execution.failures) broken.set(property, 1 + (broken.get(property) ?? 0));
  }
  return {
    ...{ executions, strategy: 'random' },
    broken: [...broken].map(([property, count]) => ({ property, executions: count })),
  };
}

function beginning(world: World, run: RunView, at: number): NamedSchedule {
  return { world: world.name, steps: run.steps.slice(0, at + 1).map((_, index) => namedStep(run, index)) };
}
