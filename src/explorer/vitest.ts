/**
 * Worlds as tests: exploreTest() makes a vitest test that fails with the report and the command that replays it.
 *
 * The edge to vitest, to the clock and to files. Import it as apple-gfx/explorer/vitest; vitest is the project's own.
 */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { explain } from './explain.js';
import { report } from './report.js';
import { addPart, type Explored, nothingFound } from './search.js';
import { DEFAULT_STRATEGY, STRATEGIES, strategyNamed } from './strategies/index.js';
import { describeCoverage, propertiesOf, verdictOf } from './verdict.js';
import { ArgumentError } from '../base/errors.js';
import type { World } from './world.js';

/** How exploreTest() explores a world. */
export interface ExploreTestOptions {
  /** Default: as the command line's. */
  readonly strategy?: string;
  /** Executions at most. Default 10 000. */
  readonly schedules?: number;
  /** Seconds at most; without it, as long as the executions take. */
  readonly seconds?: number;
  /** What samplers begin with. Default 1. */
  readonly seed?: number;
  /** The module that exports the world, as the replay command has to name it; left out for worlds that the command knows. */
  readonly module?: string;
}

const SCHEDULES = 10_000;

/** A test that explores a world, and fails if a property breaks, or one that must hold somewhere doesn't where all was seen. */
export function exploreTest(name: string, world: World, options: ExploreTestOptions = {}): void {
  it(name, () => {
    const problem = findProblem(world, options);
    if (problem !== null) expect.fail(problem);
  });
}

/** The text that a test fails with; null if it passes. */
export function findProblem(world: World, options: ExploreTestOptions = {}): string | null {
  const { strategy = DEFAULT_STRATEGY, schedules = SCHEDULES, seconds = Number.POSITIVE_INFINITY, seed = 1, module } = options;
  const entry = strategyNamed(strategy);
  if (entry === null) {
    throw new ArgumentError(`strategy is ${strategy}, expected one of ${STRATEGIES.map(({ name }) => name).join(', ')}`);
  }
  const end = performance.now() + 1000 * seconds;
  const explored: Explored = nothingFound();
  addPart(explored, entry.open(world, { seed }).run({ schedules, stop: () => performance.now() > end }));
  const unreached = propertiesOf(world).sometimes.filter((each) => !explored.reached.has(each));
  if (verdictOf(explored, unreached) !== 'fault') return null;
  const [fault] = explored.faults;
  if (fault === undefined) return describeCoverage(explored, unreached).join('\n');
  const foundBy = `${strategy} in execution ${fault.execution}${entry.samples ? `, seed ${seed}` : ''}`;
  return report(explain(world, fault), { foundBy, save, ...(module !== undefined && { module }) });
}

/** Keeps a schedule that is too long for a report. */
function save(schedule: string): string {
  const path = join(tmpdir(), `apple-gfx-${process.pid}-${Date.now().toString(36)}.schedule`);
  writeFileSync(path, `${schedule}\n`);
  return path;
}
