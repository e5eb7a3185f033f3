/**
 * Which worlds a command means: those that the project has, by name, or those that a module of the user's exports.
 *
 * Invariant: whatever is wrong with a name or a module is a UsageError that says what, and what was expected.
 */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describeError } from '../base/errors.js';
import type { WorldSource } from '../explorer/jobs.js';
import type { World } from '../explorer/world.js';
import { REVISION_NAMES, type RevisionName } from '../revisions/revision.js';
import { WORLDS } from '../worlds/index.js';
import { UsageError } from './usage-error.js';

/** From a bundle too: both lie two folders below dist/. */
const WORLDS_MODULE = new URL('../../src/worlds/index.js', import.meta.url).href;

export interface FoundWorld {
  readonly world: World;
  /** Where other threads find it; null: they can't. */
  readonly source: WorldSource | null;
  /** The path that it was asked for by; undefined: it is the project's. */
  readonly module: string | undefined;
}

/** Worlds by a name of ours or a path; `PATH#NAME` means one of several. Those that are the same in several revisions come once. */
export async function findWorlds(name: string, revisions: readonly RevisionName[]): Promise<FoundWorld[]> {
  const entry = WORLDS.find((each) => each.name === name);
  if (entry === undefined) return fromModule(name);
  const found = revisions.map((revision) => {
    const source = { module: WORLDS_MODULE, name: 'makeWorld', arguments: [name, revision] };
    return { world: entry.make(revision), source, module: undefined };
  });
  return [...new Map(found.map((each) => [each.world.name, each])).values()];
}

/** The world that a saved schedule names, NAME or NAME@REVISION, or the one among a module's that has that name. */
export async function findWorldOf(schedule: string, where: string | undefined, fallback: RevisionName): Promise<FoundWorld> {
  const [name = '', revision = fallback] = schedule.split('@');
  if (where === undefined && !REVISION_NAMES.some((each) => each === revision)) {
    throw new UsageError(`the schedule is of ${schedule}, and there is no revision ${revision}`);
  }
  const found =
    where === undefined && !WORLDS.some((each) => each.name === name) ? [] : await findWorlds(where ?? name, [revision as RevisionName]);
  const [only, second] = found;
  const match = found.find(({ world }) => world.name === schedule) ?? (second === undefined ? only : undefined);
  if (match !== undefined) return match;
  if (where === undefined)
    throw new UsageError(`the schedule is of ${schedule}, which is no world of this project: name its module behind it`);
  throw new UsageError(`${where} has no world ${schedule}, only ${found.map(({ world }) => world.name).join(', ')}`);
}

async function fromModule(text: string): Promise<FoundWorld[]> {
  const [path = '', name] = text.split('#');
  if (!existsSync(path)) {
    const known = WORLDS.map((each) => each.name).join(', ');
    throw new UsageError(`there is no world and no file ${path}; worlds are ${known}, a file is a module that exports some`);
  }
  const module = pathToFileURL(resolve(path)).href;
  const found = Object.entries(await load(path)).flatMap(([exported, value]): FoundWorld[] =>
    // Of a list, other threads can't be told which.
    Array.isArray(value)
      ? value.filter(isWorld).map((world) => ({ world, source: null, module: path }))
      : isWorld(value)
        ? [{ world: value, source: { module, name: exported }, module: path }]
        : [],
  );
  if (found.length === 0) throw new UsageError(`${path} exports no world; expected what defineWorld() of apple-gfx/explorer returns`);
  const wanted = found.filter(({ world }) => name === undefined || world.name === name);
  if (wanted.length === 0) {
    throw new UsageError(`${path} exports no world ${name}, only ${found.map(({ world }) => world.name).join(', ')}`);
  }
  return [...new Map(wanted.map((each) => [each.world, each])).values()];
}

async function load(path: string): Promise<Record<string, unknown>> {
  try {
    return (await import(pathToFileURL(resolve(path)).href)) as Record<string, unknown>;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_UNKNOWN_FILE_EXTENSION') {
      throw new UsageError(
        `Node ${process.version} can't load ${path}: compile it to JavaScript, or take a Node that strips types (22.18 or newer)`,
      );
    }
    throw new UsageError(`${path} can't be loaded: ${describeError(error)}`);
  }
}

function isWorld(value: unknown): value is World {
  return (
    typeof value === 'object' &&
    value !== null &&
    'name' in value &&
    typeof value.name === 'string' &&
    'setup' in value &&
    typeof value.setup === 'function' &&
    'maxSteps' in value &&
    typeof value.maxSteps === 'number'
  );
}
