/**
 * A failure on a screen: at most 25 lines of 120 columns that say what broke, how, why, and how to see it again.
 *
 * Plain text, so that it goes through logs and issues. Invariant: the replay command is whole; if it is longer than a line, it goes on behind a
 * backslash, as a shell has it, and if it is longer than a few, the schedule is in a file.
 */
import { describeDeadlock } from '../base/wait-for.js';
import type { Race } from './adjacent.js';
import { describeCertificate, plural } from './certificate.js';
import type { Explanation } from './explain.js';
import type { Standing, Step } from './recording.js';
import { clip, describeStep, table } from './report-table.js';

/** Lines that a report has at most. */
export const REPORT_LINES = 25;
/** Columns that a line of a report has at most. */
export const REPORT_COLUMNS = 120;
/** Lines of a command, before its schedule goes to a file. */
const MOST_COMMAND_LINES = 5;
const MOST_WAITS = 5;

/** What a report says besides what is known of the failure. */
export interface ReportOptions {
  /** How it was found: "random in execution 7, seed 1". */
  readonly foundBy?: string;
  /** What a module's path has to be given with replay; left out for worlds that the command knows. */
  readonly module?: string;
  /** Saves a long schedule, and says where. Left out: the report names a file that there isn't. */
  readonly save?: (schedule: string) => string;
}

/** The report's lines, joined. */
export function report(explanation: Explanation, options: ReportOptions = {}): string {
  const { world, failure } = explanation;
  const above = [clip(`${world} breaks "${failure.property}": ${failure.message}`, REPORT_COLUMNS), ...howFound(explanation, options), ''];
  const below = [...cycleLines(explanation), ...waitLines(explanation), ...raceLines(explanation), ...certificateLines(explanation)].map(
    clipped,
  );
  const command = commandLines(explanation, options);
  const gaps = below.length > 0 ? 2 : 1;
  const room = REPORT_LINES - above.length - below.length - command.length - gaps;
  const rows = table(explanation, room, REPORT_COLUMNS);
  return [...above, ...rows, ...(below.length > 0 ? ['', ...below] : []), '', ...command].join('\n');
}

const clipped = (line: string): string => clip(line, REPORT_COLUMNS);

function howFound({ found, recording, shrinkReplays, reproduced }: Explanation, { foundBy }: ReportOptions): string[] {
  const parts = foundBy === undefined ? [] : [`found by ${foundBy}`];
  const size = ({ steps, preemptions }: typeof found): string => `${plural(steps.length, 'step')}, ${plural(preemptions, 'preemption')}`;
  if (reproduced) parts.push(size(recording));
  else parts.push('run again, it did not fail');
  if (found.steps.length !== recording.steps.length || found.preemptions !== recording.preemptions) {
    parts.push(`shrunk from ${found.steps.length}, ${found.preemptions} in ${plural(shrinkReplays, 'replay')}`);
  }
  return [clipped(parts.join('; '))];
}

function cycleLines({ cycleFrom, recording }: Explanation): string[] {
  if (cycleFrom === null) return [];
  return [`and so on for ever: steps ${cycleFrom + 1}-${recording.steps.length} again and again, though everybody gets his turn`];
}

function waitLines({ deadlock }: Explanation): string[] {
  if (deadlock === null) return [];
  const lines = describeDeadlock(deadlock).split('\n');
  if (lines.length <= MOST_WAITS) return lines;
  return [...lines.slice(0, MOST_WAITS - 1), `… and ${plural(lines.length - MOST_WAITS + 1, 'more wait')}`];
}

function raceLines(explanation: Explanation): string[] {
  const { race, recording, adjacent, passingSchedule, names } = explanation;
  if (race === null) return [];
  const earlier = recording.steps[race.earlier];
  if (earlier === undefined) return [];
  const otherWay =
    adjacent === null
      ? 'the last race there is; the other way round fails too'
      : `with these two the other way round${adjacent.keepsRest ? '' : ', and no preemption after that'}, it passes:`;
  const lines = [
    `race: ${names[earlier.process]}: ${describeStep(earlier)}${at(earlier.site)}`,
    `      before ${names[race.process]}: ${laterOf(explanation, race)}`,
  ];
  if (passingSchedule === null || passingSchedule.length > REPORT_COLUMNS - 6) return [...lines, `      ${otherWay.replace(/:$/, '')}`];
  return [...lines, `      ${otherWay}`, `      ${passingSchedule}`];
}

function laterOf({ recording }: Explanation, race: Race): string {
  const later: Step | Standing | undefined = race.later === null ? recording.standings[race.process] : recording.steps[race.later];
  if (later === undefined) return '';
  const text = 'choice' in later ? describeStep(later) : describeStep({ ...later, label: null, value: 0, result: 0 });
  return `${text}${at(later.site)}`;
}

/** The last two folders and the file are enough to find it. */
function at(site: string): string {
  return site === '' ? '' : ` (${site.split(/[\\/]/).slice(-3).join('/')})`;
}

function certificateLines({ certificate }: Explanation): string[] {
  return certificate === null ? [] : [describeCertificate(certificate)];
}

/** The command that replays it. */
export function replayCommand(schedule: string, module?: string): string {
  return ['npx apple-gfx replay', schedule, ...(module === undefined ? [] : [quoted(module)])].join(' ');
}

function quoted(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

function commandLines({ schedule }: Explanation, { module, save }: ReportOptions): string[] {
  const lines = wrapped(replayCommand(schedule, module));
  if (lines.length <= MOST_COMMAND_LINES) return lines;
  const file = save?.(schedule) ?? 'FILE';
  return wrapped(replayCommand(quoted(file), module)).slice(0, MOST_COMMAND_LINES);
}

/** A command on lines that a shell puts together again. */
function wrapped(command: string): string[] {
  const lines: string[] = [];
  let left = command;
  while (left.length > REPORT_COLUMNS) {
    lines.push(`${left.slice(0, REPORT_COLUMNS - 1)}\\`);
    left = left.slice(REPORT_COLUMNS - 1);
  }
  return [...lines, left];
}
