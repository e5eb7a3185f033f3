/**
 * Another order of a recording's steps, with fewer preemptions, without running anything: all orders that its causality allows end in the same
 * state, so the best of them is looked for on paper.
 *
 * All sets of steps that can have been made are gone through by size, as far as they are among the best of their size; so the result is the
 * best there is where they are few, and a good one elsewhere. What can't be known on paper (whether an actor could go on) is guessed, so the
 * result has to be replayed before anybody believes it.
 */
import type { Causality } from './causality.js';
import { Kind } from './operation.js';
import type { SharedObject } from './shared-object.js';

/** Sets of steps that are kept of each size, and how many may be looked at in all: with more, long recordings would take seconds. */
const WIDTH = 200;
const NARROWEST = 8;
const MOST_LOOKS = 100_000;
const PREEMPTION = 2 ** 20;

/** Steps that have been made, the last of them, and what that cost. */
interface Place {
  /** By process, how many. */
  readonly made: Uint32Array;
  readonly last: number;
  readonly cost: number;
  readonly from: Place | null;
}

/** Choices of the steps with the fewest preemptions, then switches; `wanted`: how many steps of each process. */
export function reorder(causality: Causality, wanted: readonly number[]): number[] {
  const { recording, byProcess } = causality;
  const table = new LockTable(causality);
  const size = wanted.reduce((sum, count) => sum + count, 0);
  const width = Math.max(NARROWEST, Math.min(WIDTH, Math.floor(MOST_LOOKS / (size * wanted.length || 1))));
  let level: Place[] = [{ made: new Uint32Array(wanted.length), last: -1, cost: 0, from: null }];
  for (let count = 0; count < size; count++) {
    const next = new Map<string, Place>();
    for (const place of level) {
      const couldGoOn = place.last >= 0 && table.couldGoOn(place.made, place.last);
      for (let process = 0; process < wanted.length; process++) {
        if ((place.made[process] ?? 0) >= (wanted[process] ?? 0) || !canBeMade(causality, place.made, process)) continue;
        const switches = place.last >= 0 && place.last !== process;
        const cost = place.cost + (switches ? 1 + (couldGoOn ? PREEMPTION : 0) : 0);
        const made = place.made.slice();
        made[process] = (made[process] ?? 0) + 1;
        const key = `${String.fromCharCode(...made)}${process}`;
        const known = next.get(key);
        if (known === undefined || cost < known.cost) next.set(key, { made, last: process, cost, from: place });
      }
    }
    level = [...next.values()];
    if (level.length > width) level = level.sort((a, b) => a.cost - b.cost).slice(0, width);
  }
  const choices: number[] = [];
  const best = level.reduce((least, place) => (place.cost < least.cost ? place : least), level[0] as Place);
  for (let place: Place | null = best; place?.from; place = place.from) {
    const step = byProcess[place.last]?.[(place.made[place.last] ?? 1) - 1];
    choices.unshift(recording.steps[step ?? -1]?.choice ?? 0);
  }
  return choices;
}

/** Whether all is made that must come before a process's next step. */
function canBeMade(causality: Causality, made: Uint32Array, process: number): boolean {
  const step = causality.byProcess[process]?.[made[process] ?? 0];
  if (step === undefined) return false;
  for (let other = 0; other < made.length; other++) {
    if (other !== process && causality.before(step, other) > (made[other] ?? 0)) return false;
  }
  return true;
}

/** Who has which locks when. */
class LockTable {
  /** By process and the number of steps it has made, the locks that it has. */
  private readonly held: readonly (readonly ReadonlySet<SharedObject>[])[];

  constructor(private readonly causality: Causality) {
    const { byProcess, recording } = causality;
    this.held = byProcess.map((steps) => {
      let now: ReadonlySet<SharedObject> = new Set();
      const sets = [now];
      for (const index of steps) {
        const step = recording.steps[index];
        const target = step?.target ?? null;
        if (step !== undefined && target !== null) now = after(now, step.kind, target);
        sets.push(now);
      }
      return sets;
    });
  }

  /** Whether a process can make its next step, even if it is not the one it made in the recording's order. */
  couldGoOn(made: Uint32Array, process: number): boolean {
    const { byProcess, recording } = this.causality;
    const index = byProcess[process]?.[made[process] ?? 0];
    const standing = recording.standings[process];
    if (standing === undefined || (index === undefined && !standing.active)) return false;
    const { kind, target } = (index === undefined ? undefined : recording.steps[index]) ?? standing;
    if (kind === Kind.lock && target?.type === 'lock') return this.isFree(target, made);
    if (!standing.actor && isAlwaysPossible(kind, target)) return true;
    return index === undefined ? standing.enabled : canBeMade(this.causality, made, process);
  }

  private isFree(lock: SharedObject, made: Uint32Array): boolean {
    return !this.held.some((sets, process) => sets[made[process] ?? 0]?.has(lock));
  }
}

function after(before: ReadonlySet<SharedObject>, kind: Kind, target: SharedObject): ReadonlySet<SharedObject> {
  if (kind === Kind.lock || kind === Kind.reacquire) return new Set([...before, target]);
  if (kind === Kind.unlock) return new Set([...before].filter((each) => each !== target));
  if (kind === Kind.wait) return new Set([...before].filter((each) => each !== target.companion));
  return before;
}

/** Operations that nothing keeps from running. */
const UNHINDERED: ReadonlySet<Kind> = new Set([
  Kind.read,
  Kind.write,
  Kind.update,
  Kind.unlock,
  Kind.wait,
  Kind.signal,
  Kind.broadcast,
  Kind.spawn,
  Kind.reply,
  Kind.choose,
]);

function isAlwaysPossible(kind: Kind, target: SharedObject | null): boolean {
  return UNHINDERED.has(kind) || (kind === Kind.send && target?.bound === 0);
}
