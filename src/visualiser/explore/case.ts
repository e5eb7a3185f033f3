/**
 * An execution with all that is known of it: what it breaks, by which race, who waits for whom, and the nearest one that passes.
 *
 * Invariant: what is said was seen: each execution in a case was run. What is not here: finding one (searcher.ts), or changing one (mover.ts).
 */
import { certify, describeCertificate, plural } from '../../explorer/certificate.js';
import { explain, type Explanation, withSites } from '../../explorer/explain.js';
import { WorldError, type Failure } from '../../explorer/failure.js';
import { Recorder, type Recording } from '../../explorer/recording.js';
import { type Divergence, replay } from '../../explorer/replay.js';
import { describeStep } from '../../explorer/report-table.js';
import { replayCommand } from '../../explorer/report.js';
import type { NamedSchedule } from '../../explorer/schedule-text.js';
import type { World } from '../../explorer/world.js';
import type { CaseView, FailureView } from '../model/explore-protocol.js';
import { clipped, sentence } from './clip.js';
import type { Inspector } from './fields.js';
import { CERTIFICATE_SCHEDULES, MAX_WORDS } from './limits.js';
import { deadlockWords, runView } from './run-view.js';

/** A world that was loaded, and what else is known of where it came from. */
export interface Loaded {
  readonly world: World;
  readonly inspect: Inspector | null;
  /** What `apple-gfx replay` is to be given for it besides; undefined: it knows it. */
  readonly module?: string | undefined;
}

/** The case of a fault, its schedule made as small as it gets. Throws WorldError if it doesn't fail again. */
export function caseOfFault(
  loaded: Loaded,
  fault: Failure & { readonly schedule: readonly number[]; readonly cycleFrom?: number | null },
  foundBy: string,
): CaseView {
  const explanation = explain(loaded.world, fault, { certificateSchedules: CERTIFICATE_SCHEDULES });
  if (!explanation.reproduced)
    throw new WorldError(`${loaded.world.name} broke "${fault.property}", and did not when it was run again`, 'nondeterminism');
  const { certificate } = explanation;
  const isSmallest = explanation.cycleFrom === null && certificate !== null;
  return explainedCase(loaded, explanation, [foundBy, ...sizes(explanation)], isSmallest ? [describeCertificate(certificate)] : []);
}

/** What is looked at in an execution that is had again. */
export interface Wanted {
  /** The property that matters, if it is broken; null: the first one that is. */
  readonly property?: string | null;
  /** Steps from this one on are made again and again; null: it ends. */
  readonly cycleFrom?: number | null;
}

/** The case of a schedule, as it is. */
export function caseOfSchedule(loaded: Loaded, schedule: NamedSchedule, { property = null, cycleFrom = null }: Wanted = {}): CaseView {
  const { world } = loaded;
  const recorder = new Recorder(world);
  const { recording, divergences } = withSites(() => replay(recorder, schedule));
  const { failures } = recorder.execution;
  const failure = failures.find((each) => each.property === property) ?? failures[0];
  if (failure === undefined) return passingCase(loaded, recording, { divergences, cycleFrom });
  const choices = recording.steps.map(({ choice }) => choice);
  // Not made smaller: what is shown is what was asked for.
  const explanation = explain(world, { ...failure, schedule: choices }, { shrinkReplays: 0, certificateSchedules: 0 });
  return explainedCase(loaded, explanation, [], certificateWords(world, explanation), divergences);
}

interface Passing {
  readonly divergences: readonly Divergence[];
  readonly cycleFrom: number | null;
}

function passingCase(loaded: Loaded, recording: Recording, { divergences, cycleFrom }: Passing): CaseView {
  const { world, inspect } = loaded;
  const run = runView(world, recording, inspect, { divergences });
  const isLoop = cycleFrom !== null && cycleFrom < run.steps.length;
  const words = isLoop ? [loopWords(cycleFrom, run.steps.length)] : ['nothing fails in this execution'];
  return {
    ...{ world: world.name, run, failure: null, race: null, passing: null, words, cycleFrom: isLoop ? cycleFrom : null },
    command: replayCommand(run.schedule, loaded.module),
  };
}

function explainedCase(
  loaded: Loaded,
  explanation: Explanation,
  above: readonly string[],
  below: readonly string[],
  divergences: readonly Divergence[] = [],
): CaseView {
  const { world, inspect } = loaded;
  const { recording, deadlock, race, adjacent, cycleFrom, failure } = explanation;
  const run = runView(world, recording, inspect, { divergences, ...(deadlock !== null && { deadlock }) });
  const loop = cycleFrom === null ? [] : [loopWords(cycleFrom, run.steps.length)];
  const words = [...above, ...loop, ...deadlockWords(deadlock), ...raceWords(explanation), ...below];
  return {
    ...{ world: world.name, run, race, cycleFrom },
    failure: failureView(failure),
    passing: adjacent === null ? null : runView(world, adjacent.passing, inspect),
    words: words
      .filter((line) => line !== '')
      .slice(0, MAX_WORDS)
      .map(sentence),
    command: replayCommand(run.schedule, loaded.module),
  };
}

export function failureView({ property, message, step }: Failure): FailureView {
  return { property: clipped(property), message: sentence(message), step };
}

function sizes({ recording, found, shrinkReplays }: Explanation): string[] {
  const size = ({ steps, preemptions }: Recording): string => `${plural(steps.length, 'step')}, ${plural(preemptions, 'preemption')}`;
  if (found.steps.length === recording.steps.length && found.preemptions === recording.preemptions) return [size(recording)];
  return [`${size(recording)}; shrunk from ${size(found)} in ${plural(shrinkReplays, 'replay')}`];
}

function loopWords(from: number, steps: number): string {
  return `and so on for ever: steps ${from + 1}-${steps} again and again, though everybody gets his turn`;
}

function raceWords({ race, recording, adjacent, names }: Explanation): string[] {
  const earlier = race === null ? undefined : recording.steps[race.earlier];
  if (race === null || earlier === undefined) return [];
  const later = race.later === null ? recording.standings[race.process] : recording.steps[race.later];
  if (later === undefined) return [];
  const what = 'choice' in later ? describeStep(later) : describeStep({ ...later, label: null, value: 0, result: 0 });
  const first = `${names[earlier.process]}: ${describeStep(earlier)} (step ${race.earlier + 1})`;
  const second = `${names[race.process]}: ${what} (${race.later === null ? 'which it waits for' : `step ${race.later + 1}`})`;
  const otherWay =
    adjacent === null
      ? 'it is the last race there is, and the other way round it fails too'
      : `with these two the other way round${adjacent.keepsRest ? '' : ', and no preemption after that'}, it passes`;
  return [`race: ${first}, before ${second}; ${otherWay}`];
}

/** Whether fewer preemptions would do, of a schedule that is not made smaller. */
function certificateWords(world: World, { recording, failure, cycleFrom }: Explanation): string[] {
  if (cycleFrom !== null || failure.property === 'steps') return [];
  const found = certify(new Recorder(world), failure.property, recording.preemptions, CERTIFICATE_SCHEDULES);
  if (!('schedule' in found)) return [describeCertificate(found)];
  return [`${plural(recording.preemptions, 'preemption')}; ${plural(found.certificate.preemptions, 'preemption')} would do`];
}
