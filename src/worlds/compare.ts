/**
 * The revisions compared: every world of the device in every revision, and what that says of each property.
 *
 * Invariant: a property is `proved` in a revision only if every state of every world was seen and it held in all; a fault is told with the schedule
 * that needs the fewest preemptions and then steps. Pure: what runs where is the caller's affair.
 */
import { explain } from '../explorer/explain.js';
import { emptyExploration, explore, type Found } from '../explorer/explore.js';
import { raise } from '../explorer/measures.js';
import type { Explored } from '../explorer/search.js';
import { searchStates } from '../explorer/states/search-states.js';
import { Mixture } from '../explorer/strategies/portfolio.js';
import { REVISION_NAMES, type RevisionName } from '../revisions/revision.js';
import { deviceWorld, type Scenario } from './device-world.js';
import { PROPERTIES, type PropertyName } from './properties.js';
import { SCENARIOS } from './scenarios.js';

/** A world in a revision. */
export interface Comparison {
  readonly world: string;
  readonly revision: RevisionName;
  /** States at most; null: all of them. */
  readonly maxStates: number | null;
}

export interface ComparedFault {
  readonly property: string;
  readonly message: string;
  readonly schedule: string;
  readonly steps: number;
  readonly preemptions: number;
  /** Whether it is proved that none needs fewer preemptions. */
  readonly isMinimal: boolean;
}

/** What a comparison came to. */
export interface Compared extends Comparison {
  readonly states: number;
  readonly isProved: boolean;
  readonly faults: readonly ComparedFault[];
  readonly costs: readonly (readonly [string, number])[];
}

/** What is known of a property in a revision. */
export interface Cell {
  readonly revision: RevisionName;
  readonly property: PropertyName;
  readonly verdict: 'proved' | 'bounded' | 'fault';
  /** The world with the fault, or all of them. */
  readonly world: string;
  /** States that were seen. */
  readonly states: number;
  readonly schedule?: string;
  readonly steps?: number;
  readonly preemptions?: number;
  readonly message?: string;
}

/** States of a world of an older revision that are looked at: their faults show early. */
const OLDER_STATES = 20_000;
/** Executions by samplers besides, of a world that was not seen whole. */
const DEEPER_SCHEDULES = 5000;
/** Schedules with fewer preemptions that are run to show that a fault needs what it needs. */
const CERTIFICATE = 20_000;

/** Everything there is to compare, what takes longest first. */
export function comparisons(): Comparison[] {
  return [...REVISION_NAMES]
    .reverse()
    .flatMap((revision) =>
      [...SCENARIOS].reverse().map(({ name }) => ({ world: name, revision, maxStates: revision === 'hardened' ? null : OLDER_STATES })),
    );
}

/** Runs one. */
export function compare(comparison: Comparison): Compared {
  const { world: name, revision, maxStates } = comparison;
  const world = deviceWorld(SCENARIOS.find((each) => each.name === name) as Scenario, revision);
  // Breadth first the faults that are found are short; depth first takes little memory.
  const options = maxStates === null ? ({ order: 'dfs-states' } as const) : ({ order: 'bfs', maxStates } as const);
  const { states, coverage, faults, costs } = searchStates(world, { ...options, keepGoing: true });
  const isProved = coverage.kind === 'proved';
  // What lies deeper than the states that were looked at shows in some of many executions.
  const deeper = isProved ? emptyExploration() : explore(world, new Mixture({ seed: 1 }), { schedules: DEEPER_SCHEDULES, keepGoing: true });
  for (const [name, value] of deeper.costs) raise(costs, name, value);
  const all = [...faults, ...deeper.faults.filter(({ property }) => !faults.some((each) => each.property === property))];
  const compared = all.map((fault): ComparedFault => {
    const { recording, schedule, certificate } = explain(world, fault, { certificateSchedules: CERTIFICATE });
    const { steps, preemptions } = recording;
    const isMinimal = preemptions === 0 || certificate?.proved === true;
    return {
      property: propertyOf(fault),
      message: recording.failure?.message ?? fault.message,
      schedule,
      steps: steps.length,
      preemptions,
      isMinimal,
    };
  });
  return { ...comparison, states, isProved, faults: compared, costs: [...costs] };
}

/** What a search has shown that has seen all states and no fault; null if it has not. */
export function withoutFault(comparison: Comparison, { states = 0, coverage, faults, costs }: Explored): Compared | null {
  if (coverage.kind !== 'proved' || faults.length > 0) return null;
  return { ...comparison, states, isProved: true, faults: [], costs: [...costs] };
}

/** The property that a fault breaks, of those that have a name in the specification. */
function propertyOf({ property, message }: Found): string {
  if (property === 'deadlock') return 'L1';
  return property === 'exception' && message.includes('reference') ? 'P7' : property;
}

/** The table's cells, property by property. */
export function cellsOf(results: readonly Compared[]): Cell[] {
  return (Object.keys(PROPERTIES) as PropertyName[]).flatMap((property) =>
    REVISION_NAMES.map((revision) => cellOf(property, revision, results)),
  );
}

function cellOf(property: PropertyName, revision: RevisionName, results: readonly Compared[]): Cell {
  const own = results.filter((each) => each.revision === revision);
  const broken = own
    .flatMap(({ world, states, faults }) => faults.filter((each) => each.property === property).map((fault) => ({ world, states, fault })))
    .sort((a, b) => a.fault.preemptions - b.fault.preemptions || a.fault.steps - b.fault.steps);
  const [worst] = broken;
  if (worst !== undefined) {
    const { schedule, steps, preemptions, message } = worst.fault;
    return { revision, property, verdict: 'fault', world: worst.world, states: worst.states, schedule, steps, preemptions, message };
  }
  const states = own.reduce((sum, each) => sum + each.states, 0);
  const isProved = own.length === SCENARIOS.length && own.every((each) => each.isProved);
  return { revision, property, verdict: isProved ? 'proved' : 'bounded', world: 'all', states };
}

/** The comparison as Markdown, which people can read in a terminal too. */
export function describeComparison(results: readonly Compared[]): string {
  const cells = cellsOf(results);
  const row = (property: PropertyName): string => {
    const own = cells.filter((cell) => cell.property === property).map(describeCell);
    return `| ${property}: ${PROPERTIES[property]} | ${own.join(' | ')} |`;
  };
  const worlds = SCENARIOS.map(({ name, summary }) => {
    const seen = results.find((each) => each.world === name && each.revision === 'hardened');
    return `| ${name} | ${summary} | ${seen?.states ?? 0}${seen?.isProved ? '' : ', not all'} |`;
  });
  return [
    `| property | ${REVISION_NAMES.join(' | ')} |`,
    `| --- |${' --- |'.repeat(REVISION_NAMES.length)}`,
    ...(Object.keys(PROPERTIES) as PropertyName[]).map(row),
    ...costRows(results),
    '',
    '| world | what happens in it | states of `hardened` |',
    '| --- | --- | --- |',
    ...worlds,
    '',
    ...cells.filter(({ verdict }) => verdict === 'fault').flatMap(describeFault),
  ].join('\n');
}

/** What each cost comes to: in the worlds that were seen whole in every revision, which can be compared, and in brackets in all of them. */
export function costRows(results: readonly Compared[]): string[] {
  const names = [...new Set(results.flatMap(({ costs }) => costs.map(([name]) => name)))].sort();
  const partly = new Set(results.filter(({ isProved }) => !isProved).map(({ world }) => world));
  const most = (name: string, some: readonly Compared[]): string => {
    const values = some.flatMap(({ costs }) => costs.filter(([cost]) => cost === name).map(([, value]) => value));
    const largest = Math.max(...values);
    if (values.length === 0) return '–';
    return largest === Number.POSITIVE_INFINITY ? 'unbounded' : `${largest}`;
  };
  const cell = (name: string, revision: RevisionName): string => {
    const own = results.filter((each) => each.revision === revision);
    const whole = own.filter(({ world }) => !partly.has(world));
    return `${most(name, whole)} (${own.every(({ isProved }) => isProved) ? '' : '≥ '}${most(name, own)})`;
  };
  return names.map((name) => `| most ${name} | ${REVISION_NAMES.map((revision) => cell(name, revision)).join(' | ')} |`);
}

function describeCell({ verdict, states, world, steps = 0, preemptions = 0 }: Cell): string {
  if (verdict === 'fault') return `**fault** in ${world}: ${preemptions} preemptions, ${steps} steps`;
  return verdict === 'proved' ? `proved, ${states} states` : `none found in ${states} states`;
}

function describeFault({ revision, property, world, message = '', schedule = '' }: Cell): string[] {
  return [`- ${property} in \`${revision}\`, world ${world}: ${message}`, '', `  \`npx apple-gfx replay ${schedule}\``, ''];
}
