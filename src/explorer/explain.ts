/**
 * Everything there is to say about a failure: its smallest schedule, whether that is proved to be, what it takes to pass, who waits for whom.
 *
 * Invariant: what is said was seen: each schedule in an explanation was run, and did what is said of it. What is not here: how it is shown
 * (report.ts).
 */
import { Prng } from '../base/prng.js';
import type { Deadlock } from '../base/wait-for.js';
import { type Adjacent, findAdjacent, type Race, racesOf } from './adjacent.js';
import { callSite } from './call-site.js';
import { Causality } from './causality.js';
import { type Certificate, CERTIFICATE_SCHEDULES, certify } from './certificate.js';
import type { Failure } from './failure.js';
import { type Chooser, exactly, GIVE_UP, Recorder, type Recording } from './recording.js';
import { formatSchedule, named } from './schedule-text.js';
import { SHRINK_REPLAYS, shrink } from './shrink.js';
import { deadlockOf } from './waits.js';
import type { World } from './world.js';

/** All that is known of a failure, as data; report() makes a text of it. */
export interface Explanation {
  /** Its name. */
  readonly world: string;
  /** The property that broke, and how. */
  readonly failure: Failure;
  /** Whether the schedule that was found failed again; if it didn't, the rest is about what it did instead. */
  readonly reproduced: boolean;
  /** Steps of the schedule from this one on are made again and again, for ever; null: it ends. */
  readonly cycleFrom: number | null;
  /** The smallest schedule, with sites. */
  readonly recording: Recording;
  /** As text. */
  readonly schedule: string;
  /** Names of the processes, by their numbers. */
  readonly names: readonly string[];
  /** What it was shrunk from. */
  readonly found: Recording;
  /** Executions that shrinking took. */
  readonly shrinkReplays: number;
  /** Whether there is a simpler schedule; null if that was not asked. */
  readonly certificate: Certificate | null;
  /** The nearest schedule that passes; null if none was found. */
  readonly adjacent: Adjacent | null;
  /** The adjacent schedule as text. */
  readonly passingSchedule: string | null;
  /** The race that the adjacent schedule has the other way round; without one, the last race there is. */
  readonly race: Race | null;
  /** Who waits for whom; null if that was not the failure. */
  readonly deadlock: Deadlock | null;
}

/** How much work explain() may do. */
export interface ExplainOptions {
  /** Executions for shrinking, and for the certificate; 0: none. */
  readonly shrinkReplays?: number;
  /** Executions for the certificate at most; 0: none. */
  readonly certificateSchedules?: number;
}

/** Executions from which it is learned who gives what to whom, and how long they may be. */
const WALKS = 50;
const WALK_STEPS = 1000;
/** Steps that a certificate may take, about, so that worlds with long executions don't take minutes. */
const CERTIFICATE_STEPS = 5_000_000;

/** Explains a failure of a world, by the choices that lead to it. */
export function explain(
  world: World,
  failure: Failure & { readonly schedule: readonly number[]; readonly cycleFrom?: number | null },
  { shrinkReplays = SHRINK_REPLAYS, certificateSchedules = CERTIFICATE_SCHEDULES }: ExplainOptions = {},
): Explanation {
  const recorder = new Recorder(world);
  const { property, cycleFrom = null } = failure;
  const found = recorder.record(exactly(failure.schedule), cycleFrom === null ? property : null);
  const isLoop = cycleFrom !== null && found.steps.length === failure.schedule.length;
  let reproduced = found.failure !== null;
  let smallest = found;
  let certificate: Certificate | null = null;
  let replays = 0;
  // A schedule that was cut off for its length is not worth a search for its shortest form.
  if (reproduced && property !== 'steps') {
    ({ recording: smallest, replays } = shrink(recorder, failure.schedule, property, shrinkReplays));
    reproduced = smallest.failure !== null;
    const schedules = Math.min(certificateSchedules, Math.ceil(CERTIFICATE_STEPS / Math.max(1, smallest.steps.length)));
    if (reproduced && schedules > 0) ({ smallest, certificate } = proveSmallest(recorder, smallest, property, schedules));
  }
  const adjacent = reproduced && property !== 'steps' ? findAdjacent(recorder, smallest, property) : null;
  const { execution } = recorder;
  if (property === 'deadlock') learnGivers(recorder);
  const toText = ({ steps }: Recording): string => formatSchedule(named(execution, world.name, steps));
  const recording = withSites(() => recorder.record(exactly(smallest.steps.map(({ choice }) => choice)), isLoop ? null : property));
  const race = isLoop || property === 'steps' ? null : (adjacent?.race ?? racesOf(new Causality(recording))[0] ?? null);
  return {
    world: world.name,
    failure: recording.failure ?? failure,
    reproduced: reproduced || isLoop,
    cycleFrom,
    recording,
    schedule: toText(recording),
    names: Array.from({ length: execution.count }, (_, process) => execution.nameOf(process)),
    found,
    shrinkReplays: replays,
    certificate,
    adjacent,
    passingSchedule: adjacent === null ? null : toText(adjacent.passing),
    race,
    deadlock: property === 'deadlock' ? deadlockOf(recorder) : null,
  };
}

/** Walks at random, so that the recorder sees who signals, replies and sends. */
function learnGivers(recorder: Recorder): void {
  const prng = new Prng(1);
  const walk: Chooser = ({ enabled, enabledCount, steps }) =>
    steps < WALK_STEPS ? (enabled[prng.below(enabledCount)] ?? GIVE_UP) : GIVE_UP;
  for (let count = 0; count < WALKS; count++) recorder.record(walk, null);
}

function proveSmallest(
  recorder: Recorder,
  shrunk: Recording,
  property: string,
  schedules: number,
): { readonly smallest: Recording; readonly certificate: Certificate } {
  const certificate = certify(recorder, property, shrunk.preemptions, schedules);
  if (!('schedule' in certificate)) return { smallest: shrunk, certificate };
  // It has fewer preemptions than anything that shrinking has seen; the other two may still get better.
  const { recording } = shrink(recorder, certificate.schedule, property);
  return { smallest: recording, certificate: certificate.certificate };
}

/** Notes where in the source operations come from while it runs. */
export function withSites<T>(run: () => T): T {
  const before = callSite.wanted;
  callSite.wanted = true;
  try {
    return run();
  } finally {
    callSite.wanted = before;
  }
}
