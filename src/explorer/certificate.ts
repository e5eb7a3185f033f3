/**
 * Whether a failure needs as many preemptions as its schedule has: every schedule with fewer is run.
 *
 * Invariant: `proved` is only said when there is no schedule with fewer that wasn't run.
 */
import { PreemptionSearch } from './preemption-search.js';
import { failureOf, type Recorder } from './recording.js';

/** Which simpler schedules were run, to see whether one of them fails. */
export interface Certificate {
  /** Preemptions of the schedule it is about. */
  readonly preemptions: number;
  /** Schedules with fewer that were run, each once. */
  readonly schedules: number;
  /** Whether these are all there are. */
  readonly proved: boolean;
}

/** The failure doesn't need so many: this schedule breaks the same property with fewer, and has the fewest there can be. */
export interface Counterexample {
  readonly schedule: readonly number[];
  readonly certificate: Certificate;
}

/** A bound's outcome. */
interface Searched {
  readonly schedule: readonly number[] | null;
  readonly schedules: number;
  readonly complete: boolean;
}

/** Schedules that are run at most, for a certificate: some seconds' worth. */
export const CERTIFICATE_SCHEDULES = 200_000;

/** Looks for a schedule with fewer preemptions that breaks the property, with none first, then with one, and so on. */
export function certify(
  recorder: Recorder,
  property: string,
  preemptions: number,
  most = CERTIFICATE_SCHEDULES,
): Certificate | Counterexample {
  let left = most;
  let schedules = 0;
  for (let bound = 0; bound < preemptions; bound++) {
    const searched = search(recorder, property, bound, left);
    left -= searched.schedules;
    if (searched.schedule !== null) {
      // All with fewer than this bound were run before, and none breaks the property.
      return { schedule: searched.schedule, certificate: { preemptions: bound, schedules, proved: true } };
    }
    if (!searched.complete) return { preemptions, schedules: Math.max(schedules, searched.schedules), proved: false };
    schedules = searched.schedules;
  }
  return { preemptions, schedules, proved: true };
}

function search(recorder: Recorder, property: string, bound: number, most: number): Searched {
  const { execution } = recorder;
  const bounded = new PreemptionSearch(bound);
  for (let schedules = 1; schedules <= most; schedules++) {
    execution.begin();
    while (execution.enabledCount > 0 && (execution.failures.length === 0 || failureOf(execution, property) === null)) {
      execution.step(bounded.choose(execution));
    }
    if (failureOf(execution, property) !== null) {
      return { schedule: Array.from(execution.schedule.subarray(0, execution.steps)), schedules, complete: false };
    }
    if (!bounded.advance(execution.steps)) return { schedule: null, schedules, complete: true };
  }
  return { schedule: null, schedules: most, complete: false };
}

/** What a certificate says, for people. */
export function describeCertificate({ preemptions, schedules, proved }: Certificate): string {
  const needed = plural(preemptions, 'preemption');
  if (preemptions === 0) return 'no preemption: no schedule has fewer';
  const fewer = preemptions === 1 ? 'none' : `≤ ${preemptions - 1}`;
  if (proved && schedules === 1) return `${needed}; the one schedule with ${fewer} passes`;
  if (proved) return `${needed}; all ${schedules} schedules with ${fewer} pass`;
  return `${needed}; ${schedules} schedules with ${fewer} pass, but they are not all: fewer may do`;
}

export function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
