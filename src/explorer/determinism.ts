/**
 * Checks that a world does the same when it is made to do the same: a schedule is replayed, and every moment compared.
 *
 * Invariant: two replays of a schedule are compared in all that a process could notice: its choices, its next operation, what it has seen, and an
 * actor's fingerprint. Worlds that look at a clock, at randomness or at what an execution before left are found by this, as far as it
 * shows in so many replays. What is not here: replaying a schedule in a world that has changed, for which choices have names.
 */
import { Execution, PROCESS_MASK } from './execution.js';
import { WorldError } from './failure.js';
import { Hasher } from './hasher.js';
import { kindName } from './operation.js';
import type { World } from './world.js';

/** What an execution was like that is to be had again. */
export interface Expected {
  readonly hash: number;
  /** Properties that failed. */
  readonly failures: readonly string[];
}

/** Where two executions of one schedule part. */
export interface Divergence {
  /** Steps that were made alike, as far as anybody could notice. */
  readonly step: number;
  /** The process that made the last of them; null if there was none. */
  readonly who: string | null;
  /** What differs, for people. */
  readonly difference: string;
}

/** A process at a moment. */
interface Look {
  /** What it would do next. */
  readonly next: string;
  /** All else that it is. */
  readonly digest: number;
}

interface Moment {
  /** Who made the step that led here; null at the beginning. */
  readonly who: string | null;
  readonly enabled: readonly number[];
  readonly looks: readonly Look[];
}

interface Recording {
  readonly moments: readonly Moment[];
  readonly hash: number;
  readonly failures: readonly string[];
}

/** Replays until a difference shows where it comes from. A difference that is as likely as not is missed by all once in 256. */
const REPLAYS = 8;

/** Replays a schedule twice or, if what comes out is not what is expected, more often; null if it was always the same. */
export function findDivergence(world: World, schedule: ArrayLike<number>, expected: Expected | null = null): Divergence | null {
  const first = record(world, schedule);
  let unexpected = mismatch(first, expected);
  for (let replay = 1; replay < REPLAYS; replay++) {
    const again = record(world, schedule);
    const divergence = compare(first, again);
    if (divergence !== null) return divergence;
    unexpected ??= mismatch(again, expected);
    if (unexpected === null) return null;
  }
  const step = first.moments.length - 1;
  if (step < schedule.length) return { step, who: null, difference: `the choice of step ${step + 1} can't be made` };
  return { step: 0, who: null, difference: `${unexpected}, and all replays are alike` };
}

/** Throws WorldError if a schedule does not do the same each time. */
export function checkDeterminism(world: World, schedule: ArrayLike<number>, expected: Expected | null = null): void {
  const divergence = findDivergence(world, schedule, expected);
  if (divergence === null) return;
  const { step, who, difference } = divergence;
  const after = who === null ? `after step ${step}` : `after step ${step}, made by ${who}`;
  throw new WorldError(
    `world ${world.name} is not deterministic: executions of one schedule part ${after}: ${difference}`,
    'nondeterminism',
  );
}

/** What an execution that stands at its end is expected to be again. */
export function expectedOf(execution: Execution): Expected {
  return { hash: execution.hash, failures: execution.failures.map(({ property }) => property) };
}

/** How a replay is not what is expected; null if it is. */
function mismatch({ hash, failures }: Recording, expected: Expected | null): string | null {
  if (expected === null) return null;
  if (String(failures) !== String(expected.failures)) return `first ${said(expected.failures)} failed, and in a replay ${said(failures)}`;
  return hash === expected.hash ? null : 'what processes saw in a replay was not what they saw first';
}

/** Runs a schedule as far as its choices can be made. */
function record(world: World, schedule: ArrayLike<number>): Recording {
  const execution = new Execution(world);
  const hasher = new Hasher();
  execution.begin();
  const moments = [lookAt(execution, hasher, null)];
  for (let step = 0; step < schedule.length; step++) {
    const choice = schedule[step] ?? 0;
    if (!execution.enabled.subarray(0, execution.enabledCount).includes(choice)) break;
    execution.step(choice);
    moments.push(lookAt(execution, hasher, execution.nameOf(choice & PROCESS_MASK)));
  }
  return { moments, ...expectedOf(execution) };
}

function lookAt(execution: Execution, hasher: Hasher, who: string | null): Moment {
  const looks: Look[] = [];
  for (let process = 0; process < execution.count; process++) {
    const target = execution.targetOf(process);
    hasher.restart();
    hasher.add(execution.historyOf(process));
    hasher.addNumber(execution.valueOf(process));
    execution.builder.processes[process]?.actor?.fingerprint?.(hasher);
    const next = target === null ? 'nothing' : `${kindName(execution.kindOf(process))} ${target.name}`;
    looks.push({ next: `${execution.nameOf(process)}: ${next}`, digest: hasher.low });
  }
  return { who, enabled: Array.from(execution.enabled.subarray(0, execution.enabledCount)), looks };
}

function compare(one: Recording, other: Recording): Divergence | null {
  const { length } = one.moments;
  for (let step = 0; step < Math.max(length, other.moments.length); step++) {
    const moment = one.moments[step];
    const again = other.moments[step];
    const who = one.moments[Math.min(step, length) - 1]?.who ?? null;
    if (moment === undefined || again === undefined)
      return { step: step - 1, who, difference: 'the choice of the next step can only be made once' };
    const difference = differenceOf(moment, again);
    if (difference !== null) return { step, who: moment.who, difference };
  }
  if (String(one.failures) === String(other.failures)) return null;
  const who = one.moments[length - 1]?.who ?? null;
  return { step: length - 1, who, difference: `once ${said(one.failures)} fails, and once ${said(other.failures)}` };
}

function differenceOf(moment: Moment, again: Moment): string | null {
  for (const [process, look] of moment.looks.entries()) {
    const other = again.looks[process];
    if (other === undefined) return `there are ${moment.looks.length} processes once, and once ${again.looks.length}`;
    if (look.next !== other.next) return `next is once ${look.next}, and once ${other.next}`;
    if (look.digest !== other.digest) return `what it has seen, or what it would write, differs for ${look.next}`;
  }
  if (again.looks.length > moment.looks.length) return `there are ${moment.looks.length} processes once, and once ${again.looks.length}`;
  if (String(moment.enabled) !== String(again.enabled)) return 'what can run differs';
  return null;
}

const said = (failures: readonly string[]): string => (failures.length === 0 ? 'nothing' : failures.join(', '));
