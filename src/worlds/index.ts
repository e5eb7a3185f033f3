/**
 * The worlds that `apple-gfx explore` knows by name.
 *
 * Invariant: a world that differs between revisions has the name `NAME@REVISION`, others are the same under every revision; so a saved schedule
 * names the world it is of.
 */
import { WorldError } from '../explorer/failure.js';
import type { World } from '../explorer/world.js';
import type { RevisionName } from '../revisions/revision.js';
import { deviceWorld } from './device-world.js';
import { bank, lostWakeup, philosophers } from './lessons.js';
import { SCENARIOS } from './scenarios.js';
export { lookAtState } from './look.js';

export interface WorldEntry {
  /** As the command line has it. */
  readonly name: string;
  readonly summary: string;
  make(revision: RevisionName): World;
}

const lesson = (make: () => World): WorldEntry => {
  const { name, summary } = make();
  return { name, summary, make };
};

/** The device's, then those to learn on. */
export const WORLDS: readonly WorldEntry[] = [
  ...SCENARIOS.map((scenario) => ({
    name: scenario.name,
    summary: scenario.summary,
    make: (revision: RevisionName) => deviceWorld(scenario, revision),
  })),
  lesson(bank),
  lesson(philosophers),
  lesson(lostWakeup),
];

/** A world by its name, for other threads; throws WorldError if there is none. */
export function makeWorld(name: string, revision: RevisionName): World {
  const entry = WORLDS.find((each) => each.name === name);
  if (entry === undefined) throw new WorldError(`there is no world ${name}`);
  return entry.make(revision);
}
