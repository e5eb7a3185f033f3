/**
 * `apple-gfx replay`: runs a saved schedule, and shows each step and where every process is behind it.
 *
 * Exit codes: 0 nothing failed, 1 a property broke, 2 wrong usage, 4 the engine failed.
 */
import { describeDeadlock } from '../base/wait-for.js';
import { plural } from '../explorer/certificate.js';
import type { Execution } from '../explorer/execution.js';
import { withSites } from '../explorer/explain.js';
import { Recorder, type Step } from '../explorer/recording.js';
import { type Divergence, operationOf, replay } from '../explorer/replay.js';
import { describeStep } from '../explorer/report-table.js';
import { type NamedSchedule, parseSchedule, ScheduleTextError } from '../explorer/schedule-text.js';
import { Status } from '../explorer/slot.js';
import { deadlockOf } from '../explorer/waits.js';
import { DEFAULT_REVISION } from '../revisions/revisions.js';
import { readSchedule } from './schedule-file.js';
import { UsageError } from './usage-error.js';
import { findWorldOf } from './world-file.js';

export interface ReplayCommand {
  /** A schedule, or the file that has it. */
  readonly schedule: string;
  /** Where the world is, if it isn't the project's. */
  readonly world: string | undefined;
}

const COLUMNS = 120;

/** The exit code. Throws UsageError. */
export async function replayCommand({ schedule: argument, world: where }: ReplayCommand): Promise<number> {
  const schedule = parse(readSchedule(argument));
  const { world } = await findWorldOf(schedule.world, where, DEFAULT_REVISION);
  const recorder = new Recorder(world);
  const { recording, divergences } = withSites(() => replay(recorder, schedule));
  const names = namesOf(recorder.execution);
  const head = `${world.name}: ${plural(recording.steps.length, 'step')}, ${plural(recording.preemptions, 'preemption')}`;
  process.stdout.write(`${head}\n`);
  const places = placesOf(new Recorder(world), recording.steps);
  recording.steps.forEach((step, index) => {
    showDivergences(divergences, index);
    process.stdout.write(`${stepLine(step, index, names)}\n${wrapped(places[index] ?? [])}`);
  });
  showDivergences(divergences, recording.steps.length);
  for (const { property, message } of recorder.execution.failures) process.stdout.write(`broken: "${property}": ${message}\n`);
  const deadlock = deadlockOf(recorder);
  if (deadlock !== null) process.stdout.write(`${describeDeadlock(deadlock)}\n`);
  if (recording.failure === null) process.stdout.write('nothing failed\n');
  return recording.failure === null ? 0 : 1;
}

function parse(text: string): NamedSchedule {
  try {
    return parseSchedule(text);
  } catch (error) {
    if (error instanceof ScheduleTextError) throw new UsageError(error.message);
    throw error;
  }
}

function namesOf(execution: Execution): string[] {
  return Array.from({ length: execution.count }, (_, process) => execution.nameOf(process));
}

/** Where every process is behind each step. */
function placesOf(recorder: Recorder, steps: readonly Step[]): string[][] {
  const places: string[][] = [];
  recorder.record((execution) => {
    if (execution.steps > 0) places.push(placesNow(execution));
    return steps[execution.steps]?.choice ?? -1;
  }, null);
  places[steps.length - 1] ??= placesNow(recorder.execution);
  return places;
}

function placesNow(execution: Execution): string[] {
  return namesOf(execution).map((name, process) => `${name}: ${placeOf(execution, process)}`);
}

function placeOf(execution: Execution, process: number): string {
  const status = execution.status[process];
  if (status === Status.notBegun) return 'not begun';
  if (status === Status.ended) return 'ended';
  const actor = execution.builder.processes[process]?.actor;
  const next = actor?.describe?.() ?? execution.labelOf(process) ?? operationOf(execution, process);
  if (execution.isEnabled(process)) return `at ${next}`;
  const standing = execution.isBlocked(process) ? 'waits' : 'idle';
  // An actor may say it itself.
  return next.startsWith(standing) ? next : `${standing}: ${next}`;
}

function stepLine(step: Step, index: number, names: readonly string[]): string {
  const site = step.site === '' ? '' : `  (${step.site})`;
  const sign = step.preempts ? '!' : ' ';
  return `${String(index + 1).padStart(5)} ${sign} ${names[step.process]}: ${describeStep(step)}${site}`;
}

function wrapped(parts: readonly string[]): string {
  const lines: string[] = [];
  for (const part of parts) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + part.length + 3 <= COLUMNS) lines[lines.length - 1] = `${last} · ${part}`;
    else lines.push(`          ${part}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

function showDivergences(divergences: readonly Divergence[], at: number): void {
  for (const divergence of divergences) {
    if (divergence.at === at) process.stdout.write(`      ≠ saved step ${divergence.savedStep}: ${divergence.text}\n`);
  }
}
