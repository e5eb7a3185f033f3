/**
 * `apple-gfx explore --dashboard`: a page from which worlds are run, and what is found is gone through step by step.
 *
 * There is no device: nothing is recorded, and the page has the explorer only. Exit codes: 0 ended by a signal, 2 wrong usage.
 */
import { once } from 'node:events';
import type { RevisionName } from '../revisions/revision.js';
import { type Dashboard, serveDashboard } from '../visualiser/server/dashboard.js';
import type { StreamSource } from '../visualiser/server/source.js';
import { exploreCatalogue, explorePart } from './explore-catalogue.js';
import { orUsage } from './dashboard.js';
import { findWorlds } from './world-file.js';

export interface ExploreDashboardCommand {
  /** The world that the page begins with: a name of ours, or a module's path. */
  readonly world: string | undefined;
  readonly revision: RevisionName;
  readonly host: string;
  readonly port: number;
}

/** A recording of nothing. */
const NOTHING: StreamSource = {
  ...{ isLive: false, title: 'explore', preamble: [], first: 0, end: 0, isComplete: true, displays: 0, now: 0 },
  read: () => null,
  frame: () => null,
  onChange: () => () => undefined,
};

/** Opens the page's server. Rejects with UsageError. */
export async function openExplorer({ world, revision, host, port }: ExploreDashboardCommand): Promise<Dashboard> {
  const found = world === undefined ? [] : await findWorlds(world, [revision]);
  const own = found.filter(({ module }) => module !== undefined);
  const [name = ''] = (found[0]?.world.name ?? '').split('@');
  const catalogue = exploreCatalogue(own, { revision, ...(name !== '' && { world: own[0]?.world.name ?? name }) });
  const modules = [explorePart(catalogue, false)];
  return orUsage(serveDashboard({ source: NOTHING, control: true, modules, host, port }));
}

/** Where the page's explorer is. */
export function explorerUrl({ url }: Dashboard): string {
  return url.replace('#', '#/explore?');
}

/** Serves the page until a signal; the exit code. Throws UsageError. */
export async function exploreDashboard(command: ExploreDashboardCommand): Promise<number> {
  const dashboard = await openExplorer(command);
  process.stderr.write(`apple-gfx: the explorer is at ${explorerUrl(dashboard)}\n`);
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await dashboard.close();
  return 0;
}
