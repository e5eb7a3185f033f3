/**
 * The nearest schedule that passes: a failing one with one race the other way round.
 *
 * A race is two steps of different processes that depend on each other with nothing in between that orders them; a lock that somebody waits for at
 * the end races with the step that took it. Races are tried from the last on, since a schedule that differs later differs less. Invariant: the
 * schedule that is given passes, and its beginning is the failing one's up to the race.
 */
import { Causality } from './causality.js';
import { PROCESS_MASK } from './execution.js';
import { Kind } from './operation.js';
import { canChoose, type Chooser, choiceOf, GIVE_UP, type Recorder, type Recording, type Step, withoutPreemption } from './recording.js';

/** Two steps, in the order in which they were made. */
export interface Race {
  /** Number of the step, from 0 on. */
  readonly earlier: number;
  /** null: it was not made, and `process` waits for it at the end. */
  readonly later: number | null;
  /** Number of the process that makes the later one. */
  readonly process: number;
}

/** The nearest schedule that passes: one race the other way round. */
export interface Adjacent {
  /** The race, as it is in the schedule that fails. */
  readonly race: Race;
  /** Whether what comes behind the race is as it was, as far as that can be; else it goes on without preemption. */
  readonly keepsRest: boolean;
  /** The execution that passes. */
  readonly passing: Recording;
}

/** Races that are tried. */
const MOST_TRIED = 100;

export function findAdjacent(recorder: Recorder, failing: Recording, property: string): Adjacent | null {
  const causality = new Causality(failing);
  for (const race of racesOf(causality).slice(0, MOST_TRIED)) {
    const { first, rest } = reversed(causality, race);
    for (const keepsRest of [true, false]) {
      const passing = recorder.record(follow(keepsRest ? [...first, ...rest] : first), property);
      if (passing.failure === null && recorder.execution.failures.length === 0) return { race, keepsRest, passing };
    }
  }
  return null;
}

/** The last first; those for locks that are waited for at the end before all. */
export function racesOf(causality: Causality): Race[] {
  const { steps, standings } = causality.recording;
  const waiting = standings.flatMap(({ active, enabled, kind, target }, process) => {
    if (!active || enabled || kind !== Kind.lock || target === null) return [];
    const earlier = steps.findLastIndex((step) => step.target === target && (step.kind === Kind.lock || step.kind === Kind.reacquire));
    return earlier < 0 || steps[earlier]?.process === process ? [] : [{ earlier, later: null, process }];
  });
  const made = causality.races().map(([earlier, later]) => ({ earlier, later, process: steps[later]?.process ?? 0 }));
  return [...waiting.sort((a, b) => b.earlier - a.earlier), ...made];
}

/** Choices up to the race and the later of its steps, and those that are left. */
function reversed(causality: Causality, { earlier, later, process }: Race): { readonly first: number[]; readonly rest: number[] } {
  const { steps } = causality.recording;
  const choiceAt = (index: number): number => (steps[index] as Step).choice;
  const end = later ?? steps.length;
  const all = steps.map((_, index) => index);
  const before = all.filter((index) => index < earlier || (index < end && !causality.isBefore(earlier, index)));
  const rest = all.filter((index) => index !== later && !before.includes(index));
  return { first: [...before.map(choiceAt), later === null ? process : choiceAt(later)], rest: rest.map(choiceAt) };
}

/** Makes choices as long as they last, without those that can't be made; then goes on without preemption. */
function follow(choices: readonly number[]): Chooser {
  let at = 0;
  return (execution) => {
    if (execution.steps === 0) at = 0;
    while (at < choices.length) {
      const choice = choices[at++] ?? GIVE_UP;
      if (canChoose(execution, choice)) return choice;
      const other = choiceOf(execution, choice & PROCESS_MASK);
      if (other !== GIVE_UP) return other;
    }
    return withoutPreemption(execution);
  };
}
