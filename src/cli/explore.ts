/**
 * `apple-gfx explore`: searches worlds for schedules that break a property, and explains what it finds.
 *
 * Exit codes: 0 proved or clean, 1 a fault was found, 2 wrong usage, 3 a world is not the same each time, 4 the engine failed, 130 interrupted before
 * anything was found. The clock, the signal and the terminal are looked at between parts of the search, since the engine knows none of them.
 */
import { writeFileSync } from 'node:fs';
import { describeError } from '../base/errors.js';
import { explain, type Explanation } from '../explorer/explain.js';
import type { Found } from '../explorer/explore.js';
import { WorldError } from '../explorer/failure.js';
import { report } from '../explorer/report.js';
import { addPart, type Explored, nothingFound } from '../explorer/search.js';
import type { StrategyEntry } from '../explorer/strategies/index.js';
import { describeCoverage, propertiesOf, type Verdict, verdictOf } from '../explorer/verdict.js';
import type { RevisionName } from '../revisions/revision.js';
import { WORLDS } from '../worlds/index.js';
import { Progress } from './explore-progress.js';
import { type JunitSuite, junit } from './junit.js';
import { saveSchedule } from './schedule-file.js';
import { UsageError } from './usage-error.js';
import { findWorlds, type FoundWorld } from './world-file.js';

/** So many executions, or so many seconds. */
export type ExploreBudget = { readonly schedules: number } | { readonly seconds: number };

export interface ExploreCommand {
  readonly world: string | undefined;
  readonly revisions: readonly RevisionName[];
  readonly strategy: StrategyEntry;
  readonly budget: ExploreBudget;
  /** Threads that search. */
  readonly workers: number;
  readonly seed: number;
  readonly keepGoing: boolean;
  readonly json: boolean;
  readonly junit: string | undefined;
}

/** What is known of a world in the end. */
interface Result {
  readonly found: FoundWorld;
  readonly explored: Explored;
  readonly verdict: Verdict;
  readonly unreached: readonly string[];
  readonly faults: readonly { readonly explanation: Explanation; readonly report: string }[];
  readonly seconds: number;
}

const FAULT = 1;
const WRONG_USAGE = 2;
const NONDETERMINISM = 3;
const ENGINE_ERROR = 4;
const INTERRUPTED = 130;
/** How long a part of a search takes, about. */
const PART_MS = 100;
const MOST_REPORTS = 10;

/** The exit code. Throws UsageError. */
export async function exploreCommand(command: ExploreCommand): Promise<number> {
  if (command.world === undefined) {
    listWorlds();
    return 0;
  }
  const worlds = await findWorlds(command.world, command.revisions);
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.on('SIGINT', onSignal);
  const results: Result[] = [];
  try {
    for (const world of worlds) {
      if (interrupt.signal.aborted) break;
      const result = await exploreWorld(world, command, interrupt.signal);
      results.push(result);
      print(result, command);
    }
  } catch (error) {
    return explainError(error);
  } finally {
    process.off('SIGINT', onSignal);
    if (command.junit !== undefined) writeFileSync(command.junit, junit(results.map(suiteOf)));
  }
  if (results.some(({ verdict }) => verdict === 'fault')) return FAULT;
  return interrupt.signal.aborted ? INTERRUPTED : 0;
}

function explainError(error: unknown): number {
  if (error instanceof UsageError) throw error;
  process.stderr.write(`apple-gfx: ${describeError(error)}\n`);
  if (error instanceof WorldError) return error.fault === 'nondeterminism' ? NONDETERMINISM : WRONG_USAGE;
  return ENGINE_ERROR;
}

function listWorlds(): void {
  const width = Math.max(...WORLDS.map(({ name }) => name.length));
  const lines = WORLDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  process.stdout.write(`worlds:\n${lines.join('\n')}\nor the path of a module that exports some: docs/explorer.md\n`);
}

async function exploreWorld(found: FoundWorld, command: ExploreCommand, signal: AbortSignal): Promise<Result> {
  const started = performance.now();
  const properties = propertiesOf(found.world);
  const progress = new Progress(found.world.name);
  const explored = await (command.workers > 1 ? searchOnThreads : searchInParts)(found, command, { progress, signal });
  progress.end();
  const unreached = properties.sometimes.filter((name) => !explored.reached.has(name));
  return {
    found,
    explored,
    unreached,
    verdict: verdictOf(explored, unreached),
    faults: explored.faults.map((fault) => explained(fault, found, command)),
    seconds: (performance.now() - started) / 1000,
  };
}

interface Watch {
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

async function searchOnThreads({ world, source }: FoundWorld, command: ExploreCommand, { progress, signal }: Watch): Promise<Explored> {
  const { strategy, seed, keepGoing, workers, budget } = command;
  if (source === null)
    throw new UsageError(`${world.name} is in a list, where threads can't find it: export it by itself, or leave --workers out`);
  const { exploreInParallel } = await import('../explorer/parallel.js');
  return exploreInParallel(source, {
    ...{ strategy: strategy.name, seed, keepGoing, workers, signal, ...budget },
    onProgress: ({ schedules, states, part }) => progress.show({ ...nothingFound(), schedules, ...(states !== null && { states }) }, part),
  });
}

async function searchInParts({ world }: FoundWorld, command: ExploreCommand, { progress, signal }: Watch): Promise<Explored> {
  const { strategy, seed, keepGoing, budget } = command;
  const started = performance.now();
  const search = strategy.open(world, { seed });
  const explored = nothingFound();
  const most = 'schedules' in budget ? budget.schedules : Number.POSITIVE_INFINITY;
  const end = 'seconds' in budget ? started + 1000 * budget.seconds : Number.POSITIVE_INFINITY;
  for (let stopped = true; stopped && !signal.aborted && explored.schedules < most && performance.now() < end; ) {
    stopped = false;
    const partEnd = Math.min(end, performance.now() + PART_MS);
    const stop = (): boolean => {
      stopped = performance.now() > partEnd;
      return stopped;
    };
    addPart(explored, search.run({ schedules: most - explored.schedules, keepGoing, stop }));
    if (explored.faults.length > 0 && !keepGoing) break;
    progress.show(explored, doneOf(search.progress(), explored.schedules / most, (performance.now() - started) / (end - started)));
    // A signal is heard of when the event loop has turned.
    await new Promise(setImmediate);
  }
  return explored;
}

/** The search may be over before its budget, or the budget before the search. */
function doneOf(search: number | null, ...budgets: readonly number[]): number | null {
  const known = [search ?? 0, ...budgets].filter((part) => part > 0);
  return known.length === 0 ? null : Math.max(...known);
}

function explained(fault: Found, { world, module }: FoundWorld, { strategy, seed }: ExploreCommand): Result['faults'][number] {
  const explanation = explain(world, fault);
  if (!explanation.reproduced) {
    const broke = `execution ${fault.execution} broke "${fault.property}", and did not when it was run again`;
    throw new WorldError(`${world.name} is not the same each time: ${broke}`, 'nondeterminism');
  }
  const foundBy = `${strategy.name} in execution ${fault.execution}${strategy.samples ? `, seed ${seed}` : ''}`;
  const text = report(explanation, {
    foundBy,
    save: (schedule) => saveSchedule(schedule, world.name),
    ...(module !== undefined && { module }),
  });
  return { explanation, report: text };
}

function print(result: Result, { json }: ExploreCommand): void {
  process.stdout.write(json ? `${JSON.stringify(toJson(result))}\n` : `${toText(result)}\n`);
}

function toJson({ found, explored, verdict, unreached, faults }: Result): object {
  return {
    world: found.world.name,
    verdict,
    schedules: explored.schedules,
    states: explored.states ?? null,
    coverage: describeCoverage(explored, unreached),
    faults: faults.map(({ explanation, report: text }) => ({
      property: explanation.failure.property,
      schedule: explanation.schedule,
      steps: explanation.recording.steps.length,
      preemptions: explanation.recording.preemptions,
      minimal: explanation.certificate?.proved ?? false,
      passingSchedule: explanation.passingSchedule,
      report: text,
    })),
  };
}

function toText({ found, explored, unreached, faults }: Result): string {
  if (faults.length === 0) return [`${found.world.name}: no fault`, ...describeCoverage(explored, unreached)].join('\n  ');
  const shown = faults.slice(0, MOST_REPORTS).map((fault) => fault.report);
  if (faults.length > shown.length) shown.push(`… and ${faults.length - shown.length} more broken properties; --json has all`);
  return shown.join(`\n\n${'─'.repeat(40)}\n`);
}

function suiteOf({ found, explored, unreached, faults, seconds }: Result): JunitSuite {
  const broken = new Map(faults.map(({ explanation, report: text }) => [explanation.failure.property, text]));
  for (const name of unreached) if (explored.coverage.kind === 'proved') broken.set(name, `"${name}" can never hold`);
  const names = [...new Set([...propertiesOf(found.world).all, ...broken.keys()])];
  return {
    world: found.world.name,
    seconds,
    coverage: describeCoverage(explored, unreached).join('\n'),
    cases: names.map((property) => ({ property, failure: broken.get(property) ?? null })),
  };
}
