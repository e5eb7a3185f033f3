/**
 * What a page can run: the project's worlds in every revision, and, on the explorer's own page, those of the module that the command line names.
 *
 * Invariant: a page chooses among these by their names; no path and no code of its own is ever loaded.
 */
import type { World } from '../explorer/world.js';
import { ES_MODULES_BY_IMPORT } from '../explorer/workers.js';
import { REVISION_NAMES } from '../revisions/revision.js';
import { DEFAULT_REVISION, REVISIONS } from '../revisions/revisions.js';
import type { WorldPlace } from '../visualiser/explore/messages.js';
import { exploreModule } from '../visualiser/explore/module.js';
import type { Catalogue } from '../visualiser/explore/service.js';
import type { WorldInfo } from '../visualiser/model/explore-protocol.js';
import type { DashboardModule } from '../visualiser/server/dashboard.js';
import { makeWorld, WORLDS } from '../worlds/index.js';
import type { FoundWorld } from './world-file.js';

/** From a bundle too: both lie two folders below dist/. */
const WORLDS_MODULE = new URL('../../src/worlds/index.js', import.meta.url).href;
export const THREAD = new URL('../../src/visualiser/explore/thread.js', import.meta.url);
const INSPECTOR = { module: WORLDS_MODULE, name: 'lookAtState' };
/** The one that a page begins with if none is named: small, and everybody knows it. */
const FIRST_WORLD = 'philosophers';

/** The explorer as a part of a page's server. `needsControl`: it runs worlds only for pages that may change something. */
export function explorePart(catalogue: Catalogue, needsControl: boolean): DashboardModule {
  return exploreModule({ catalogue, thread: THREAD, execArgv: ES_MODULES_BY_IMPORT, needsControl });
}

/** The project's worlds, and in front of them those of the user's. `first`: what a page begins with. */
export function exploreCatalogue(own: readonly FoundWorld[] = [], first: { world?: string; revision?: string } = {}): Catalogue {
  const mine = own.flatMap(({ world, source, module }) =>
    source === null || module === undefined ? [] : [{ world, place: { source, inspector: null, module } }],
  );
  const places = new Map<string, WorldPlace>(mine.map(({ world, place }) => [world.name, place]));
  const infos = mine.map(({ world: { name, summary } }): WorldInfo => ({ name, summary, differs: false }));
  const ours = WORLDS.filter(({ name }) => !places.has(name)).map(
    ({ name, summary }): WorldInfo => ({ name, summary, differs: differs(makeWorld(name, DEFAULT_REVISION)) }),
  );
  return {
    worlds: [...infos, ...ours],
    revisions: REVISION_NAMES.map((name) => ({ name, summary: REVISIONS[name].summary })),
    defaults: { world: first.world ?? FIRST_WORLD, revision: first.revision ?? DEFAULT_REVISION },
    place: (world, revision) =>
      places.get(world) ?? {
        source: { module: WORLDS_MODULE, name: 'makeWorld', arguments: [world, revision] },
        inspector: INSPECTOR,
      },
  };
}

/** Whether a world is another one in each revision; its name says so. */
function differs({ name }: World): boolean {
  return name.includes('@');
}
