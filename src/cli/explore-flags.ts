/**
 * What the command line of `explore` asks for, checked against the strategies and revisions that there are.
 */
import { DEFAULT_STRATEGY, STRATEGIES, strategyNamed } from '../explorer/strategies/index.js';
import { isDivided } from '../explorer/strategies/named.js';
import { REVISION_NAMES, type RevisionName } from '../revisions/revision.js';
import { compareCommand } from './compare.js';
import { DEFAULT_DASHBOARD, parseDashboard } from './dashboard.js';
import { type ExploreBudget, exploreCommand } from './explore.js';
import { UsageError } from './usage-error.js';

export interface ExploreFlags {
  readonly revision: RevisionName | 'all';
  readonly strategy?: string;
  readonly strategies: boolean;
  readonly compare: boolean;
  readonly budget: ExploreBudget;
  readonly workers: number;
  readonly seed: number;
  readonly keepGoing: boolean;
  readonly json: boolean;
  readonly junit?: string;
  /** Where its page is to be; true: anywhere. */
  readonly dashboard?: string | true;
}

/** Carries it out; the exit code. */
export async function exploreFlags(world: string | undefined, flags: ExploreFlags): Promise<number> {
  if (flags.strategies) {
    listStrategies();
    return 0;
  }
  if (flags.dashboard !== undefined) return openPage(world, flags, flags.dashboard);
  if (flags.compare) {
    if (world !== undefined) throw new UsageError(`--compare is of all worlds of the device; ${world} can't be named besides`);
    return compareCommand({ workers: flags.workers, json: flags.json });
  }
  const name = flags.strategy ?? DEFAULT_STRATEGY;
  const strategy = strategyNamed(name);
  if (strategy === null) throw new UsageError(`--strategy ${name}: expected ${STRATEGIES.map((each) => each.name).join(', ')}`);
  if (flags.workers > 1 && !isDivided(name))
    process.stderr.write(`apple-gfx: ${name} searches on one thread; --workers is of no use to it\n`);
  const { budget, seed, keepGoing, json, junit } = flags;
  const revisions = flags.revision === 'all' ? REVISION_NAMES : [flags.revision];
  const workers = isDivided(name) ? flags.workers : 1;
  return exploreCommand({ world, revisions, strategy, budget, workers, seed, keepGoing, json, junit });
}

/** `--dashboard WORLD` is the page with that world, since an address has a port. */
async function openPage(world: string | undefined, { revision }: ExploreFlags, where: string | true): Promise<number> {
  if (revision === 'all') throw new UsageError('--dashboard: the page shows one revision at a time; name one instead of all');
  const { exploreDashboard } = await import('./explore-dashboard.js');
  const isWorld = where !== true && world === undefined && !/:\d*$/.test(where);
  const address = parseDashboard(where === true || isWorld ? DEFAULT_DASHBOARD : where);
  return exploreDashboard({ world: isWorld ? where : world, revision, ...address });
}

function listStrategies(): void {
  const width = Math.max(...STRATEGIES.map(({ name }) => name.length));
  for (const { name, summary } of STRATEGIES) {
    process.stdout.write(`  ${name.padEnd(width)}  ${summary}${name === DEFAULT_STRATEGY ? ' (default)' : ''}\n`);
  }
}
