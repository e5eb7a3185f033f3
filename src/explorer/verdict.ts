/**
 * What a search has shown: a word for programs, and sentences for people that say what it is worth.
 *
 * Invariant: nothing is called proved that wasn't seen whole; a property that must hold somewhere, and didn't, is never passed over.
 */
import { plural } from './certificate.js';
import { Execution } from './execution.js';
import type { Explored } from './search.js';
import type { Coverage } from './strategy.js';
import type { World } from './world.js';

/** What a search is worth: a fault was found, or all was seen, or all within a bound, or samples were. */
export type Verdict = 'proved' | 'bounded' | 'sampled' | 'fault';

/** `unreached`: names of `sometimes` properties that never held; where all was seen, that is a fault. */
export function verdictOf({ faults, coverage }: Explored, unreached: readonly string[]): Verdict {
  return faults.length > 0 || (coverage.kind === 'proved' && unreached.length > 0) ? 'fault' : coverage.kind;
}

/** Names of a world's properties, as it makes them at its beginning, and of those that every world has. */
export function propertiesOf(world: World): { readonly all: readonly string[]; readonly sometimes: readonly string[] } {
  const execution = new Execution(world);
  execution.begin();
  const { properties } = execution.builder;
  const sometimes = properties.filter(({ kind }) => kind === 'sometimes').map(({ name }) => name);
  return { all: [...properties.map(({ name }) => name), 'deadlock', 'exception', 'steps'], sometimes };
}

/** What was covered, and what that guarantees; a line each. */
export function describeCoverage(explored: Explored, unreached: readonly string[]): string[] {
  const lines = [guarantee(explored)];
  if (unreached.length > 0) {
    const never = explored.coverage.kind === 'proved' ? 'can never hold' : 'was not reached, so what it is for was not looked at';
    lines.push(...unreached.map((name) => `"${name}" ${never}`));
  }
  lines.push(...[...explored.costs].map(([name, value]) => `most ${name}: ${describeCost(value, explored.coverage)}`));
  return lines;
}

/** The largest value of a cost, or, of executions and states that were not all seen, a value that some has. */
export function describeCost(value: number, coverage: Coverage): string {
  if (value === Number.POSITIVE_INFINITY) return 'unbounded';
  // Of a trace one order was run, and what is measured on the way is not the same in each.
  return coverage.kind === 'proved' && coverage.by !== 'traces' ? `${value}` : `at least ${value}`;
}

function guarantee({ coverage, schedules, states }: Explored): string {
  switch (coverage.kind) {
    case 'proved':
      return `proved: ${everything(coverage, schedules, states)}; nothing can fail in this world`;
    case 'bounded':
      return `bounded: ${coverage.bound} (${plural(schedules, 'schedule')}); what needs more can still fail`;
    case 'sampled':
      return `sampled: ${coverage.confidence}`;
  }
}

function everything({ by }: Extract<Coverage, { kind: 'proved' }>, schedules: number, states: number | undefined): string {
  if (by === 'states') return states === undefined ? 'every state was seen' : `all ${plural(states, 'state')} were seen`;
  if (by === 'traces')
    return `one schedule of each of ${plural(schedules, 'trace')} was run, and the others only exchange steps that don't meet`;
  return `all ${plural(schedules, 'schedule')} were run`;
}
