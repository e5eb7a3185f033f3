/**
 * An execution with all that is known of it: what it breaks, by which race, who waits for whom, and the nearest one that passes.
 *
 * Invariant: what is said was seen: each execution in a case was run. What is not here: finding one (searcher.ts), or changing one (mover.ts).
 */
import type { Race } from '../../explorer/adjacent.js';
import { certify, describeCertificate, plural } from '../../explorer/certificate.js';
import { explain, type Explanation, withSites } from '../../explorer/explain.js';
import { WorldError, type Failure } from '../../explorer/failure.js';
import { Recorder, type Recording } from '../../explorer/recording.js';
import { replay } from '../../explorer/replay.js';
import { describeStep } from '../../explorer/report-table.js';
import { replayCommand } from '../../explorer/report.js';
import type { NamedSchedule } from '../../explorer/schedule-text.js';
import type { World } from '../../explorer/world.js';
import type { CaseView, FailureView, RunView } from '../model/explore-protocol.js';
import { aligned } from './align.js';
import { clipped, sentence } from './clip.js';
import type { Inspector } from './fields.js';
import { CERTIFICATE_SCHEDULES, MAX_STEPS, MAX_TEXT, MAX_WORDS } from './limits.js';
import { loopFailure } from './loop.js';
import { deadlockWords, runView, sizeOf } from './run-view.js';

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

/** A case, and all properties that its execution broke. */
export interface Seen {
  readonly view: CaseView;
  readonly broken: readonly string[];
}

/** The case of a schedule, as it is. */
export function caseOfSchedule(loaded: Loaded, schedule: NamedSchedule, { property = null, cycleFrom = null }: Wanted = {}): Seen {
  const { world } = loaded;
  const recorder = new Recorder(world);
  const { recording, divergences } = withSites(() => replay(recorder, schedule));
  const { failures } = recorder.execution;
  const broken = failures.map((each) => each.property);
  const choices = recording.steps.map(({ choice }) => choice);
  // Replayed, a loop goes on behind its text like everything that has not ended.
  const round = choices.slice(0, schedule.steps.length);
  const loop = cycleFrom === null ? null : loopFailure(world, { choices: round, cycleFrom, property });
  const failure = loop ?? failures.find((each) => each.property === property) ?? failures[0] ?? null;
  const departures = divergences
    .filter(({ at }) => loop === null || at < round.length)
    .slice(0, MAX_STEPS)
    .map(({ at, text }) => sentence(`behind step ${at}: ${text}`));
  if (failure === null) {
    const words = ['nothing fails in this execution', ...(cycleFrom === null ? [] : ['it does not go round for ever'])];
    return { view: passingCase(loaded, recording, { departures, words }), broken };
  }
  // Not made smaller: what is shown is what was asked for.
  const found = { ...failure, ...(loop === null ? { schedule: choices } : { schedule: round, cycleFrom }) };
  const explanation = explain(world, found, { shrinkReplays: 0, certificateSchedules: 0 });
  return { view: explainedCase(loaded, explanation, [], certificateWords(world, explanation), departures), broken };
}

interface Passing {
  readonly departures: readonly string[];
  readonly words: readonly string[];
}

function passingCase({ world, inspect, module }: Loaded, recording: Recording, { departures, words }: Passing): CaseView {
  const run = runView(world, recording, inspect);
  return {
    ...{ world: world.name, run, failure: null, race: [], passing: null, rows: rowsOf(run, null), cycleFrom: null, departures, move: null },
    said: { tone: 'ok', title: `${world.name} passes`, lines: words },
    command: replayCommand(run.schedule, module),
  };
}

function explainedCase(
  { world, inspect, module }: Loaded,
  explanation: Explanation,
  above: readonly string[],
  below: readonly string[],
  departures: readonly string[] = [],
): CaseView {
  const { recording, deadlock, adjacent, cycleFrom, failure } = explanation;
  const run = runView(world, recording, inspect, { failure, ...(deadlock !== null && { deadlock }) });
  const passing = adjacent === null ? null : runView(world, adjacent.passing, inspect);
  const loop = cycleFrom === null ? [] : [loopWords(cycleFrom, run.steps.length)];
  const words = [failure.message, ...above, ...loop, ...deadlockWords(deadlock), ...raceWords(explanation), ...below];
  return {
    ...{
      world: world.name,
      run,
      passing,
      rows: rowsOf(run, passing),
      race: raceOf(explanation.race, run),
      cycleFrom,
      departures,
      move: null,
    },
    failure: failureView(failure),
    said: {
      ...{ tone: 'bad', title: `${world.name} breaks “${clipped(failure.property)}”` },
      lines: words
        .filter((line) => line !== '')
        .slice(0, MAX_WORDS)
        .map(sentence),
    },
    command: replayCommand(run.schedule, module),
  };
}

function failureView({ property, message, step }: Failure): FailureView {
  // What is asked for again by that name is looked for by it.
  return { property: property.slice(0, MAX_TEXT), message: sentence(message), step };
}

/** What is alike in one row; what was not made comes last. */
function rowsOf(run: RunView, passing: RunView | null): CaseView['rows'] {
  if (passing === null) return run.steps.map((_, index) => [index]);
  const keysOf = ({ steps, made }: RunView): string[] => steps.slice(0, made).map(({ process, text }) => `${process} ${text}`);
  return [...aligned(keysOf(run), keysOf(passing)), ...run.steps.slice(run.made).map((_, index) => [run.made + index, null])];
}

/** One that was not made is among those that are pending. */
function raceOf(race: Race | null, { steps }: RunView): number[] {
  if (race === null) return [];
  return [race.earlier, race.later ?? steps.findIndex(({ process, isMade }) => process === race.process && !isMade)];
}

function sizes({ recording, found, shrinkReplays }: Explanation): string[] {
  if (found.steps.length === recording.steps.length && found.preemptions === recording.preemptions) return [sizeOf(recording)];
  return [`${sizeOf(recording)}; shrunk from ${sizeOf(found)} in ${plural(shrinkReplays, 'replay')}`];
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
