/**
 * The worlds that `apple-gfx explore` knows by name.
 *
 * Invariant: a world that differs between revisions has the name `NAME@REVISION`, others are the same under every revision; so a saved schedule
 * names the world it is of.
 */
import type { World } from '../explorer/world.js';
import type { RevisionName } from '../revisions/revision.js';
import { bank, lostWakeup, philosophers } from './lessons.js';

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

export const WORLDS: readonly WorldEntry[] = [lesson(bank), lesson(philosophers), lesson(lostWakeup)];
